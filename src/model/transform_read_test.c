/* Tests of what a product reads and makes: ports, URLs, sql, graph, write, and where SQL stands. */
#include "model/product_test_support.h"

#include "base/test_support.h"

static void product_mistakes_of_ports(void **state)
{
    (void)state;
    mistake(HEAD "inputs: {x: {product: c.d, format: csv}}\n", 4,
            "`format` is for inputs that read", "leave it out");
    mistake(HEAD "inputs: {x: {product: c.d, schema: [{name: y}]}}\n", 4,
            "`schema` is for inputs that read", "leave it out");
    mistake(HEAD "inputs: {x: {product: c.d, files: x.csv}}\n", 4, "reads a product, and", NULL);
    mistake(HEAD "inputs: {x: {product: c.d, done: x}}\n", 4, "`done` is for inputs", NULL);
    mistake(HEAD "inputs: {x: {product: b.a}}\n", 4, "would read itself", "older");
    mistake(HEAD "inputs: {x: {product: a@1}}\n", 4, "would read itself", "older");
    mistake(HEAD "inputs: {x: {product: 'c d'}}\n", 4, "is not the name of a product",
            "domain.product");
    mistake(HEAD "inputs: {x: {product: c.d@x}}\n", 4, "is not the name of a product", "@2");
    mistake(HEAD "inputs: {mesh: x.csv}\n", 4, "cannot name an input", NULL);
    mistake(HEAD "inputs: {x: {prodct: c.d}}\n", 4, "`prodct` is not a key of an input",
            "`product`");
    mistake(HEAD "input: {files: 'http:/x/y.csv', read: nwe}\n", 4, "`nwe` is not a value", "new");
}

static void product_mistakes_of_formats(void **state)
{
    (void)state;
#define OPTIONS(text) HEAD "input:\n  files: x.csv\n  options: {" text "}\n"
    mistake(OPTIONS("date_format: '%d.%m.%q'"), 6, "`date_format` has `%q`", "strptime");
    mistake(OPTIONS("date_format: '%Y-%-B'"), 6, "has `%B`", "strptime");
    mistake(OPTIONS("timestamp_format: '%Y%'"), 6, "ends in a `%`", NULL);
    mistake(OPTIONS("date_format: YYYY-MM-DD"), 6, "names no part of a date", "%Y-%m-%d");
    struct fixture f;
    parse_good(&f, OPTIONS("date_format: '%-d. %B %Y %%', timestamp_format: '%x %T'"));
    assert_int_equal(f.product->not_yet_refused.count, 0);
    release(&f);
    parse_good(&f, OPTIONS("escape: '\\'"));
    assert_true(has(f.product->not_yet_refused, "inputs.input.options.escape"));
    release(&f);
}

static void product_mistakes_of_urls(void **state)
{
    (void)state;
    mistake(HEAD "input: 'ftp://x/y.csv'\n", 4, "cannot be read from", "https://");
    mistake(HEAD "input: 'https:///y.csv'\n", 4, "its host does not read", NULL);
    mistake(HEAD "input: 'https://x:99999/y.csv'\n", 4, "its host does not read", NULL);
    mistake(HEAD "input: 'https://[::1/y.csv'\n", 4, "its host does not read", NULL);
    mistake(HEAD "input: 'https://u:p@x/y.csv'\n", 4, "holds a user or a password", "secrets");
    mistake(HEAD "input: 'https://x/*.csv'\n", 4, "nothing tells which files", "each URL");
    mistake(HEAD "input: 'https://x/y.csv#a'\n", 4, "a place in a page", "leave out");
    mistake(HEAD "input: 'https://x/a b.csv'\n", 4, "a character that a URL", NULL);
    mistake(HEAD "input: 'https://x/data'\n", 4, "does not tell the format", "format: csv");
    mistake(HEAD "input: {files: ['https://x/y.csv', z.csv]}\n", 4, "both URLs and paths",
            "two inputs");
    mistake(HEAD "input: {files: 'https://x/y.csv', read: new, done: d}\n", 4,
            "which a URL does not allow", "leave it out");
    struct fixture f;
    parse_good(&f, HEAD
               "inputs:\n  a: 'https://x/y.csv.gz?token=a.b'\n"
               "  b: {files: ['HTTP://[::1]:8080/y.tsv', 'http://x:80?y', 'https://x/z%20.tsv'],"
               " format: tsv}\n  c: x*.csv\n  d: {product: 'c@2'}\nsql: select 1\n");
    assert_true(f.product->inputs[0].url && f.product->inputs[1].url && !f.product->inputs[2].url);
    assert_int_equal(f.product->inputs[0].format, WEFT_FORMAT_CSV);
    assert_string_equal(f.product->inputs[3].product, "b.c@2");
    assert_string_equal(f.product->inputs[3].product_name, "b.c");
    assert_int_equal(f.product->inputs[3].product_major, 2);
    assert_int_equal(f.product->not_yet_refused.count, 0);
    release(&f);
}

