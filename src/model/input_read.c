/*
 * input_read.c - the input ports of a product: reading them, and their rules.
 */
#include "model/product_internal.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const char *const format_names[] = {
    [WEFT_FORMAT_CSV] = "csv",       [WEFT_FORMAT_TSV] = "tsv",         [WEFT_FORMAT_JSON] = "json",
    [WEFT_FORMAT_NDJSON] = "ndjson", [WEFT_FORMAT_PARQUET] = "parquet", [WEFT_FORMAT_AVRO] = "avro",
};

const char *weft_format_name(enum weft_file_format format)
{
    return format_names[format];
}

static bool format_of_word(const char *word, enum weft_file_format *format)
{
    for (size_t i = 0; i < WEFT_COUNT(format_names); i++) {
        if (strcmp(format_names[i], word) == 0) {
            *format = (enum weft_file_format)i;
            return true;
        }
    }
    return false;
}

static bool ends_in(const char *text, size_t length, const char *end)
{
    size_t end_length = strlen(end);
    if (length <= end_length)
        return false;
    for (size_t i = 0; i < end_length; i++) {
        if (weft_lower(text[length - end_length + i]) != end[i])
            return false;
    }
    return true;
}

bool weft_format_of_file(const char *name, enum weft_file_format *format)
{
    static const struct {
        const char *end;
        enum weft_file_format format;
    } ends[] = {
        {".csv", WEFT_FORMAT_CSV},         {".tsv", WEFT_FORMAT_TSV},
        {".tab", WEFT_FORMAT_TSV},         {".json", WEFT_FORMAT_JSON},
        {".ndjson", WEFT_FORMAT_NDJSON},   {".jsonl", WEFT_FORMAT_NDJSON},
        {".parquet", WEFT_FORMAT_PARQUET}, {".avro", WEFT_FORMAT_AVRO},
    };
    size_t length = strlen(name);
    /* daily*.csv* and daily.csv.* are csv, packed or not. */
    while (length > 0 && (name[length - 1] == '*' || name[length - 1] == '?'))
        length--;
    length -= length > 0 && name[length - 1] == '.';
    if (ends_in(name, length, ".gz"))
        length -= 3;
    else if (ends_in(name, length, ".zst"))
        length -= 4;
    for (size_t i = 0; i < WEFT_COUNT(ends); i++) {
        if (ends_in(name, length, ends[i].end)) {
            *format = ends[i].format;
            return true;
        }
    }
    return false;
}

/* ---- options ---- */

/* One ASCII character; \t may be written as such. False: the option keeps its default. */
static bool option_char(struct weft_reader *reader, const struct weft_node *options,
                        const char *key, bool may_be_empty, char *out)
{
    const struct weft_node *node = weft_node_get(options, key);
    if (node == NULL || node->wrong)
        return false;
    const char *text = node->kind == WEFT_NODE_VALUE ? node->text : "";
    char c = strcmp(text, "\\t") == 0 || weft_equal_fold(text, "tab") ? '\t' : text[0];
    bool one = text[0] == '\0' || text[1] == '\0' || c == '\t';
    bool good =
        one && c != '\n' && c != '\r' && (unsigned char)c < 0x80 && (c != '\0' || may_be_empty);
    if (!good) {
        weft_reader_mistake(reader, node->place, NULL, "`%s` is one ASCII character, not `%.20s`",
                            key, text);
        return false;
    }
    *out = c;
    return true;
}

/* What the engine's strptime knows. */
static void check_strptime(struct weft_reader *reader, const struct weft_node *options,
                           const char *key)
{
    const struct weft_node *node = weft_node_get(options, key);
    const char *text = weft_node_text(node);
    bool any = false;
    for (const char *at = text; at != NULL && *at != '\0'; at++) {
        if (*at != '%')
            continue;
        const char *known = at[1] == '-' ? "dHIjmMSy" : "abcdfghjmnpuwxyzABGHIMSTUVWXYZ%";
        at += at[1] == '-' ? 2 : 1;
        any = true;
        if (*at != '\0' && strchr(known, *at) != NULL)
            continue;
        if (*at == '\0')
            weft_reader_mistake(reader, node->place, "%% stands for a `%`", "`%s` ends in a `%%`",
                                key);
        else
            weft_reader_mistake(reader, node->place, "as strptime has it: %Y-%m-%d %H:%M:%S",
                                "`%s` has `%%%c`, which stands for nothing", key, *at);
        return;
    }
    if (text != NULL && !any)
        weft_reader_mistake(reader, node->place, "as strptime has it: %Y-%m-%d %H:%M:%S",
                            "`%s: %.60s` names no part of a date", key, text);
}

