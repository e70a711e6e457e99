/* Tests of mesh.h: finding the root, all places of files, environments, mistakes across files,
 * policies beside products, and the time a large checkout takes. */
#include "checkout/mesh.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/test_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define GRANT "kind: grant\nname: g\nto: user:a\nread: a.b\n"
#define PRODUCT "version: 1.0.0\nschema: [{name: x}]\n"

struct fixture {
    char *dir;
    struct weft_diag diag;
    struct weft_mesh *mesh;
};

static void put(const struct fixture *f, const char *path, const char *text)
{
    struct weft_error error = WEFT_ERROR_INIT;
    char *full = weft_path_join(f->dir, path);
    char *folder = weft_path_dirname(full);
    assert_int_equal(weft_fs_mkdirs(folder, &error), 0);
    assert_int_equal(weft_fs_write_file(full, text, strlen(text), &error), 0);
    weft_free(full);
    weft_free(folder);
}

static void start(struct fixture *f)
{
    *f = (struct fixture){.dir = weft_test_dir()};
    weft_diag_init(&f->diag);
}

static void load(struct fixture *f, const char *environment)
{
    struct weft_error error = WEFT_ERROR_INIT;
    weft_mesh_freep(&f->mesh);
    weft_diag_release(&f->diag);
    weft_diag_init(&f->diag);
    if (weft_mesh_load(f->dir, environment, &f->diag, &f->mesh, &error) < 0)
        fail_msg("%s", error.message);
    assert_non_null(f->mesh);
}

static void load_good(struct fixture *f, const char *environment)
{
    load(f, environment);
    for (size_t i = 0; i < f->diag.count; i++)
        print_message("%s:%d:%d %s\n", f->diag.items[i].file, f->diag.items[i].line,
                      f->diag.items[i].column, f->diag.items[i].message);
    assert_int_equal(f->diag.count, 0);
}

static void stop(struct fixture *f)
{
    weft_mesh_free(f->mesh);
    weft_diag_release(&f->diag);
    weft_test_dir_remove(f->dir);
}

static bool says(const struct fixture *f, const char *file, int line, const char *message)
{
    for (size_t i = 0; i < f->diag.count; i++) {
        const struct weft_diag_item *item = &f->diag.items[i];
        if (strcmp(item->file, file) == 0 && item->line == line && strstr(item->message, message))
            return true;
    }
    for (size_t i = 0; i < f->diag.count; i++)
        print_message("%s:%d:%d %s\n", f->diag.items[i].file, f->diag.items[i].line,
                      f->diag.items[i].column, f->diag.items[i].message);
    return false;
}

static void mesh_finds_root(void **state)
{
    (void)state;
    struct fixture f;
    struct weft_error error = WEFT_ERROR_INIT;
    char *root = NULL;
    start(&f);
    put(&f, "shop/domains/a/b/data_product.yaml", PRODUCT);
    char *shop = weft_path_join(f.dir, "shop");
    char *deep = weft_path_join(f.dir, "shop/domains/a/b");
    assert_int_equal(weft_mesh_find_root(f.dir, &root, &error), -1);
    assert_int_equal(error.code, WEFT_E_NOT_FOUND);
    assert_non_null(strstr(error.hint, "weft init"));
    assert_int_equal(weft_mesh_find_root(shop, &root, &error), 0);
    assert_string_equal(root, shop);
    weft_free(root);
    put(&f, "shop/weft.yaml", "mesh: shop\n");
    assert_int_equal(weft_mesh_find_root(deep, &root, &error), 0);
    assert_string_equal(root, shop);
    weft_free(root);
    weft_free(shop);
    weft_free(deep);
    stop(&f);
}