static void product_mistakes_of_graphs(void **state)
{
    (void)state;
#define EDGES "edges: select a from b.c"
    mistake(HEAD "graph: {algorithm: luvain, " EDGES "}\n", 4, "`luvain` is not a value",
            "`louvain`");
    mistake(HEAD "graph: {algorthm: louvain, " EDGES "}\n", 4, "`algorthm` is not a key of",
            "`algorithm`");
    mistake(HEAD "graph: {" EDGES "}\n", 4, "has no `algorithm`", "pagerank");
    mistake(HEAD "graph: {algorithm: louvain}\n", 4, "has no `edges`", "edges: select");
    mistake(HEAD "graph: louvain\n", 4, "`graph` cannot be a value", "map");
    mistake(HEAD "graph: {algorithm: louvain, edges: ''}\n", 4, "`edges` is empty", NULL);
    mistake(HEAD "graph: {algorithm: louvain, " EDGES ", seed: -1}\n", 4, "not a whole number",
            NULL);
    mistake(HEAD "graph: {algorithm: louvain, " EDGES ", seed: 4294967296}\n", 4,
            "more than 4294967295", NULL);
    mistake(HEAD "graph: {algorithm: louvain, " EDGES ", resolution: 0}\n", 4,
            "not a number above 0", NULL);
    mistake(HEAD "graph: {algorithm: louvain, " EDGES ", resolution: nan}\n", 4,
            "not a number above 0", NULL);
    mistake(HEAD "graph: {algorithm: leiden, " EDGES ", resolution: 1e9}\n", 4, "more than 1000",
            NULL);
    mistake(HEAD "graph: {algorithm: pagerank, " EDGES ", damping: 1}\n", 4, "is below 1", "0.85");
    mistake(HEAD "graph: {algorithm: louvain, " EDGES ", damping: 0.5}\n", 4,
            "`damping` is for pagerank, not for louvain", NULL);
    mistake(HEAD "graph: {algorithm: components, " EDGES ", seed: 1}\n", 4,
            "`seed` is for louvain and leiden", NULL);
    mistake(HEAD "sql: select 1\ngraph: {algorithm: components, " EDGES "}\n", 5,
            "`sql` and `graph`", "keep one");
    mistake(HEAD "graph: {algorithm: components, " EDGES "}\nwrite: append\n", 5, "whole table",
            "leave it out");
    mistake(HEAD "graph: {algorithm: components, " EDGES "}\ninputs: {x: {product: c.d, read: "
                 "new}}\n",
            5, "cannot be read in parts", NULL);
#define SCHEMA "schema:\n  - {name: node}\n  - {name: "
    mistake(HEAD "graph: {algorithm: louvain, " EDGES "}\n" SCHEMA "score, type: double}\n", 7,
            "louvain gives no column `score`", "`community`");
    mistake(HEAD "graph: {algorithm: louvain, " EDGES "}\n" SCHEMA "score, type: double}\n", 5,
            "has no `community`", NULL);
    mistake(HEAD "graph: {algorithm: louvain, " EDGES "}\n" SCHEMA "community}\n", 7, "is a long",
            "type: long");
    mistake(HEAD "graph: {algorithm: pagerank, " EDGES "}\n" SCHEMA "score, type: float}\n", 7,
            "is a double", "type: double");
    struct fixture f;
    parse_good(&f, HEAD "graph:\n  algorithm: pagerank\n  edges: >\n    select a, b\n    from "
                        "c.d\n" SCHEMA "score, type: double}\nkey: node\n");
    assert_int_equal(f.product->graph->algorithm, WEFT_GRAPH_PAGERANK);
    assert_true(f.product->graph->damping == 0.85);
    assert_int_equal(f.product->graph->seed, 1);
    assert_string_equal(f.product->graph->edges, "select a, b from c.d");
    assert_int_equal(f.product->graph->edges_place.line, 7);
    assert_int_equal(f.product->graph->edges_place.column, 5);
    assert_int_equal(f.product->write, WEFT_WRITE_REPLACE);
    assert_int_equal(f.product->not_yet_refused.count, 0);
    release(&f);
}