static void options_check(struct weft_reader *reader, const struct weft_node *options,
                          const struct weft_csv_options *csv)
{
    if (csv->delimiter == csv->quote)
        weft_reader_mistake(reader, options->place, NULL,
                            "`delimiter` and `quote` are the same character");
    if (csv->delimiter == csv->decimal_separator)
        weft_reader_mistake(reader, options->place, "write `delimiter: \";\"`",
                            "`delimiter` and `decimal_separator` are the same character");
    const struct weft_node *skip = weft_node_get(options, "skip");
    if (csv->skip > 1000000)
        weft_reader_mistake(reader, skip->place, NULL, "`skip` is more than 1,000,000 lines");
}

/* Options that say nothing of files of this format. */
static void options_warn(struct weft_reader *reader, const struct weft_node *options,
                         const struct weft_input *input)
{
    static const char *const cells[] = {"delimiter", "quote", "escape",
                                        "header",    "skip",  "decimal_separator"};
    bool text = input->format == WEFT_FORMAT_JSON || input->format == WEFT_FORMAT_NDJSON;
    if (input->format == WEFT_FORMAT_CSV || input->format == WEFT_FORMAT_TSV)
        return;
    if (!text)
        weft_reader_warn(reader, options->place, NULL,
                         "`options` are for files of text; `%s` is %s", input->name,
                         weft_format_name(input->format));
    for (size_t i = 0; text && i < WEFT_COUNT(cells); i++) {
        if (weft_node_get(options, cells[i]) != NULL)
            weft_reader_warn(reader, weft_node_key_place(options, cells[i]), NULL,
                             "`%s` is for csv and tsv; `%s` is %s", cells[i], input->name,
                             weft_format_name(input->format));
    }
}

static void read_options(struct weft_draft *draft, const struct weft_node *node,
                         struct weft_input *input)
{
    struct weft_reader *reader = draft->reader;
    struct weft_csv_options *csv = &input->csv;
    *csv = (struct weft_csv_options){
        .delimiter = input->format == WEFT_FORMAT_TSV ? '\t' : ',',
        .quote = '"',
        .escape = '"',
        .header = true,
        .encoding = "utf-8",
        .decimal_separator = '.',
    };
    const struct weft_node *options = weft_node_get(node, "options");
    if (options == NULL || options->wrong || options->kind != WEFT_NODE_MAP)
        return;
    options_warn(reader, options, input);
    option_char(reader, options, "delimiter", false, &csv->delimiter);
    option_char(reader, options, "quote", true, &csv->quote);
    csv->escape = csv->quote;
    option_char(reader, options, "escape", true, &csv->escape);
    csv->header = weft_node_bool(weft_node_get(options, "header"), true);
    csv->skip = weft_node_count(weft_node_get(options, "skip"), 0);
    csv->nulls = weft_node_texts(reader, weft_node_get(options, "null"));
    csv->nulls_given = weft_node_get(options, "null") != NULL;
    csv->date_format = weft_node_get_text(options, "date_format");
    csv->timestamp_format = weft_node_get_text(options, "timestamp_format");
    const char *encoding = weft_node_get_text(options, "encoding");
    const char *decimal = weft_node_get_text(options, "decimal_separator");
    csv->encoding = encoding == NULL ? "utf-8" : encoding;
    csv->decimal_separator = decimal == NULL ? '.' : decimal[0];
    options_check(reader, options, csv);
    if (reader->expand) {
        check_strptime(reader, options, "date_format");
        check_strptime(reader, options, "timestamp_format");
    }
    if (csv->quote != '\0' && csv->escape != '\0' && csv->escape != csv->quote)
        weft_draft_refuse(draft, weft_node_key_place(options, "escape"),
                          weft_reader_format(reader, "inputs.%s.options.escape", input->name));
}

/* ---- URLs ---- */

/* What stands behind the host, without the query: its ending tells the format. */
static const char *url_path(struct weft_reader *reader, const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = host == NULL ? url : host + 3 + strcspn(host + 3, "/?");
    return weft_reader_format(reader, "%.*s", (int)strcspn(path, "?"), path);
}

