/*
 * plan.h - what `apply` would do: the checkout's files against what the home has registered.
 *
 * Everything lives in the given arena. Nothing is changed.
 */
#ifndef WEFT_PLAN_PLAN_H
#define WEFT_PLAN_PLAN_H

#include "plan/book.h"
#include "trust/dependencies.h"
#include "trust/policies.h"

enum weft_plan_action { WEFT_PLAN_ADD, WEFT_PLAN_CHANGE, WEFT_PLAN_RETIRE, WEFT_PLAN_KEEP };

/* On the way from what changes to who is reached. */
struct weft_plan_step {
    size_t item;        /* of the book */
    const char *column; /* NULL = which of its rows there are, or the whole table */
};

/* Somebody who is reached by a change, through any number of products. */
struct weft_plan_reached {
    size_t change;      /* of the item's changes; WEFT_PLAN_NO_CHANGE = that it is retired */
    size_t item;        /* of the book */
    const char *column; /* of its table; NULL = its rows, or the whole table */
    const char *check;  /* NULL; the rule of it that is reached */
    const char *how;    /* "identity", "filter" ...; "table" = by reading it at all; "unknown" =
                           its SQL does not tell */
    const struct weft_plan_step *path; /* begins with what changes; ends with this one */
    size_t path_count;
    const char *owner; /* NULL = none is named */
};
#define WEFT_PLAN_NO_CHANGE SIZE_MAX

/* A product of another domain that an item reads and that nothing grants to its domain. */
struct weft_plan_lack {
    const char *product; /* domain.name */
    const char *owner;   /* who can grant it; NULL = nobody is named */
    const char *file;    /* of the product; NULL = this checkout has none of it */
    const char *access;  /* the line for that file; NULL = its `access` is for other purposes */
    bool registered;     /* so that it can be asked for */
};

struct weft_plan_item {
    enum weft_plan_action action;
    size_t item; /* of the book */
    const char *full_name;
    int major;
    const struct weft_product *product; /* NULL for RETIRE */
    const char *version_before;         /* NULL for ADD */
    const char *was;                    /* NULL; the name it is registered with */
    struct weft_changes changes;        /* CHANGE */
    const char *refused;                /* NULL; why apply would refuse it */
    const char *refused_hint;           /* NULL */
    enum weft_code refused_code;
    const struct weft_plan_lack *lacks; /* needs.c: why it is DENIED */
    size_t lack_count;
    const char *refused_file; /* where that is written; NULL = nowhere */
    struct weft_place refused_place;
    bool at_once;        /* CHANGE: of words; no row changes, so it needs no run to come in force */
    const char *gone;    /* RETIRE: why */
    bool early;          /* RETIRE: refused because its sunset has not come; weft_plan_force */
    const char *because; /* RETIRE: why it is done nevertheless; NULL */
    const char *warning; /* NULL; what does not act yet */
    const char *note;    /* NULL; where the table will lie */
    const char *offer;   /* NULL; a newer version to write or to read */
    const struct weft_plan_reached *reached; /* by change, then the nearest first */
    size_t reached_count;
};

/* The team of a domain as its file has it, where the home has another. */
struct weft_plan_team {
    const struct weft_domain *domain;
    struct weft_texts members; /* those that are principals */
    struct weft_texts team;    /* these and the owner */
    struct weft_texts added;
    struct weft_texts removed;
    const char *owner, *owner_before; /* principals; NULL = none */
};

/* What a principal may do after an apply and could not before, or the other way round. */
struct weft_plan_access {
    const char *principal;
    const char *product; /* domain.name */
    int major;
    const char *purpose; /* "" = none stated */
    bool before, after;  /* may it be read? */
    const char *what;    /* what of it changes: "email: mask, was none; rows: ..." */
    bool folded;         /* shown with a group that it belongs to and that has the same line */
    size_t members;      /* of a group: how many are */
};

struct weft_plan {
    const struct weft_plan_item *items; /* KEEP left out; by name */
    size_t count;
    size_t kept;
    size_t added, changed, retired, refused;
    struct weft_book book;     /* as it is after an apply; without a transaction */
    const bool *chosen;        /* of the book: owned, and selected */
    const char *const *offers; /* what unchanged products could read instead */
    size_t offer_count;
    const struct weft_policy_change *policies; /* policies.c: what is registered of policies/ */
    size_t policy_count;
    const struct weft_policy *policy_refused; /* NULL; what this version cannot do */
    const char *policy_note;                  /* NULL; why policies/ is not registered */
    const struct weft_plan_team *teams;
    size_t team_count;
    const struct weft_plan_access *access; /* by principal and product */
    size_t access_count;
    bool access_cut;   /* there are more than were looked at */
    const bool *again; /* of the book: unchanged, but given something else of what it reads */
    bool confirms;     /* needs.c: applying says which dependencies need no grant */
    const struct weft_dependency *dependencies; /* those, by reader; of a home from before */
    size_t dependency_count;
    const char *grants; /* needs.c: policies, as a file, of all that items lack; NULL = nothing */
    int64_t sequence;   /* of the ledger it was made against; 0 = no home yet */
    char head[WEFT_SHA256_HEX]; /* the hash of that entry; "" = no home yet */
};

