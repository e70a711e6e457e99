/* Tests of product files: the smallest and the whole form, every kind of mistake, the canonical
 * document, torture. */
#include "model/product.h"

#include "base/fs.h"
#include "base/test_support.h"
#include "model/product_test_support.h"

static const char smallest[] = "name: customer_profile\n"
                               "domain: customer\n"
                               "owner: customer-team@company.com\n"
                               "version: 1.0.0\n"
                               "format: parquet\n"
                               "location: s3://data-products/customer/profile/\n"
                               "schema:\n"
                               "  - name: customer_id\n"
                               "    type: string\n"
                               "  - name: email\n"
                               "    type: string\n"
                               "quality:\n"
                               "  completeness: 0.95\n"
                               "  freshness: 24h\n";

static const char whole[] =
    "name: daily_reports\n"
    "domain: county_health\n"
    "owner: county-health@example.org\n"
    "version: 1.2.0\n"
    "description: {en: Cases and deaths., fr: Cas et morts.}\n"
    "type: source-aligned\n"
    "tags: [health, covid]\n"
    "status: active\n"
    "discoverable: mesh\n"
    "regulations: [PHIPA]\n"
    "deprecated: {since: 2026-03-01, sunset: 2026-09-01, replaced_by: county_health.daily@2}\n"
    "inputs:\n"
    "  reports:\n"
    "    files: inbox/daily*.csv\n"
    "    format: csv\n"
    "    options: {delimiter: \",\", header: true, quote: '\"', null: [\"\", \"NA\"],\n"
    "              date_format: \"%Y-%m-%d\", encoding: utf-8, skip: 0}\n"
    "    schema:\n"
    "      - {name: fips, type: string, from: \"FIPS code\", pattern: \"[0-9]{5}\"}\n"
    "    extra_columns: warn\n"
    "    read: new\n"
    "    done: inbox/done\n"
    "  counties: {product: reference.counties}\n"
    "write: append\n"
    "sql: |\n"
    "  select r.date, r.fips, c.county\n"
    "  from reports r join counties c using (fips)\n"
    "format: parquet\n"
    "location: s3://data-products/county_health/daily_reports/\n"
    "partition: [year(date), state]\n"
    "sort: [fips, date desc]\n"
    "schema:\n"
    "  - name: date\n"
    "    type: date\n"
    "    required: true\n"
    "  - name: fips\n"
    "    type: string\n"
    "    required: true\n"
    "    pattern: \"[0-9]{5}\"\n"
    "    references: reference.counties.fips\n"
    "    description: Five-digit county code (FIPS 6-4).\n"
    "    classification: public\n"
    "    means: county\n"
    "  - name: state\n"
    "    type: string\n"
    "    enum: [California, Oregon, 01001]\n"
    "  - name: cases\n"
    "    type: long\n"
    "    min: 0\n"
    "    on_fail: {min: block}\n"
    "  - name: deaths\n"
    "    type: integer\n"
    "key: [date, fips]\n"
    "quality:\n"
    "  completeness: {deaths: {min: 0.9, on_fail: warn}, cases: 95%}\n"
    "  freshness: {field: date, within: 3d}\n"
    "  rows: {min: 1000, change: 50%}\n"
    "  quarantine_max: 1%\n"
    "  checks:\n"
    "    - name: deaths_within_cases\n"
    "      condition: deaths <= cases\n"
    "      on_fail: quarantine\n"
    "    - name: never_falls\n"
    "      sql: select fips from this group by fips having max(cases) > last(cases)\n"
    "      on_fail: warn\n"
    "tests:\n"
    "  - name: unknown_county_is_left_out\n"
    "    now: 2020-03-02T00:00:00Z\n"
    "    given: {reports: [{date: 2020-03-01, fips: \"00000\", cases: 1, deaths: 0}],\n"
    "            counties: {file: tests/counties.csv}}\n"
    "    expect: []\n"
    "run: {schedule: \"0 6 * * *\", timezone: UTC, on_change: true, timeout: 10m, retries: 3}\n"
    "retention: {snapshots: 100, age: 90d, rows: {field: date, keep: 7y}, quarantine: 1y}\n"
    "access: {grant: [group:analysts], purposes: [surveillance]}\n"
    "protect: {}\n"
    "outputs: {}\n"
    "terms_of_use: Public domain.\n";

