/*
 * op_init_ci.c - init --ci: a pipeline that validates, tests, plans a change as a comment and
 * applies it when it is merged.
 *
 * @env@ stands for the environment, @dir@ for the mesh's folder below the repository, @path@ for
 * the same before a file's name. The steps are plain sh, so that they can be run without the host.
 */
#include "app/op_init_ci.h"

#include "base/fs.h"
#include "base/text.h"

#include <string.h>

/* State and comment by git and gh, which are on every runner. */
static const char github[] =
    "# Written by `weft init --ci github`; yours to change.\n"
    "#\n"
    "# A pull request is validated, tested and planned against the state of the environment\n"
    "# `@env@`; what it would do, and whom it reaches, becomes its comment. A merge applies it, "
    "and\n"
    "# keeps the new state on the branch weft-state-@env@. It needs:\n"
    "# - runners with the label `weft`, where weft and gh are installed;\n"
    "# - for `apply`, the repository's variable WEFT_HOME: the folder of the home on the runner,\n"
    "#   outside of the checkout, which every build cleans.\n"
    "name: weft\n"
    "on:\n"
    "  pull_request:\n"
    "  push:\n"
    "    branches: [main]\n"
    "permissions: {}\n"
    "env:\n"
    "  WEFT_ENV: @env@\n"
    "  WEFT_STATE: weft-state-@env@\n"
    "defaults:\n"
    "  run:\n"
    "    working-directory: @dir@\n"
    "jobs:\n"
    "  plan:\n"
    "    # Not for forks: a checkout may name commands, and the runner is yours.\n"
    "    if: github.event_name == 'pull_request' &&\n"
    "      github.event.pull_request.head.repo.full_name == github.repository\n"
    "    runs-on: [self-hosted, weft]\n"
    "    permissions: {contents: read, pull-requests: write}\n"
    "    steps:\n"
    "      - uses: actions/checkout@v4\n"
    "      - name: validate\n"
    "        run: weft validate\n"
    "      - name: test\n"
    "        run: weft test\n"
    "      - name: state\n"
    "        run: |\n"
    "          if git ls-remote --exit-code --heads origin \"$WEFT_STATE\" > /dev/null; then\n"
    "            git fetch --quiet --depth 1 origin \"$WEFT_STATE\"\n"
    "            git show FETCH_HEAD:state.json > weft-state.json\n"
    "          else\n"
    "            test $? -eq 2 # there is no such branch: nothing was applied yet\n"
    "            weft state export --home weft-none --out weft-state.json\n"
    "          fi\n"
    "      - name: plan\n"
    "        # --out: what could not be applied fails.\n"
    "        run: weft plan --against weft-state.json --out weft-plan.json --markdown > "
    "weft-plan.md\n"
    "      - name: comment\n"
    "        if: ${{ !cancelled() }}\n"
    "        env:\n"
    "          GH_TOKEN: ${{ github.token }}\n"
    "          PULL_REQUEST: ${{ github.event.pull_request.number }}\n"
    "        run: |\n"
    "          test -s weft-plan.md || exit 0\n"
    "          gh pr comment \"$PULL_REQUEST\" --edit-last --create-if-none --body-file "
    "weft-plan.md\n"
    "  apply:\n"
    "    if: github.event_name == 'push'\n"
    "    runs-on: [self-hosted, weft]\n"
    "    permissions: {contents: write}\n"
    "    concurrency: weft-@env@\n"
    "    env:\n"
    "      WEFT_HOME: ${{ vars.WEFT_HOME }}\n"
    "    steps:\n"
    "      - uses: actions/checkout@v4\n"
    "      - name: apply\n"
    "        run: |\n"
    "          : \"${WEFT_HOME:?is to name the folder of the home, outside of the checkout}\"\n"
    "          weft apply --yes\n"
    "      - name: keep the state\n"
    "        # Also when a run failed: what is registered is so.\n"
    "        if: ${{ !cancelled() }}\n"
    "        run: |\n"
    "          : \"${WEFT_HOME:?is to name the folder of the home, outside of the checkout}\"\n"
    "          weft state export --out weft-state.json\n"
    "          blob=$(git hash-object -w weft-state.json)\n"
    "          tree=$(printf '100644 blob %s\\tstate.json\\n' \"$blob\" | git mktree)\n"
    "          commit=$(git -c user.name=weft -c user.email=weft@localhost \\\n"
    "            commit-tree -m \"State of @env@\" \"$tree\")\n"
    "          git push --quiet --force origin \"$commit:refs/heads/$WEFT_STATE\"\n";

