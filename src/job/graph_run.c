/*
 * graph_run.c - `graph:`: the edges' rows become dense numbers, weft-graph gives a value for each
 * node, and the nodes with their values are the rows of the table.
 *
 * Edges are written to a file of the temp folder and looked at first: what is no edge is refused
 * with how many there are and the number of one, never with its values. Nodes are numbered in the
 * order of their values and edges sorted, so the same edges in any order give the same answer.
 */
#include "job/made_internal.h"

#include "engine/graph.h"

#include <string.h>

#define SQL_MAX ((size_t)1 << 28)
#define GRAPH_VALUE "weft_graph_value" /* (id) */

struct job_graph_result {
    int32_t node_count;
    int64_t edge_count;
    const char *edges_path;
    const char *nodes_path;
    int32_t *from; /* heap */
    int32_t *to;
    double *weight; /* NULL = all 1 */
    double *values; /* node_count */
};

void job_graph_free(struct job_graph_result *graph)
{
    if (graph == NULL)
        return;
    weft_free(graph->from);
    weft_free(graph->to);
    weft_free(graph->weight);
    weft_free(graph->values);
    weft_free(graph);
}

/* ---- weft_graph_value(id) ---- */

static void value_call(duckdb_function_info info, duckdb_data_chunk in, duckdb_vector out)
{
    const struct job_work *work = weft_duckdb.scalar_function_get_extra_info(info);
    const struct job_graph_result *graph = work->made->graph;
    const int32_t *ids = weft_duckdb.vector_get_data(weft_duckdb.data_chunk_get_vector(in, 0));
    double *values = weft_duckdb.vector_get_data(out);
    idx_t count = weft_duckdb.data_chunk_get_size(in);
    for (idx_t i = 0; i < count; i++)
        values[i] =
            graph != NULL && ids[i] >= 0 && ids[i] < graph->node_count ? graph->values[ids[i]] : 0;
}

int job_graph_register(struct job_work *work, struct weft_error *error)
{
    duckdb_logical_type id = weft_duckdb.create_logical_type(DUCKDB_TYPE_INTEGER);
    duckdb_logical_type value = weft_duckdb.create_logical_type(DUCKDB_TYPE_DOUBLE);
    duckdb_scalar_function function = weft_duckdb.create_scalar_function();
    weft_duckdb.scalar_function_set_name(function, GRAPH_VALUE);
    weft_duckdb.scalar_function_add_parameter(function, id);
    weft_duckdb.scalar_function_set_return_type(function, value);
    weft_duckdb.scalar_function_set_volatile(function);
    weft_duckdb.scalar_function_set_extra_info(function, work, NULL);
    weft_duckdb.scalar_function_set_function(function, value_call);
    duckdb_state state =
        weft_duckdb.register_scalar_function(weft_engine_connection(work->engine), function);
    weft_duckdb.destroy_scalar_function(&function);
    weft_duckdb.destroy_logical_type(&id);
    weft_duckdb.destroy_logical_type(&value);
    return state == DuckDBSuccess
               ? 0
               : weft_error_set(error, WEFT_E_INTERNAL, GRAPH_VALUE " cannot be registered");
}

/* ---- edges ---- */

static bool graph_weighted(const struct job_work *work)
{
    return work->made->transform.edge_columns == 3;
}

static int edges_spool(struct job_work *work, struct job_graph_result *graph,
                       struct weft_error *error)
{
    const struct weft_transform *transform = &work->made->transform;
    const struct weft_relation_column *edges = transform->edges;
    bool wider = weft_type_widens(edges[0].type, edges[1].type);
    WEFT_CLEANUP(weft_buf_release) struct weft_buf type;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&type, 1 << 16);
    weft_buf_init(&sql, SQL_MAX);
    weft_type_print_duckdb(wider ? edges[1].type : edges[0].type, &type);
    WEFT_TRY(weft_buf_check(&type, error));
    weft_buf_addf(&sql, "SELECT CAST(a AS %s) AS a, CAST(b AS %s) AS b%s FROM (%s) AS q(a, b%s)",
                  type.data, type.data, graph_weighted(work) ? ", CAST(w AS DOUBLE) AS w" : "",
                  transform->resolved.sql, graph_weighted(work) ? ", w" : "");
    WEFT_TRY(weft_buf_check(&sql, error));
    if (job_pass_spool(work, sql.data, graph->edges_path, &graph->edge_count, error) < 0)
        return job_made_failure(work, error);
    return 0;
}

static void read_print(const char *path, const char *options, struct weft_buf *sql)
{
    weft_buf_adds(sql, "read_parquet(");
    weft_buf_add_sql_text(sql, path, strlen(path));
    weft_buf_addf(sql, "%s)", options);
}