static void product_smallest(void **state)
{
    (void)state;
    struct fixture f;
    parse_good(&f, smallest);
    assert_int_equal(f.diag.count, 0);
    const struct weft_product *p = f.product;
    assert_string_equal(p->full_name, "customer.customer_profile");
    assert_string_equal(p->owner, "customer-team@company.com");
    assert_int_equal(p->major, 1);
    assert_string_equal(p->location, "s3://data-products/customer/profile/");
    assert_int_equal(p->schema.count, 2);
    assert_int_equal(p->quality.completeness_count, 1);
    assert_null(p->quality.completeness[0].field);
    assert_true(p->quality.completeness[0].min == 0.95);
    assert_true(p->quality.freshness_us == INT64_C(86400000000));
    assert_int_equal(p->write, WEFT_WRITE_APPEND);
    assert_int_equal(p->not_yet_refused.count, 0);
    assert_string_equal(
        p->document,
        "{\"domain\":\"customer\",\"location\":\"s3://data-products/customer/profile/\","
        "\"name\":\"customer_profile\",\"owner\":\"customer-team@company.com\","
        "\"quality\":{\"completeness\":[{\"min\":0.95}],\"freshness\":\"1d\"},"
        "\"schema\":[{\"name\":\"customer_id\"},{\"name\":\"email\"}],\"version\":\"1.0.0\"}");
    release(&f);
}

static void product_whole(void **state)
{
    (void)state;
    struct fixture f;
    parse_good(&f, whole);
    const struct weft_product *p = f.product;
    assert_string_equal(p->description, "Cases and deaths.");
    assert_int_equal(p->descriptions.count, 2);
    assert_int_equal(p->input_count, 2);
    const struct weft_input *reports = &p->inputs[0];
    assert_string_equal(reports->name, "reports");
    assert_string_equal(reports->files, "inbox/daily*.csv");
    assert_int_equal(reports->read, WEFT_READ_NEW);
    assert_int_equal(reports->csv.nulls.count, 2);
    assert_string_equal(reports->csv.nulls.items[0], "");
    assert_string_equal(reports->schema.items[0].from, "FIPS code");
    assert_string_equal(p->inputs[1].product, "reference.counties");
    assert_int_equal(p->schema.count, 5);
    assert_string_equal(p->schema.items[2].values.items[2], "01001");
    assert_int_equal(p->schema.items[3].on_fail[WEFT_RULE_MIN], WEFT_ON_FAIL_BLOCK);
    assert_int_equal(p->schema.items[3].on_fail[WEFT_RULE_TYPE], WEFT_ON_FAIL_QUARANTINE);
    assert_int_equal(p->schema.items[4].type->kind, WEFT_TYPE_LONG);
    assert_int_equal(p->key.count, 2);
    assert_true(p->sort[1].descending);
    assert_string_equal(p->sort[1].field, "date");
    assert_string_equal(p->quality.completeness[0].field, "cases");
    assert_int_equal(p->quality.completeness[1].on_fail, WEFT_ON_FAIL_WARN);
    assert_true(p->quality.rows.change == 0.5);
    assert_true(p->quality.quarantine_max == 0.01);
    assert_string_equal(p->quality.freshness_field, "date");
    assert_int_equal(p->quality.check_count, 2);
    assert_true(has(p->not_yet_refused, "partition"));
    assert_int_equal(p->not_yet_refused.count, 1);
    assert_int_equal(p->sql_place.line, 26);
    assert_int_equal(p->sql_place.column, 3);
    assert_int_equal(p->sql_indent, 2);
    assert_string_equal(p->inputs[1].product_name, "reference.counties");
    assert_int_equal(p->inputs[1].product_major, WEFT_MAJOR_NEWEST);
    for (size_t i = 0; i < p->not_yet_refused.count; i++) {
        assert_true(p->not_yet_refused_places[i].line > 1);
        assert_true(p->not_yet_refused_places[i].column > 0);
    }
    assert_true(p->not_yet_warned_places[0].line > 1);
    assert_true(has(p->not_yet_warned, "run") && has(p->not_yet_warned, "retention"));
    release(&f);
}

