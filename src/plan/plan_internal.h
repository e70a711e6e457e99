/*
 * plan_internal.h - for plan.c: a plan while it is made, and what is asked of each product in it.
 *
 * Each of these fills `refused` and what belongs to it, or notes; -1 only for the machine.
 */
#ifndef WEFT_PLAN_PLAN_INTERNAL_H
#define WEFT_PLAN_PLAN_INTERNAL_H

#include "plan/plan.h"

struct weft_plan_maker {
    struct weft_context *context;
    const struct weft_mesh *mesh;
    struct weft_arena *arena;
    struct weft_ledger_txn *txn; /* NULL = no home yet */
    struct weft_book *book;
    bool *chosen;
    bool alone;
    struct weft_plan_item *items;
    size_t count;
    size_t capacity;
    bool whole;                   /* no product was chosen: policies/ is applied, too */
    struct weft_trust *after;     /* weft_plan_trust_after; NULL = not asked for yet */
    struct weft_map *sights;      /* sight.c */
    struct weft_trust *elsewhere; /* of the home that is deferred to; NULL = not asked for yet */
    struct weft_plan plan;
};

/* ---- item.c: what its file says ---- */
int weft_plan_item_location(struct weft_plan_maker *maker, struct weft_plan_item *item,
                            struct weft_error *error) WEFT_MUST_CHECK;
/* What this version cannot do: what a run would refuse by the file alone. */
int weft_plan_item_able(struct weft_plan_maker *maker, struct weft_plan_item *item,
                        struct weft_error *error) WEFT_MUST_CHECK;
/* Against what is registered. */
int weft_plan_item_changes(struct weft_plan_maker *maker, struct weft_plan_item *item,
                           struct weft_error *error) WEFT_MUST_CHECK;
/* Why a registered major has no file. */
int weft_plan_item_gone(struct weft_plan_maker *maker, struct weft_plan_item *item,
                        struct weft_error *error) WEFT_MUST_CHECK;

/* ---- edges.c: which columns a product takes from what it reads ---- */
struct weft_plan_edge {
    size_t from;        /* item of the book */
    const char *column; /* of it; NULL = any: it does not tell */
    const char *to;     /* column of the reader; NULL = its rows, or any */
    const char *check;  /* instead of `to`: a rule of the reader */
    const char *how;
};
struct weft_plan_edges {
    const struct weft_plan_edge *items;
    size_t count;
    bool made;
};
int weft_plan_edges_make(struct weft_plan_maker *maker, size_t reader, struct weft_plan_edges *out,
                         struct weft_error *error) WEFT_MUST_CHECK;
/* The checks of its `quality` that name the column. */
int weft_plan_edges_checks(struct weft_plan_maker *maker, size_t item, const char *column,
                           struct weft_texts *out, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- impact.c: who is reached; fills `reached` of all items ---- */
int weft_plan_impact(struct weft_plan_maker *maker, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- policies.c: policies/ and teams against what is registered ---- */
int weft_plan_policies(struct weft_plan_maker *maker, struct weft_diag *diag,
                       struct weft_error *error) WEFT_MUST_CHECK;

/* What is known of trust when the plan is applied, teams included; the maker's. After
 * weft_plan_policies. */
int weft_plan_trust_after(struct weft_plan_maker *maker, struct weft_trust **out,
                          struct weft_error *error) WEFT_MUST_CHECK;

/* ---- sight.c: what the runs of a domain may see ---- */
struct weft_plan_sight {
    struct weft_trust_subject subject;
    struct weft_decision decision;
    const char *kept; /* what is taken away, for people; NULL = nothing */
};
bool weft_plan_same_domain(const char *a, const char *b); /* of two full names */
int weft_plan_sight(struct weft_plan_maker *maker, const char *reader, size_t item,
                    const struct weft_plan_sight **out, struct weft_error *error) WEFT_MUST_CHECK;
/* A weft_book_sight_fn; arg is the maker. */
int weft_plan_sight_put(void *arg, const char *reader, size_t item, struct weft_relation *relation,
                        const char **rules, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- needs.c: what may not be read; refuses items ---- */
int weft_plan_needs(struct weft_plan_maker *maker, struct weft_diag *diag, struct weft_error *error)
    WEFT_MUST_CHECK;

/* ---- again.c: what runs read otherwise by what is planned; after weft_plan_needs ---- */
int weft_plan_again(struct weft_plan_maker *maker, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- lacks.c: what would grant it ---- */
/* Of the reads that an item may not do: fills `lacks`, what refuses it, and the hint. */
int weft_plan_lacks_fill(struct weft_plan_maker *maker, struct weft_plan_item *item,
                         const struct weft_book_read *const *reads, size_t count,
                         struct weft_error *error) WEFT_MUST_CHECK;
/* Of all items: one policy for each domain that reads. */
int weft_plan_lacks_grants(struct weft_plan_maker *maker, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- subjects.c: products as subjects of decisions, before and after ---- */
/* Of the book: those whose columns may be classified otherwise by a change, theirs or above. */
int weft_plan_subjects_reached(const struct weft_plan_maker *maker, const bool **out,
                               struct weft_error *error) WEFT_MUST_CHECK;
/* *was, *is: false = it is not there then. `after`: when all that is planned is in force. */
int weft_plan_subjects(struct weft_plan_maker *maker, size_t item, bool reached,
                       struct weft_trust_subject *before, bool *was,
                       struct weft_trust_subject *after, bool *is, struct weft_error *error)
    WEFT_MUST_CHECK;

/* ---- access.c: who gains or loses what; what cannot be held is a warning ---- */
/* Columns, rows, groups: what is taken away now, and with `both` what it was. */
void weft_plan_what_print(const struct weft_trust_subject *before_subject,
                          const struct weft_decision *before,
                          const struct weft_trust_subject *subject, const struct weft_decision *now,
                          bool both, struct weft_buf *out);
int weft_plan_access(struct weft_plan_maker *maker, struct weft_diag *diag,
                     struct weft_error *error) WEFT_MUST_CHECK;

/* ---- reads.c: what it reads, and who reads it ---- */
int weft_plan_item_reads(struct weft_plan_maker *maker, struct weft_plan_item *item,
                         struct weft_error *error) WEFT_MUST_CHECK;

#endif