static bool url_is_http(const char *text)
{
    char head[9] = "";
    for (size_t i = 0; i < 8 && text[i] != '\0'; i++)
        head[i] = weft_lower(text[i]);
    return strncmp(head, "http://", 7) == 0 || strncmp(head, "https://", 8) == 0;
}

/* host or host:port or [::1]:port */
static bool url_host_valid(const char *host, size_t length)
{
    const char *colon = memchr(host, ':', length);
    if (host[0] == '[') {
        const char *end = memchr(host, ']', length);
        if (end == NULL || end == host + 1)
            return false;
        colon = end + 1 == host + length ? NULL : end + 1;
        if (colon != NULL && *colon != ':')
            return false;
    }
    if (length == 0 || colon == host)
        return false;
    int64_t port;
    return colon == NULL ||
           (weft_parse_int64(colon + 1, length - (size_t)(colon + 1 - host), &port) && port >= 1 &&
            port <= 65535);
}

/* What no URL of an input may be; the client of HTTP has its own rules for where it may lead. */
static void url_check(struct weft_reader *reader, struct weft_place place, const char *url)
{
    const char *host = strstr(url, "://") + 3;
    size_t length = strcspn(host, "/?#");
    const char *hint = NULL, *wrong = NULL;
    for (const char *p = url; wrong == NULL && *p != '\0'; p++) {
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
            wrong = "it has a character that a URL writes as %20 and the like";
    }
    if (wrong != NULL)
        ;
    else if (memchr(host, '@', length) != NULL) {
        wrong = "it holds a user or a password";
        hint = "secrets do not stand in product files: name a connection of weft.yaml, as in "
               "{connection: api, files: path/file.csv}";
        url = "https://...";
    } else if (!url_host_valid(host, length))
        wrong = "its host does not read";
    else if (strchr(url, '#') != NULL) {
        wrong = "`#` names a place in a page";
        hint = "leave out what stands behind it";
    } else if (strchr(host + length, '*') != NULL) {
        wrong = "nothing tells which files there are";
        hint = "name each URL: `files: [https://..., https://...]`";
    }
    if (wrong != NULL)
        weft_reader_mistake(reader, place, hint, "`%.200s` cannot be read: %s", url, wrong);
}

/* ---- the port ---- */

static void read_format(struct weft_draft *draft, const struct weft_node *node,
                        struct weft_input *input)
{
    struct weft_reader *reader = draft->reader;
    const char *word = weft_node_get_text(node, "format");
    input->format_given = word != NULL && format_of_word(word, &input->format);
    if (!input->format_given) {
        if (weft_node_get(node, "format") != NULL)
            return;
        enum weft_file_format first = WEFT_FORMAT_CSV;
        for (size_t i = 0; i < input->patterns.count; i++) {
            const char *name = input->patterns.items[i];
            const char *path = input->url ? url_path(reader, name) : name;
            if (!weft_format_of_file(path, &input->format)) {
                weft_reader_mistake(reader, input->place, "write `format: csv`",
                                    "the name `%.100s` does not tell the format of `%s`", name,
                                    input->name);
                return;
            }
            if (i == 0)
                first = input->format;
            if (first != input->format)
                weft_reader_mistake(reader, input->place, "make two inputs of it",
                                    "the files of `%s` are of different formats", input->name);
        }
    }
}

/* One place of `files`, for messages. */
static struct weft_place pattern_place(const struct weft_node *node, size_t i)
{
    const struct weft_node *files =
        node->kind == WEFT_NODE_MAP ? weft_node_get(node, "files") : node;
    return files->kind == WEFT_NODE_LIST && i < files->count ? files->items[i]->place
                                                             : files->place;
}

static void refuse_moves(struct weft_draft *draft, const struct weft_node *node)
{
    static const char *const moves[] = {"done", "error"};
    for (size_t i = 0; i < WEFT_COUNT(moves); i++) {
        if (weft_node_get(node, moves[i]) != NULL)
            weft_reader_mistake(draft->reader, weft_node_key_place(node, moves[i]), "leave it out",
                                "`%s` moves files away, which a URL does not allow", moves[i]);
    }
}