static void mesh_places(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    put(&f, "weft.yaml",
        "mesh: shop\nowns: [customer]\nenvironments:\n  dev: {vars: {inbox: sample}}\n"
        "  prod: {home: /srv/home, vars: {inbox: /srv/inbox}, buckets: {b: {endpoint: "
        "'https://s3'}}}\nsettings: {memory: 4GB}\n");
    put(&f, "domains/customer/domain.yaml",
        "owner: team@x\ndescription: d\nmembers: [user:a]\ndefaults: {tags: [t]}\n");
    put(&f, "domains/customer/data_product.yaml", "name: direct\nversion: 0.1.0\n");
    put(&f, "domains/customer/profile/data_product.yaml",
        "name: customer_profile\nversion: 2.0.0\ninput: {files: '${inbox}/*.csv'}\n");
    put(&f, "domains/customer/profile/data_product.v1.yaml",
        "name: customer_profile\nversion: 1.3.0\nowner: other@x\n");
    put(&f, "domains/sales/orders/data_product.yaml", PRODUCT);
    load_good(&f, NULL);
    assert_string_equal(f.mesh->name, "shop");
    assert_int_equal(f.mesh->product_count, 4);
    assert_int_equal(f.mesh->domain_count, 2);
    assert_true(weft_mesh_owns(f.mesh, "customer") && !weft_mesh_owns(f.mesh, "sales"));
    const struct weft_product *p =
        weft_mesh_product(f.mesh, "customer.customer_profile", WEFT_MAJOR_NEWEST);
    assert_int_equal(p->major, 2);
    assert_string_equal(p->inputs[0].files, "sample/*.csv");
    assert_string_equal(p->owner, "team@x");
    assert_string_equal(p->tags.items[0], "t");
    assert_string_equal(p->file, "domains/customer/profile/data_product.yaml");
    p = weft_mesh_product(f.mesh, "customer.customer_profile", 1);
    assert_string_equal(p->owner, "other@x");
    assert_non_null(weft_mesh_product(f.mesh, "customer.direct", WEFT_MAJOR_NEWEST));
    assert_non_null(weft_mesh_product(f.mesh, "sales.orders", 1));
    assert_null(weft_mesh_product(f.mesh, "sales.orders", 2));
    assert_null(weft_mesh_product(f.mesh, "sales.order", WEFT_MAJOR_NEWEST));
    assert_true(f.mesh->environment->s3_fallback_local);
    assert_string_equal(f.mesh->settings[0].value, "4GB");
    load_good(&f, "prod");
    p = weft_mesh_product(f.mesh, "customer.customer_profile", WEFT_MAJOR_NEWEST);
    assert_string_equal(p->inputs[0].files, "/srv/inbox/*.csv");
    assert_false(f.mesh->environment->s3_fallback_local);
    assert_int_equal(f.mesh->environment->bucket_count, 1);
    stop(&f);
}

static void mesh_without_file(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    put(&f, "data_product.yaml", "name: a\ndomain: b\n" PRODUCT);
    load_good(&f, NULL);
    assert_null(f.mesh->file);
    assert_int_equal(f.mesh->product_count, 1);
    assert_true(weft_mesh_owns(f.mesh, "b") && !weft_mesh_owns(f.mesh, "a"));
    put(&f, "weft.yaml", "mesh: x\n");
    load_good(&f, "dev");
    assert_string_equal(f.mesh->name, "x");
    /* The file marks the root; all it could say has a default. */
    put(&f, "weft.yaml", "\n  # nothing yet\n");
    put(&f, "domains/empty/domain.yaml", "");
    load_good(&f, "dev");
    assert_string_equal(f.mesh->file, "weft.yaml");
    assert_non_null(f.mesh->name);
    static const char zero[] = "# a\0b";
    struct weft_error error = WEFT_ERROR_INIT;
    char *file = weft_path_join(f.dir, "weft.yaml");
    assert_int_equal(weft_fs_write_file(file, zero, sizeof zero - 1, &error), 0);
    weft_free(file);
    load(&f, "dev");
    assert_int_equal(f.diag.errors, 1);
    put(&f, "weft.yaml", "");
    put(&f, "domains/empty/data_product.yaml", "# nothing\n");
    load(&f, "dev");
    assert_true(says(&f, "domains/empty/data_product.yaml", 1, "the file is empty"));
    stop(&f);
}

