/*
 * sight.h - what the request's principal may know and read of all products of a home at one
 * sequence: the gate's decision, asked once for each and kept in the context.
 *
 * Lists, hints, completion and the `mesh.` tables ask this instead of the gate, name by name. What
 * is not in it is not there: what has another owner, and what never was, look the same.
 * Owns: its arena. Thread rule: read by any thread, made and let go by that of the context.
 */
#ifndef WEFT_CONTEXT_SIGHT_H
#define WEFT_CONTEXT_SIGHT_H

#include "base/map.h"
#include "context/context.h"
#include "engine/mesh_table.h"

/* A major of a product that may be known. */
struct weft_sight_item {
    const char *full_name; /* domain.name */
    int major;
    const char *table;         /* its key in the lake and in flow */
    const char *name;          /* what it is called: "d.p", or "d.p__v1" for an older major */
    bool read;                 /* its rows, or some of them, as the decision leaves them */
    bool whole;                /* all of them, as they are: and so what is counted over them */
    bool team;                 /* it belongs to a domain of his */
    bool open;                 /* he may know of all that it reads, too */
    struct weft_texts columns; /* of its contracts, those that are there for him */
};

struct weft_sight;

/* The local operator has none (*out NULL): all is there for him. time_us 0 = the request's. The
 * newest one is the context's; who keeps it beyond the next call takes a reference. */
int weft_sight_get(struct weft_context *context, struct weft_ledger_txn *txn, int64_t time_us,
                   const struct weft_sight **out, struct weft_error *error) WEFT_MUST_CHECK;
struct weft_sight *weft_sight_ref(const struct weft_sight *sight);
void weft_sight_unref(struct weft_sight *sight); /* NULL is nothing */
void weft_sight_unrefp(struct weft_sight **sight);

/* By what it is called in SQL and in lists ("d.p", "d.p__v1"), by its key, by name and major.
 * NULL = he knows of none. */
const struct weft_sight_item *weft_sight_named(const struct weft_sight *sight, const char *name);
const struct weft_sight_item *weft_sight_table(const struct weft_sight *sight, const char *table);
const struct weft_sight_item *weft_sight_major(const struct weft_sight *sight,
                                               const char *full_name, int major);
/* May he see how it is made: whose team it is, and who may know of all that it is made of? */
static inline bool weft_sight_made(const struct weft_sight_item *item)
{
    return item->whole && item->team && item->open;
}
/* Does the text name a product that he may not know of, now or by a name that it once had? */
bool weft_sight_tells(const struct weft_sight *sight, const char *text);
/* The `mesh.` tables as he sees them: rows of what he may know of. Requests and agreements: his own
 * and those he may look at; principals: himself, his groups, the teams of his domains; with the
 * right to see who has access, all; of what was read, all or nothing. Part of the sight; of the
 * local operator's (NULL) it is NULL. */
const struct weft_mesh_view *weft_sight_view(const struct weft_sight *sight);

#endif
