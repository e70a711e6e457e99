/*
 * Contracts of the Open Data Contract Standard: read into products, given back unchanged.
 */
#include "odcs/odcs_internal.h"

#include "base/fs.h"
#include "base/test_support.h"
#include "model/product_test_support.h"

#include <stdlib.h>

#define CONTRACT_HEAD                                                                              \
    "apiVersion: v3.1.0\nkind: DataContract\nid: a\nname: a\ndomain: b\n"                          \
    "version: 1.0.0\nstatus: active\n"

static void contract(struct fixture *f, const char *text)
{
    struct weft_error error = WEFT_ERROR_INIT;
    *f = (struct fixture){.arena = weft_arena_new(0)};
    weft_diag_init(&f->diag);
    assert_int_equal(weft_product_parse_odcs(f->arena, text, strlen(text), "c.odcs.yaml",
                                             "/nowhere", NULL, NULL, &f->diag, &f->product, &error),
                     0);
}

static void contract_good(struct fixture *f, const char *text)
{
    contract(f, text);
    for (size_t i = 0; i < f->diag.count; i++) {
        if (f->diag.items[i].severity == WEFT_SEVERITY_ERROR)
            fail_msg("%d:%d %s (%s) in\n%s", f->diag.items[i].line, f->diag.items[i].column,
                     f->diag.items[i].message,
                     f->diag.items[i].hint == NULL ? "" : f->diag.items[i].hint, text);
    }
    assert_non_null(f->product);
}

static struct weft_node *tree_of(struct fixture *f, const char *text)
{
    struct weft_reader reader = {.arena = f->arena, .diag = &f->diag, .file = "c.odcs.yaml"};
    struct weft_node *node = weft_node_of_yaml(&reader, text, strlen(text));
    assert_non_null(node);
    return node;
}

/* export(import(text)) = text, as trees. */
static void gives_back(const char *text)
{
    struct fixture f;
    struct weft_buf out;
    struct weft_error error = WEFT_ERROR_INIT;
    contract_good(&f, text);
    weft_buf_init(&out, WEFT_EXPORT_MAX);
    assert_int_equal(weft_product_print_odcs(f.product, &out, &error), 0);
    struct weft_reader reader = {.arena = f.arena, .diag = &f.diag, .file = "c.odcs.yaml"};
    struct weft_node *before = tree_of(&f, text), *after = tree_of(&f, out.data);
    if (weft_odcs_rest(&reader, after, before) != NULL ||
        weft_odcs_rest(&reader, before, after) != NULL)
        fail_msg("written:\n%s\ngiven back:\n%s\ndocument: %s", text, out.data,
                 f.product->document);
    weft_buf_release(&out);
    release(&f);
}

/* import(export(x)) = x */
static void goes_through(const char *text)
{
    struct fixture f, again;
    struct weft_buf out;
    struct weft_error error = WEFT_ERROR_INIT;
    parse_good(&f, text);
    weft_buf_init(&out, WEFT_EXPORT_MAX);
    assert_int_equal(weft_product_print_odcs(f.product, &out, &error), 0);
    contract_good(&again, out.data);
    if (strcmp(f.product->document, again.product->document) != 0)
        fail_msg("%s\nbecame\n%s\nby\n%s", f.product->document, again.product->document, out.data);
    release(&again);
    weft_buf_release(&out);
    release(&f);
}