static void product_document_reads_back(void **state)
{
    (void)state;
    reads_back(smallest);
    reads_back(whole);
    reads_back("name: a\ndomain: b\nversion: 0.1.0\ninput: {files: [x.tsv.gz, y.tsv],\n"
               "  options: {quote: '', skip: 2, decimal_separator: ','}, extra_columns: refuse}\n"
               "schema: [{name: d, type: 'decimal(4,2)'},\n"
               "  {name: s, enum: ['', 'null', 1e3], on_fail: block}]\n"
               "quality: {quarantine_max: {max: 5%, on_fail: warn}}\nkey: {fields: s, "
               "on_fail: block}\n");
    reads_back("name: a\ndomain: b\nversion: 0.1.0\n"
               "schema: [{name: d, type: 'struct<x: int, y: list<decimal(4,2)>>'}]\n");
    reads_back(
        "name: a\ndomain: b\nversion: 0.1.0\ngraph: {algorithm: leiden, edges: 'select 1, 2',\n"
        "  seed: 7, resolution: 0.3}\n");
    reads_back("name: a\ndomain: b\nversion: 0.1.0\ngraph: {algorithm: pagerank, damping: 0.5,\n"
               "  edges: 'select a, b from c.d'}\nwrite: replace\n");
    reads_back("name: a\ndomain: b\nversion: 0.1.0\nsql: select 1 from c.d\nkey: k\n"
               "schema: [{name: k}, {name: o}]\nwrite: upsert\norder_by: o\n");
    reads_back("name: a\ndomain: b\nversion: 2.1.0\ninputs: {x: {product: 'a@1', read: new},\n"
               "  y: 'https://example.org/x.csv?day=1'}\nsql: select 1\n");
}

static void same_document(const char *a, const char *b)
{
    struct fixture f, g;
    parse_good(&f, a);
    parse_good(&g, b);
    assert_string_equal(f.product->document, g.product->document);
    assert_string_equal(f.product->digest, g.product->digest);
    release(&f);
    release(&g);
}

static void product_spellings(void **state)
{
    (void)state;
    same_document(HEAD "input: x.csv\n", HEAD "inputs: {input: {files: [x.csv], read: all}}\n");
    same_document(HEAD "input: {files: 'x*.csv*'}\n",
                  HEAD "input: {files: 'x*.csv*', format: csv, options: {}}\n");
    same_document(HEAD "input: {files: x.csv, options: {header: true}}\nwrite: replace\n",
                  "version: '1.0.0'\ndomain: b\nname: a\nstatus: active\ninput: {files: x.csv,\n"
                  "  format: csv}\n");
    same_document(HEAD "quality: {completeness: 95%, freshness: 48h, quarantine_max: 100%}\n",
                  HEAD "quality: {completeness: [{min: 0.95, on_fail: block}], freshness: "
                       "{within: 2d}}\n");
    same_document(HEAD "schema: [{name: x, type: integer, min: 1, on_fail: block}]\n",
                  HEAD "schema: [{name: x, type: long, min: 1, required: false, on_fail: {min: "
                       "block, type: block, required: block}}]\n");
    same_document(HEAD "description: {en: x}\ntags: t\nprotect: {}\n",
                  HEAD "description: x\ntags: [t]\n");
    same_document(HEAD "schema: [{name: k, required: true}]\nkey: k\n",
                  HEAD "schema: [{name: k, type: text}]\nkey: {fields: [k]}\n");
    same_document(HEAD "sql: |\n  select 1\nrun: {timeout: 60m}\n",
                  HEAD "sql: select 1\nrun: {timeout: 1h, retries: 0}\n");
}

/* ---- mistakes ---- */

static void product_mistakes_of_keys(void **state)
{
    (void)state;
    mistake(HEAD "colums: []\n", 4, "`colums` is not a key of a product", "`schema`");
    mistake(HEAD "descripton: x\n", 4, "`descripton` is not a key", "`description`");
    mistake(HEAD "min: 3\n", 4, "`min` is not a key of a product", "field");
    mistake(HEAD "schema:\n  - name: x\n    typ: long\n", 6, "`typ` is not a key of a field",
            "`type`");
    mistake(HEAD "input: {file: x.csv}\n", 4, "`file` is not a key of an input", "`files`");
    mistake(HEAD "status: actve\n", 4, "`actve` is not a value of `status`", "`active`");
    mistake(HEAD "type: cube\n", 4, "`cube` is not a value", "source-aligned");
    mistake(HEAD "format: avro\n", 4, "`avro` is not a value of `format`", "parquet");
    mistake(HEAD "schema: yes\n", 4, "`schema` cannot be a value", "list of maps");
    mistake(HEAD "schema: [x]\n", 4, "entry 1 of `schema` is not a map", NULL);
    mistake(HEAD "owner:\n", 4, "`owner` is empty", "leave the key out");
    mistake(HEAD "run: {retries: -1}\n", 4, "`-1` is not a whole number", NULL);
    mistake(HEAD "run: {timeout: 10 parsecs}\n", 4, "is not a duration", "30m");
    mistake(HEAD "run: {schedule: daily}\n", 4, "is not a schedule", NULL);
    mistake(HEAD "run: {on_change: yes}\n", 4, "neither true nor false", "write true");
    mistake(HEAD "quality: {completeness: 95}\n", 4, "more than all", "95% or 0.95");
    mistake(HEAD "deprecated: {since: soon}\n", 4, "`soon` is not a date", NULL);
    mistake("- 1\n", 1, "a product is a map of keys", NULL);
}