static bool climbs(const char *path)
{
    size_t length;
    for (; *path != '\0'; path += length + (path[length] == '/')) {
        length = strcspn(path, "/");
        if (length == 2 && path[0] == '.' && path[1] == '.')
            return true;
    }
    return false;
}

/* Paths below the URL of a connection. */
static void read_connected(struct weft_draft *draft, const struct weft_node *node,
                           struct weft_input *input)
{
    struct weft_reader *reader = draft->reader;
    for (size_t i = 0; i < input->patterns.count; i++) {
        const char *text = input->patterns.items[i];
        const char *hint = "as in path/file.csv", *wrong = NULL;
        for (const char *p = text; *p != '\0'; p++) {
            if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
                wrong = "it has a character that a URL writes as %20 and the like";
        }
        if (strstr(text, "://") != NULL) {
            wrong = "it is relative to the URL of the connection";
            text = "...://...";
        } else if (strpbrk(text, "*#") != NULL)
            wrong = "nothing tells which files there are, and `#` is a place in a page";
        else if (climbs(text))
            wrong = "it leaves the URL of the connection";
        if (wrong != NULL)
            weft_reader_mistake(reader, pattern_place(node, i), hint,
                                "`%.200s` cannot be read over `%.60s`: %s", text, input->connection,
                                wrong);
    }
    input->url = true;
    refuse_moves(draft, node);
}

/* What stands before `@` may be a password. */
static const char *url_masked(struct weft_reader *reader, const char *text)
{
    const char *host = strstr(text, "://") + 3;
    const char *at = memrchr(host, '@', strcspn(host, "/?#"));
    return at == NULL ? text
                      : weft_reader_format(reader, "%.*s...%s", (int)(host - text), text, at);
}

static void read_urls(struct weft_draft *draft, const struct weft_node *node,
                      struct weft_input *input)
{
    struct weft_reader *reader = draft->reader;
    size_t urls = 0;
    for (size_t i = 0; i < input->patterns.count; i++) {
        const char *text = input->patterns.items[i];
        if (strstr(text, "://") == NULL)
            continue;
        if (!url_is_http(text) && url_masked(reader, text) != text) {
            weft_reader_mistake(
                reader, pattern_place(node, i), "write a path, http://... or https://...",
                "`%.100s` cannot be read: it holds a user or a password", url_masked(reader, text));
        } else if (url_is_http(text)) {
            urls++;
            url_check(reader, pattern_place(node, i), text);
        } else if (strncmp(text, "s3://", 5) == 0)
            weft_draft_refuse(draft, weft_node_key_place(node, "files"),
                              weft_reader_format(reader, "inputs.%s.files: %.200s", input->name,
                                                 url_masked(reader, text)));
        else
            weft_reader_mistake(reader, pattern_place(node, i),
                                "write a path, http://... or https://...",
                                "files cannot be read from `%.100s`", url_masked(reader, text));
    }
    input->url = urls > 0 && urls == input->patterns.count;
    if (urls > 0 && !input->url)
        weft_reader_mistake(reader, weft_node_key_place(node, "files"), "make two inputs of it",
                            "`files` of `%s` has both URLs and paths", input->name);
    if (urls > 0)
        refuse_moves(draft, node);
}

static void read_files(struct weft_draft *draft, const struct weft_node *node,
                       struct weft_input *input)
{
    struct weft_node *files = node->kind == WEFT_NODE_MAP ? weft_node_get(node, "files") : NULL;
    input->patterns = weft_node_texts(draft->reader, node->kind == WEFT_NODE_MAP ? files : node);
    input->kind = WEFT_INPUT_FILES;
    if (files != NULL && files->kind == WEFT_NODE_LIST && files->count == 0)
        weft_reader_mistake(draft->reader, files->place, NULL, "`files` of `%s` is empty",
                            input->name);
    if (input->patterns.count == 0)
        return;
    input->files = input->patterns.items[0];
    input->connection = node->kind == WEFT_NODE_MAP ? weft_node_get_text(node, "connection") : NULL;
    if (input->connection != NULL)
        read_connected(draft, node, input);
    else
        read_urls(draft, node, input);
    read_format(draft, node, input);
}

/* Keys that only make sense for files. */
static void refuse_file_keys(struct weft_draft *draft, const struct weft_node *node,
                             const char *const *keys, size_t count, const char *kind)
{
    for (size_t i = 0; i < count; i++) {
        if (weft_node_get(node, keys[i]) != NULL)
            weft_reader_mistake(draft->reader, weft_node_key_place(node, keys[i]), "leave it out",
                                "`%s` is for inputs that read files, not %s", keys[i], kind);
    }
}