struct flaw {
    const char *condition;
    const char *text;
    const char *hint;
};

static int flaw_refuse(const struct flaw *flaw, int64_t count, int64_t row,
                       struct weft_error *error)
{
    weft_error_set(error, WEFT_E_REFUSED,
                   "graph: %" PRId64 " edge%s %s; the first is row %" PRId64 " of `edges`", count,
                   count == 1 ? "" : "s", flaw->text, row);
    return weft_error_hint(error, "%s", flaw->hint);
}

/* Says what is no edge. */
static int edges_check(struct job_work *work, const struct job_graph_result *graph,
                       struct weft_error *error)
{
    static const struct flaw flaws[] = {
        {"a IS NULL OR b IS NULL", "without both nodes", "leave them out: `where a is not null`"},
        {"a = b", "from a node to itself", "leave them out: `where a <> b`"},
        {"w IS NULL OR isnan(w) OR isinf(w) OR w < 0",
         "with a weight that is negative or no number",
         "weights are zero or positive numbers: leave such edges out"},
    };
    size_t count = graph_weighted(work) ? 3 : 2;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    weft_buf_init(&sql, SQL_MAX);
    weft_buf_adds(&sql, "SELECT ");
    for (size_t i = 0; i < count; i++)
        weft_buf_addf(&sql, "%scount(*) FILTER (WHERE %s), min(file_row_number) FILTER (WHERE %s)",
                      i > 0 ? ", " : "", flaws[i].condition, flaws[i].condition);
    weft_buf_adds(&sql, " FROM ");
    read_print(graph->edges_path, ", file_row_number = true", &sql);
    WEFT_TRY(weft_buf_check(&sql, error));
    WEFT_TRY(weft_engine_query(work->engine, sql.data, NULL, 0, &result, error));
    int rc = weft_result_row(result, error);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        int64_t found = weft_result_int(result, i * 2);
        if (found > 0)
            return flaw_refuse(&flaws[i], found, weft_result_int(result, i * 2 + 1) + 1, error);
    }
    return rc < 0 ? rc : 0;
}

static int nodes_spool(struct job_work *work, struct job_graph_result *graph,
                       struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    int64_t count = 0;
    weft_buf_init(&sql, SQL_MAX);
    weft_buf_adds(&sql, "SELECT node, CAST(row_number() OVER (ORDER BY node) - 1 AS INTEGER) AS id "
                        "FROM (SELECT a AS node FROM ");
    read_print(graph->edges_path, "", &sql);
    weft_buf_adds(&sql, " UNION SELECT b FROM ");
    read_print(graph->edges_path, "", &sql);
    weft_buf_adds(&sql, ") AS n ORDER BY id");
    WEFT_TRY(weft_buf_check(&sql, error));
    if (graph->edge_count > INT32_MAX / 2)
        return weft_error_set(error, WEFT_E_LIMIT,
                              "graph: %" PRId64 " edges; at most %d can be had", graph->edge_count,
                              INT32_MAX / 2);
    WEFT_TRY(job_pass_spool(work, sql.data, graph->nodes_path, &count, error));
    graph->node_count = (int32_t)count;
    return 0;
}

static int edges_reserve(struct job_work *work, struct job_graph_result *graph,
                         struct weft_error *error)
{
    size_t count = (size_t)graph->edge_count;
    size_t each = graph_weighted(work) ? 16 : 8;
    if ((int64_t)(count * each) > work->job->memory_bytes / 2)
        return weft_error_set(error, WEFT_E_LIMIT,
                              "graph: %zu edges need more memory than the run may have", count);
    graph->from = weft_alloc_array(count + 1, sizeof *graph->from);
    graph->to = weft_alloc_array(count + 1, sizeof *graph->to);
    graph->values = weft_alloc_array((size_t)graph->node_count + 1, sizeof *graph->values);
    if (graph_weighted(work))
        graph->weight = weft_alloc_array(count + 1, sizeof *graph->weight);
    if (graph->from == NULL || graph->to == NULL || graph->values == NULL ||
        (graph_weighted(work) && graph->weight == NULL))
        return weft_error_nomem(error);
    return 0;
}

