/*
 * query_internal.h - a query from its text to its last row: query.c opens and resolves it,
 * query_send.c writes it in a format.
 */
#ifndef WEFT_APP_QUERY_INTERNAL_H
#define WEFT_APP_QUERY_INTERNAL_H

#include "app/session.h"
#include "base/clock.h"
#include "base/map.h"
#include "context/output_file.h"
#include "context/sight.h"
#include "context/temp.h"
#include "engine/engine.h"
#include "lake/pointer.h"
#include "resolver/resolver.h"

/* A product that a reference of a query means, as the reader gets it. */
struct weft_query_secured {
    const struct weft_resolve_name *name;
    const struct weft_relation *relation;
    const struct weft_decision *decision;
};
typedef int weft_query_secured_fn(void *arg, const struct weft_query_secured *secured,
                                  struct weft_error *error);

struct weft_query {
    struct weft_context *context;
    struct weft_buf sql;
    const char *file;               /* NULL = the command line */
    int line_offset, column_offset; /* of the text in the file */
    enum weft_query_format format;
    const char *output; /* NULL = standard output */
    struct weft_output_file target;
    const struct weft_param *params;
    size_t param_count;
    bool params_shared;        /* not all of them need to be the text's */
    int64_t as_of_us;          /* 0 = now; that of the snapshot too */
    int64_t as_of_snapshot;    /* 0 = none */
    struct weft_map *left_out; /* paths of data files that are not read; NULL = none; not owned */
    weft_query_secured_fn *secured; /* told of each product; may be NULL */
    void *secured_arg;
    /* made by open */
    struct weft_out *out; /* to tell why the process ends; set before open, may be NULL */
    struct weft_ledger_txn *txn;
    struct weft_ledger_txn *deferred; /* of the home that is deferred to; NULL = none */
    struct weft_sight *sight;         /* of its moment, when it was needed; NULL = not, or none */
    struct weft_mesh_view view;       /* of the sight, once a mesh. table is named */
    struct weft_temp temp;            /* what there is no memory for, until release */
    const char *own_file;             /* that a text of weft's own reads besides; NULL = none */
    struct weft_engine *engine;
    struct weft_slot *slot;
    struct weft_resolved resolved;
    struct weft_map *told; /* tables that were told to be deprecated; NULL = none yet */
    int64_t group_size;    /* of the largest min_group that acts; 0 = none */
    int64_t started_us;    /* monotonic */
    int64_t rows;
    const char *denied; /* NULL; the product that was refused */
    int denied_major;   /* of it; < 0: it is none of which an emergency would open all */
    const char *reason; /* the rules that decided, for the audit; NULL */
    int64_t agreement;  /* 0 = none */
    const struct weft_table_schema *schema_now; /* of the table that was read last */
    char audit[WEFT_SHA256_HEX];                /* its line in the audit; "" = none yet */
};

void weft_query_init(struct weft_query *query, struct weft_context *context);
void weft_query_release(struct weft_query *query);
int weft_query_open(struct weft_query *query, struct weft_error *error) WEFT_MUST_CHECK;
/* Hint for who may not see what was set aside; wants "%.*s" of the domain. */
#define WEFT_QUARANTINE_WHO                                                                        \
    "the local operator reads it, and members of the domain %.*s from whom nothing of the "        \
    "product "                                                                                     \
    "is kept"
/* query->sql is weft's own text, over files of the home's tmp. */
int weft_query_open_own(struct weft_query *query, struct weft_error *error) WEFT_MUST_CHECK;
/* query_names.c, for the resolver; arg: the query. */
int weft_query_resolve(void *arg, struct weft_arena *arena, const struct weft_resolve_name *name,
                       struct weft_relation *out, struct weft_error *error) WEFT_MUST_CHECK;
/* The product of a condition's `column in (product.column ...)`, read as the policy. */
int weft_query_member(void *arg, struct weft_arena *arena, const char *product,
                      struct weft_relation *out, struct weft_error *error) WEFT_MUST_CHECK;
const char *weft_query_suggest(void *arg, struct weft_arena *arena,
                               const struct weft_resolve_name *name);
/* USAGE for a name that is none. */
int weft_query_format_named(const char *name, enum weft_query_format *format,
                            struct weft_error *error) WEFT_MUST_CHECK;
/* From --format and --output. */
int weft_query_format_read(const struct weft_op_request *request, struct weft_out *out,
                           struct weft_query *query, struct weft_error *error) WEFT_MUST_CHECK;
int weft_query_send(struct weft_query *query, struct weft_out *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Before the first row: a read that the audit does not have gives nothing. open does it;
 * open_own leaves it to who knows what is read. */
int weft_query_audit_begin(struct weft_query *query, struct weft_error *error) WEFT_MUST_CHECK;
/* Behind the last one. result: what sending gave (< 0 = it failed). */
int weft_query_audit(struct weft_query *query, int result, struct weft_error *error)
    WEFT_MUST_CHECK;

#endif