/* State as the artifact of the last apply; comment by the API. */
static const char gitlab[] =
    "# Written by `weft init --ci gitlab`; yours to change.\n"
    "#\n"
    "# A merge request is validated, tested and planned against the state of the environment\n"
    "# `@env@`; what it would do, and whom it reaches, becomes its comment. A merge applies it, "
    "and\n"
    "# keeps the new state as an artifact. It needs:\n"
    "# - runners with the tag `weft`, where weft and curl are installed;\n"
    "# - the variable WEFT_COMMENT_TOKEN: a project access token with the scope api;\n"
    "# - for `apply`, the protected variable WEFT_HOME: the folder of the home on the runner,\n"
    "#   outside of the checkout, which every build cleans.\n"
    "variables:\n"
    "  WEFT_ENV: @env@\n"
    "stages: [plan, apply]\n"
    "weft_plan:\n"
    "  stage: plan\n"
    "  tags: [weft]\n"
    "  rules:\n"
    "    - if: $CI_PIPELINE_SOURCE == \"merge_request_event\"\n"
    "  script:\n"
    "    - cd \"@dir@\"\n"
    "    - weft validate\n"
    "    - weft test\n"
    "    - |\n"
    "      code=$(curl --silent --show-error --location --header \"JOB-TOKEN: $CI_JOB_TOKEN\" \\\n"
    "        --output weft-state.json --write-out '%{http_code}' \\\n"
    "        \"$CI_API_V4_URL/projects/$CI_PROJECT_ID/jobs/artifacts/$CI_DEFAULT_BRANCH/raw/"
    "@path@weft-state.json?job=weft_apply\")\n"
    "      case $code in\n"
    "        200) ;;\n"
    "        404) weft state export --home weft-none --out weft-state.json ;; # none applied yet\n"
    "        *) echo \"the state of @env@ cannot be had: HTTP $code\" >&2; exit 1 ;;\n"
    "      esac\n"
    "    - failed=0\n"
    "    # --out: what could not be applied fails.\n"
    "    - weft plan --against weft-state.json --out weft-plan.json --markdown > weft-plan.md || "
    "failed=$?\n"
    "    - |\n"
    "      test ! -s weft-plan.md || curl --silent --show-error --fail --output /dev/null \\\n"
    "        --header \"PRIVATE-TOKEN: $WEFT_COMMENT_TOKEN\" --data-urlencode body@weft-plan.md "
    "\\\n"
    "        "
    "\"$CI_API_V4_URL/projects/$CI_PROJECT_ID/merge_requests/$CI_MERGE_REQUEST_IID/notes\"\n"
    "    - exit \"$failed\"\n"
    "weft_apply:\n"
    "  stage: apply\n"
    "  tags: [weft]\n"
    "  rules:\n"
    "    - if: $CI_PIPELINE_SOURCE == \"push\" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\n"
    "  resource_group: weft-@env@\n"
    "  script:\n"
    "    - cd \"@dir@\"\n"
    "    - |\n"
    "      : \"${WEFT_HOME:?is to name the folder of the home, outside of the checkout}\"\n"
    "    - failed=0\n"
    "    - weft apply --yes || failed=$?\n"
    "    - weft state export --out weft-state.json # also when a run failed\n"
    "    - exit \"$failed\"\n"
    "  artifacts:\n"
    "    when: always\n"
    "    paths: [\"@path@weft-state.json\"]\n";

static const struct {
    const char *name, *path, *text;
} hosts[] = {
    {"github", ".github/workflows/weft.yml", github},
    {"gitlab", ".gitlab-ci.yml", gitlab},
};

/* The folder with .git, from the mesh's upwards; the mesh's own where there is none. */
static int repository_find(const char *root, char **out, struct weft_error *error)
{
    char *at = weft_strdup(root);
    while (at != NULL) {
        WEFT_CLEANUP(weft_freep) char *git = weft_path_join(at, ".git");
        if (git == NULL)
            break;
        if (weft_fs_exists(git)) {
            *out = at;
            return 0;
        }
        char *up = weft_path_dirname(at);
        bool top = up == NULL || strcmp(up, at) == 0;
        weft_free(at);
        at = up;
        if (top && up != NULL) {
            weft_free(up);
            *out = weft_strdup(root);
            return *out == NULL ? weft_error_nomem(error) : 0;
        }
    }
    weft_free(at);
    return weft_error_nomem(error);
}

