/*
 * treat_functions.c - weft_mask, weft_hash, weft_token and weft_token_uuid as scalar functions of
 * an instance. They cannot fail on a value.
 *
 * A hash is HMAC-SHA-256 of "hash", a zero byte and the value as text; a token that of "token": who
 * has one of both does not have the other. Equal values of any column give equal hashes, so that
 * they can be joined. The key lies in the functions' extra information and is wiped with the
 * instance.
 */
#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "engine/engine_internal.h"
#include "engine/protect.h"

#include <string.h>

#define FUNCTION_VALUE_KEEP 256

struct treat_key {
    size_t length;
    unsigned char bytes[];
};

static void key_free(void *data)
{
    struct treat_key *key = data;
    explicit_bzero(key->bytes, key->length);
    weft_free(key);
}

/* ---- mask ---- */

static bool mask_is_part(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

static size_t mask_character(const char *text, size_t length)
{
    size_t size = 1;
    while (size < length && ((unsigned char)text[size] & 0xC0) == 0x80)
        size++;
    return size;
}

/* Where the last label of a mail address begins (.org): it says nothing of the person. */
static size_t mask_tail(const char *text, size_t length)
{
    const char *at = memrchr(text, '@', length);
    const char *dot = at == NULL ? NULL : memrchr(at, '.', length - (size_t)(at - text));
    if (dot == NULL)
        return length;
    size_t begin = (size_t)(dot - text) + 1;
    if (length - begin < 2 || length - begin > 6)
        return length;
    for (size_t i = begin; i < length; i++)
        if ((text[i] < 'a' || text[i] > 'z') && (text[i] < 'A' || text[i] > 'Z'))
            return length;
    return begin;
}

void weft_mask(const char *text, size_t length, struct weft_buf *out)
{
    size_t tail = mask_tail(text, length);
    size_t i = 0;
    while (i < tail) {
        if (!mask_is_part((unsigned char)text[i])) {
            weft_buf_addc(out, text[i++]);
            continue;
        }
        weft_buf_add(out, text + i, mask_character(text + i, tail - i));
        weft_buf_adds(out, "***");
        while (i < tail && mask_is_part((unsigned char)text[i]))
            i++;
    }
    weft_buf_add(out, text + tail, length - tail);
}

/* ---- what is asked of each value ---- */

typedef int treat_value_fn(const struct treat_key *key, const char *text, size_t length,
                           duckdb_vector output, idx_t row);

static int value_mask(const struct treat_key *key, const char *text, size_t length,
                      duckdb_vector output, idx_t row)
{
    (void)key;
    struct weft_error ignored = WEFT_ERROR_INIT;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf masked;
    weft_buf_init(&masked, 8 * length + 8);
    weft_mask(text, length, &masked);
    WEFT_TRY(weft_buf_check(&masked, &ignored));
    weft_duckdb.unsafe_vector_assign_string_element_len(output, row, masked.data, masked.length);
    return 0;
}

static int value_hmac(const struct treat_key *key, const char *word, const char *text,
                      size_t length, unsigned char out[WEFT_SHA256_BYTES])
{
    unsigned char small[FUNCTION_VALUE_KEEP];
    struct weft_error ignored = WEFT_ERROR_INIT;
    size_t head = strlen(word) + 1;
    unsigned char *large = head + length > sizeof(small) ? weft_alloc(head + length) : NULL;
    unsigned char *data = head + length > sizeof(small) ? large : small;
    if (data == NULL)
        return -1;
    memcpy(data, word, head);
    memcpy(data + head, text, length);
    int rc = weft_hmac_sha256(key->bytes, key->length, data, head + length, out, &ignored);
    weft_free(large);
    return rc;
}

static int value_hash(const struct treat_key *key, const char *text, size_t length,
                      duckdb_vector output, idx_t row)
{
    unsigned char made[WEFT_SHA256_BYTES];
    char hex[WEFT_SHA256_HEX];
    WEFT_TRY(value_hmac(key, "hash", text, length, made));
    weft_hex(made, sizeof(made), hex);
    weft_duckdb.unsafe_vector_assign_string_element_len(output, row, hex, sizeof(hex) - 1);
    return 0;
}

static int value_token(const struct treat_key *key, const char *text, size_t length,
                       duckdb_vector output, idx_t row)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char made[WEFT_SHA256_BYTES];
    char token[2 + 26] = "t_";
    WEFT_TRY(value_hmac(key, "token", text, length, made));
    for (size_t i = 0; i < 26; i++) {
        unsigned at = (unsigned)(i * 5);
        unsigned two = (unsigned)made[at / 8] << 8 | made[at / 8 + 1];
        token[2 + i] = digits[two >> (11 - at % 8) & 31];
    }
    weft_duckdb.unsafe_vector_assign_string_element_len(output, row, token, sizeof(token));
    return 0;
}

/* A UUID of version 8 (RFC 9562: what is in it, is ours). DuckDB keeps it with its first bit
 * turned, so that it sorts. */