/* An edge without direction is the same both ways round. */
static int numbers_print(struct job_work *work, const struct job_graph_result *graph,
                         struct weft_buf *sql, struct weft_error *error)
{
    bool directed = work->product->graph->algorithm == WEFT_GRAPH_PAGERANK;
    weft_buf_addf(sql, "SELECT %s%s FROM ",
                  directed ? "x.id AS f, y.id AS t"
                           : "least(x.id, y.id) AS f, greatest(x.id, y.id) AS t",
                  graph_weighted(work) ? ", e.w AS w" : "");
    read_print(graph->edges_path, "", sql);
    weft_buf_adds(sql, " AS e JOIN ");
    read_print(graph->nodes_path, "", sql);
    weft_buf_adds(sql, " AS x ON e.a = x.node JOIN ");
    read_print(graph->nodes_path, "", sql);
    weft_buf_addf(sql, " AS y ON e.b = y.node ORDER BY f, t%s", graph_weighted(work) ? ", w" : "");
    return weft_buf_check(sql, error);
}

static int edges_read(struct job_work *work, struct job_graph_result *graph,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    WEFT_CLEANUP(weft_result_closep) struct weft_result *result = NULL;
    duckdb_data_chunk chunk = NULL;
    int64_t at = 0;
    int rc = 0;
    weft_buf_init(&sql, SQL_MAX);
    WEFT_TRY(numbers_print(work, graph, &sql, error));
    WEFT_TRY(edges_reserve(work, graph, error));
    WEFT_TRY(weft_engine_query(work->engine, sql.data, NULL, 0, &result, error));
    while ((rc = weft_result_next(result, &chunk, error)) == 0) {
        size_t count = weft_duckdb.data_chunk_get_size(chunk);
        if (at + (int64_t)count > graph->edge_count)
            break;
        const void *columns[3] = {0};
        for (size_t i = 0; i < work->made->transform.edge_columns; i++)
            columns[i] = weft_duckdb.vector_get_data(weft_duckdb.data_chunk_get_vector(chunk, i));
        memcpy(graph->from + at, columns[0], count * sizeof *graph->from);
        memcpy(graph->to + at, columns[1], count * sizeof *graph->to);
        if (graph->weight != NULL)
            memcpy(graph->weight + at, columns[2], count * sizeof *graph->weight);
        at += (int64_t)count;
    }
    if (rc < 0)
        return rc;
    return at == graph->edge_count
               ? 0
               : weft_error_set(error, WEFT_E_INTERNAL, "%" PRId64 " edges became %" PRId64,
                                graph->edge_count, at);
}

/* ---- the values ---- */

static int values_make(struct job_work *work, struct job_graph_result *graph,
                       struct weft_error *error)
{
    char library[64] = "";
    struct weft_graph_edges edges = {.from = graph->from,
                                     .to = graph->to,
                                     .weight = graph->weight,
                                     .count = (size_t)graph->edge_count,
                                     .node_count = graph->node_count};
    if (graph->edge_count == 0)
        return 0;
    job_tell(work, "graph", NULL, graph->edge_count, 0, 0);
    WEFT_TRY(weft_graph_run(work->product->graph, &edges, work->job->memory_bytes, graph->values,
                            library, error));
    work->made->library = weft_arena_strdup(work->arena, library);
    return work->made->library == NULL ? weft_error_nomem(error) : 0;
}

static int from_print(struct job_work *work, const struct job_graph_result *graph,
                      const char **from, struct weft_error *error)
{
    const struct weft_graph *asked = work->product->graph;
    bool score = asked->algorithm == WEFT_GRAPH_PAGERANK;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf sql;
    weft_buf_init(&sql, SQL_MAX);
    weft_buf_addf(&sql, "(SELECT node, CAST(" GRAPH_VALUE "(id) AS %s) AS %s FROM ",
                  score ? "DOUBLE" : "BIGINT", weft_graph_value_name(asked->algorithm));
    read_print(graph->nodes_path, "", &sql);
    weft_buf_adds(&sql, " AS n) AS q");
    WEFT_TRY(weft_buf_check(&sql, error));
    *from = weft_arena_strdup(work->arena, sql.data);
    return *from == NULL ? weft_error_nomem(error) : 0;
}

int job_graph_make(struct job_work *work, const char **from, struct weft_error *error)
{
    const struct weft_job *job = work->job;
    struct job_graph_result *graph = weft_alloc(sizeof *graph);
    if (graph == NULL)
        return weft_error_nomem(error);
    work->made->graph = graph;
    graph->edges_path =
        weft_arena_format(work->arena, "%s/%s-edges.parquet", job->temp_dir, job->run_id);
    graph->nodes_path =
        weft_arena_format(work->arena, "%s/%s-nodes.parquet", job->temp_dir, job->run_id);
    if (graph->edges_path == NULL || graph->nodes_path == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(edges_spool(work, graph, error));
    WEFT_TRY(edges_check(work, graph, error));
    WEFT_TRY(nodes_spool(work, graph, error));
    WEFT_TRY(edges_read(work, graph, error));
    WEFT_TRY(values_make(work, graph, error));
    return from_print(work, graph, from, error);
}