static const char all_types[] = HEAD
    "owner: me@example.org\n"
    "description: {en: Rows, fr: Lignes}\n"
    "tags: [x, '1']\n"
    "status: draft\n"
    "terms_of_use: Public.\n"
    "type: aggregate\n"
    "regulations: [GDPR]\n"
    "inputs:\n"
    "  one: {files: 'x*.ndjson', read: new, done: done}\n"
    "  two: {product: c.d@2}\n"
    "sql: |\n"
    "  select * from one\n"
    "  join two using (a1)\n"
    "schema:\n"
    "  - {name: a1, type: boolean}\n"
    "  - {name: a2, type: int, min: 0, max: 9, on_fail: {min: block}}\n"
    "  - {name: a3, type: long, enum: [1, 2], unique: true}\n"
    "  - {name: a4, type: float}\n"
    "  - {name: a5, type: double, min: 0.5}\n"
    "  - {name: a6, type: 'decimal(9,2)'}\n"
    "  - {name: a7, type: string, pattern: '[a-z]|b', min_length: 1, max_length: 9}\n"
    "  - {name: a8, type: date, min: 2020-01-01, description: {en: Day, de: Tag}}\n"
    "  - {name: a9, type: time}\n"
    "  - {name: b1, type: timestamp}\n"
    "  - {name: b2, type: timestamptz, required: true}\n"
    "  - {name: b3, type: uuid, classification: pii.id, means: person, references: c.d.e}\n"
    "  - {name: b4, type: binary}\n"
    "  - {name: b5, type: json}\n"
    "  - {name: b6, type: 'list<struct<a: int, b: list<string>>>'}\n"
    "  - {name: b7, type: 'struct<a: int, b: struct<c: date>>'}\n"
    "  - {name: b8, type: 'map<string, int>'}\n"
    "  - {name: b9, type: string, enum: ['true', '01', 'it''s', ''], was: c9, pattern: "
    "'[0-9]{5}'}\n"
    "key: [a2, a1]\n"
    "quality:\n"
    "  completeness: {a1: {min: 0.9, on_fail: warn}, a4: 0.95, a5: 0.123456789}\n"
    "  freshness: {field: a8, within: 3d}\n"
    "  rows: {min: 10, max: 20}\n"
    "  batch: {min: 1, change: 50%}\n"
    "  quarantine_max: 1%\n"
    "  checks:\n"
    "    - {name: c1, condition: a2 <= a3, description: Fine.}\n"
    "    - {name: c2, sql: \"select * from this where a2 = 'this' -- this\\n\", on_fail: warn}\n"
    "run: {schedule: '0 6 * * *', retries: 3}\n"
    "retention: {snapshots: 100, rows: {field: a8, keep: 7y}}\n"
    "sort: [a1, a2 desc]\n";

static void test_through(void **state)
{
    (void)state;
    goes_through(all_types);
    goes_through(HEAD);
    goes_through(HEAD "schema: [{name: x, type: int}]\nkey: {fields: [x], on_fail: block}\n"
                      "quality: {freshness: 24h, rows: {min: 3, on_fail: warn},"
                      " completeness: 0.5}\n");
}

static const char full[] = CONTRACT_HEAD
    "tenant: me\n"
    "description:\n  purpose: All of it.\n  usage: Much.\n  limitations: None.\n"
    "  customProperties: [{property: x, value: {y: [1, null, '2']}}]\n"
    "tags: [one, 'two']\n"
    "price: {priceAmount: 9.95, priceCurrency: USD, priceUnit: megabyte}\n"
    "team:\n  name: us\n  members:\n    - {username: a, role: Owner, dateIn: '2024-01-01'}\n"
    "    - {username: b}\n"
    "roles: [{role: reader, access: read}]\n"
    "support: [{channel: '#help', url: 'https://x.example.org'}]\n"
    "servers:\n  - {server: s, type: postgres, host: h, port: 5432, database: d, schema: s}\n"
    "slaProperties:\n  - {property: latency, value: 4, unit: d, element: a.day}\n"
    "  - {property: retention, value: 3, unit: y, element: a.day}\n"
    "  - {property: generalAvailability, value: '2022-05-12T09:30:10-08:00'}\n"
    "  - {property: frequency, value: 1, valueExt: 1, unit: d}\n"
    "schema:\n"
    "  - name: The_Table\n"
    "    physicalName: the_table_v1\n"
    "    physicalType: table\n"
    "    dataGranularityDescription: a row\n"
    "    quality:\n"
    "      - {metric: rowCount, mustBeBetween: [100, 120], id: rows_here}\n"
    "      - {metric: duplicateValues, mustBe: 0, arguments: {properties: [id, day]}}\n"
    "      - {type: text, description: It is good.}\n"
    "      - {type: custom, engine: soda, implementation: {x: 1}}\n"
    "      - {type: sql, query: 'select count(*) from The_Table where id = 1;', mustBeLessThan: "
    "3,\n"
    "         dimension: accuracy, severity: warning}\n"
    "    properties:\n"
    "      - {name: id, logicalType: integer, physicalType: bigint, primaryKey: true,\n"
    "         primaryKeyPosition: 2, required: false, examples: [1, 2], tags: [x]}\n"
    "      - {name: day, logicalType: date, primaryKey: true, primaryKeyPosition: 1,\n"
    "         partitioned: true, partitionKeyPosition: 1}\n"
    "      - name: unit\n"
    "        logicalType: string\n"
    "        physicalType: varchar(40)\n"
    "        businessName: Unit of it\n"
    "        logicalTypeOptions: {minLength: 1, maxLength: 40, pattern: '^[a-z]+$', format: x}\n"
    "        quality:\n"
    "          - {metric: invalidValues, arguments: {validValues: [kg, pounds]}, mustBe: 0}\n"
    "          - {metric: nullValues, mustBeLessOrEqualTo: 5, unit: percent}\n"
    "          - {metric: missingValues, arguments: {missingValues: [null, '', N/A]},\n"
    "             mustBeLessThan: 100}\n"
    "          - {metric: duplicateValues, mustBeLessThan: 1, unit: percent}\n"
    "          - {type: sql, query: 'SELECT COUNT(*) FROM ${object} WHERE ${property} IS NULL',\n"
    "             mustBeBetween: [0, 100]}\n"
    "      - {name: amount, logicalType: number,\n"
    "         logicalTypeOptions: {exclusiveMinimum: 0, maximum: 9.5, multipleOf: 0.5}}\n"
    "      - name: place\n"
    "        logicalType: object\n"
    "        properties:\n"
    "          - {name: x, logicalType: number, required: true}\n"
    "          - name: tags\n"
    "            logicalType: array\n"
    "            items: {logicalType: string}\n"
    "      - name: list\n"
    "        logicalType: array\n"
    "        logicalTypeOptions: {minItems: 1, maxItems: 3, uniqueItems: true}\n"
    "        items: {logicalType: object, properties: [{name: z, logicalType: integer}]}\n"
    "customProperties:\n  - {property: mine, value: 1}\n"
    "  - {property: weft.input, value: {files: x.ndjson}}\n"
    "authoritativeDefinitions: [{url: 'https://y.example.org', type: t}]\n"
    "contractCreatedTs: '2024-01-01T00:00:00Z'\n";

