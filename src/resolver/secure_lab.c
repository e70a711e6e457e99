/*
 * secure_lab.c - makes the worlds: Parquet files, relations under policies, answers as text.
 */
#include "resolver/secure_lab.h"

#include "base/test_support.h"
#include "base/text.h"
#include "engine/protect.h"

#include <stdio.h>

#define LAB_TEXT_MAX (1 << 24)
#define LAB_KEY "the key of this laboratory"

static void must(int rc, const struct weft_error *error)
{
    if (rc == 0)
        return;
    fprintf(stderr, "%s: %s %s\n", weft_code_name(error->code), error->message, error->detail);
    abort();
}

/* ---- policies ---- */

static const struct weft_treatment treat_hide = {.kind = WEFT_TREAT_HIDE};
static const struct weft_treatment treat_null = {.kind = WEFT_TREAT_NULL};
static const struct weft_treatment treat_mask = {.kind = WEFT_TREAT_MASK};
static const struct weft_treatment treat_hash = {.kind = WEFT_TREAT_HASH};
static const struct weft_treatment treat_token = {.kind = WEFT_TREAT_TOKEN};
static const struct weft_treatment treat_fixed = {.kind = WEFT_TREAT_FIXED, .text = "withheld"};
static const struct weft_treatment treat_hundred = {.kind = WEFT_TREAT_ROUND, .number = 100};
static const struct weft_treatment treat_five = {.kind = WEFT_TREAT_ROUND, .number = 5};
static const struct weft_treatment treat_three = {.kind = WEFT_TREAT_TRUNCATE, .number = 3};
static const struct weft_treatment treat_year = {.kind = WEFT_TREAT_TRUNCATE_TIME, .text = "year"};
static const struct weft_treatment treat_hour = {.kind = WEFT_TREAT_TRUNCATE_TIME, .text = "hour"};

static const struct weft_operand quebec = {.kind = WEFT_OPERAND_TEXT, .text = "QC"};
static const struct weft_condition not_quebec = {.kind = WEFT_CONDITION_COMPARE,
                                                 .op = WEFT_NOT_EQUAL,
                                                 .column = "state",
                                                 .operands = &quebec,
                                                 .operand_count = 1};
static const struct weft_operand yes = {.kind = WEFT_OPERAND_BOOLEAN, .text = "true"};
static const struct weft_condition is_given = {.kind = WEFT_CONDITION_COMPARE,
                                               .op = WEFT_EQUAL,
                                               .column = "given",
                                               .operands = &yes,
                                               .operand_count = 1};
static const struct weft_condition *const given_parts[] = {&is_given};
static const struct weft_condition consented = {.kind = WEFT_CONDITION_MEMBER,
                                                .column = "patient_id",
                                                .product = "hospital.consents",
                                                .member = "patient_id",
                                                .parts = given_parts,
                                                .part_count = 1};
static const struct weft_operand twenty = {.kind = WEFT_OPERAND_TEXT, .text = "2020-01-01"};
static const struct weft_condition recent = {.kind = WEFT_CONDITION_COMPARE,
                                             .op = WEFT_GREATER_EQUAL,
                                             .column = "day",
                                             .operands = &twenty,
                                             .operand_count = 1};
static const struct weft_condition *const both_parts[] = {&consented, &recent};
static const struct weft_condition both = {
    .kind = WEFT_CONDITION_AND, .parts = both_parts, .part_count = 2};

/* ---- tables ---- */

struct lab_column {
    const char *name;
    const char *type;
    const struct weft_treatment *treat;
    const char *by_hand; /* the treated value; NULL = as it is, or computed by the functions */
};

struct lab_table {
    const char *product;
    struct lab_column columns[SECURE_LAB_COLUMNS];
    const struct weft_condition *rows;
    const struct weft_min_group *min_groups;
    size_t min_group_count;
    const char *visible; /* WHERE of the rows that may be seen; NULL = all */
};

#define MASK_BY_HAND(column)                                                                       \
    "regexp_replace(" column ", '([[:alnum:]])[[:alnum:]]*', '\\1***', 'g')"

static const struct weft_min_group by_patient[] = {{5, "patient_id"}};
static const struct weft_min_group by_both[] = {{5, "patient_id"}, {3, "doctor"}};

static const struct lab_table lab_tables[SECURE_LAB_TABLES] = {
    {"hospital.patients",
     {{"id", "long", NULL, NULL},
      {"name", "string", &treat_mask, MASK_BY_HAND("name")},
      {"ssn", "string", &treat_hash, "weft_hash(ssn)"},
      {"code", "uuid", &treat_token, "weft_token_uuid(code::VARCHAR)"},
      {"state", "string", NULL, NULL},
      {"born", "date", &treat_year, "make_date(year(born)::BIGINT, 1, 1)"},
      {"income", "decimal(10,2)", &treat_hundred, "(round(income / 100.0) * 100)::DECIMAL(10,2)"},
      {"weight", "double", &treat_five, "round(weight / 5) * 5"},
      {"notes", "json", &treat_null, "NULL::VARCHAR"},
      {"tags", "list<string>", &treat_mask, "NULL::VARCHAR[]"},
      {"visits", "int", NULL, NULL},
      {"seen", "timestamp", &treat_hour, "seen - to_seconds(minute(seen) * 60 + second(seen))"},
      {"secret", "string", &treat_hide, NULL},
      {"label", "long", &treat_fixed, "'withheld'"},
      {"zip", "string", &treat_three, "substring(zip, 1, 3)"},
      {"active", "boolean", &treat_mask, "NULL::BOOLEAN"}},
     &not_quebec,
     NULL,
     0,
     "state <> 'QC'"},
    {"hospital.visits",
     {{"id", "long", NULL, NULL},
      {"patient_id", "long", NULL, NULL},
      {"day", "date", NULL, NULL},
      {"ward", "string", NULL, NULL},
      {"cost", "decimal(10,2)", NULL, NULL},
      {"remark", "string", NULL, NULL},
      {"codes", "list<string>", NULL, NULL},
      {"place", "struct<zip: string>", NULL, NULL},
      {"marks", "map<string, string>", NULL, NULL}},
     &both,
     NULL,
     0,
     "patient_id IN (SELECT patient_id FROM consents_raw WHERE given) AND day >= '2020-01-01'"},
    {"hospital.cells",
     {{"patient_id", "long", &treat_hash, NULL},
      {"ward", "string", NULL, NULL},
      {"test", "string", NULL, NULL},
      {"value", "long", NULL, NULL},
      {"result", "string", NULL, NULL},
      {"day", "date", NULL, NULL}},
     NULL,
     by_patient,
     1,
     NULL},
    {"open.wards",
     {{"ward", "string", NULL, NULL},
      {"floor", "int", NULL, NULL},
      {"patient_id", "long", NULL, NULL}},
     NULL,
     NULL,
     0,
     NULL},
    {"hospital.doses",
     {{"patient_id", "long", NULL, NULL},
      {"doctor", "long", &treat_hide, NULL},
      {"ward", "string", NULL, NULL},
      {"result", "string", NULL, NULL},
      {"dose", "long", NULL, NULL}},
     NULL,
     by_both,
     2,
     NULL},
    {"hospital.consents",
     {{"patient_id", "long", NULL, NULL}, {"given", "boolean", NULL, NULL}},
     NULL,
     NULL,
     0,
     NULL},
};

/* h: 0 = visible, the same in each world; v: the world. Values behind treatments differ by v. */
#define PATIENT                                                                                    \
    "k, h, CASE WHEN h = 0 THEN k ELSE 700000 + k * 3 + v END AS id, "                             \
    "CASE WHEN h = 1 THEN 'zqa' || v || 'Name' || k WHEN k %% 13 = 0 THEN NULL ELSE "              \
    "chr(65 + (k %% 20)::INT) || repeat('x', ((k + v * 3) %% 5)::INT) || v || ' ' || "             \
    "chr(97 + (k %% 3)::INT) || 'b' || v END AS name, "                                            \
    "CASE WHEN h = 1 THEN 'hid' || v || k ELSE 's' || (k %% 150) END AS ssn, "                     \
    "('00000000-0000-4000-8000-' || lpad((k * (1 + h * (v + 7)))::VARCHAR, 12, '0'))::UUID AS "    \
    "code, CASE WHEN h = 1 THEN 'QC' ELSE ['ON', 'BC', 'AB'][(k %% 3 + 1)::INT] END AS state, "    \
    "DATE '1950-01-01' + (k %% 40 * 366 + v * 20 + h * 11000)::INT AS born, "                      \
    "(k %% 50 * 1000 + 10 + v * 7.25 + h * (90000 + v))::DECIMAL(10,2) AS income, "                \
    "(k %% 12 * 5 + 50 + v * 0.7 - h * 40 * (v + 1))::DOUBLE AS weight, "                          \
    "('{\"a\": ' || (k + v) || '}')::JSON AS notes, ['t' || v, 'u' || k] AS tags, "                \
    "(k %% 9 + h * (900 + v))::INT AS visits, "                                                    \
    "TIMESTAMP '2021-03-04 10:00:00' + to_hours((k %% 30)::INT) + "                                \
    "to_minutes((v * 7 + h * 3)::INT) AS seen, 'secret' || v || k AS secret, "                     \
    "(k * (v + 2))::BIGINT AS label, lpad((k %% 40)::VARCHAR, 3, '9') || v || k AS zip, "          \
    "(k + v) %% 2 = 0 AS active"

static const char *lab_sql(struct secure_lab *lab, size_t table)
{
    static const int hidden[] = {2, 5, 0}; /* every so many-th place has a hidden row; 0 = none */
    struct weft_arena *arena = lab->arena;
    int v = lab->world;
    int every = hidden[v];
    size_t rows = lab->rows;
    const char *places = weft_arena_format(
        arena,
        "(SELECT k, 0 AS h, %d AS v FROM range(%zu) r(k) UNION ALL SELECT k, 1, %d FROM "
        "range(%zu) r(k) WHERE %d > 0 AND k %% %d = 0)",
        v, rows, v, rows, every, every == 0 ? 1 : every);
    switch (table) {
    case 0:
        return weft_arena_format(
            arena, "SELECT * EXCLUDE (k, h) FROM (SELECT " PATIENT " FROM %s) ORDER BY k, h",
            places);
    case 1:
        /* Hidden: of patients without consent (5000 and more), or of 2019. */
        return weft_arena_format(
            arena,
            "SELECT * EXCLUDE (k, h) FROM (SELECT k, h, k * 2 + h * (v + 900001) AS id, "
            "CASE WHEN h = 1 AND k %% 2 = 0 THEN 5000 + k + v ELSE k %% 90 END AS patient_id, "
            "CASE WHEN h = 1 AND k %% 2 = 1 THEN DATE '2019-05-01' + v ELSE DATE '2020-01-01' + (k "
            "%% 500)::INT END AS day, ['a', 'b', 'c', 'd'][(k %% 4 + 1)::INT] AS ward, "
            "(k %% 70 * 1.25 + h * (v + 100))::DECIMAL(10,2) AS cost, "
            "CASE WHEN h = 1 THEN 'hidden' || v ELSE (k %% 7)::VARCHAR END AS remark, "
            "[remark, (k %% 3)::VARCHAR] AS codes, {'zip': remark} AS place, "
            "MAP {'a': remark} AS marks FROM %s) "
            "ORDER BY k, h",
            places);
    case 2:
        /* Patients 5 and 9 of ward b share otherwise what is theirs together; wards y and z are
         * small, and who is in which differs. */
        return weft_arena_format(
            arena,
            "SELECT p AS patient_id, CASE WHEN p >= 62 + %d THEN 'z' WHEN p >= 60 THEN 'y' "
            "ELSE ['a', 'b', 'c', 'd'][(p %% 4 + 1)::INT] END AS ward, ['x', 'y'][t + 1] AS test, "
            "CASE WHEN p = 60 THEN 1000 + 100 * %d WHEN p = 61 THEN 1000 - 100 * %d WHEN p = 5 "
            "THEN 100 + 100 * %d WHEN p = 9 THEN 200 - 100 * %d WHEN p = 56 THEN 560 + 10 * %d + t "
            "WHEN p = 52 THEN 520 - 10 * %d + t ELSE p * 10 + t END AS value, "
            "CASE WHEN p >= 60 THEN 'rare' WHEN p = (CASE WHEN %d = 1 THEN 9 ELSE 5 END) THEN "
            "'bad' WHEN p %% 2 = 0 THEN '1' ELSE '2' END AS result, "
            "DATE '2021-01-01' + (p %% 3)::INT AS day FROM range(64) a(p), range(2) b(t) ORDER BY "
            "p, t",
            v == 1, v, v, v == 1, v == 1, v, v, v);
    case 3:
        return "SELECT ['a', 'b', 'c', 'd', 'z'][(k % 5 + 1)::INT] AS ward, (k % 6)::INT AS floor, "
               "k AS patient_id FROM range(40) r(k)";
    case 4:
        /* Ward d: 16 patients of one doctor; ward e: 4 patients of four. What is solo is one
         * doctor's, and whose differs. Together they are the same. */
        return weft_arena_format(
            arena,
            "SELECT p AS patient_id, CASE WHEN p >= 52 THEN p WHEN p >= 36 THEN 900 ELSE p // 3 %% "
            "4 END AS doctor, CASE WHEN p >= 52 THEN 'e' WHEN p >= 36 THEN 'd' ELSE ['a', 'b', "
            "'c'][(p %% 3 + 1)::INT] END AS ward, CASE WHEN p < 36 AND p // 3 %% 4 = %d THEN "
            "'solo' "
            "WHEN ward = 'a' THEN 'x' ELSE 'y' END AS result, CASE WHEN p < 36 THEN p %% 3 * 100 + "
            "50 WHEN p %% 2 = 0 THEN 700 + 100 * %d ELSE 700 - 100 * %d END AS dose "
            "FROM range(56) a(p) ORDER BY p",
            v == 1, v, v);
    default:
        return weft_arena_format(arena,
                                 "SELECT k AS patient_id, true AS given FROM range(90) r(k) UNION "
                                 "ALL SELECT 5000 + k, false FROM range(%d) r(k)",
                                 200 + v * 100);
    }
}

static void table_make(struct secure_lab *lab, size_t index)
{
    struct weft_error error = WEFT_ERROR_INIT;
    const struct lab_table *spec = &lab_tables[index];
    struct weft_relation *relation = &lab->tables[index];
    struct weft_relation_column *columns =
        weft_arena_array(lab->arena, SECURE_LAB_COLUMNS, sizeof(*columns));
    const char **files = weft_arena_array(lab->arena, 1, sizeof(char *));
    files[0] = weft_arena_format(lab->arena, "%s/%zu.parquet", lab->dir, index);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, LAB_TEXT_MAX);
    weft_buf_addf(&sql, "COPY (%s) TO '%s' (FORMAT parquet, FIELD_IDS {", lab_sql(lab, index),
                  files[0]);
    size_t count = 0;
    for (; count < SECURE_LAB_COLUMNS && spec->columns[count].name != NULL; count++) {
        columns[count].name = spec->columns[count].name;
        columns[count].field_id = (int)count + 1;
        must(weft_type_parse(lab->arena, spec->columns[count].type, &columns[count].type, &error),
             &error);
        weft_buf_addf(&sql, "%s%s: %zu", count == 0 ? "" : ", ", columns[count].name, count + 1);
    }
    weft_buf_adds(&sql, "})");
    must(weft_engine_exec(lab->engine, sql.data, NULL, &error), &error);
    *relation = (struct weft_relation){.product = spec->product,
                                       .columns = columns,
                                       .column_count = count,
                                       .files = files,
                                       .file_count = 1};
}

/* ---- as the reader ---- */

static bool is_off(const struct secure_lab *lab, const char *what)
{
    return lab->off != NULL && (strcmp(lab->off, "all") == 0 || strcmp(lab->off, what) == 0);
}

static int table_read(struct secure_lab *lab, struct weft_arena *arena, size_t index,
                      struct weft_relation *out)
{
    const struct lab_table *spec = &lab_tables[index];
    *out = lab->tables[index];
    struct weft_relation_column *columns =
        weft_arena_array(arena, out->column_count, sizeof(*columns));
    if (columns == NULL)
        return -1;
    for (size_t i = 0; i < out->column_count; i++) {
        columns[i] = out->columns[i];
        if (!is_off(lab, columns[i].name))
            columns[i].treat = spec->columns[i].treat;
    }
    out->columns = columns;
    out->rows = spec->rows;
    if (is_off(lab, "rows") || (index == 1 && is_off(lab, "member")))
        out->rows = index == 1 && !is_off(lab, "rows") ? &recent : NULL;
    if (!is_off(lab, "min_group")) {
        out->min_groups = spec->min_groups;
        out->min_group_count = spec->min_group_count;
    }
    if (out->min_group_count > 1 && is_off(lab, "doctors"))
        out->min_group_count = 1;
    return 0;
}

static int lab_resolve(void *arg, struct weft_arena *arena, const struct weft_resolve_name *name,
                       struct weft_relation *out, struct weft_error *error)
{
    struct secure_lab *lab = arg;
    for (size_t i = 0; i < SECURE_LAB_TABLES - 1; i++) {
        const char *product = lab_tables[i].product;
        size_t schema = strcspn(product, ".");
        if (name->schema == NULL || strlen(name->schema) != schema ||
            strncmp(name->schema, product, schema) != 0 ||
            !weft_equal_fold(name->table, product + schema + 1))
            continue;
        return table_read(lab, arena, i, out) == 0 ? 0 : weft_error_nomem(error);
    }
    return WEFT_NOT_THERE;
}

static int lab_member(void *arg, struct weft_arena *arena, const char *product,
                      struct weft_relation *out, struct weft_error *error)
{
    struct secure_lab *lab = arg;
    (void)arena;
    (void)error;
    if (strcmp(product, "hospital.consents") != 0)
        return WEFT_NOT_THERE;
    *out = lab->tables[SECURE_LAB_TABLES - 1];
    return 0;
}

static const char *lab_suggest(void *arg, struct weft_arena *arena,
                               const struct weft_resolve_name *name)
{
    (void)arg;
    (void)arena;
    (void)name;
    return NULL;
}

struct secure_lab *secure_lab_new(int world, size_t rows)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct secure_lab *lab = weft_alloc(sizeof(*lab));
    if (lab == NULL)
        abort();
    lab->dir = weft_test_dir();
    lab->world = world;
    lab->rows = rows;
    lab->arena = weft_arena_new(0);
    const char *folders[] = {lab->dir};
    struct weft_engine_config config = {
        .threads = 1, .folders = folders, .folder_count = 1, .keep_order = true};
    must(weft_engine_open(&config, &lab->engine, &error), &error);
    for (size_t i = 0; i < SECURE_LAB_TABLES; i++)
        table_make(lab, i);
    must(weft_engine_protect(lab->engine, LAB_KEY, strlen(LAB_KEY), &error), &error);
    must(weft_engine_seal(lab->engine, &error), &error);
    lab->options = (struct weft_resolve_options){.resolve = lab_resolve,
                                                 .suggest = lab_suggest,
                                                 .member = lab_member,
                                                 .arg = lab,
                                                 .now_us = 1760000000123456,
                                                 .principal = "user:ann"};
    return lab;
}

void secure_lab_free(struct secure_lab *lab)
{
    weft_engine_close(lab->engine);
    weft_arena_free(lab->arena);
    weft_test_dir_remove(lab->dir);
    weft_free(lab);
}

static void plain_table(struct secure_lab *lab, struct weft_engine *plain, size_t index, bool raw)
{
    struct weft_error error = WEFT_ERROR_INIT;
    const struct lab_table *spec = &lab_tables[index];
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, LAB_TEXT_MAX);
    weft_buf_addf(&sql, "CREATE TABLE %s AS SELECT ", spec->product);
    for (size_t i = 0, shown = 0; i < lab->tables[index].column_count; i++) {
        const struct lab_column *column = &spec->columns[i];
        if (!raw && column->treat == &treat_hide)
            continue;
        weft_buf_adds(&sql, shown++ == 0 ? "" : ", ");
        if (!raw && column->by_hand != NULL)
            weft_buf_addf(&sql, "%s AS ", column->by_hand);
        else if (strcmp(column->type, "json") == 0)
            weft_buf_addf(&sql, "%s::VARCHAR AS ", column->name);
        weft_buf_adds(&sql, column->name);
    }
    weft_buf_addf(&sql, " FROM '%s'", lab->tables[index].files[0]);
    if (!raw && spec->visible != NULL)
        weft_buf_addf(&sql, " WHERE %s", spec->visible);
    must(weft_engine_exec(plain, sql.data, NULL, &error), &error);
}

void secure_lab_plain(struct secure_lab *lab, struct weft_engine *plain, bool raw)
{
    struct weft_error error = WEFT_ERROR_INIT;
    if (!raw)
        must(weft_engine_protect(plain, LAB_KEY, strlen(LAB_KEY), &error), &error);
    char *sql = weft_format("CREATE SCHEMA hospital; CREATE SCHEMA open; CREATE TABLE consents_raw "
                            "AS FROM '%s'",
                            lab->tables[SECURE_LAB_TABLES - 1].files[0]);
    must(weft_engine_exec(plain, sql, NULL, &error), &error);
    weft_free(sql);
    for (size_t i = 0; i < SECURE_LAB_TABLES - 1; i++)
        plain_table(lab, plain, i, raw);
}

/* ---- answers ---- */

static int line_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int answer_rows(struct weft_result *result, struct weft_buf *out, struct weft_error *error)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    size_t columns = weft_result_column_count(result);
    char **lines = NULL;
    size_t count = 0, capacity = 0;
    int rc;
    while ((rc = weft_result_row(result, error)) == 0) {
        WEFT_CLEANUP(weft_buf_release) struct weft_buf line;
        weft_buf_init(&line, LAB_TEXT_MAX);
        for (size_t i = 0; i < columns; i++)
            weft_buf_addf(&line, "%s|",
                          weft_result_is_null(result, i) ? "~" : weft_result_text(result, i));
        if (weft_arena_reserve(arena, &lines, &capacity, count + 1, sizeof(char *)) < 0)
            abort();
        lines[count++] = weft_arena_strdup(arena, line.data);
    }
    if (rc < 0)
        return -1;
    if (count > 1)
        qsort(lines, count, sizeof(char *), line_compare);
    for (size_t i = 0; i < columns; i++)
        weft_buf_addf(out, "%s %s|", weft_result_column_name(result, i),
                      weft_result_column_type_name(result, i));
    weft_buf_addf(out, "\n%zu rows\n", count);
    for (size_t i = 0; i < count; i++)
        weft_buf_addf(out, "%s\n", lines[i]);
    return 0;
}

static char *answer_error(struct weft_buf *out, const struct weft_error *error)
{
    weft_buf_clear(out);
    weft_buf_addf(out, "%s %d:%d %s\n%s\n%s\n", weft_code_name(error->code), error->line,
                  error->column, error->message, error->detail, error->hint);
    return weft_buf_steal(out);
}

char *secure_lab_answer(struct secure_lab *lab, const char *sql, bool *failed)
{
    WEFT_CLEANUP(weft_arena_freep) struct weft_arena *arena = weft_arena_new(0);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_resolved resolved;
    weft_buf_init(&out, LAB_TEXT_MAX);
    *failed = true;
    if (weft_resolve(lab->engine, arena, sql, strlen(sql), &lab->options, &resolved, &error) < 0 ||
        weft_resolved_query(lab->engine, &resolved, NULL, 0, &result, &error) < 0)
        return answer_error(&out, &error);
    if (answer_rows(result, &out, &error) < 0) {
        weft_engine_error_for_people(&resolved, &error);
        return answer_error(&out, &error);
    }
    *failed = false;
    return weft_buf_steal(&out);
}

char *secure_lab_plain_answer(struct weft_engine *plain, const char *sql, bool *failed)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf out;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    struct weft_error error = WEFT_ERROR_INIT;
    weft_buf_init(&out, LAB_TEXT_MAX);
    *failed = true;
    if (weft_engine_query(plain, sql, NULL, 0, &result, &error) < 0 ||
        answer_rows(result, &out, &error) < 0)
        return answer_error(&out, &error);
    *failed = false;
    return weft_buf_steal(&out);
}
