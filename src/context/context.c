/*
 * context.c - finds the checkout, the home and the settings of a request, each when first needed.
 */
#include "context/context.h"

#include "context/gate.h"

#include "base/fs.h"
#include "base/text.h"
#include "context/sight.h"
#include "context/state.h"
#include "lake/pointer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTEXT_ARENA_MAX ((size_t)1 << 30)
#define CHECK_MEMORY ((int64_t)256 << 20)

int weft_context_init(struct weft_context *context, struct weft_error *error)
{
    *context = (struct weft_context){.start = ".", .deferred_guard = -1};
    context->arena = weft_arena_new(CONTEXT_ARENA_MAX);
    if (context->arena == NULL)
        return weft_error_nomem(error);
    const char *environment = getenv("WEFT_ENV");
    bool given = environment != NULL && environment[0] != '\0';
    context->environment = given ? environment : "dev";
    context->environment_origin = given ? "WEFT_ENV" : "default";
    weft_request_local(&context->request);
    return 0;
}

void weft_context_release(struct weft_context *context)
{
    weft_engine_close(context->engine);
    weft_sight_unref(context->sight);
    weft_trust_free(context->trust);
    weft_ledger_end(context->deferred_txn);
    weft_state_free(context->state);
    weft_ledger_close(context->deferred_ledger);
    weft_fd_close(&context->deferred_guard);
    weft_ledger_close(context->ledger);
    weft_mesh_free(context->mesh);
    weft_free(context->root);
    weft_free(context->home);
    weft_arena_free(context->arena);
    *context = (struct weft_context){.deferred_guard = -1};
}

/* Loads the checkout once; mistakes stay in diag. */
static int mesh_load(struct weft_context *context, struct weft_diag *diag, struct weft_error *error)
{
    if (context->mesh != NULL)
        return 0;
    if (context->root == NULL)
        WEFT_TRY(weft_mesh_find_root(context->start, &context->root, error));
    WEFT_TRY(weft_mesh_load(context->root, context->environment, diag, &context->mesh, error));
    context->mesh_mistakes = diag->count > 0;
    return 0;
}

int weft_context_mesh(struct weft_context *context, struct weft_out *out, struct weft_mesh **mesh,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    weft_diag_init(&diag);
    if (context->mesh_mistakes) { /* they are to be told now */
        weft_mesh_free(context->mesh);
        context->mesh = NULL;
    }
    WEFT_TRY(mesh_load(context, &diag, error));
    weft_out_diag(out, &diag);
    context->mesh_mistakes = diag.errors > 0; /* warnings are told once */
    if (diag.errors > 0) {
        weft_error_set(error, WEFT_E_INVALID, "%zu mistake%s to repair; nothing was changed",
                       diag.errors, diag.errors == 1 ? "" : "s");
        return -1;
    }
    WEFT_TRY(weft_diag_check(&diag, error));
    *mesh = context->mesh;
    return 0;
}

/* Its mistakes may have been told before, when the checkout was loaded for something else. */
static int environment_unknown(struct weft_context *context, struct weft_diag *diag,
                               struct weft_error *error)
{
    WEFT_TRY(weft_diag_check(diag, error));
    const struct weft_mesh *mesh = context->mesh;
    char list[300] = "";
    size_t used = 0;
    for (size_t i = 0; mesh != NULL && i < mesh->environment_count && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : ", ",
                                 mesh->environments[i].name);
    weft_error_set(error, WEFT_E_NOT_FOUND, "there is no environment `%s`", context->environment);
    return weft_error_hint(error, "weft.yaml has %s", list);
}

/* The home of the environment, which needs only weft.yaml to be readable; mistakes in product files
 * are no reason not to find it. */
static int home_of_checkout(struct weft_context *context, struct weft_error *error)
{
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    weft_diag_init(&diag);
    if (mesh_load(context, &diag, error) < 0) {
        if (error != NULL && error->code == WEFT_E_NOT_FOUND)
            weft_error_hint(error, "name the home with --home DIR or WEFT_HOME, or go to a folder "
                                   "with a weft.yaml; `weft init` makes one");
        return -1;
    }
    const struct weft_environment *environment =
        context->mesh == NULL ? NULL : context->mesh->environment;
    if (environment == NULL)
        return environment_unknown(context, &diag, error);
    return weft_mesh_home(context->mesh, environment, &context->home, error);
}

const char *weft_context_home_origin(const struct weft_context *context)
{
    const char *given = getenv("WEFT_HOME");
    if (context->home_flag != NULL)
        return "--home";
    return given != NULL && given[0] != '\0' ? "WEFT_HOME" : "the environment";
}