static void product_mistakes_of_writing(void **state)
{
    (void)state;
    mistake(HEAD "sql: select 1\nwrite: append\n", 5, "would add all rows again", "replaces");
    mistake(HEAD "sql: select 1\ninputs: {x: {product: c.d}}\nwrite: append\n", 6,
            "would add all rows again", "read: new");
    mistake(HEAD "inputs: {x: {product: c.d}}\nwrite: append\n", 5, "would add all rows again",
            "`key`");
    mistake(HEAD "sql: select 1\nwrite: upsert\n", 5, "needs a key", NULL);
    mistake(HEAD "sql: select 1\nwrite: upsret\n", 5, "`upsret` is not a value", "`upsert`");
    mistake(HEAD "sql: select 1\ninputs: {x: {product: c.d, read: new}}\nwrite: replace\n", 6,
            "only the newest rows", NULL);
    mistake(HEAD "sql: select 1\norder_by: x\n", 5, "is for `write: upsert`", NULL);
#define UPSERT                                                                                     \
    HEAD "sql: select 1\nwrite: upsert\nkey: k\nschema:\n  - {name: k}\n  - {name: n, type: "      \
         "list<int>}\n"
    mistake(UPSERT "order_by: m\n", 10, "`order_by` names `m`", "`k`");
    mistake(UPSERT "order_by: n\n", 10, "it has no order", NULL);
    mistake(UPSERT "order_by: k\n", 10, "is in the key", "newer");
    struct {
        const char *text;
        enum weft_write_mode write;
    } good[] = {
        {HEAD "sql: select 1\n", WEFT_WRITE_REPLACE},
        {HEAD, WEFT_WRITE_APPEND},
        {HEAD "input: x.csv\n", WEFT_WRITE_REPLACE},
        {HEAD "input: {files: x.csv, read: new}\n", WEFT_WRITE_APPEND},
        {HEAD "input: {product: c.d}\n", WEFT_WRITE_REPLACE},
        {HEAD "inputs: {x: {product: c.d}, y: {product: c.e, read: new}}\nsql: select 1\n",
         WEFT_WRITE_APPEND},
        {HEAD "sql: select 1\nwrite: append\nkey: k\n", WEFT_WRITE_APPEND},
        {UPSERT, WEFT_WRITE_UPSERT},
        {HEAD "input: {product: c.d, read: new}\nwrite: upsert\nkey: k\norder_by: o\n",
         WEFT_WRITE_UPSERT},
    };
    for (size_t i = 0; i < WEFT_COUNT(good); i++) {
        struct fixture f;
        parse_good(&f, good[i].text);
        assert_int_equal(f.product->write, good[i].write);
        assert_int_equal(f.product->not_yet_refused.count, 0);
        release(&f);
        reads_back(good[i].text);
    }
}