static int value_token_uuid(const struct treat_key *key, const char *text, size_t length,
                            duckdb_vector output, idx_t row)
{
    unsigned char made[WEFT_SHA256_BYTES];
    WEFT_TRY(value_hmac(key, "token", text, length, made));
    made[6] = (unsigned char)((made[6] & 0x0F) | 0x80);
    made[8] = (unsigned char)((made[8] & 0x3F) | 0x80);
    uint64_t upper = 0, lower = 0;
    for (size_t i = 0; i < 8; i++) {
        upper = upper << 8 | made[i];
        lower = lower << 8 | made[8 + i];
    }
    duckdb_hugeint *values = weft_duckdb.vector_get_data(output);
    values[row] = (duckdb_hugeint){.lower = lower, .upper = (int64_t)(upper ^ UINT64_C(1) << 63)};
    return 0;
}

/* ---- the functions ---- */

static bool row_is_null(duckdb_vector vector, idx_t row)
{
    uint64_t *validity = weft_duckdb.vector_get_validity(vector);
    return validity != NULL && (validity[row >> 6] >> (row & 63) & 1) == 0;
}

static void rows_treat(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output,
                       treat_value_fn *value)
{
    const struct treat_key *key = weft_duckdb.scalar_function_get_extra_info(info);
    duckdb_vector from = weft_duckdb.data_chunk_get_vector(input, 0);
    duckdb_string_t *texts = weft_duckdb.vector_get_data(from);
    idx_t count = weft_duckdb.data_chunk_get_size(input);
    for (idx_t row = 0; row < count; row++) {
        if (row_is_null(from, row)) {
            weft_duckdb.vector_ensure_validity_writable(output);
            weft_duckdb.validity_set_row_invalid(weft_duckdb.vector_get_validity(output), row);
            continue;
        }
        uint32_t length = texts[row].value.inlined.length;
        const char *text = length <= sizeof(texts[row].value.inlined.inlined)
                               ? texts[row].value.inlined.inlined
                               : texts[row].value.pointer.ptr;
        if (value(key, text, length, output, row) < 0) {
            weft_duckdb.scalar_function_set_error(info, "out of memory");
            return;
        }
    }
}

static void run_mask(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    rows_treat(info, input, output, value_mask);
}

static void run_hash(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    rows_treat(info, input, output, value_hash);
}

static void run_token(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    rows_treat(info, input, output, value_token);
}

static void run_token_uuid(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    rows_treat(info, input, output, value_token_uuid);
}

static const struct {
    const char *name;
    duckdb_type type;
    duckdb_scalar_function_t run;
} functions[] = {
    {"weft_mask", DUCKDB_TYPE_VARCHAR, run_mask},
    {"weft_hash", DUCKDB_TYPE_VARCHAR, run_hash},
    {"weft_token", DUCKDB_TYPE_VARCHAR, run_token},
    {"weft_token_uuid", DUCKDB_TYPE_UUID, run_token_uuid},
};

static int function_add(struct weft_engine *engine, size_t index, const void *bytes, size_t length,
                        struct weft_error *error)
{
    struct treat_key *key = weft_alloc(sizeof(*key) + length);
    if (key == NULL)
        return weft_error_nomem(error);
    key->length = length;
    memcpy(key->bytes, bytes, length);
    duckdb_scalar_function function = weft_duckdb.create_scalar_function();
    duckdb_logical_type text = weft_duckdb.create_logical_type(DUCKDB_TYPE_VARCHAR);
    duckdb_logical_type gives = weft_duckdb.create_logical_type(functions[index].type);
    weft_duckdb.scalar_function_set_name(function, functions[index].name);
    weft_duckdb.scalar_function_add_parameter(function, text);
    weft_duckdb.scalar_function_set_return_type(function, gives);
    weft_duckdb.scalar_function_set_extra_info(function, key, key_free);
    weft_duckdb.scalar_function_set_function(function, functions[index].run);
    weft_duckdb.destroy_logical_type(&text);
    weft_duckdb.destroy_logical_type(&gives);
    duckdb_state state = weft_duckdb.register_scalar_function(engine->connection, function);
    weft_duckdb.destroy_scalar_function(&function);
    if (state != DuckDBSuccess)
        return weft_error_set(error, WEFT_E_INTERNAL, "DuckDB refuses %s", functions[index].name);
    return 0;
}

int weft_engine_protect(struct weft_engine *engine, const void *key, size_t length,
                        struct weft_error *error)
{
    if (length < WEFT_TREAT_KEY_MIN)
        return weft_error_set(error, WEFT_E_INVALID, "the mesh's key for hashes is too short");
    for (size_t i = 0; i < WEFT_COUNT(functions) && !engine->protects; i++)
        WEFT_TRY(function_add(engine, i, key, length, error));
    engine->protects = true;
    return 0;
}

bool weft_engine_protects(const struct weft_engine *engine)
{
    return engine->protects;
}