int weft_context_home(struct weft_context *context, const char **home, struct weft_error *error)
{
    if (context->home == NULL) {
        const char *given = context->home_flag != NULL ? context->home_flag : getenv("WEFT_HOME");
        if (given != NULL && given[0] != '\0')
            WEFT_TRY(weft_path_absolute(given, &context->home, error));
        else
            WEFT_TRY(home_of_checkout(context, error));
    }
    *home = context->home;
    return 0;
}

int weft_context_ledger(struct weft_context *context, bool create, struct weft_ledger **ledger,
                        struct weft_error *error)
{
    if (context->ledger == NULL) {
        const char *home;
        WEFT_TRY(weft_context_home(context, &home, error));
        WEFT_TRY(weft_ledger_open(home, create ? WEFT_LEDGER_CREATE : 0, &context->ledger, error));
    }
    *ledger = context->ledger;
    return 0;
}

/* The checkout is only read for settings when there is one to be found without trouble; but an
 * environment that is asked for must be there. */
int weft_context_mesh_quiet(struct weft_context *context, const struct weft_mesh **mesh,
                            struct weft_error *error)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    weft_diag_init(&diag);
    *mesh = NULL;
    if (context->mesh == NULL && mesh_load(context, &diag, &ignored) < 0)
        return 0;
    *mesh = context->mesh;
    if (context->mesh == NULL)
        return 0;
    return context->mesh->environment == NULL ? environment_unknown(context, &diag, error) : 0;
}

int weft_context_deferred(struct weft_context *context, const struct weft_run_deferred **out,
                          struct weft_error *error)
{
    const struct weft_mesh *mesh;
    *out = NULL;
    if (!context->deferred_looked) {
        WEFT_CLEANUP(weft_freep) char *home = NULL;
        WEFT_TRY(weft_context_mesh_quiet(context, &mesh, error));
        if (mesh != NULL && mesh->deferred != NULL) {
            WEFT_TRY(weft_mesh_home(mesh, mesh->deferred, &home, error));
            context->deferred.home = weft_arena_strdup(context->arena, home);
            context->deferred.environment = weft_arena_strdup(context->arena, mesh->deferred->name);
            if (context->deferred.home == NULL || context->deferred.environment == NULL)
                return weft_error_nomem(error);
        }
        context->deferred_looked = true;
    }
    if (context->deferred.home != NULL)
        *out = &context->deferred;
    return 0;
}

int weft_context_deferred_ledger(struct weft_context *context, struct weft_ledger **ledger,
                                 struct weft_error *error)
{
    const struct weft_run_deferred *to;
    *ledger = NULL;
    WEFT_TRY(weft_context_deferred(context, &to, error));
    if (context->state != NULL) {
        *ledger = weft_state_deferred(context->state);
        return 0;
    }
    if (to != NULL && context->deferred_ledger == NULL) {
        WEFT_CLEANUP(weft_freep) char *format = weft_path_join(to->home, "format");
        if (format == NULL)
            return weft_error_nomem(error);
        if (!weft_fs_exists(format))
            return 0;
        int rc = weft_slot_guard(to->home, &context->deferred_guard, error);
        if (rc == 0)
            rc = weft_ledger_open(to->home, WEFT_LEDGER_READ_ONLY | WEFT_LEDGER_FOREIGN,
                                  &context->deferred_ledger, error);
        if (rc < 0)
            return weft_error_prefix(error, "the environment `%s`, which is deferred to",
                                     to->environment);
    }
    *ledger = context->deferred_ledger;
    return 0;
}

int weft_context_deferred_txn(struct weft_context *context, struct weft_ledger_txn **txn,
                              struct weft_error *error)
{
    struct weft_ledger *ledger;
    WEFT_TRY(weft_context_deferred_ledger(context, &ledger, error));
    if (ledger != NULL && context->deferred_txn == NULL)
        WEFT_TRY(weft_ledger_begin_read(ledger, &context->deferred_txn, error));
    *txn = context->deferred_txn;
    return 0;
}

int weft_context_settings(struct weft_context *context, const struct weft_settings **settings,
                          struct weft_error *error)
{
    if (!context->settings_loaded) {
        WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
        weft_diag_init(&diag);
        const struct weft_mesh *mesh;
        WEFT_TRY(weft_context_mesh_quiet(context, &mesh, error));
        WEFT_TRY(weft_settings_load(&context->settings, mesh, &diag, error));
        WEFT_TRY(weft_diag_check(&diag, error));
        for (size_t i = 0; i < context->flag_count; i++) {
            const struct weft_flag_setting *flag = &context->flags[i];
            WEFT_TRY(weft_settings_set(&context->settings, flag->name, flag->value, flag->origin,
                                       error));
        }
        context->settings_loaded = true;
    }
    *settings = &context->settings;
    return 0;
}

