/*
 * duckdb_api.h - the part of DuckDB's C API that weft uses, as a table of functions.
 *
 * The library is opened at run time (dlopen), never linked: a command that computes nothing does
 * not pay for it. Types come from duckdb.h (1.4.4, built without deprecated functions); the
 * library must be 1.5.x. What that header lacks is declared here with the reason. To use another
 * function, add its name to the list: `weft_duckdb.name` has its type.
 * Thread rule: load is safe from any thread; the table is never changed afterwards.
 */
#ifndef WEFT_ENGINE_DUCKDB_API_H
#define WEFT_ENGINE_DUCKDB_API_H

#include "base/error.h"

#include <duckdb.h>

/* The only way to a streaming result. Marked deprecated, though duckdb_fetch_chunk, which it is
 * for, is not; hidden by DUCKDB_API_NO_DEPRECATED. */
DUCKDB_C_API duckdb_state duckdb_pending_prepared_streaming(
    duckdb_prepared_statement prepared_statement, duckdb_pending_result *out_result);
/* New in 1.5: assigning a text without checking its UTF-8 again, and that check by itself (NULL
 * when the text is valid). */
DUCKDB_C_API void duckdb_unsafe_vector_assign_string_element_len(duckdb_vector vector, idx_t index,
                                                                 const char *str, idx_t str_len);
DUCKDB_C_API duckdb_error_data duckdb_valid_utf8_check(const char *str, idx_t len);