/* domain.product@2 into its parts. */
static void read_product(struct weft_draft *draft, const struct weft_node *node,
                         struct weft_input *input)
{
    static const char *const keys[] = {"format",        "options", "schema",
                                       "extra_columns", "done",    "error"};
    struct weft_reader *reader = draft->reader;
    struct weft_product *product = draft->product;
    const struct weft_node *written = weft_node_get(node, "product");
    input->kind = WEFT_INPUT_PRODUCT;
    refuse_file_keys(draft, node, keys, WEFT_COUNT(keys), "a product, which has its own contract");
    input->product = weft_node_text(written);
    if (input->product == NULL)
        return;
    if (strchr(input->product, '.') == NULL)
        input->product = weft_reader_format(reader, "%s.%s", product->domain, input->product);
    size_t length = strcspn(input->product, "@");
    int64_t major = 0;
    input->product_major = WEFT_MAJOR_NEWEST;
    if (input->product[length] == '@' &&
        weft_parse_int64(input->product + length + 1, strlen(input->product + length + 1), &major))
        input->product_major = (int)major;
    input->product_name = weft_reader_format(reader, "%.*s", (int)length, input->product);
    bool same_major = input->product[length] == '\0' || input->product_major == product->major;
    if (strcmp(input->product_name, product->full_name) == 0 && same_major)
        weft_reader_mistake(reader, written->place,
                            "`@` and a major names an older one; `this` is the table in checks",
                            "`%s` would read itself", product->full_name);
}

static void read_connection(struct weft_draft *draft, const struct weft_node *node,
                            struct weft_input *input)
{
    static const char *const keys[] = {"format", "options", "extra_columns", "done", "error"};
    input->kind = WEFT_INPUT_CONNECTION;
    input->connection = weft_node_get_text(node, "connection");
    refuse_file_keys(draft, node, keys, WEFT_COUNT(keys), "a connection");
    weft_draft_refuse(draft, weft_node_key_place(node, "connection"),
                      weft_reader_format(draft->reader, "inputs.%s.connection", input->name));
}

static void read_source(struct weft_draft *draft, const struct weft_node *node,
                        struct weft_input *input)
{
    struct weft_reader *reader = draft->reader;
    struct weft_node *product = weft_node_get(node, "product");
    struct weft_node *connection = weft_node_get(node, "connection");
    bool files = node->kind == WEFT_NODE_VALUE || weft_node_get(node, "files") != NULL;
    /* A connection and files are one: the files lie there. */
    int sources = (product != NULL) + (connection != NULL || files);
    if (sources == 0)
        weft_reader_mistake(reader, input->place,
                            "write `files: path/*.csv` or `product: domain.name`",
                            "the input `%s` does not say what it reads", input->name);
    else if (sources > 1)
        weft_reader_mistake(reader, input->place, "make two inputs of it",
                            "the input `%s` reads a product, and something else", input->name);
    if (files)
        read_files(draft, node, input);
    else if (product != NULL)
        read_product(draft, node, input);
    else if (connection != NULL)
        read_connection(draft, node, input);
}

static enum weft_extra_columns extra_columns_of(const char *word)
{
    if (word == NULL || strcmp(word, "warn") == 0)
        return WEFT_EXTRA_WARN;
    return strcmp(word, "ignore") == 0 ? WEFT_EXTRA_IGNORE : WEFT_EXTRA_REFUSE;
}

/* `from: a.b` reads a part of what `from: a`, or a field a, reads whole: weft reads a value once.
 * Of files of JSON only: elsewhere a.b is a name. */
static void check_parts(struct weft_draft *draft, const struct weft_input *input,
                        const struct weft_fields *fields)
{
    bool json = input->format == WEFT_FORMAT_JSON || input->format == WEFT_FORMAT_NDJSON;
    for (size_t i = 0; json && draft->reader->expand && i < fields->count; i++) {
        const char *path = fields->items[i].from;
        for (size_t k = 0; path != NULL && k < fields->count; k++) {
            const struct weft_field *whole = &fields->items[k];
            const char *name = whole->from != NULL ? whole->from : whole->name;
            size_t length = name == NULL ? 0 : strlen(name);
            if (length == 0 || strncmp(path, name, length) != 0 || path[length] != '.')
                continue;
            weft_reader_mistake(draft->reader, fields->items[i].place,
                                "read the whole, and let `sql` take the part",
                                "field `%s` reads a part of `%s`, and field `%s` the whole of it",
                                fields->items[i].name, name, whole->name);
            return;
        }
    }
}

