/*
 * op_access.c - access review: every grant there is, by what it stands in (a policy, a product's
 * access:, an approved request, a team, what was confirmed), with its end and its last use, by the
 * audit.
 */
#include "app/ops_internal.h"
#include "context/who.h"
#include "policy/selector.h"
#include "trust/audit.h"
#include "trust/dependencies.h"
#include "trust/policies.h"
#include "trust/requests.h"

#include "base/clock.h"
#include "base/map.h"

#include <stdio.h>
#include <string.h>

static const struct weft_op_arg access_args[] = {
    {"what", 0, WEFT_ARG_WORD_NEEDED, "review", "The word `review`."},
    {"csv", 0, WEFT_ARG_FLAG, NULL, "As a CSV file, for a spreadsheet."},
    {"unused", 0, WEFT_ARG_FLAG, NULL, "Only what was never used."},
};

struct grant_row {
    const char *kind; /* policy, access, request, emergency, team, confirmed */
    const char *rule; /* as the audit has it: "grant researchers", "request 12", "owner" */
    const char *principal;
    const char *products; /* what it opens, as written */
    const char *product;  /* one product, whose reads count; NULL = any */
    const char *domain;   /* of a team: whose reads count; NULL */
    const char *purposes;
    const char *by;
    const char *because;
    int64_t from_us, until_us; /* 0 = not known, no end */
    int64_t last_us, reads;
    bool shared;      /* others have the rule too: who of them let a reader in is looked up */
    size_t same_rule; /* number + 1 of another row with this rule; 0 = none */
};

struct review {
    struct weft_context *context;
    struct weft_ledger_txn *txn;
    struct weft_arena *arena;
    struct grant_row *rows;
    size_t count, capacity;
    bool whole;                /* he may see it of the whole mesh */
    struct weft_texts domains; /* else of these */
};

/* "d.p", "d.p@2", "d.*" of a domain that he may look at. */
static bool concerns(const struct review *r, const char *product, size_t length)
{
    size_t dot = strcspn(product, ".");
    for (size_t i = 0; i < r->domains.count; i++) {
        if (dot < length && strlen(r->domains.items[i]) == dot &&
            memcmp(r->domains.items[i], product, dot) == 0)
            return true;
    }
    return r->whole;
}

/* May a policy speak of his products by it? What goes by tags and the like speaks of all. */
static bool selector_concerns(const struct review *r, const char *text)
{
    struct weft_selector selector;
    struct weft_error ignored = WEFT_ERROR_INIT;
    if (r->whole || weft_selector_parse(text, &selector, &ignored) < 0)
        return r->whole;
    bool named = selector.kind == WEFT_SELECT_PRODUCT || selector.kind == WEFT_SELECT_COLUMN ||
                 selector.kind == WEFT_SELECT_DOMAIN;
    for (size_t i = 0; named && i < r->domains.count; i++) {
        if (weft_glob_match(selector.word, r->domains.items[i]))
            return true;
    }
    return !named;
}

/* Those of a policy's selectors that he may see. */
static int selectors_cut(struct review *r, const struct weft_texts *all, struct weft_texts *out,
                         struct weft_error *error)
{
    const char **items = weft_arena_array(r->arena, all->count + 1, sizeof *items);
    size_t count = 0;
    if (items == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < all->count; i++) {
        if (selector_concerns(r, all->items[i]))
            items[count++] = all->items[i];
    }
    *out = (struct weft_texts){items, count};
    return 0;
}

static int texts_join(struct review *r, const struct weft_texts *texts, const char **out,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, 1 << 20);
    for (size_t i = 0; i < texts->count; i++)
        weft_buf_addf(&buf, "%s%s", i == 0 ? "" : ", ", texts->items[i]);
    WEFT_TRY(weft_buf_check(&buf, error));
    *out = texts->count == 0 ? "" : weft_arena_strndup(r->arena, buf.data, buf.length);
    return *out == NULL ? weft_error_nomem(error) : 0;
}

static int row_add(struct review *r, struct grant_row row, struct weft_error *error)
{
    if (row.rule != NULL && strcmp(row.kind, "policy") != 0 &&
        !concerns(r, row.products, strlen(row.products)))
        return 0;
    if (row.rule == NULL ||
        weft_arena_reserve(r->arena, &r->rows, &r->capacity, r->count + 1, sizeof *r->rows) < 0)
        return weft_error_nomem(error);
    r->rows[r->count++] = row;
    return 0;
}