static void product_mistakes_of_identity(void **state)
{
    (void)state;
    mistake("name: a\ndomain: b\nversion: 1.0\n", 3, "`1.0` is not a version", "\"1.0.0\"");
    mistake("name: a\ndomain: b\nversion: 1.10\n", 3, "`1.10` is not a version", "\"1.10.0\"");
    mistake("name: a\ndomain: b\nversion: v2\n", 3, "is not a version", "\"2.0.0\"");
    mistake("name: a\ndomain: b\n", 1, "no `version`", "0.1.0");
    mistake("name: Daily Reports\ndomain: b\nversion: 1.0.0\n", 1, "is not a name",
            "`daily_reports`");
    mistake("name: a__b\ndomain: b\nversion: 1.0.0\n", 1, "is not a name", "`a_b`");
    mistake("name: a\ndomain: mesh\nversion: 1.0.0\n", 2, "`mesh` is no name for a domain", NULL);
    mistake("domain: b\nversion: 1.0.0\n", 1, "no `name`", NULL);
    mistake(HEAD "was: x y\n", 4, "is not the name of a product", NULL);
    mistake(HEAD "location: gs://x/y\n", 4, "not a place", "s3://");
}

static void product_mistakes_of_fields(void **state)
{
    (void)state;
    mistake(HEAD "schema:\n  - {name: x}\n  - {name: X}\n", 6, "is not a name", "`x`");
    mistake(HEAD "schema:\n  - {name: x}\n  - {name: x}\n", 6, "stands twice; first in line 5",
            NULL);
    mistake(HEAD "input:\n  files: x.csv\n  schema:\n    - {name: Fips}\n    - {name: FIPS}\n", 8,
            "stands twice", "regardless of case");
    mistake(HEAD "schema:\n  - {name: x, type: lng}\n", 5, "`lng` is not a type", "`long`");
    mistake(HEAD "schema:\n  - {name: x, type: long, min: abc}\n", 5,
            "`min: abc` of `x` is no long", NULL);
    mistake(HEAD "schema:\n  - {name: x, type: long, min: 5, max: 1}\n", 5, "larger than `max`",
            NULL);
    mistake(HEAD "schema:\n  - {name: x, min: 5}\n", 5, "is for numbers, dates", "`min_length`");
    mistake(HEAD "schema:\n  - {name: x, type: long, pattern: a}\n", 5, "`pattern` is for strings",
            NULL);
    mistake(HEAD "schema:\n  - {name: x, type: long, enum: [1, a, b, c, d, e, f, g]}\n", 5,
            "are no long: a, b, c, d, e and 2 more", NULL);
    mistake(HEAD "schema:\n  - {name: x, pattern: '(a'}\n", 5, "`(` has no `)`", NULL);
    mistake(HEAD "schema:\n  - {name: x, pattern: '(a)\\1'}\n", 5, "references back", NULL);
    mistake(HEAD "schema:\n  - {name: x, pattern: 'a(?!b)'}\n", 5, "ahead or behind", NULL);
    mistake(HEAD "schema:\n  - {name: x, pattern: '[a'}\n", 5, "`[` has no `]`", NULL);
    mistake(HEAD "schema:\n  - {name: x, references: a.b}\n", 5, "not a field of a product", NULL);
    mistake(HEAD "schema:\n  - {name: x, on_fail: {min: block}}\n", 5,
            "`on_fail` names `min`, which `x` does not have", NULL);
    mistake(HEAD "schema:\n  - {name: fips}\nkey: [fibs]\n", 6, "`key` names `fibs`", "`fips`");
    mistake(HEAD "schema:\n  - {name: x, required: false}\nkey: x\n", 5, "is in the key", NULL);
    mistake(HEAD "schema:\n  - {name: x}\nsort: [x up]\n", 6, "`up` is no order", NULL);
    mistake(HEAD "schema:\n  - {name: x}\npartition: [week(x)]\n", 6, "does not partition", NULL);
    mistake(HEAD "schema: []\n", 4, "no columns", NULL);
}