/* A checkout never speaks for a domain that it does not have. */
static void mesh_owns_what_it_holds(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    put(&f, "domains/sales/orders/data_product.yaml", PRODUCT);
    put(&f, "domains/sales_x/orders/data_product.yaml", PRODUCT);
    put(&f, "domains/bare/domain.yaml", "members: [user:a, group:b]\n");
    load_good(&f, NULL);
    assert_true(weft_mesh_owns(f.mesh, "sales") && weft_mesh_owns(f.mesh, "sales_x"));
    assert_true(weft_mesh_owns(f.mesh, "bare"));
    assert_false(weft_mesh_owns(f.mesh, "sale"));
    assert_false(weft_mesh_owns(f.mesh, "sales_"));
    assert_false(weft_mesh_owns(f.mesh, "zoo"));
    assert_string_equal(f.mesh->domains[0].name, "bare");
    assert_int_equal(f.mesh->domains[0].members.count, 2);
    assert_string_equal(f.mesh->domains[0].members.items[1], "group:b");
    stop(&f);
}

static void mesh_renames(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    put(&f, "domains/s/a/data_product.yaml", "version: 2.0.0\nwas: old\n");
    put(&f, "domains/s/a/data_product.v1.yaml", "version: 1.0.0\nwas: old\n");
    put(&f, "domains/s/b/data_product.yaml", "version: 2.0.0\nwas: t.other\n");
    load_good(&f, NULL);
    put(&f, "domains/s/a/data_product.v1.yaml", "version: 1.0.0\nwas: older\n");
    put(&f, "domains/s/c/data_product.yaml", "version: 1.0.0\n\nwas: t.other\n");
    load(&f, NULL);
    assert_true(says(&f, "domains/s/a/data_product.yaml", 2, "`s.a` was `s.old` here"));
    assert_true(says(&f, "domains/s/c/data_product.yaml", 3, "`s.b` was `t.other`, says"));
    stop(&f);
}

static void mesh_ports_like_domains(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    put(&f, "domains/s/a/data_product.yaml", PRODUCT "input: x.csv\n");
    put(&f, "domains/t/a/data_product.yaml",
        PRODUCT "inputs: {s: x.csv, u: y.csv}\nsql: select 1\n");
    load(&f, NULL);
    assert_int_equal(f.diag.count, 1);
    assert_true(says(&f, "domains/t/a/data_product.yaml", 3, "called like a domain"));
    stop(&f);
}

static void mesh_mistakes(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    put(&f, "weft.yaml",
        "mesh: x\nowns: [slaes]\nenvironments:\n  dev: {defer: prd, vars: {inbox: a}}\n"
        "  prod: {node: 'https://x'}\nconnections:\n  erp: {password: secret}\n");
    put(&f, "domains/sales/a/data_product.yaml", "name: same\n" PRODUCT);
    put(&f, "domains/sales/b/data_product.yaml", "\nname: same\n" PRODUCT);
    put(&f, "domains/sales/c/data_product.yaml", "domain: sails\n" PRODUCT);
    put(&f, "domains/sales/c/old.sql", "select 1");
    put(&f, "domains/sales/c/x.odcs.yaml", "a: b");
    put(&f, "domains/sales/d/data_product.v2.yaml", PRODUCT);
    put(&f, "domains/sales/d/data_product.yml", PRODUCT);
    put(&f, "domains/sales/e/data_product.yaml", "{");
    put(&f, "domains/sales/f/data_product.yaml", PRODUCT "input: {files: '${inbx}/x.csv'}\n");
    put(&f, "domains/sales/g/data_product.yaml", PRODUCT "input: {connection: er}\n");
    put(&f, "domains/Mixed Case/h/data_product.yaml", PRODUCT);
    load(&f, NULL);
    assert_true(says(&f, "weft.yaml", 2, "`owns` names `slaes`"));
    assert_true(says(&f, "weft.yaml", 4, "`prd` is not an environment"));
    assert_true(says(&f, "weft.yaml", 7, "`password` cannot be a value"));
    assert_true(says(&f, "domains/sales/b/data_product.yaml", 2, "described twice"));
    assert_true(says(&f, "domains/sales/c/data_product.yaml", 1, "the domain is `sails`"));
    assert_true(says(&f, "domains/sales/c/old.sql", 0, "no product of its folder"));
    assert_true(says(&f, "domains/sales/c/x.odcs.yaml", 1, "needs `apiVersion`"));
    assert_true(says(&f, "domains/sales/d/data_product.v2.yaml", 1, "major 2"));
    assert_true(says(&f, "domains/sales/d/data_product.yml", 0, "not read"));
    assert_true(says(&f, "domains/sales/f/data_product.yaml", 3, "`${inbx}` is not a variable"));
    assert_true(says(&f, "domains/sales/g/data_product.yaml", 3, "names the connection `er`"));
    assert_true(says(&f, "domains/Mixed Case/h/data_product.yaml", 1, "`Mixed Case` is not"));
    load(&f, "prod");
    assert_true(says(&f, "weft.yaml", 5, "not yet"));
    load(&f, "prodd");
    assert_true(says(&f, "weft.yaml", f.mesh ? 4 : 4, "no environment `prodd`") ||
                says(&f, "weft.yaml", 3, "no environment `prodd`"));
    stop(&f);
}