const char *weft_plan_action_name(enum weft_plan_action action);
/* What to say of a checkout without product files. */
#define WEFT_PLAN_EMPTY                                                                            \
    "there are no product files here yet; "                                                        \
    "domains/<domain>/<product>/data_product.yaml describes one"

/* words and exclude: a selection of what the checkout owns. `alone`: what reads the chosen ones is
 * not looked at. Mistakes in SQL and in what it names go to diag: a plan with errors there may be
 * shown but not applied. -1 for failures of the machine, and a selection that means nothing. */
int weft_plan_make(struct weft_context *context, const struct weft_mesh *mesh,
                   const struct weft_op_value *words, const struct weft_op_value *exclude,
                   bool alone, struct weft_diag *diag, struct weft_plan *out,
                   struct weft_error *error) WEFT_MUST_CHECK;
/* Does an apply do anything? */
bool weft_plan_changes(const struct weft_plan *plan);
int weft_plan_policies_register(const struct weft_plan *plan, struct weft_ledger_txn *txn,
                                const char *actor, struct weft_error *error) WEFT_MUST_CHECK;
/* What is planned of policies and teams, and who gains or loses what. */
int weft_plan_policies_show(const struct weft_plan *plan, struct weft_out *out,
                            struct weft_error *error) WEFT_MUST_CHECK;
void weft_plan_policies_json(const struct weft_plan *plan, struct weft_json_writer *json);
void weft_plan_policies_markdown(const struct weft_plan *plan, struct weft_buf *out);
/* What is run although its file does not change (again.c). */
int weft_plan_again_show(const struct weft_plan *plan, struct weft_out *out,
                         struct weft_error *error) WEFT_MUST_CHECK;
int weft_plan_needs_show(const struct weft_plan *plan, struct weft_out *out,
                         struct weft_error *error) WEFT_MUST_CHECK;
/* What can be done about what an item lacks: one line for each product, by its owner. */
int weft_plan_lacks_show(const struct weft_plan_item *item, struct weft_out *out,
                         struct weft_error *error) WEFT_MUST_CHECK;
void weft_plan_lacks_json(const struct weft_plan_item *item, struct weft_json_writer *json);
/* The policies of `grants`, to be pasted. */
int weft_plan_grants_show(const struct weft_plan *plan, struct weft_out *out,
                          struct weft_error *error) WEFT_MUST_CHECK;
/* Fills `offer` of the items and `offers` of the plan; a part of weft_plan_make. */
int weft_plan_offer(struct weft_plan *plan, struct weft_plan_item *items, struct weft_error *error)
    WEFT_MUST_CHECK;
/* What is refused only because its sunset has not come is retired nevertheless; the ledger keeps
 * why. */
void weft_plan_force(struct weft_plan *plan, const char *because);
/* 0, or -1 with the first refusal. */
int weft_plan_refused(const struct weft_plan *plan, struct weft_error *error) WEFT_MUST_CHECK;
/* "reference.counties.county -> california.daily.county" */
void weft_plan_path_print(const struct weft_book *book, const struct weft_plan_reached *reached,
                          struct weft_buf *out);
/* Who is reached by one change of an item, or by its retirement. */
int weft_plan_reached_show(const struct weft_book *book, const struct weft_plan_item *item,
                           size_t change, struct weft_out *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* "reached": [...], a member of an object that is begun. */
void weft_plan_reached_json(const struct weft_book *book, const struct weft_plan_item *item,
                            struct weft_json_writer *json);
/* All items, an array. */
void weft_plan_json(const struct weft_plan *plan, struct weft_json_writer *json);
/* "1 to add, 0 to change, 0 to retire, 3 unchanged; policies: ..." */
void weft_plan_sum(const struct weft_plan *plan, struct weft_buf *out);
/* A comment on a pull request. The buffer tells whether it failed. */
void weft_plan_markdown(const struct weft_plan *plan, struct weft_buf *out);
/* As people read it, and as a table for programs. */
int weft_plan_show(const struct weft_plan *plan, struct weft_out *out, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif
