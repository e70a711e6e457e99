/*
 * secure.c - a relation as a subquery of weft's own under its policy: treatments in the place
 * of columns, the row condition as filter, and the barrier.
 *
 * DuckDB may run a person's predicate on rows that the filter leaves out, and then an error
 * tells of them. The barrier keeps every predicate above the filter: each column stands behind
 * a volatile expression, through which DuckDB pushes nothing. (A column that is NULL on hidden
 * rows, CASE WHEN <condition> THEN column END, keeps values in but not the rows: coalesce(name,
 * 'x')::int fails on them.) Hidden values also come past the filter with the rows that are
 * seen: in the dictionary of a column, on which DuckDB runs a function instead of on the rows,
 * and among the elements of lists. coalesce(column, column) copies, and only what the filter
 * let through. What the barrier costs, pruning, comes back by hoisted conditions that cannot
 * fail.
 *
 * Conditions are printed from their structure: constants are checked against the column's type
 * before, names of columns against the snapshot's, and the table's alias is 128 random bits, so
 * that no name of a policy binds to anything in the person's query.
 */
#include "policy/condition.h"
#include "resolver/resolve_internal.h"
#include "resolver/treat.h"

#define SECURE_DEPTH_MAX 64
#define SECURE_GUARD "CASE WHEN current_connection_id() IS NOT NULL THEN "

struct secure {
    struct weft_engine *engine;
    struct weft_arena *arena;
    const struct weft_resolve_options *options;
    struct weft_error *error;
    struct weft_buf *out;
};

/* A relation whose condition is being printed. */
struct secured {
    const struct weft_relation *relation;
    const char *alias;
    const char *product; /* what the reader asked for */
    int depth;
};

static int condition_put(struct secure *secure, const struct secured *at,
                         const struct weft_condition *condition);

/* Which column or constant is no business of the reader. */
static int condition_refuse(struct secure *secure, const struct secured *at, const char *why)
{
    weft_error_set(secure->error, WEFT_E_BLOCKED, "%s cannot be read: a policy's row condition %s",
                   at->product, why);
    return weft_error_hint(secure->error,
                           "those who write the policies see which: `weft can` of this product");
}

static const struct weft_relation_column *column_find(const struct weft_relation *relation,
                                                      const char *name)
{
    for (size_t i = 0; name != NULL && i < relation->column_count; i++)
        if (strcmp(relation->columns[i].name, name) == 0)
            return &relation->columns[i];
    return NULL;
}

/* ---- parts of a condition ---- */

static int operand_put(struct secure *secure, const struct secured *at,
                       const struct weft_type *type, const struct weft_operand *operand)
{
    struct weft_buf *out = secure->out;
    if (operand->kind == WEFT_OPERAND_PRINCIPAL || operand->text == NULL)
        return weft_error_set(secure->error, WEFT_E_INTERNAL,
                              "a row condition of %s is not bound to a principal", at->product);
    if (!weft_operand_fits(type, operand))
        return condition_refuse(secure, at, "compares a column with a value of another type");
    if (type->kind == WEFT_TYPE_STRING) {
        weft_buf_add_sql_text(out, operand->text, strlen(operand->text));
        return 0;
    }
    weft_buf_adds(out, "TRY_CAST(");
    weft_buf_add_sql_text(out, operand->text, strlen(operand->text));
    weft_buf_adds(out, " AS ");
    weft_type_print_duckdb(type, out);
    weft_buf_addc(out, ')');
    return 0;
}

static int compare_put(struct secure *secure, const struct secured *at,
                       const struct weft_relation_column *column,
                       const struct weft_condition *condition)
{
    static const char *const operators[] = {
        [WEFT_EQUAL] = " = ",       [WEFT_NOT_EQUAL] = " <> ", [WEFT_LESS] = " < ",
        [WEFT_LESS_EQUAL] = " <= ", [WEFT_GREATER] = " > ",    [WEFT_GREATER_EQUAL] = " >= "};
    if (condition->operand_count != 1 || (size_t)condition->op >= WEFT_COUNT(operators))
        return weft_error_set(secure->error, WEFT_E_INTERNAL, "a row condition is not whole");
    relation_column(column, at->alias, secure->out);
    weft_buf_adds(secure->out, operators[condition->op]);
    return operand_put(secure, at, column->type, &condition->operands[0]);
}

static int in_put(struct secure *secure, const struct secured *at,
                  const struct weft_relation_column *column, const struct weft_condition *condition)
{
    if (condition->operand_count == 0) {
        weft_buf_adds(secure->out, "false");
        return 0;
    }
    relation_column(column, at->alias, secure->out);
    weft_buf_adds(secure->out, " IN (");
    for (size_t i = 0; i < condition->operand_count; i++) {
        weft_buf_adds(secure->out, i == 0 ? "" : ", ");
        WEFT_TRY(operand_put(secure, at, column->type, &condition->operands[i]));
    }
    weft_buf_addc(secure->out, ')');
    return 0;
}

static int like_put(struct secure *secure, const struct secured *at,
                    const struct weft_relation_column *column,
                    const struct weft_condition *condition)
{
    if (column->type->kind != WEFT_TYPE_STRING || condition->operand_count != 1)
        return condition_refuse(secure, at, "has LIKE on a column that is no text");
    relation_column(column, at->alias, secure->out);
    weft_buf_adds(secure->out, " LIKE ");
    return operand_put(secure, at, column->type, &condition->operands[0]);
}

static bool member_compares(const struct weft_type *a, const struct weft_type *b)
{
    bool whole = (a->kind == WEFT_TYPE_INT || a->kind == WEFT_TYPE_LONG) &&
                 (b->kind == WEFT_TYPE_INT || b->kind == WEFT_TYPE_LONG);
    return whole || (weft_condition_compares(a) && weft_type_equal(a, b));
}

/* column IN (SELECT member FROM product WHERE ...), the product as it is. */
static int member_put(struct secure *secure, const struct secured *at,
                      const struct weft_relation_column *column,
                      const struct weft_condition *condition)
{
    const struct weft_resolve_options *options = secure->options;
    struct weft_relation *relation = weft_arena_array(secure->arena, 1, sizeof(*relation));
    char alias[RELATION_ALIAS];
    if (relation == NULL)
        return weft_error_nomem(secure->error);
    int rc = options->member == NULL ? WEFT_NOT_THERE
                                     : options->member(options->arg, secure->arena,
                                                       condition->product, relation, secure->error);
    if (rc < 0)
        return rc;
    if (rc == WEFT_NOT_THERE)
        return condition_refuse(secure, at, "names a product that is not there");
    const struct weft_relation_column *member = column_find(relation, condition->member);
    if (member == NULL)
        return condition_refuse(secure, at, "names a column that its product does not have");
    if (!member_compares(column->type, member->type))
        return condition_refuse(secure, at, "compares columns of different types");
    WEFT_TRY(relation_check(relation, secure->error));
    WEFT_TRY(relation_alias(alias, secure->error));
    relation_column(column, at->alias, secure->out);
    weft_buf_adds(secure->out, " IN (SELECT ");
    relation_column(member, alias, secure->out);
    weft_buf_adds(secure->out, " FROM ");
    WEFT_TRY(relation_from(relation, secure->out, secure->error));
    weft_buf_addf(secure->out, " AS %s WHERE ", alias);
    relation_column(member, alias, secure->out);
    weft_buf_adds(secure->out, " IS NOT NULL");
    if (condition->part_count > 0) {
        struct secured inner = {relation, alias, at->product, at->depth + 1};
        weft_buf_adds(secure->out, " AND ");
        WEFT_TRY(condition_put(secure, &inner, condition->parts[0]));
    }
    weft_buf_addc(secure->out, ')');
    return 0;
}

static int column_put(struct secure *secure, const struct secured *at,
                      const struct weft_condition *condition)
{
    const struct weft_relation_column *column = column_find(at->relation, condition->column);
    if (column == NULL)
        return condition_refuse(secure, at, "names a column that this snapshot does not have");
    switch (condition->kind) {
    case WEFT_CONDITION_COMPARE:
        return compare_put(secure, at, column, condition);
    case WEFT_CONDITION_IN:
        return in_put(secure, at, column, condition);
    case WEFT_CONDITION_LIKE:
        return like_put(secure, at, column, condition);
    case WEFT_CONDITION_MEMBER:
        return member_put(secure, at, column, condition);
    default:
        relation_column(column, at->alias, secure->out);
        weft_buf_adds(secure->out, " IS NULL");
        return 0;
    }
}

static int parts_put(struct secure *secure, const struct secured *at,
                     const struct weft_condition *condition)
{
    if (condition->part_count == 0)
        return weft_error_set(secure->error, WEFT_E_INTERNAL, "a row condition is not whole");
    for (size_t i = 0; i < condition->part_count; i++) {
        weft_buf_adds(secure->out, i == 0                                  ? ""
                                   : condition->kind == WEFT_CONDITION_AND ? " AND "
                                                                           : " OR ");
        WEFT_TRY(condition_put(secure, at, condition->parts[i]));
    }
    return 0;
}

static int condition_put(struct secure *secure, const struct secured *at,
                         const struct weft_condition *condition)
{
    struct secured deeper = *at;
    if (++deeper.depth > SECURE_DEPTH_MAX)
        return weft_error_set(secure->error, WEFT_E_LIMIT, "a row condition is nested too deeply");
    weft_buf_addc(secure->out, '(');
    switch (condition->kind) {
    case WEFT_CONDITION_AND:
    case WEFT_CONDITION_OR:
        WEFT_TRY(parts_put(secure, &deeper, condition));
        break;
    case WEFT_CONDITION_NOT:
        weft_buf_adds(secure->out, "NOT ");
        WEFT_TRY(parts_put(secure, &deeper, condition));
        break;
    case WEFT_CONDITION_ALL:
    case WEFT_CONDITION_NONE:
        weft_buf_adds(secure->out, condition->kind == WEFT_CONDITION_ALL ? "true" : "false");
        break;
    default:
        WEFT_TRY(column_put(secure, &deeper, condition));
    }
    weft_buf_addc(secure->out, ')');
    return 0;
}

/* ---- the subquery ---- */

/* A copy of the value, made of the rows that came through the filter: of simple types by coalesce,
 * of nested ones, whose parts coalesce takes along from all rows, as the element of a list. */
static int copied_column(struct secure *secure, const struct weft_relation_column *column,
                         const char *alias)
{
    struct weft_buf *out = secure->out;
    bool nested = weft_type_is_nested(column->type);
    weft_buf_adds(out, nested ? "list_concat(list_value(" : "coalesce(");
    WEFT_TRY(weft_treatment_print(secure->engine, column, alias, out, secure->error));
    if (nested) {
        weft_buf_adds(out, "), [])[1]");
        return 0;
    }
    weft_buf_adds(out, ", ");
    WEFT_TRY(weft_treatment_print(secure->engine, column, alias, out, secure->error));
    weft_buf_addc(out, ')');
    return 0;
}

static int secured_column(struct secure *secure, const struct weft_relation_column *column,
                          const char *alias, bool barrier)
{
    struct weft_buf *out = secure->out;
    bool treated = column->treat != NULL && column->treat->kind != WEFT_TREAT_NONE;
    weft_buf_adds(out, barrier ? SECURE_GUARD : "");
    if (barrier)
        WEFT_TRY(copied_column(secure, column, alias));
    else
        WEFT_TRY(weft_treatment_print(secure->engine, column, alias, out, secure->error));
    weft_buf_adds(out, barrier ? " END" : "");
    if (barrier || treated) {
        weft_buf_adds(out, " AS ");
        weft_buf_add_sql_name(out, column->name);
    }
    return 0;
}

/* named: NULL = all. Where the text names none, the first one stands for the rows. */
static int secured_columns(struct secure *secure, const struct weft_relation *relation,
                           const bool *named, const char *alias, bool barrier)
{
    size_t shown = 0;
    const struct weft_relation_column *first = NULL;
    for (size_t i = 0; i < relation->column_count; i++) {
        if (weft_treatment_is(relation->columns[i].treat, WEFT_TREAT_HIDE))
            continue;
        first = first == NULL ? &relation->columns[i] : first;
        if (named != NULL && !named[i])
            continue;
        weft_buf_adds(secure->out, shown++ == 0 ? "" : ", ");
        WEFT_TRY(secured_column(secure, &relation->columns[i], alias, barrier));
    }
    if (shown == 0 && first != NULL) {
        shown = 1;
        WEFT_TRY(secured_column(secure, first, alias, barrier));
    }
    if (shown == 0 && relation->column_count > 0)
        return weft_error_set(secure->error, WEFT_E_DENIED,
                              "%s has no column that may be read under its policies",
                              relation->product);
    weft_buf_adds(secure->out, shown == 0 ? "*" : "");
    return 0;
}

static int secured_put(struct secure *secure, const struct weft_relation *relation,
                       const struct resolve_table *table, bool barrier)
{
    struct weft_buf *out = secure->out;
    char alias[RELATION_ALIAS];
    WEFT_TRY(relation_check(relation, secure->error));
    WEFT_TRY(relation_alias(alias, secure->error));
    weft_buf_adds(out, "SELECT ");
    WEFT_TRY(
        secured_columns(secure, relation, table == NULL ? NULL : table->named, alias, barrier));
    for (size_t i = 0; table != NULL && table->subjects != NULL && i < relation->min_group_count;
         i++) {
        weft_buf_adds(out, ", ");
        relation_column(&relation->columns[table->subjects[i].column], alias, out);
        weft_buf_addf(out, " AS %s", table->subjects[i].name);
    }
    weft_buf_adds(out, " FROM ");
    WEFT_TRY(relation_from(relation, out, secure->error));
    weft_buf_addf(out, " AS %s", alias);
    if (relation->rows == NULL)
        return weft_buf_check(out, secure->error);
    struct secured at = {relation, alias, relation->product, 0};
    weft_buf_adds(out, " WHERE ");
    WEFT_TRY(condition_put(secure, &at, relation->rows));
    for (size_t i = 0; table != NULL && barrier && i < table->hoist_count; i++)
        weft_buf_addf(out, " AND %s.%s", alias, table->hoists[i]);
    return weft_buf_check(out, secure->error);
}

int resolve_relation_print(struct resolve *resolve, const struct resolve_table *table,
                           struct weft_buf *out)
{
    struct secure secure = {resolve->engine, resolve->arena, resolve->options, resolve->error, out};
    weft_buf_addc(out, '(');
    WEFT_TRY(secured_put(&secure, &table->relation, table,
                         resolve->barrier && table->relation.rows != NULL));
    weft_buf_addc(out, ')');
    return weft_buf_check(out, resolve->error);
}

int weft_relation_print_secured(struct weft_engine *engine, struct weft_arena *arena,
                                const struct weft_relation *relation,
                                const struct weft_resolve_options *options, struct weft_buf *out,
                                struct weft_error *error)
{
    struct secure secure = {engine, arena, options, error, out};
    if (relation->min_group_count > 0)
        return weft_error_set(error, WEFT_E_REFUSED,
                              "only groups of %" PRId64 " and more of %s may be seen, and no rows",
                              relation_group_size(relation), relation->product);
    return secured_put(&secure, relation, NULL, false);
}

int weft_relation_seen(const struct weft_relation *relation, struct weft_arena *arena,
                       const struct weft_relation_column **out, size_t *count,
                       struct weft_error *error)
{
    struct weft_relation_column *columns =
        weft_arena_array(arena, relation->column_count + 1, sizeof(*columns));
    size_t shown = 0;
    if (columns == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < relation->column_count; i++) {
        const struct weft_type *type =
            weft_treatment_type(relation->columns[i].type, relation->columns[i].treat);
        if (type == NULL)
            continue;
        columns[shown] = relation->columns[i];
        columns[shown++].type = type;
    }
    *out = columns;
    *count = shown;
    return 0;
}