int weft_context_engine(struct weft_context *context, struct weft_engine **engine,
                        struct weft_error *error)
{
    if (context->engine == NULL) {
        struct weft_engine_config config = {.memory_bytes = CHECK_MEMORY, .threads = 1};
        struct weft_engine *made = NULL;
        WEFT_TRY(weft_engine_open(&config, &made, error));
        if (weft_engine_seal(made, error) < 0) {
            weft_engine_close(made);
            return -1;
        }
        context->engine = made;
    }
    *engine = context->engine;
    return 0;
}

int weft_product_word(struct weft_arena *arena, const char *word, const char **full_name,
                      int *major, struct weft_error *error)
{
    const char *at = strchr(word, '@');
    size_t length = at == NULL ? strlen(word) : (size_t)(at - word);
    char *name = weft_arena_strndup(arena, word, length);
    if (name == NULL)
        return weft_error_nomem(error);
    int64_t number = WEFT_MAJOR_NEWEST;
    const char *dot = strchr(name, '.');
    bool ok = dot != NULL && strchr(dot + 1, '.') == NULL && dot != name && dot[1] != '\0';
    if (ok && at != NULL)
        ok = weft_parse_int64(at + 1, strlen(at + 1), &number) && number >= 0 && number < 1000;
    if (!ok) {
        weft_error_set(error, WEFT_E_USAGE, "`%s` is not the name of a product", word);
        return weft_error_hint(error, "write domain.product, or domain.product@2 for a major");
    }
    *full_name = name;
    *major = (int)number;
    return 0;
}

/* NOT_FOUND, with the nearest name of those that he may know. */
static int product_unknown(struct weft_context *context, struct weft_ledger_txn *txn,
                           struct weft_arena *arena, const char *word, struct weft_error *error)
{
    struct weft_registered_digest *digests = NULL;
    size_t count = 0;
    WEFT_TRY(weft_catalog_digests(txn, arena, &digests, &count, error));
    const char **names = weft_arena_array(arena, count + 1, sizeof *names);
    if (names == NULL)
        return weft_error_nomem(error);
    size_t known = 0;
    for (size_t i = 0; i < count; i++) {
        bool visible;
        WEFT_TRY(weft_gate_visible(context, digests[i].full_name, &visible, error));
        if (visible)
            names[known++] = digests[i].full_name;
    }
    const char *near = weft_suggest(word, names, known);
    weft_error_set(error, WEFT_E_NOT_FOUND, "there is no product `%s` in this home", word);
    if (context->deferred.home != NULL)
        return weft_error_hint(error,
                               "`weft ls` lists them, and those that are read from the environment "
                               "`%s`; add --env %s to look at one of these",
                               context->deferred.environment, context->deferred.environment);
    if (near != NULL)
        return weft_error_hint(error, "did you mean `%s`?", near);
    return weft_error_hint(error, known == 0 ? "`weft apply` registers the products of a checkout"
                                             : "`weft ls` lists them; `weft apply` registers new "
                                               "ones");
}

int weft_context_product(struct weft_context *context, const char *word,
                         struct weft_registered *out, struct weft_error *error)
{
    const char *full_name;
    int major;
    WEFT_TRY(weft_product_word(context->arena, word, &full_name, &major, error));
    struct weft_ledger *ledger;
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_CLEANUP(weft_ledger_endp) struct weft_ledger_txn *txn = NULL;
    WEFT_TRY(weft_ledger_begin_read(ledger, &txn, error));
    const struct weft_run_deferred *deferred;
    WEFT_TRY(weft_context_deferred(context, &deferred, error));
    int rc = weft_catalog_product(txn, context->arena, full_name, major, 0, out, error);
    if (rc == WEFT_NOT_THERE)
        return product_unknown(context, txn, context->arena, word, error);
    WEFT_TRY(rc);
    struct weft_decision decision;
    WEFT_TRY(weft_gate_product(context, txn, context->arena, out, WEFT_SUBJECT_PRODUCT, NULL, 0, 0,
                               &decision, error));
    if (decision.discoverable)
        return 0;
    rc = weft_gate_denied(context, out->full_name, &decision, error);
    if (rc < 0)
        return rc;
    return product_unknown(context, txn, context->arena, word, error);
}

void weft_context_register(void)
{
    static bool done;
    if (done)
        return;
    done = true;
    weft_lake_register();
    weft_trust_register();
    weft_catalog_register();
    weft_flow_register();
}