/* Into YAML and sh: a name with anything but these would be markup in one of them. */
static bool folder_is_plain(const char *folder)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789_-./";
    return folder[0] != '-' && strspn(folder, plain) == strlen(folder);
}

static void fill(const char *text, const char *environment, const char *folder,
                 struct weft_buf *out)
{
    const struct {
        const char *mark, *value, *behind;
    } marks[] = {
        {"@env@", environment, ""},
        {"@dir@", folder[0] == '\0' ? "." : folder, ""},
        {"@path@", folder, folder[0] == '\0' ? "" : "/"},
    };
    for (const char *at = text; *at != '\0';) {
        size_t i = 0;
        while (i < WEFT_COUNT(marks) && strncmp(at, marks[i].mark, strlen(marks[i].mark)) != 0)
            i++;
        if (i == WEFT_COUNT(marks)) {
            weft_buf_addc(out, *at++);
            continue;
        }
        weft_buf_addf(out, "%s%s", marks[i].value, marks[i].behind);
        at += strlen(marks[i].mark);
    }
}

/* The one asked for; else prod, where the mesh has it. */
static int environment_choose(const struct weft_context *context, const struct weft_mesh *mesh,
                              const char **out, struct weft_error *error)
{
    bool asked = strcmp(context->environment_origin, "default") != 0;
    const char *name = asked ? context->environment : "prod";
    for (size_t i = 0; i < mesh->environment_count; i++) {
        if (strcmp(mesh->environments[i].name, name) != 0)
            continue;
        *out = mesh->environments[i].name;
        return 0;
    }
    weft_error_set(error, WEFT_E_NOT_FOUND, "weft.yaml has no environment `%s` to apply to", name);
    return weft_error_hint(error, asked ? "`weft env` lists those that it has"
                                        : "add it, or name another one with --env");
}

int weft_init_ci_check(const char *host, struct weft_error *error)
{
    for (size_t i = 0; i < WEFT_COUNT(hosts); i++) {
        if (strcmp(hosts[i].name, host) == 0)
            return 0;
    }
    weft_error_set(error, WEFT_E_USAGE, "there is no pipeline for `%s`", host);
    return weft_error_hint(error, "known: github, gitlab");
}

int weft_init_ci(const struct weft_context *context, const char *root, const char *host,
                 struct weft_out *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_diag_release) struct weft_diag diag;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    WEFT_CLEANUP(weft_freep) char *repository = NULL;
    struct weft_mesh *mesh = NULL;
    const char *environment = NULL;
    size_t at = 0;
    weft_diag_init(&diag);
    weft_buf_init(&text, 65536);
    WEFT_TRY(weft_init_ci_check(host, error));
    while (strcmp(hosts[at].name, host) != 0)
        at++;
    WEFT_TRY(weft_mesh_load(root, NULL, &diag, &mesh, error));
    if (mesh == NULL)
        return weft_error_set(error, WEFT_E_INVALID, "%s/weft.yaml does not read: `weft validate`",
                              root);
    int rc = environment_choose(context, mesh, &environment, error);
    if (rc == 0)
        rc = repository_find(root, &repository, error);
    if (rc == 0) {
        const char *folder = root + strlen(repository);
        folder += *folder == '/';
        fill(hosts[at].text, environment, folder, &text);
        if (!folder_is_plain(folder))
            rc = weft_error_set(error, WEFT_E_INVALID,
                                "the folder `%s` cannot be named in a pipeline: letters, digits, "
                                "`_`, `-` and `.` can",
                                folder);
    }
    weft_mesh_free(mesh);
    WEFT_TRY(rc);
    WEFT_TRY(weft_buf_check(&text, error));
    WEFT_CLEANUP(weft_freep) char *path = weft_path_join(repository, hosts[at].path);
    WEFT_CLEANUP(weft_freep) char *parent = path == NULL ? NULL : weft_path_dirname(path);
    if (parent == NULL)
        return weft_error_nomem(error);
    if (weft_fs_exists(path)) {
        weft_error_set(error, WEFT_E_EXISTS, "%s is there already", path);
        return weft_error_hint(error, "move it away, and put the two together by hand");
    }
    WEFT_TRY(weft_fs_mkdirs(parent, error));
    WEFT_TRY(weft_fs_write_file(path, text.data, text.length, error));
    return weft_out_line(out, WEFT_STYLE_GOOD, error,
                         "The pipeline for the environment `%s` is in %s: its first lines say what "
                         "it needs",
                         environment, path);
}
