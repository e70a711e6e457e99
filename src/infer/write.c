/*
 * write.c - the product file: what was decided, with a comment on what it was decided by.
 */
#include "base/text.h"
#include "codec/yaml_format.h"
#include "infer/infer_internal.h"

#include <string.h>

/* ---- YAML ---- */

static void put_text(struct weft_buf *out, const char *text, size_t length)
{
    if (weft_yaml_plain(text, length)) {
        weft_buf_add(out, text, length);
        return;
    }
    weft_yaml_put_quoted(out, text, length);
}

static void puts_text(struct weft_buf *out, const char *text)
{
    put_text(out, text, strlen(text));
}

/* What stands in a comment may hold anything; YAML takes no control character there. */
static void put_comment(struct weft_buf *out, const char *text)
{
    for (; *text != '\0'; text++)
        weft_buf_addc(out, (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text);
}

/* ---- the head ---- */

static void write_head(const struct infer *infer, struct weft_buf *out)
{
    const struct weft_infer *what = infer->what;
    char count[40];
    if (what->editor_schema != NULL)
        weft_buf_addf(out, "# yaml-language-server: $schema=%s\n", what->editor_schema);
    weft_format_count(infer->records, count, sizeof count);
    weft_buf_adds(out, "# Inferred from ");
    for (size_t i = 0; i < what->file_count && i < 3; i++) {
        weft_buf_adds(out, i == 0 ? "" : ", ");
        put_comment(out, what->files[i].shown);
    }
    if (what->file_count > 3)
        weft_buf_addf(out, " and %zu more", what->file_count - 3);
    weft_buf_addf(out, ": %s record%s, all looked at. A guess: read it, and correct it.\n", count,
                  infer->records == 1 ? "" : "s");
    if (infer->aside.count > 0) {
        weft_format_count(infer->aside.count, count, sizeof count);
        weft_buf_addf(out, "# %s record%s more, the first in line %" PRId64 " of ", count,
                      infer->aside.count == 1 ? "" : "s", infer->aside.line);
        put_comment(out, infer->aside.file);
        bool text = infer->dialect.format <= WEFT_FORMAT_TSV;
        weft_buf_addf(out, ",\n# %s: a run sets them aside.\n",
                      text ? "do not have the columns of the header, or have text behind a closing "
                             "quote"
                           : "are no objects, do not read, or have a key twice");
    }
    if (!infer->dialect.header_sure && infer->dialect.header && infer->records > 0)
        weft_buf_adds(out, "# That the first line is a header is not certain: all columns are "
                           "text.\n");
    weft_buf_addf(out, "version: %s              # below 1.0.0 everything may still change\n",
                  what->version);
}

/* ---- columns ---- */

static void put_type(struct weft_buf *out, const struct weft_type *type)
{
    bool quote = type->kind == WEFT_TYPE_DECIMAL || weft_type_is_nested(type);
    weft_buf_adds(out, quote ? "\"" : "");
    weft_type_print(type, out);
    weft_buf_adds(out, quote ? "\"" : "");
}

static void write_enum(struct weft_buf *out, const struct infer_column *column)
{
    weft_buf_adds(out, ", enum: [");
    for (size_t i = 0; i < column->different_count; i++) {
        weft_buf_adds(out, i == 0 ? "" : ", ");
        put_text(out, column->different[i].text, column->different[i].length);
    }
    weft_buf_addc(out, ']');
}

static void put_from(struct weft_buf *out, const struct infer_column *column)
{
    if (strcmp(column->name, column->header) == 0)
        return;
    weft_buf_adds(out, ", from: ");
    puts_text(out, column->header);
}

static void write_column(struct weft_buf *out, const char *indent,
                         const struct infer_column *column, bool from)
{
    if (column->comment.length > 0) {
        weft_buf_addf(out, "%s# ", indent);
        put_comment(out, column->comment.data);
        weft_buf_addc(out, '\n');
    }
    weft_buf_addf(out, "%s- {name: ", indent);
    puts_text(out, column->name);
    weft_buf_adds(out, ", type: ");
    put_type(out, &column->type);
    if (from)
        put_from(out, column);
    if (column->required)
        weft_buf_adds(out, ", required: true");
    if (column->pattern != NULL) {
        weft_buf_adds(out, ", pattern: ");
        puts_text(out, column->pattern);
    }
    if (column->is_enum)
        write_enum(out, column);
    if (column->min != NULL)
        weft_buf_addf(out, ", min: %s", column->min);
    if (column->max != NULL)
        weft_buf_addf(out, ", max: %s", column->max);
    weft_buf_adds(out, "}\n");
}

/* ---- the input ---- */

static void put_option(struct weft_buf *out, bool *any, const char *name)
{
    weft_buf_addf(out, "%s%s: ", *any ? ", " : "{", name);
    *any = true;
}

static void write_nulls(const struct infer *infer, struct weft_buf *out)
{
    weft_buf_adds(out, "[\"\"");
    for (int w = 0; w < INFER_WORDS; w++) {
        if ((infer->nulls >> w & 1) != 0) {
            weft_buf_adds(out, ", ");
            puts_text(out, infer_words[w]);
        }
    }
    weft_buf_addc(out, ']');
}

static void write_options(const struct infer *infer, const char *indent, struct weft_buf *out)
{
    const struct infer_dialect *dialect = &infer->dialect;
    WEFT_CLEANUP(weft_buf_release) struct weft_buf options;
    bool any = false;
    weft_buf_init(&options, 65536);
    if (dialect->delimiter != (dialect->format == WEFT_FORMAT_TSV ? '\t' : ',')) {
        put_option(&options, &any, "delimiter");
        weft_buf_addf(&options, "\"%c\"", dialect->delimiter);
    }
    if (dialect->quote == 0) {
        put_option(&options, &any, "quote");
        weft_buf_adds(&options, "\"\"");
    }
    if (!dialect->header) {
        put_option(&options, &any, "header");
        weft_buf_adds(&options, "false");
    }
    if (dialect->skip > 0) {
        put_option(&options, &any, "skip");
        weft_buf_addf(&options, "%d", dialect->skip);
    }
    if (strcmp(dialect->encoding, "utf-8") != 0) {
        put_option(&options, &any, "encoding");
        weft_buf_adds(&options, dialect->encoding);
    }
    if (infer->point == ',') {
        put_option(&options, &any, "decimal_separator");
        weft_buf_adds(&options, "\",\"");
    }
    if (infer->date_format >= 0) {
        put_option(&options, &any, "date_format");
        weft_buf_addf(&options, "\"%s\"", weft_date_format((size_t)infer->date_format));
    }
    if (infer->timestamp_format >= 0) {
        put_option(&options, &any, "timestamp_format");
        weft_buf_addf(&options, "\"%s\"", weft_date_format((size_t)infer->timestamp_format));
    }
    if (infer->nulls != 0) {
        put_option(&options, &any, "null");
        write_nulls(infer, &options);
    }
    if (dialect->by_place)
        weft_buf_addf(out,
                      "%s# The header names columns twice or not at all: they are read by "
                      "place.\n",
                      indent);
    if (any) {
        weft_buf_addf(out, "%soptions: ", indent);
        weft_buf_add(out, options.data, options.length);
        weft_buf_adds(out, "}\n");
    }
    if (options.failed)
        out->failed = true;
}

static bool names_mapped(const struct infer *infer)
{
    bool mapped = false;
    for (size_t i = 0; i < infer->column_count; i++)
        mapped = mapped || (infer->dialect.header &&
                            strcmp(infer->columns[i].name, infer->columns[i].header) != 0);
    return mapped;
}

/* Characters that a pattern of file names would take for others; `${` begins no variable here. */
static void put_path(struct weft_buf *out, const char *path)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf text;
    weft_buf_init(&text, 1 << 20);
    for (; *path != '\0'; path++) {
        bool variable = *path == '{' && text.length > 0 && text.data[text.length - 1] == '$';
        if (strchr("*?[\\", *path) != NULL || variable)
            weft_buf_addc(&text, '\\');
        weft_buf_addc(&text, *path);
    }
    put_text(out, text.data, text.length);
}