/* ---- where grants stand ---- */

static int policies_add(struct review *r, struct weft_error *error)
{
    struct weft_policies policies;
    WEFT_TRY(weft_policies_list(r->txn, r->arena, 0, &policies, error));
    for (size_t i = 0; i < policies.count; i++) {
        const struct weft_policy *policy = policies.items[i];
        struct grant_row row = {
            .kind = "policy", .because = policy->because, .until_us = policy->until_us};
        if (policy->kind != WEFT_POLICY_GRANT)
            continue;
        row.rule = weft_arena_format(r->arena, "grant %s", policy->name);
        struct weft_texts read;
        WEFT_TRY(selectors_cut(r, &policy->read, &read, error));
        if (read.count == 0)
            continue;
        WEFT_TRY(texts_join(r, &read, &row.products, error));
        WEFT_TRY(texts_join(r, &policy->purposes, &row.purposes, error));
        row.shared = policy->to.count > 1;
        for (size_t t = 0; t < policy->to.count; t++) {
            row.principal = policy->to.items[t];
            WEFT_TRY(row_add(r, row, error));
        }
    }
    return 0;
}

static int products_add(struct review *r, struct weft_error *error)
{
    struct weft_registered_list products;
    WEFT_TRY(weft_catalog_products(r->txn, r->arena, &products, error));
    for (size_t i = 0; i < products.count; i++) {
        const struct weft_registered *product = &products.items[i];
        const struct weft_product *contract = weft_registered_newest(product);
        if (product->retired || contract == NULL || contract->access == NULL)
            continue;
        struct grant_row row = {.kind = "access",
                                .rule =
                                    weft_arena_format(r->arena, "access %s", product->full_name),
                                .shared = contract->access->grant.count > 1,
                                .by = contract->owner,
                                .products = product->name,
                                .product = product->name};
        if (row.rule == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(texts_join(r, &contract->access->purposes, &row.purposes, error));
        for (size_t t = 0; t < contract->access->grant.count; t++) {
            row.principal = contract->access->grant.items[t];
            WEFT_TRY(row_add(r, row, error));
        }
        row.kind = "emergency";
        for (size_t t = 0; t < contract->access->break_glass.count; t++) {
            row.principal = contract->access->break_glass.items[t];
            row.rule = "emergency"; /* its reads are those of its requests */
            WEFT_TRY(row_add(r, row, error));
        }
    }
    return 0;
}

static int requests_add(struct review *r, struct weft_error *error)
{
    struct weft_access_requests requests;
    int64_t now = r->context->request.time_us;
    WEFT_TRY(weft_access_requests_list(r->txn, r->arena, 0, &requests, error));
    for (size_t i = 0; i < requests.count; i++) {
        const struct weft_access_request *one = &requests.items[i];
        if (one->state != WEFT_REQUEST_APPROVED || one->until_us <= now)
            continue;
        struct grant_row row = {.kind = one->emergency ? "emergency" : "request",
                                .rule = weft_arena_format(r->arena, "request %" PRId64, one->id),
                                .principal = one->principal,
                                .products =
                                    weft_arena_format(r->arena, "%s@%d", one->product, one->major),
                                .purposes = one->purpose == NULL ? "" : one->purpose,
                                .by = one->decided_by,
                                .because = one->because,
                                .from_us = one->decided_us,
                                .until_us = one->until_us};
        if (row.products == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(row_add(r, row, error));
    }
    return 0;
}

static int team_add(struct review *r, const char *principal, const char *domain, const char *role,
                    int64_t from_us, struct weft_error *error)
{
    struct grant_row row = {.kind = "team",
                            .rule = "owner",
                            .principal = principal,
                            .domain = domain,
                            .by = role,
                            .from_us = from_us,
                            .products = weft_arena_format(r->arena, "%s.*", domain),
                            .purposes = ""};
    return row.products == NULL ? weft_error_nomem(error) : row_add(r, row, error);
}

/* Domains' members, and the roles that belong to a domain. */
static int teams_add(struct review *r, struct weft_error *error)
{
    struct weft_principals all;
    struct weft_registered_digest *digests = NULL;
    size_t count = 0;
    const char *last = "";
    WEFT_TRY(weft_principals_list(r->txn, r->arena, 0, &all, error));
    for (size_t i = 0; i < all.count; i++) {
        const struct weft_principal *one = &all.items[i];
        for (size_t k = 0; k < one->role_count && !one->disabled; k++) {
            if (one->roles[k].domain != NULL)
                WEFT_TRY(team_add(r, one->id, one->roles[k].domain,
                                  weft_role_row(one->roles[k].role)->name, one->created_us, error));
        }
    }
    WEFT_TRY(weft_catalog_digests(r->txn, r->arena, &digests, &count, error));
    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(digests[i].full_name, ".");
        struct weft_texts members;
        if (strncmp(last, digests[i].full_name, length) == 0 && last[length] == '\0')
            continue;
        last = weft_arena_strndup(r->arena, digests[i].full_name, length);
        if (last == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(weft_domain_members(r->txn, r->arena, last, 0, &members, error));
        for (size_t m = 0; m < members.count; m++)
            WEFT_TRY(team_add(r, members.items[m], last, "domain.yaml", 0, error));
    }
    return 0;
}

/* What domains read before there was a policy, confirmed by the apply that registered the first. */
static int confirmed_add(struct review *r, struct weft_error *error)
{
    struct weft_registered_digest *digests = NULL;
    size_t count = 0;
    const char *last = "";
    WEFT_TRY(weft_catalog_digests(r->txn, r->arena, &digests, &count, error));
    for (size_t i = 0; i < count; i++) {
        size_t length = strcspn(digests[i].full_name, ".");
        struct weft_texts products;
        if (strncmp(last, digests[i].full_name, length) == 0 && last[length] == '\0')
            continue;
        last = weft_arena_strndup(r->arena, digests[i].full_name, length);
        struct grant_row row = {.kind = "confirmed",
                                .rule = "confirmed",
                                .principal = weft_arena_format(r->arena, "domain:%.*s", (int)length,
                                                               digests[i].full_name),
                                .purposes = ""};
        if (last == NULL || row.principal == NULL)
            return weft_error_nomem(error);
        WEFT_TRY(weft_dependencies_of(r->txn, r->arena, 0, last, &products, error));
        for (size_t p = 0; p < products.count; p++) {
            row.products = row.product = products.items[p];
            WEFT_TRY(row_add(r, row, error));
        }
    }
    return 0;
}

/* ---- when it was used ---- */

static bool list_in(const char *products, const char *product, const char *domain)
{
    if (product == NULL && domain == NULL)
        return true;
    for (const char *at = products; at != NULL && *at != '\0';) {
        size_t one = strcspn(at, ","), length = strlen(product != NULL ? product : domain);
        if (product != NULL ? one == length && memcmp(at, product, length) == 0
                            : one > length && memcmp(at, domain, length) == 0 && at[length] == '.')
            return true;
        at += one + (at[one] == ',');
    }
    return false;
}

struct usage {
    struct review *review;
    struct weft_map *rows;   /* by rule: number + 1 of the first row */
    struct weft_map *people; /* by "sequence principal": as it was then */
};

static int person_get(struct usage *u, const struct weft_audit_line *line,
                      const struct weft_principal **out, struct weft_error *error)
{
    struct weft_arena *arena = u->review->arena;
    char key[WEFT_PRINCIPAL_MAX + 32];
    snprintf(key, sizeof key, "%" PRId64 " %s", line->sequence, line->principal);
    *out = weft_map_get(u->people, key);
    if (*out != NULL)
        return 0;
    struct weft_principal *made = weft_arena_alloc(arena, sizeof *made);
    if (made == NULL)
        return weft_error_nomem(error);
    WEFT_TRY(
        weft_principal_get(u->review->txn, arena, line->principal, line->sequence, made, error));
    *out = made;
    return weft_map_put(u->people, key, made) < 0 ? weft_error_nomem(error) : 0;
}

/* A rule that names one group alone is used by its members: whom it let in is not asked again. Of
 * several words of one rule those count that meant the reader when he read. */
static int used_by(struct usage *u, const struct grant_row *row, const struct weft_audit_line *line,
                   bool *used, struct weft_error *error)
{
    static const char *const persons[] = {"user:", "service:", "domain:", "node:"};
    const struct weft_principal *who;
    *used = false;
    if (line->principal == NULL || !list_in(line->products, row->product, row->domain))
        return 0;
    *used = strcmp(line->principal, row->principal) == 0;
    for (size_t i = 0; i < WEFT_COUNT(persons); i++) {
        if (*used || strncmp(row->principal, persons[i], strlen(persons[i])) == 0)
            return 0;
    }
    *used = !row->shared;
    if (*used)
        return 0;
    WEFT_TRY(person_get(u, line, &who, error));
    *used = weft_principal_is(who, row->principal);
    return 0;
}

static bool line_concerns(const struct review *r, const char *products)
{
    for (const char *at = products; at != NULL && *at != '\0';) {
        size_t one = strcspn(at, ",");
        if (concerns(r, at, one))
            return true;
        at += one + (at[one] == ',');
    }
    return r->whole;
}

static int line_count(struct usage *u, const struct weft_audit_line *line, struct weft_error *error)
{
    const char *at = NULL, *rule;
    size_t length;
    bool used;
    while ((rule = weft_audit_rule_next(line->reason, &at, &length)) != NULL) {
        size_t next = (uintptr_t)weft_map_get_bytes(u->rows, rule, length);
        for (struct grant_row *row; next > 0; next = row->same_rule) {
            row = &u->review->rows[next - 1];
            WEFT_TRY(used_by(u, row, line, &used, error));
            if (!used)
                continue;
            row->reads++;
            row->last_us = WEFT_MAX(row->last_us, line->time_us);
        }
    }
    return 0;
}

static int usage_add(struct review *r, struct weft_error *error)
{
    struct weft_audit_lines lines;
    WEFT_CLEANUP(weft_map_freep) struct weft_map *rows = weft_map_new();
    WEFT_CLEANUP(weft_map_freep) struct weft_map *people = weft_map_new();
    struct usage u = {r, rows, people};
    if (rows == NULL || people == NULL)
        return weft_error_nomem(error);
    for (size_t i = 0; i < r->count; i++) {
        r->rows[i].same_rule = (uintptr_t)weft_map_get(rows, r->rows[i].rule);
        if (weft_map_put(rows, r->rows[i].rule, (void *)(uintptr_t)(i + 1)) < 0)
            return weft_error_nomem(error);
    }
    WEFT_TRY(weft_audit_list(weft_ledger_home(r->context->ledger), r->arena, 0, &lines, error));
    for (size_t i = 0; i < lines.count; i++) {
        const struct weft_audit_line *line = &lines.items[i];
        if (line->decision != NULL && strcmp(line->decision, "yes") == 0 &&
            line_concerns(r, line->products))
            WEFT_TRY(line_count(&u, line, error));
    }
    return 0;
}

/* ---- showing ---- */

static const struct weft_out_column review_columns[] = {
    {"kind", false, false},      {"rule", false, false},     {"principal", false, false},
    {"products", false, false},  {"purposes", false, false}, {"until", false, false},
    {"last_used", false, false}, {"reads", true, false},     {"given_by", false, true},
    {"since", false, true},      {"because", false, true}};

static void csv_cell(struct weft_buf *out, const char *text, bool last)
{
    /* What a spreadsheet would take for a formula is kept a text. */
    bool formula = text[0] != '\0' && strchr("=+-@\t\r", text[0]) != NULL;
    weft_buf_addc(out, '"');
    if (formula)
        weft_buf_addc(out, '\'');
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        bool control = (c < ' ' && c != '\n' && c != '\t') || c == 127;
        if (c == '"')
            weft_buf_addc(out, '"');
        weft_buf_addc(out, control ? '?' : *at); /* a CSV is looked at on terminals, too */
    }
    weft_buf_adds(out, last ? "\"\r\n" : "\",");
}

static int review_csv(const struct review *r, bool unused, struct weft_out *out,
                      struct weft_error *error)
{
    WEFT_CLEANUP(weft_buf_release) struct weft_buf buf;
    weft_buf_init(&buf, (size_t)256 << 20);
    for (size_t i = 0; i < WEFT_COUNT(review_columns); i++)
        weft_buf_addf(&buf, "%s%s", review_columns[i].name,
                      i + 1 == WEFT_COUNT(review_columns) ? "\r\n" : ",");
    for (size_t i = 0; i < r->count; i++) {
        const struct grant_row *row = &r->rows[i];
        char until[WEFT_TIME_TEXT] = "", last[WEFT_TIME_TEXT] = "", since[WEFT_TIME_TEXT] = "",
             reads[32];
        if (unused && row->reads > 0)
            continue;
        if (row->until_us != 0)
            weft_time_format(row->until_us, until);
        if (row->last_us != 0)
            weft_time_format(row->last_us, last);
        if (row->from_us != 0)
            weft_time_format(row->from_us, since);
        snprintf(reads, sizeof reads, "%" PRId64, row->reads);
        const char *const cells[] = {row->kind,
                                     row->rule,
                                     row->principal,
                                     row->products,
                                     row->purposes,
                                     until,
                                     last,
                                     reads,
                                     row->by == NULL ? "" : row->by,
                                     since,
                                     row->because == NULL ? "" : row->because};
        for (size_t c = 0; c < WEFT_COUNT(cells); c++)
            csv_cell(&buf, cells[c], c + 1 == WEFT_COUNT(cells));
    }
    WEFT_TRY(weft_buf_check(&buf, error));
    return weft_out_bytes(out, buf.data, buf.length, error);
}

static int review_table(const struct review *r, bool unused, struct weft_out *out,
                        struct weft_error *error)
{
    WEFT_TRY(weft_out_table(out, review_columns, WEFT_COUNT(review_columns), error));
    for (size_t i = 0; i < r->count; i++) {
        const struct grant_row *row = &r->rows[i];
        if (unused && row->reads > 0)
            continue;
        const struct weft_cell cells[] = {
            weft_out_cell_text(row->kind),      weft_out_cell_text(row->rule),
            weft_out_cell_text(row->principal), weft_out_cell_text(row->products),
            weft_out_cell_text(row->purposes),  weft_out_cell_time(row->until_us),
            weft_out_cell_time(row->last_us),   weft_out_cell_int(row->reads),
            weft_out_cell_text(row->by),        weft_out_cell_time(row->from_us),
            weft_out_cell_text(row->because)};
        WEFT_TRY(weft_out_row(out, cells, error));
    }
    return weft_out_table_end(out, error);
}

/* The whole mesh, or the domains that he answers for. */
static int scope_find(struct review *r, const struct weft_principal *who, struct weft_error *error)
{
    const char **items = weft_arena_array(r->arena, who->domains.count + 1, sizeof *items);
    size_t count = 0;
    if (items == NULL)
        return weft_error_nomem(error);
    r->whole = weft_principal_may(who, WEFT_RIGHT_ACCESS, NULL);
    for (size_t i = 0; i < who->domains.count; i++) {
        if (weft_principal_may(who, WEFT_RIGHT_ACCESS, who->domains.items[i]))
            items[count++] = who->domains.items[i];
    }
    r->domains = (struct weft_texts){items, count};
    /* DOMAIN is no name of a domain: nobody has the right there. */
    return r->whole || count > 0
               ? 0
               : weft_who_may(who, WEFT_RIGHT_ACCESS, "DOMAIN", "review who has access", error);
}

static int review_make(struct review *r, struct weft_error *error)
{
    struct weft_principal who;
    WEFT_TRY(weft_who(r->context, r->txn, r->arena, &who, error));
    WEFT_TRY(scope_find(r, &who, error));
    WEFT_TRY(policies_add(r, error));
    WEFT_TRY(products_add(r, error));
    WEFT_TRY(requests_add(r, error));
    WEFT_TRY(teams_add(r, error));
    WEFT_TRY(confirmed_add(r, error));
    return usage_add(r, error);
}

static int access_run(struct weft_context *context, const struct weft_op_request *request,
                      struct weft_out *out, struct weft_error *error)
{
    struct review review = {.context = context, .arena = context->arena};
    struct weft_ledger *ledger;
    bool unused = weft_op_given(request, "unused");
    if (strcmp(weft_op_text(request, "what"), "review") != 0)
        return weft_error_set(error, WEFT_E_USAGE, "`weft access` knows review, not `%.60s`",
                              weft_op_text(request, "what"));
    WEFT_TRY(weft_context_ledger(context, false, &ledger, error));
    WEFT_TRY(weft_ledger_begin_read(ledger, &review.txn, error));
    int rc = review_make(&review, error);
    weft_ledger_end(review.txn);
    WEFT_TRY(rc);
    return weft_op_given(request, "csv") ? review_csv(&review, unused, out, error)
                                         : review_table(&review, unused, out, error);
}

const struct weft_op weft_op_access = {
    .name = "access",
    .group = "access",
    .summary = "Review who has access: every grant with its end and its last use.",
    .help = "`weft access review --csv > review.csv`: grants of policies, `access:` of products, "
            "approved requests and teams; the owner of a domain sees those that open its products. "
            "Uses are counted from the audit that is kept.",
    .args = access_args,
    .arg_count = WEFT_COUNT(access_args),
    .who = WEFT_OP_PRINCIPAL,
    .run = access_run,
};