static void mesh_connections(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    put(&f, "weft.yaml",
        "mesh: x\nenvironments:\n  dev: {buckets: {b: {endpoint: 'https://s3', connection: "
        "lake}}}\n"
        "  try: {defer: dev}\nconnections:\n"
        "  erp: {postgres: 'host=db', password: {env: A}}\n"
        "  api: {http: 'https://x/', header: X-Key, token: {file: k}}\n"
        "  lake: {s3: 'https://s3', region: r, access_key: {command: c}, secret_key: {env: B}}\n");
    load_good(&f, NULL);
    assert_int_equal(f.mesh->connection_count, 3);
    const struct weft_connection *c = weft_mesh_connection(f.mesh, "erp");
    assert_int_equal(c->kind, WEFT_CONNECTION_POSTGRES);
    assert_string_equal(c->target, "host=db");
    assert_int_equal(c->password.kind, WEFT_SECRET_ENV);
    assert_string_equal(c->password.text, "A");
    assert_int_equal(c->token.kind, WEFT_SECRET_NONE);
    c = weft_mesh_connection(f.mesh, "api");
    assert_string_equal(c->header, "X-Key");
    assert_int_equal(c->token.kind, WEFT_SECRET_FILE);
    c = weft_mesh_connection(f.mesh, "lake");
    assert_string_equal(c->region, "r");
    assert_int_equal(c->access_key.kind, WEFT_SECRET_COMMAND);
    assert_null(weft_mesh_connection(f.mesh, "none"));
    assert_null(f.mesh->deferred);
    assert_string_equal(f.mesh->environment->buckets[0].connection, "lake");
    load_good(&f, "try");
    assert_string_equal(f.mesh->deferred->name, "dev");
    put(&f, "weft.yaml",
        "mesh: x\nconnections:\n  a: {bearer: {env: A}, http: 'https://x'}\n"
        "  b: {postgres: 'host=db', password: {env: A, file: b}}\n  c: {http: 'https://u:p@x'}\n");
    load(&f, NULL);
    assert_true(says(&f, "weft.yaml", 3, "`bearer` is not a key of a connection"));
    assert_true(says(&f, "weft.yaml", 4, "one of env, file, command"));
    assert_true(says(&f, "weft.yaml", 5, "holds no user and no password"));
    stop(&f);
}

static int torture(void *arg, struct weft_error *error)
{
    struct weft_diag diag;
    struct weft_mesh *mesh = NULL;
    char *root = NULL;
    weft_diag_init(&diag);
    int rc = weft_mesh_find_root(arg, &root, error);
    if (rc == 0)
        rc = weft_mesh_load(root, NULL, &diag, &mesh, error);
    weft_mesh_free(mesh);
    weft_free(root);
    weft_diag_release(&diag);
    return rc;
}

