/*
 * op_env.c - env: the environments of the mesh file, and which one is in use. No secrets.
 */
#include "app/ops_internal.h"

#include <string.h>

static int env_row(struct weft_context *context, const struct weft_mesh *mesh,
                   const struct weft_environment *environment, struct weft_out *out,
                   struct weft_error *error)
{
    struct weft_error ignored = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_freep) char *home = NULL;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf vars, json;
    struct weft_json_writer writer;
    weft_buf_init(&vars, (size_t)1 << 20);
    weft_buf_init(&json, (size_t)1 << 20);
    weft_json_writer_init(&writer, &json);
    weft_json_begin_object(&writer);
    for (size_t i = 0; i < environment->var_count; i++) {
        const struct weft_variable *var = &environment->vars[i];
        weft_buf_addf(&vars, "%s%s=%s", i == 0 ? "" : " ", var->name, var->value);
        weft_json_member_text(&writer, var->name, var->value);
    }
    weft_json_end_object(&writer);
    WEFT_TRY(weft_buf_check(&vars, error));
    WEFT_TRY(weft_buf_check(&json, error));
    bool used = strcmp(environment->name, context->environment) == 0;
    if (weft_mesh_home(mesh, environment, &home, &ignored) < 0 && ignored.code == WEFT_E_NOMEM)
        return weft_error_nomem(error);
    const struct weft_cell cells[] = {
        weft_out_cell_bool(used),
        weft_out_cell_text(environment->name),
        weft_out_cell_text(home),
        weft_out_cell_text(environment->node),
        weft_out_cell_text(environment->defer),
        weft_out_cell_text(environment->s3_fallback_local ? "local" : "refuse"),
        weft_out_cell_text(vars.length == 0 ? "" : vars.data),
        weft_out_cell_json(json.data),
    };
    return weft_out_row(out, cells, error);
}

static int env_run(struct weft_context *context, const struct weft_op_request *request,
                   struct weft_out *out, struct weft_error *error)
{
    static const struct weft_out_column people[] = {

        {"used", false, false}, {"environment", false, false}, {"home", false, false},
        {"node", false, false}, {"defer", false, false},       {"s3_fallback", false, false},
        {"vars", false, false}, {"variables", false, true},
    };
    (void)request;
    const struct weft_mesh *mesh;
    const char *home;
    WEFT_TRY(weft_context_mesh_quiet(context, &mesh, error));
    if (mesh == NULL) {
        weft_error_set(error, WEFT_E_NOT_FOUND, "there is no checkout here, so no environments");
        return weft_error_hint(error, "go to a folder with a weft.yaml; `weft init` makes one");
    }
    WEFT_TRY(weft_out_table(out, people, WEFT_COUNT(people), error));
    for (size_t i = 0; i < mesh->environment_count; i++)
        WEFT_TRY(env_row(context, mesh, &mesh->environments[i], out, error));
    WEFT_TRY(weft_out_table_end(out, error));
    if (strcmp(weft_context_home_origin(context), "the environment") != 0 &&
        weft_context_home(context, &home, error) == 0)
        weft_out_note(out, "the home in use is %s: %s says so", home,
                      weft_context_home_origin(context));
    return weft_out_line(out, WEFT_STYLE_DIM, error, "in use: %s (%s)", context->environment,
                         context->environment_origin);
}

const struct weft_op weft_op_env = {
    .name = "env",
    .group = "home",
    .summary = "List the environments of weft.yaml, and which one is in use.",
    .help = "`--env NAME` or WEFT_ENV chooses one; `dev` is used without. The same files run in "
            "each: `${name}` in `files`, `done`, `error`, `location`, `connection` and "
            "`schedule` stands for a variable of the environment. With `defer: NAME`, products "
            "that were not run here are read, and only read, from the home of that environment.",
    .who = WEFT_OP_ANYONE,
    .run = env_run,
};
