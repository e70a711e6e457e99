/*
 * book.h - all products that a request may speak of: those of the checkout and those of the home,
 * one entry for each domain.name and major, and what each of them reads.
 *
 * Made for one request, in its arena; nothing is changed by it. Documents of the home are read only
 * when asked for. Thread rule: one thread.
 */
#ifndef WEFT_PLAN_BOOK_H
#define WEFT_PLAN_BOOK_H

#include "base/map.h"
#include "context/request.h"
#include "lineage/edges.h"
#include "model/selection.h"
#include "resolver/resolver.h"

#define WEFT_BOOK_NONE SIZE_MAX

/* A product that another one reads: an edge. */
struct weft_book_read {
    const char *name; /* as the contract calls it: a port, or domain.product as the SQL names it */
    bool is_port;
    bool versioned; /* the text names the major */
    const char *full_name;
    int major;
    const char *deferred_to; /* weft_book_defer: its rows come from that environment; NULL = not */
    const char *kept;        /* a plan: what is kept from the reader's domain; NULL = nothing */
    size_t item;             /* of the book; WEFT_BOOK_NONE = dropped meanwhile */
    const char *file;        /* where that is written; NULL = not looked at (as registered) */
    struct weft_place place;
};

struct weft_book_item {
    const char *full_name;
    int major;
    const char *version;                /* of the file, else as registered */
    const struct weft_product *product; /* of a file that this checkout owns; NULL = none */
    const struct weft_registered_digest *digest; /* NULL = not registered */
    const char *was;                             /* NULL, or the name it is registered with */
    bool deferred; /* digest is of the home that is deferred to: it is not registered here */
    bool planned;  /* product is new or differs from what is registered */
    bool leaving;  /* registered and owned, but its file is gone */
    bool left;     /* a file of this checkout, but not selected: as it is registered */
    bool open;     /* pins.h: a name of its contract stands for nothing, so it cannot be bound */
    const struct weft_book_read *reads;
    size_t read_count;
    const struct weft_relation_column *columns; /* bind.h: what its SQL gives; NULL = not bound */
    size_t column_count;
    const struct weft_lineage *lineage;       /* origins.h: of its columns; NULL = not bound */
    const struct weft_registered *registered; /* weft_book_registered; NULL = not asked for yet */
};

/* What the runs of a reader's domain see of an item: puts it on the relation. *rules: what keeps
 * the rest back; NULL = nothing does. */
typedef int weft_book_sight_fn(void *arg, const char *reader, size_t item,
                               struct weft_relation *relation, const char **rules,
                               struct weft_error *error);

struct weft_book {
    struct weft_context *context;
    struct weft_arena *arena;
    const struct weft_mesh *mesh; /* NULL = the home alone */
    struct weft_ledger_txn *txn;  /* NULL = there is no home yet */
    struct weft_book_item *items; /* by name and major */
    size_t count;
    struct weft_map *index; /* "domain.name@2" -> item */
    /* What the home that is deferred to has, by name and major; NULL = nothing is deferred. With a
     * mesh, items are made of those that are neither in its files nor in the home. */
    struct weft_ledger_txn *deferred_txn;
    const struct weft_registered_digest *deferred;
    size_t deferred_count;
    const struct weft_rename *renames; /* that the files ask for; the book has the new names */
    size_t rename_count;
    weft_book_sight_fn *sight; /* for binding; NULL = all is seen */
    void *sight_arg;
};

/* txn must outlive the book. reads are those that are registered; pins.h makes those of files. */
int weft_book_make(struct weft_context *context, const struct weft_mesh *mesh,
                   struct weft_ledger_txn *txn, struct weft_arena *arena, struct weft_book *out,
                   struct weft_error *error) WEFT_MUST_CHECK;
/* Renamings that cannot be done are mistakes. */
void weft_book_renames_check(const struct weft_book *book, struct weft_diag *diag);
/* A read transaction where there is a home; *txn NULL where there is none yet, or it may not be
 * read (weft_who_unasked). */
int weft_book_begin(struct weft_context *context, struct weft_ledger_txn **txn,
                    struct weft_error *error) WEFT_MUST_CHECK;

/* The environment whose home gives the rows of this product, because it has no snapshot here; NULL
 * = none does. */
const char *weft_book_deferred(const struct weft_book *book, const char *full_name, int major);
/* Says of each read whether its rows come from the environment that is deferred to. chosen (NULL =
 * none): items whose files are about to be run, where they can be. */
void weft_book_defer(struct weft_book *book, const bool *chosen);
/* A line that names all that commands read from there; "" = nothing. For people. */
int weft_book_deferred_list(const struct weft_book *book, struct weft_buf *out,
                            struct weft_error *error) WEFT_MUST_CHECK;
/* WEFT_BOOK_NONE when there is none. */
size_t weft_book_find(const struct weft_book *book, const char *full_name, int major);
/* Retired, or about to be. */
bool weft_book_is_over(const struct weft_book_item *item);
/* The major that a name without one means: the newest active one, else the newest deprecated one,
 * draft, retired. *out WEFT_BOOK_NONE when there is no such name. */
int weft_book_newest(struct weft_book *book, const char *full_name, size_t *out,
                     struct weft_error *error) WEFT_MUST_CHECK;
/* The contract that counts for who reads it: of the file, else the newest registered one. */
int weft_book_contract(struct weft_book *book, size_t item, const struct weft_product **out,
                       struct weft_error *error) WEFT_MUST_CHECK;
int weft_book_registered(struct weft_book *book, size_t item, const struct weft_registered **out,
                         struct weft_error *error) WEFT_MUST_CHECK;
/* "domain.name", or "domain.name@2" where there are several majors. */
const char *weft_book_name(const struct weft_book *book, size_t item);
/* The nearest "domain.name"; NULL = none. */
const char *weft_book_suggest(const struct weft_book *book, const char *name);
/* Does it read the item, and is not over? */
bool weft_book_reads(const struct weft_book_item *reader, size_t item);
/* Those that read the item, as a list for people; "" = nobody. Leaving and retired ones not. */
int weft_book_readers(const struct weft_book *book, size_t item, struct weft_buf *out,
                      struct weft_error *error) WEFT_MUST_CHECK;

/* The item stays as it is registered, whatever its file says. */
int weft_book_leave(struct weft_book *book, size_t item, struct weft_error *error) WEFT_MUST_CHECK;
/* All items as a selection sees them; reads of what was dropped are left out. */
int weft_book_selection(struct weft_book *book, struct weft_selection_item **out,
                        struct weft_error *error) WEFT_MUST_CHECK;
/* Takes away what is not chosen: chosen[i] for each item, false already where the command does not
 * mean it at all. Words and `exclude` as model/selection.h says. */
int weft_book_select(struct weft_book *book, const struct weft_op_value *words,
                     const struct weft_op_value *exclude, bool *chosen, struct weft_error *error)
    WEFT_MUST_CHECK;

/* "reads": [{"name", "port", "product", "major"}], a member of an object that is begun. */
void weft_book_reads_json(const struct weft_book_item *item, struct weft_json_writer *json);

#endif