static void product_mistakes_of_inputs(void **state)
{
    (void)state;
    mistake(HEAD "input: {read: new}\n", 4, "does not say what it reads", NULL);
    mistake(HEAD "input: {files: data.txt}\n", 4, "does not tell the format", "format: csv");
    mistake(HEAD "input: {files: a.csv}\ninputs: {x: {files: b.csv}}\n", 4, "both", NULL);
    mistake(HEAD "inputs:\n  a: {files: a.csv}\n  b: {files: b.csv}\n", 4, "no `sql`", NULL);
    mistake(HEAD "input: {files: a.csv, done: x}\n", 4, "moves files away", "read: new");
    mistake(HEAD "input: {files: a.csv, options: {delimiter: '||'}}\n", 4, "one ASCII character",
            NULL);
    mistake(HEAD "input: {files: '${inbx}/a.csv'}\n", 4, "`${inbx}` is not a variable", NULL);
    mistake(HEAD "inputs: {this: {files: a.csv}}\n", 4, "cannot name an input", NULL);
    mistake(HEAD "input: {files: a.csv, read: new}\nwrite: replace\n", 5, "only the newest", NULL);
    mistake(HEAD "input: {files: a.csv}\nwrite: upsert\n", 5, "needs a key", NULL);
    mistake(HEAD "sql: select 1\nsql_file: x.sql\n", 5, "more than one of sql", NULL);
    mistake(HEAD "sql_file: x.sql\n", 4, "there is no file `x.sql`", NULL);
}

static void product_mistakes_of_quality(void **state)
{
    (void)state;
    mistake(HEAD "quality:\n  checks:\n    - {name: x}\n", 6, "checks nothing", NULL);
    mistake(HEAD "quality:\n  checks:\n    - {name: x, condition: a, sql: b}\n", 6, "both", NULL);
    mistake(HEAD "quality:\n  checks:\n    - {name: x, condition: a}\n    - {name: x, sql: b}\n", 7,
            "stands twice", NULL);
    mistake(HEAD "quality:\n  checks:\n    - {name: x, sql: b, on_fail: quarantine}\n", 6,
            "cannot quarantine", "block, warn");
    mistake(HEAD "quality: {rows: {min: 9, max: 1}}\n", 4, "larger than `max`", NULL);
    mistake(HEAD "quality: {rows: {min: 9, on_fail: quarantine}}\n", 4, "is not a value", "block");
    mistake(HEAD "schema: [{name: x}]\nquality: {freshness: {field: x, within: 1h}}\n", 5,
            "needs a date", NULL);
    mistake(HEAD "schema: [{name: x}]\nquality: {completeness: {y: 0.5}}\n", 5,
            "`completeness` names `y`", "`x`");
    mistake(HEAD "tests: [{name: t, given: {x: []}, expect: []}]\n", 4, "not an input", NULL);
}

static void product_mistakes_of_yaml(void **state)
{
    (void)state;
    char deep[200];
    mistake("", 1, "the file is empty", NULL);
    mistake("# nothing\n", 1, "the file is empty", NULL);
    mistake(HEAD "owner: [a\n", 5, "not YAML", NULL);
    mistake(HEAD "owner: a\nowner: b\n", 5, "`owner` stands twice", NULL);
    mistake(HEAD "owner: &a b\n", 4, "anchors", NULL);
    mistake(HEAD "owner: *a\n", 4, "anchors", NULL);
    mistake(HEAD "owner: !!str a\n", 4, "tags", NULL);
    mistake(HEAD "? [a]\n: b\n", 4, "a key is not a text", NULL);
    mistake(HEAD "---\nname: b\n", 4, "a second document", NULL);
    mistake("%YAML 1.2\n---\nname: b\n", 1, "directives", NULL);
    mistake("name: a\n%x\xff}\n", 2, "not UTF-8", NULL);
    memset(deep, '[', 100);
    memcpy(deep + 100, "]", 2);
    mistake(deep, 1, "deeper than 32", NULL);
}