static void product_nested_columns(void **state)
{
    (void)state;
    mistake(HEAD "input: x.csv\nschema:\n  - {name: a}\n  - {name: b, type: list<int>}\n", 7,
            "`b` is nested", "json");
    mistake(HEAD "input:\n  files: x.tsv\n  schema:\n    - {name: b, type: 'map<string, int>'}\n",
            7, "reads tsv", "json");
    struct fixture f;
    /* What the SQL makes may be nested; what is loaded by hand is told when it is loaded. */
    parse_good(&f, HEAD "input: {files: x.csv, schema: [{name: a, type: json}]}\nsql: select 1\n"
                        "schema: [{name: b, type: list<int>}]\n");
    release(&f);
    parse_good(&f, HEAD "schema: [{name: b, type: list<int>}]\n");
    release(&f);
}

static void product_places_of_sql(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int line, column, indent;
    } cases[] = {
        {HEAD "sql: select 1\n", 4, 6, 0},
        {HEAD "sql:\n  select 1\n", 5, 3, 0},
        {HEAD "sql: 'select 1'\n", 4, 7, 0},
        {HEAD "sql: |\n  select 1\n  from b.c\n", 5, 3, 2},
        {HEAD "sql: |\n\n      select 1\n      from b.c\n", 5, 7, 6},
        {HEAD "sql: |2\n     select 1\n", 5, 3, 2},
        {HEAD "sql: >\n  select 1\n  from b.c\n", 5, 3, -1},
        {HEAD "sql: >\n  select 1\n", 5, 3, 0},
        {HEAD "sql: select 1\n  from b.c\n", 4, 6, -1},
        {HEAD "sql: 'select ''a'''\n", 4, 7, -1},
        {HEAD "sql: \"select 'a'\"\n", 4, 7, 0},
        {HEAD "sql: \"select\\n'a'\"\n", 4, 7, -1},
        {HEAD "sql: |-\n  select 1\n\n  from b.c\n", 5, 3, 2},
        {HEAD "sql: | # why\n  select 1\n  from b.c\n", 5, 3, 2},
    };
    for (size_t i = 0; i < WEFT_COUNT(cases); i++) {
        struct fixture f;
        parse_good(&f, cases[i].text);
        if (f.product->sql_place.line != cases[i].line ||
            f.product->sql_place.column != cases[i].column ||
            f.product->sql_indent != cases[i].indent)
            fail_msg("%zu: %d:%d %d", i, f.product->sql_place.line, f.product->sql_place.column,
                     f.product->sql_indent);
        release(&f);
    }
}

static void product_was(void **state)
{
    (void)state;
    struct fixture f;
    parse_good(&f, HEAD "was: older\n");
    assert_string_equal(f.product->was, "b.older");
    assert_int_equal(f.product->was_place.line, 4);
    release(&f);
    mistake(HEAD "was: a\n", 4, "that is its name now", "leave it out");
    mistake(HEAD "was: c.d@1\n", 4, "without a version", "leave `@`");
}

static void product_transform_torture(void **state)
{
    (void)state;
    char graph[] = HEAD "graph: {algorithm: leiden, edges: 'select a, b from c.d', resolution: 2}\n"
                        "schema: [{name: node}, {name: community, type: int}]\n",
         sql[] = HEAD "inputs:\n  x: {product: c@3, read: new}\n  y: {files: ['https://a/b.csv', "
                      "'https://a/c.csv']}\nsql: |\n  select 1\nkey: k\nwrite: upsert\n"
                      "order_by: o\nwas: z\n",
         bad[] = HEAD "graph: {algorithm: leidn, edges: select, resolution: 0}\n"
                      "inputs:\n  x: {product: a, files: 'https://u@x/*'}\nwrite: append\n";
    weft_test_torture(parse_once, graph);
    weft_test_torture(parse_once, sql);
    weft_test_torture(parse_once, bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(product_mistakes_of_ports),
        cmocka_unit_test(product_mistakes_of_formats),
        cmocka_unit_test(product_mistakes_of_urls),
        cmocka_unit_test(product_mistakes_of_graphs),
        cmocka_unit_test(product_mistakes_of_writing),
        cmocka_unit_test(product_nested_columns),
        cmocka_unit_test(product_places_of_sql),
        cmocka_unit_test(product_was),
        cmocka_unit_test(product_transform_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