static void test_back(void **state)
{
    (void)state;
    gives_back(full);
    gives_back(CONTRACT_HEAD);
    gives_back(CONTRACT_HEAD "customProperties: []\n");
}

static void test_meaning(void **state)
{
    struct fixture f;
    (void)state;
    contract_good(&f, full);
    const struct weft_product *p = f.product;
    assert_string_equal(p->full_name, "b.a");
    assert_string_equal(p->owner, "a");
    assert_string_equal(p->description, "All of it.");
    assert_int_equal(p->key.count, 2);
    assert_string_equal(p->key.items[0], "day");
    assert_int_equal(p->quality.rows.min, 101);
    assert_int_equal(p->quality.rows.max, 119);
    assert_string_equal(p->quality.freshness_field, "day");
    const struct weft_field *unit = weft_fields_find(&p->schema, "unit");
    assert_string_equal(unit->pattern, "[a-z]+");
    assert_int_equal(unit->values.count, 2);
    assert_int_equal(unit->max_length, 40);
    assert_int_equal(p->quality.completeness_count, 1);
    assert_true(p->quality.completeness[0].min == 0.95);
    assert_int_equal(weft_fields_find(&p->schema, "id")->type->kind, WEFT_TYPE_LONG);
    assert_int_equal(weft_fields_find(&p->schema, "place")->type->kind, WEFT_TYPE_STRUCT);
    assert_int_equal(weft_fields_find(&p->schema, "list")->type->element->kind, WEFT_TYPE_STRUCT);
    bool told = false;
    for (size_t i = 0; i < f.diag.count; i++)
        told = told || (strstr(f.diag.items[i].message, "soda") != NULL &&
                        f.diag.items[i].severity == WEFT_SEVERITY_WARNING);
    assert_true(told);
    release(&f);
}

static int read_once(void *arg, struct weft_error *error)
{
    struct weft_diag diag;
    struct weft_buf out;
    const struct weft_product *product = NULL;
    struct weft_arena *arena = weft_arena_new(0);
    if (arena == NULL)
        return weft_error_nomem(error);
    weft_diag_init(&diag);
    weft_buf_init(&out, WEFT_EXPORT_MAX);
    int rc = weft_product_parse_odcs(arena, arg, strlen(arg), "c.odcs.yaml", "/nowhere", NULL, NULL,
                                     &diag, &product, error);
    if (rc == 0 && product != NULL)
        rc = weft_product_print_odcs(product, &out, error);
    weft_buf_release(&out);
    weft_diag_release(&diag);
    weft_arena_free(arena);
    return rc;
}

static void test_torture(void **state)
{
    static const char text[] = CONTRACT_HEAD
        "schema:\n  - name: t\n    properties:\n"
        "      - {name: x, logicalType: string, logicalTypeOptions: {pattern: a},\n"
        "         quality: [{metric: invalidValues, arguments: {validValues: [b]}, mustBe: 0},\n"
        "                   {type: sql, query: 'select 1 from t', mustBe: 1}]}\n"
        "customProperties: [{property: mine, value: 1}]\n";
    (void)state;
    weft_test_torture(read_once, (void *)(uintptr_t)text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_through),
        cmocka_unit_test(test_back),
        cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