static void product_reports_all(void **state)
{
    (void)state;
    struct fixture f;
    parse(&f, "nam: a\ndomain: B\nversion: 1.0\nschema:\n  - {nme: x, type: lng}\n");
    assert_null(f.product);
    assert_int_equal(f.diag.errors, 7);
    assert_string_equal(f.diag.items[0].file, "p.yaml");
    release(&f);
}

static void product_warnings(void **state)
{
    (void)state;
    struct fixture f;
    parse_good(&f, HEAD "schema: [{name: x, type: time}]\ninput: x.csv\nwrite: append\n");
    assert_int_equal(f.diag.warnings, 2);
    release(&f);
}

static void product_not_yet(void **state)
{
    (void)state;
    struct fixture f;
    parse_good(&f, HEAD "inputs: {reports: {files: x.csv}, web: {files: 'https://x/y.csv'}}\n"
                        "sql: select 1\nwrite: upsert\nkey: k\norder_by: d\n");
    assert_true(f.product->inputs[1].url);
    assert_int_equal(f.product->not_yet_refused.count, 0);
    release(&f);
}

static void product_damaged_document(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "[]",
                                      "{}",
                                      "{\"name\":1}",
                                      "{\"name\":\"a\",\"name\":\"b\"}",
                                      "{\"domain\":\"b\",\"name\":\"a\",\"version\":\"x\"}"};
    for (size_t i = 0; i < WEFT_COUNT(bad); i++) {
        struct weft_error error = WEFT_ERROR_INIT;
        struct weft_arena *arena = weft_arena_new(0);
        const struct weft_product *product = NULL;
        assert_int_equal(weft_product_from_document(arena, bad[i], "/", &product, &error), -1);
        assert_int_equal(error.code, WEFT_E_INVALID);
        assert_null(product);
        weft_arena_free(arena);
    }
}

static void product_sql_file(void **state)
{
    (void)state;
    struct weft_error error = WEFT_ERROR_INIT;
    char *dir = weft_test_dir();
    char *path = weft_path_join(dir, "t.sql");
    assert_int_equal(weft_fs_write_file(path, "select 1\n", 9, &error), 0);
    struct fixture f, g;
    static const char text[] = HEAD "sql_file: t.sql\n";
    f = (struct fixture){.arena = weft_arena_new(0)};
    weft_diag_init(&f.diag);
    assert_int_equal(
        weft_product_parse(f.arena, text, strlen(text), "p.yaml", dir, &f.diag, &f.product, &error),
        0);
    assert_non_null(f.product);
    parse_good(&g, HEAD "sql: select 1\n");
    assert_string_equal(f.product->document, g.product->document);
    assert_string_equal(f.product->sql_file, "t.sql");
    release(&f);
    release(&g);
    weft_free(path);
    weft_test_dir_remove(dir);
}

static void product_names(void **state)
{
    (void)state;
    struct fixture f;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf out;
    weft_buf_init(&out, 100);
    parse_good(&f, smallest);
    assert_int_equal(weft_product_table_name(f.product, true, &out, &error), 0);
    assert_string_equal(out.data, "customer_profile");
    weft_buf_clear(&out);
    assert_int_equal(weft_product_table_name(f.product, false, &out, &error), 0);
    assert_string_equal(out.data, "customer_profile__v1");
    weft_buf_release(&out);
    release(&f);
}

static void product_torture(void **state)
{
    (void)state;
    char good[sizeof whole], bad[] = "nam: a\ndomain: B\nschema:\n  - {nme: x, type: lng}\n";
    memcpy(good, whole, sizeof whole);
    weft_test_torture(parse_once, good);
    weft_test_torture(parse_once, bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(product_smallest),
        cmocka_unit_test(product_whole),
        cmocka_unit_test(product_document_reads_back),
        cmocka_unit_test(product_spellings),
        cmocka_unit_test(product_mistakes_of_keys),
        cmocka_unit_test(product_mistakes_of_identity),
        cmocka_unit_test(product_mistakes_of_fields),
        cmocka_unit_test(product_mistakes_of_inputs),
        cmocka_unit_test(product_mistakes_of_quality),
        cmocka_unit_test(product_mistakes_of_yaml),
        cmocka_unit_test(product_reports_all),
        cmocka_unit_test(product_warnings),
        cmocka_unit_test(product_not_yet),
        cmocka_unit_test(product_damaged_document),
        cmocka_unit_test(product_sql_file),
        cmocka_unit_test(product_names),
        cmocka_unit_test(product_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