static void read_input(struct weft_draft *draft, struct weft_node *node, const char *name,
                       struct weft_place place, struct weft_input *input)
{
    struct weft_reader *reader = draft->reader;
    const char *read = weft_node_get_text(node, "read");
    *input = (struct weft_input){
        .name = name,
        .read = read != NULL && strcmp(read, "new") == 0 ? WEFT_READ_NEW : WEFT_READ_ALL,
        .extra_columns = extra_columns_of(weft_node_get_text(node, "extra_columns")),
        .done = weft_node_get_text(node, "done"),
        .error = weft_node_get_text(node, "error"),
        .place = place,
    };
    if (node->wrong)
        return;
    read_source(draft, node, input);
    read_options(draft, node, input);
    input->schema = weft_draft_read_fields(draft, weft_node_get(node, "schema"), true);
    check_parts(draft, input, &input->schema);
    const char *moves = input->done != NULL ? "done" : input->error != NULL ? "error" : NULL;
    if (moves != NULL && input->read == WEFT_READ_ALL)
        weft_reader_mistake(reader, weft_node_key_place(node, moves), "write `read: new`",
                            "`%s` moves files away, so the next run of `read: all` would not "
                            "have them",
                            moves);
    if (input->done != NULL && input->error != NULL && strcmp(input->done, input->error) == 0)
        weft_reader_mistake(reader, weft_node_key_place(node, "error"), NULL,
                            "`done` and `error` are the same folder");
}

static void check_port_name(struct weft_draft *draft, const char *name, struct weft_place place)
{
    bool checks = strcmp(name, "this") == 0 || strcmp(name, "new") == 0;
    if (checks || (strcmp(name, "mesh") == 0 && draft->reader->expand)) {
        weft_reader_mistake(draft->reader, place, NULL, "`%s` cannot name an input: it is %s", name,
                            checks ? "a table of the checks" : "where the tables of the mesh are");
        return;
    }
    if (weft_name_valid(name))
        return;
    char proposal[WEFT_NAME_MAX + 1], hint[100];
    weft_name_propose(name, proposal);
    snprintf(hint, sizeof hint, "`%s` would be", proposal);
    weft_reader_mistake(draft->reader, place, hint, "`%.60s` is not a name for an input", name);
}

void weft_draft_read_inputs(struct weft_draft *draft)
{
    struct weft_reader *reader = draft->reader;
    struct weft_node *many = weft_node_get(draft->root, "inputs");
    struct weft_node *one = weft_node_get(draft->root, "input");
    if (many != NULL && one != NULL)
        weft_reader_mistake(reader, weft_node_key_place(draft->root, "input"),
                            "move it into `inputs`", "both `input` and `inputs` are written");
    if (one != NULL && many == NULL && one->kind != WEFT_NODE_NULL) {
        struct weft_input *input = weft_reader_alloc(reader, 1, sizeof *input);
        if (input == NULL)
            return;
        read_input(draft, one, WEFT_MODEL_INPUT_PORT, weft_node_key_place(draft->root, "input"),
                   input);
        draft->product->inputs = input;
        draft->product->input_count = 1;
        return;
    }
    if (many == NULL || many->wrong || many->kind != WEFT_NODE_MAP)
        return;
    if (many->count > WEFT_MODEL_INPUTS_MAX) {
        weft_reader_mistake(reader, many->place, NULL, "%zu inputs; at most %d are allowed",
                            many->count, WEFT_MODEL_INPUTS_MAX);
        return;
    }
    struct weft_input *inputs = weft_reader_alloc(reader, many->count, sizeof *inputs);
    for (size_t i = 0; inputs != NULL && i < many->count; i++) {
        check_port_name(draft, many->keys[i], many->places[i]);
        read_input(draft, many->items[i], many->keys[i], many->places[i], &inputs[i]);
    }
    draft->product->inputs = inputs;
    draft->product->input_count = inputs == NULL ? 0 : many->count;
}