static void mesh_torture(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    put(&f, "weft.yaml",
        "mesh: x\nenvironments: {dev: {vars: {inbox: a}, defer: b}, b: {}}\n"
        "connections: {c: {http: 'https://x', token: {env: A}}}\n");
    put(&f, "domains/sales/domain.yaml", "owner: x\n");
    put(&f, "domains/sales/a/data_product.yaml", PRODUCT "input: {files: '${inbox}/x.csv'}\n");
    put(&f, "domains/sales/b/data_product.yaml", PRODUCT "input: {files: '${inbx}/x.csv'}\n");
    put(&f, "domains/sales/b/x.sql", "select 1");
    weft_test_torture(torture, f.dir);
    stop(&f);
}

/* The budget holds in an optimised build without sanitizers; here ten times as much. */
static void mesh_is_fast(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    for (int i = 0; i < 1000; i++) {
        struct weft_buf text;
        char path[100];
        weft_buf_init(&text, 65536);
        weft_buf_adds(&text, "version: 1.0.0\nowner: a@b\ndescription: Some words about it.\n"
                             "input: {files: x.csv, read: new}\nkey: [c0]\nschema:\n");
        for (int column = 0; column < 12; column++)
            weft_buf_addf(&text,
                          "  - name: c%d\n    type: long\n    min: 0\n    description: A column.\n",
                          column);
        weft_buf_adds(&text, "quality:\n  completeness: 0.9\n  checks:\n    - name: ok\n      "
                             "condition: c0 <= c1\n");
        snprintf(path, sizeof path, "domains/d%d/p%d/data_product.yaml", i % 20, i);
        put(&f, path, text.data);
        weft_buf_release(&text);
    }
    int64_t started = weft_clock_mono_us();
    load_good(&f, NULL);
    int64_t took = weft_clock_mono_us() - started;
    print_message("1000 products: %d ms, %zu KB\n", (int)(took / 1000),
                  weft_arena_bytes(f.mesh->arena) / 1024);
    assert_int_equal(f.mesh->product_count, 1000);
    stop(&f);
}

/* Names twice and purposes that nobody declared are seen over all files; `owns` decides who speaks
 * for policies. */
static void mesh_policies(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    put(&f, "weft.yaml", "mesh: m\nowns: [a]\n");
    put(&f, "domains/a/p/data_product.yaml",
        "version: 1.0.0\nschema: [{name: x}]\naccess: {grant: user:a, purposes: [reserch]}\n");
    put(&f, "policies/a.yaml", "kind: purposes\npurposes: {research: x}\n---\n" GRANT);
    put(&f, "policies/b.yaml", GRANT "purposes: [care]\n");
    put(&f, "policies/c.yml", GRANT);
    load(&f, NULL);
    assert_int_equal(f.diag.errors, 3);
    assert_int_equal(f.diag.warnings, 1);
    assert_string_equal(f.diag.items[0].file, "domains/a/p/data_product.yaml");
    assert_non_null(strstr(f.diag.items[0].hint, "research"));
    assert_string_equal(f.diag.items[1].file, "policies/b.yaml");
    assert_true(f.mesh->has_policies);
    assert_false(weft_mesh_owns_policies(f.mesh));
    put(&f, "weft.yaml", "mesh: m\nowns: [a, policies]\n");
    load(&f, NULL);
    assert_true(weft_mesh_owns_policies(f.mesh));
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mesh_finds_root),   cmocka_unit_test(mesh_places),
        cmocka_unit_test(mesh_without_file), cmocka_unit_test(mesh_owns_what_it_holds),
        cmocka_unit_test(mesh_renames),      cmocka_unit_test(mesh_ports_like_domains),
        cmocka_unit_test(mesh_mistakes),     cmocka_unit_test(mesh_connections),
        cmocka_unit_test(mesh_torture),      cmocka_unit_test(mesh_is_fast),
        cmocka_unit_test(mesh_policies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