static bool format_told(const struct infer *infer)
{
    const char *name = infer->what->files[0].named;
    const char *format = weft_format_name(infer->dialect.format);
    char ending[24];
    snprintf(ending, sizeof ending, ".%s", format);
    size_t length = strlen(name);
    for (size_t i = 0; i < 2; i++) {
        const char *packed = i == 0 ? ".gz" : ".zst";
        size_t packed_length = strlen(packed);
        if (length > packed_length && weft_equal_fold(name + length - packed_length, packed)) {
            length -= packed_length;
            break;
        }
    }
    size_t want = strlen(ending);
    for (size_t i = 0; i < want; i++) {
        if (length <= want || weft_lower(name[length - want + i]) != ending[i])
            return false;
    }
    return true;
}

/* Columns of the file, where its names differ; with SQL, all that is known of them. */
static void write_port_schema(const struct infer *infer, struct weft_buf *out)
{
    bool whole = infer->what->port != NULL;
    if (!whole)
        weft_buf_adds(out, "  schema:                   # what the file calls its columns\n");
    else
        weft_buf_adds(out, "    schema:\n");
    for (size_t i = 0; i < infer->column_count; i++) {
        const struct infer_column *column = &infer->columns[i];
        if (whole) {
            write_column(out, "      ", column, infer->dialect.header);
            continue;
        }
        weft_buf_adds(out, "    - {name: ");
        puts_text(out, column->name);
        weft_buf_adds(out, ", type: ");
        put_type(out, &column->type);
        put_from(out, column);
        weft_buf_adds(out, "}\n");
    }
}