#define WEFT_DUCKDB_FUNCTIONS(X)                                                                   \
    X(library_version)                                                                             \
    X(vector_size)                                                                                 \
    X(malloc)                                                                                      \
    X(free)                                                                                        \
    /* instances, connections */                                                                   \
    X(open_ext)                                                                                    \
    X(close)                                                                                       \
    X(connect)                                                                                     \
    X(disconnect)                                                                                  \
    X(interrupt)                                                                                   \
    X(query_progress)                                                                              \
    X(create_config)                                                                               \
    X(set_config)                                                                                  \
    X(destroy_config)                                                                              \
    /* statements */                                                                               \
    X(query)                                                                                       \
    X(destroy_result)                                                                              \
    X(result_error)                                                                                \
    X(result_error_type)                                                                           \
    X(result_statement_type)                                                                       \
    X(result_return_type)                                                                          \
    X(rows_changed)                                                                                \
    X(column_count)                                                                                \
    X(column_name)                                                                                 \
    X(column_type)                                                                                 \
    X(column_logical_type)                                                                         \
    X(fetch_chunk)                                                                                 \
    X(extract_statements)                                                                          \
    X(extract_statements_error)                                                                    \
    X(prepare_extracted_statement)                                                                 \
    X(destroy_extracted)                                                                           \
    X(prepare)                                                                                     \
    X(prepare_error)                                                                               \
    X(destroy_prepare)                                                                             \
    X(nparams)                                                                                     \
    X(parameter_name)                                                                              \
    X(param_type)                                                                                  \
    X(param_logical_type)                                                                          \
    X(bind_parameter_index)                                                                        \
    X(bind_value)                                                                                  \
    X(bind_boolean)                                                                                \
    X(bind_int64)                                                                                  \
    X(bind_double)                                                                                 \
    X(bind_varchar)                                                                                \
    X(bind_varchar_length)                                                                         \
    X(bind_null)                                                                                   \
    X(clear_bindings)                                                                              \
    X(prepared_statement_type)                                                                     \
    X(prepared_statement_column_count)                                                             \
    X(prepared_statement_column_name)                                                              \
    X(prepared_statement_column_type)                                                              \
    X(prepared_statement_column_logical_type)                                                      \
    X(execute_prepared)                                                                            \
    X(pending_prepared)                                                                            \
    X(pending_prepared_streaming)                                                                  \
    X(pending_execute_task)                                                                        \
    X(pending_execute_check_state)                                                                 \
    X(pending_execution_is_finished)                                                               \
    X(pending_error)                                                                               \
    X(execute_pending)                                                                             \
    X(destroy_pending)                                                                             \
    /* chunks and vectors */                                                                       \
    X(create_data_chunk)                                                                           \
    X(destroy_data_chunk)                                                                          \
    X(data_chunk_reset)                                                                            \
    X(data_chunk_get_column_count)                                                                 \
    X(data_chunk_get_vector)                                                                       \
    X(data_chunk_get_size)                                                                         \
    X(data_chunk_set_size)                                                                         \
    X(vector_get_column_type)                                                                      \
    X(vector_get_data)                                                                             \
    X(vector_get_validity)                                                                         \
    X(vector_ensure_validity_writable)                                                             \
    X(vector_assign_string_element)                                                                \
    X(vector_assign_string_element_len)                                                            \
    X(unsafe_vector_assign_string_element_len)                                                     \
    X(valid_utf8_check)                                                                            \
    X(list_vector_get_child)                                                                       \
    X(list_vector_get_size)                                                                        \
    X(list_vector_set_size)                                                                        \
    X(list_vector_reserve)                                                                         \
    X(struct_vector_get_child)                                                                     \
    X(array_vector_get_child)                                                                      \
    X(validity_row_is_valid)                                                                       \
    X(validity_set_row_validity)                                                                   \
    X(validity_set_row_invalid)                                                                    \
    X(validity_set_row_valid)                                                                      \
    /* logical types */                                                                            \
    X(create_logical_type)                                                                         \
    X(create_list_type)                                                                            \
    X(create_array_type)                                                                           \
    X(create_map_type)                                                                             \
    X(create_struct_type)                                                                          \
    X(create_decimal_type)                                                                         \
    X(destroy_logical_type)                                                                        \
    X(logical_type_get_alias)                                                                      \
    X(get_type_id)                                                                                 \
    X(decimal_width)                                                                               \
    X(decimal_scale)                                                                               \
    X(decimal_internal_type)                                                                       \
    X(enum_internal_type)                                                                          \
    X(enum_dictionary_size)                                                                        \
    X(enum_dictionary_value)                                                                       \
    X(list_type_child_type)                                                                        \
    X(array_type_child_type)                                                                       \
    X(array_type_array_size)                                                                       \
    X(map_type_key_type)                                                                           \
    X(map_type_value_type)                                                                         \
    X(struct_type_child_count)                                                                     \
    X(struct_type_child_name)                                                                      \
    X(struct_type_child_type)                                                                      \
    X(union_type_member_count)                                                                     \
    X(union_type_member_name)                                                                      \
    X(union_type_member_type)                                                                      \
    /* values */                                                                                   \
    X(destroy_value)                                                                               \
    X(create_varchar)                                                                              \
    X(create_varchar_length)                                                                       \
    X(create_bool)                                                                                 \
    X(create_int64)                                                                                \
    X(create_uint64)                                                                               \
    X(create_double)                                                                               \
    X(create_null_value)                                                                           \
    X(create_list_value)                                                                           \
    X(create_struct_value)                                                                         \
    X(get_value_type)                                                                              \
    X(get_bool)                                                                                    \
    X(get_int64)                                                                                   \
    X(get_uint64)                                                                                  \
    X(get_double)                                                                                  \
    X(get_varchar)                                                                                 \
    X(get_list_size)                                                                               \
    X(get_list_child)                                                                              \
    X(get_struct_child)                                                                            \
    X(is_null_value)                                                                               \
    /* error data */                                                                               \
    X(error_data_message)                                                                          \
    X(error_data_has_error)                                                                        \
    X(destroy_error_data)                                                                          \
    /* scalar functions */                                                                         \
    X(create_scalar_function)                                                                      \
    X(destroy_scalar_function)                                                                     \
    X(scalar_function_set_name)                                                                    \
    X(scalar_function_set_varargs)                                                                 \
    X(scalar_function_set_special_handling)                                                        \
    X(scalar_function_set_volatile)                                                                \
    X(scalar_function_add_parameter)                                                               \
    X(scalar_function_set_return_type)                                                             \
    X(scalar_function_set_extra_info)                                                              \
    X(scalar_function_set_bind)                                                                    \
    X(scalar_function_set_bind_data)                                                               \
    X(scalar_function_set_function)                                                                \
    X(scalar_function_get_extra_info)                                                              \
    X(scalar_function_get_bind_data)                                                               \
    X(scalar_function_set_error)                                                                   \
    X(register_scalar_function)                                                                    \
    /* table functions */                                                                          \
    X(create_table_function)                                                                       \
    X(destroy_table_function)                                                                      \
    X(table_function_set_name)                                                                     \
    X(table_function_add_parameter)                                                                \
    X(table_function_add_named_parameter)                                                          \
    X(table_function_set_extra_info)                                                               \
    X(table_function_set_bind)                                                                     \
    X(table_function_set_init)                                                                     \
    X(table_function_set_local_init)                                                               \
    X(table_function_set_function)                                                                 \
    X(table_function_supports_projection_pushdown)                                                 \
    X(register_table_function)                                                                     \
    X(bind_get_extra_info)                                                                         \
    X(bind_add_result_column)                                                                      \
    X(bind_get_parameter_count)                                                                    \
    X(bind_get_parameter)                                                                          \
    X(bind_get_named_parameter)                                                                    \
    X(bind_set_bind_data)                                                                          \
    X(bind_set_cardinality)                                                                        \
    X(bind_set_error)                                                                              \
    X(init_get_extra_info)                                                                         \
    X(init_get_bind_data)                                                                          \
    X(init_set_init_data)                                                                          \
    X(init_get_column_count)                                                                       \
    X(init_get_column_index)                                                                       \
    X(init_set_max_threads)                                                                        \
    X(init_set_error)                                                                              \
    X(function_get_extra_info)                                                                     \
    X(function_get_bind_data)                                                                      \
    X(function_get_init_data)                                                                      \
    X(function_get_local_init_data)                                                                \
    X(function_set_error)

struct weft_duckdb_api {
#define WEFT_DUCKDB_MEMBER(name) __typeof__(duckdb_##name) *name;
    WEFT_DUCKDB_FUNCTIONS(WEFT_DUCKDB_MEMBER)
#undef WEFT_DUCKDB_MEMBER
};

/* Filled by weft_duckdb_load; all pointers are NULL before. */
extern struct weft_duckdb_api weft_duckdb;

/* Opens libduckdb.so: beside this program, else in the folder WEFT_LIBDUCKDB_DIR, else the
 * system's. NOT_FOUND when there is none, FORMAT when it is not 1.5.x. Called by weft_engine_open;
 * once is enough. */
int weft_duckdb_load(struct weft_error *error) WEFT_MUST_CHECK;

#endif
