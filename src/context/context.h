/*
 * context.h - what a request runs in: who asks, which checkout, which home, which settings. Each
 * part is made when first needed, so that `help` opens nothing and `ls` opens no checkout.
 *
 * Owns: arena, mesh, ledger. Thread rule: one thread.
 */
#ifndef WEFT_CONTEXT_CONTEXT_H
#define WEFT_CONTEXT_CONTEXT_H

#include "catalog/product_entry.h"
#include "checkout/mesh.h"
#include "checkout/settings.h"
#include "context/out.h"
#include "engine/engine.h"
#include "flow/run.h"
#include "ledger/ledger.h"
#include "trust/decide.h"

struct weft_sight; /* context/sight.h */
struct weft_state; /* context/state.h */

struct weft_flag_setting {
    const char *name;
    const char *value;
    const char *origin; /* "--memory" */
};

struct weft_context {
    struct weft_arena *arena;
    const char *home_flag;   /* --home, NULL */
    const char *command;     /* for the audit; NULL = none */
    const char *as;          /* --as, NULL; who.h */
    bool past;               /* a moment that is over is asked about: --as-of */
    const char *key_file;    /* --key-file, NULL */
    const char *purpose;     /* --purpose, NULL */
    const char *environment; /* --env, else WEFT_ENV, else dev */
    const char *environment_origin;
    const char *start; /* the folder to look from */
    const struct weft_flag_setting *flags;
    size_t flag_count;
    struct weft_request request; /* principal and so on */
    /* made when needed */
    char *root; /* of the checkout; NULL = not looked for, or none */
    char *home; /* absolute */
    struct weft_mesh *mesh;
    bool mesh_mistakes; /* it has some, or warnings, and who loaded it did not tell them */
    struct weft_ledger *ledger;
    bool deferred_looked;
    struct weft_run_deferred deferred; /* home NULL = nothing is deferred */
    struct weft_ledger *deferred_ledger;
    struct weft_ledger_txn *deferred_txn;
    int deferred_guard;       /* -1 = none */
    struct weft_state *state; /* plans are made against it instead of a home; NULL = none */
    struct weft_settings settings;
    bool settings_loaded;
    struct weft_engine *engine;
    struct weft_trust *trust; /* of one sequence: context/gate.h */
    struct weft_sight *sight; /* likewise: context/sight.h */
};

/* Registers kinds, tables and mesh tables of all floors: once, at start. */
void weft_context_register(void);
int weft_context_init(struct weft_context *context, struct weft_error *error) WEFT_MUST_CHECK;
void weft_context_release(struct weft_context *context);

/* The checkout, valid: all mistakes are told to `out` and the first one returned. */
int weft_context_mesh(struct weft_context *context, struct weft_out *out, struct weft_mesh **mesh,
                      struct weft_error *error) WEFT_MUST_CHECK;
/* The checkout as far as it can be read, without a word about its mistakes; NULL where there is
 * none. NOT_FOUND when it has no such environment. */
int weft_context_mesh_quiet(struct weft_context *context, const struct weft_mesh **mesh,
                            struct weft_error *error) WEFT_MUST_CHECK;
/* What said where the home is: "--home", "WEFT_HOME", "the environment". */
const char *weft_context_home_origin(const struct weft_context *context);
/* Where the home is: --home, WEFT_HOME, the environment's home, .weft/<environment> at the root. */
int weft_context_home(struct weft_context *context, const char **home, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Opens the home. create: makes it when it is not there; else NOT_FOUND with a hint. */
int weft_context_ledger(struct weft_context *context, bool create, struct weft_ledger **ledger,
                        struct weft_error *error) WEFT_MUST_CHECK;
/* Where the environment in use defers to; *out NULL = nowhere. */
int weft_context_deferred(struct weft_context *context, const struct weft_run_deferred **out,
                          struct weft_error *error) WEFT_MUST_CHECK;
/* That home, opened for reading only and guarded against maintenance; *ledger NULL where nothing
 * is deferred, or there is no home yet. */
int weft_context_deferred_ledger(struct weft_context *context, struct weft_ledger **ledger,
                                 struct weft_error *error) WEFT_MUST_CHECK;
/* A read transaction on it that lasts as long as the context; NULL likewise. */
int weft_context_deferred_txn(struct weft_context *context, struct weft_ledger_txn **txn,
                              struct weft_error *error) WEFT_MUST_CHECK;
int weft_context_settings(struct weft_context *context, const struct weft_settings **settings,
                          struct weft_error *error) WEFT_MUST_CHECK;
/* An instance that reads no file: for parsing and binding, as plan does. */
int weft_context_engine(struct weft_context *context, struct weft_engine **engine,
                        struct weft_error *error) WEFT_MUST_CHECK;
/* Reads "domain.name", "domain.name@2"; NOT_FOUND with a suggestion. Uses a read transaction of its
 * own. The gate is asked (weft_trust_decide). */
int weft_context_product(struct weft_context *context, const char *word,
                         struct weft_registered *out, struct weft_error *error) WEFT_MUST_CHECK;
/* "domain.name@2" into name (in the arena) and major (WEFT_MAJOR_NEWEST = none given). USAGE when
 * it is no name. */
int weft_product_word(struct weft_arena *arena, const char *word, const char **full_name,
                      int *major, struct weft_error *error) WEFT_MUST_CHECK;

#endif