static void write_input(const struct infer *infer, struct weft_buf *out)
{
    const struct weft_infer *what = infer->what;
    const char *indent = what->port == NULL ? "  " : "    ";
    if (what->port == NULL)
        weft_buf_adds(out, "input:\n");
    else
        weft_buf_addf(out, "inputs:\n  %s:\n", what->port);
    weft_buf_addf(out, "%sfiles: ", indent);
    weft_buf_adds(out, what->file_count > 1 ? "[" : "");
    for (size_t i = 0; i < what->file_count; i++) {
        weft_buf_adds(out, i == 0 ? "" : ", ");
        put_path(out, what->files[i].named);
    }
    weft_buf_adds(out, what->file_count > 1 ? "]\n" : "\n");
    if (!format_told(infer))
        weft_buf_addf(out, "%sformat: %s\n", indent, weft_format_name(infer->dialect.format));
    write_options(infer, indent, out);
    if (what->port != NULL || names_mapped(infer))
        write_port_schema(infer, out);
}

/* ---- the contract ---- */

static void write_key(const struct infer *infer, struct weft_buf *out)
{
    char count[40];
    if (!infer->looked_for_key)
        return;
    if (infer->key_count == 0 && infer->key_left > 0) {
        weft_buf_addf(out,
                      "# %zu sets of columns were not looked at for want of memory; no other set "
                      "of up to three that are\n# never empty tells all records apart.\n"
                      "# key: [...]\n",
                      infer->key_left);
        return;
    }
    if (infer->key_count == 0) {
        weft_buf_adds(out, "# No set of up to three columns that are never empty tells all records "
                           "apart.\n# key: [...]\n");
        return;
    }
    weft_format_count(infer->key_records, count, sizeof count);
    if (infer->key_partial)
        weft_buf_addf(out,
                      "# Unique among the first %s records; more were not looked at, so this is "
                      "no rule yet:\n# ",
                      count);
    weft_buf_adds(out, "key: [");
    for (size_t i = 0; i < infer->key_count; i++) {
        weft_buf_adds(out, i == 0 ? "" : ", ");
        puts_text(out, infer->columns[infer->key[i]].name);
    }
    if (infer->key_partial)
        weft_buf_adds(out, "]\n");
    else
        weft_buf_addf(out, "]%*s# no two of %s records share it%s\n", 4, "", count,
                      infer->key_records < 20 ? "; so few say little" : "");
}

static void write_quality(const struct infer *infer, struct weft_buf *out)
{
    bool any = false;
    for (size_t i = 0; i < infer->column_count; i++) {
        const struct infer_column *column = &infer->columns[i];
        if (column->complete <= 0)
            continue;
        if (!any)
            weft_buf_adds(out, "quality:\n  completeness:             # somewhat below what is "
                               "there now\n");
        any = true;
        weft_buf_adds(out, "    ");
        puts_text(out, column->name);
        weft_buf_addf(out, ": {min: %.2f, on_fail: warn}\n", column->complete);
    }
}

int infer_write(const struct infer *infer, struct weft_buf *out, struct weft_error *error)
{
    write_head(infer, out);
    write_input(infer, out);
    if (infer->what->port == NULL) {
        weft_buf_adds(out, "schema:\n");
        for (size_t i = 0; i < infer->column_count; i++)
            write_column(out, "  ", &infer->columns[i], false);
        write_key(infer, out);
        write_quality(infer, out);
    }
    for (size_t i = 0; i < infer->column_count; i++)
        WEFT_TRY(weft_buf_check(&infer->columns[i].comment, error));
    return weft_buf_check(out, error);
}
