/*
 * roles.c - the table of roles.h.
 */
#include "trust/roles.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const struct weft_role_row rows[WEFT_ROLE_COUNT] = {
    [WEFT_ROLE_MESH_ADMIN] = {"mesh_admin", false, WEFT_RIGHT_PEOPLE | WEFT_RIGHT_ACCESS,
                              "Adds people, services, groups and keys. Reads no data by it."},
    [WEFT_ROLE_GOVERNANCE_OFFICER] = {"governance_officer", false,
                                      WEFT_RIGHT_POLICIES | WEFT_RIGHT_DECIDE | WEFT_RIGHT_REVIEW |
                                          WEFT_RIGHT_ACCESS,
                                      "Writes policies, decides on any request, reviews emergency "
                                      "access. Reads no data by it."},
    [WEFT_ROLE_DOMAIN_OWNER] = {"domain_owner", true,
                                WEFT_RIGHT_READ | WEFT_RIGHT_PUBLISH | WEFT_RIGHT_DECIDE |
                                    WEFT_RIGHT_REVIEW | WEFT_RIGHT_ACCESS,
                                "Answers for a domain: decides on requests for its products."},
    [WEFT_ROLE_DOMAIN_ENGINEER] = {"domain_engineer", true, WEFT_RIGHT_READ | WEFT_RIGHT_PUBLISH,
                                   "Makes a domain's products: reads, registers and runs them."},
    [WEFT_ROLE_CONSUMER] = {"consumer", false, 0,
                            "Finds products and asks for access: what everybody may do."},
    [WEFT_ROLE_AUDITOR] = {"auditor", false, WEFT_RIGHT_AUDIT | WEFT_RIGHT_ACCESS,
                           "Reads the audit and who has access to what. Reads no data by it."},
};

const struct weft_role_row *weft_role_row(enum weft_role role)
{
    assert(role < WEFT_ROLE_COUNT);
    return &rows[role];
}

static int role_unknown(const char *text, struct weft_error *error)
{
    const char *names[WEFT_ROLE_COUNT];
    for (size_t i = 0; i < WEFT_ROLE_COUNT; i++)
        names[i] = rows[i].name;
    const char *near = weft_suggest(text, names, WEFT_ROLE_COUNT);
    weft_error_set(error, WEFT_E_USAGE, "`%s` is no role", text);
    if (near != NULL)
        return weft_error_hint(error, "did you mean `%s`?", near);
    return weft_error_hint(error, "mesh_admin, governance_officer, domain_owner@DOMAIN, "
                                  "domain_engineer@DOMAIN, consumer or auditor; a group of people "
                                  "is a `group:`");
}

int weft_role_parse(const char *text, struct weft_role_held *out, struct weft_error *error)
{
    const char *at = strchr(text, '@');
    size_t length = at == NULL ? strlen(text) : (size_t)(at - text);
    size_t i = 0;
    while (i < WEFT_ROLE_COUNT &&
           (strlen(rows[i].name) != length || memcmp(rows[i].name, text, length) != 0))
        i++;
    if (i == WEFT_ROLE_COUNT)
        return role_unknown(text, error);
    if (rows[i].of_domain && at == NULL) {
        weft_error_set(error, WEFT_E_USAGE, "`%s` is a role of a domain: say which", text);
        return weft_error_hint(error, "as in %s@hospital", text);
    }
    if (!rows[i].of_domain && at != NULL)
        return weft_error_set(error, WEFT_E_USAGE, "`%s` is a role of the whole mesh, of no domain",
                              rows[i].name);
    if (at != NULL && !weft_name_valid(at + 1))
        return weft_error_set(error, WEFT_E_USAGE, "`%s` is not the name of a domain", at + 1);
    *out = (struct weft_role_held){(enum weft_role)i, at == NULL ? NULL : at + 1};
    return 0;
}

void weft_roles_list(enum weft_right right, const char *domain, char *out, size_t size)
{
    size_t used = 0, of = 0, count = 0;
    bool fits[WEFT_ROLE_COUNT];
    for (size_t i = 0; i < WEFT_ROLE_COUNT; i++) {
        fits[i] = (rows[i].rights & (unsigned)right) != 0 && (domain != NULL || !rows[i].of_domain);
        count += fits[i];
    }
    out[0] = '\0';
    for (size_t i = 0; i < WEFT_ROLE_COUNT; i++) {
        if (!fits[i] || used + 1 >= size)
            continue;
        int more =
            snprintf(out + used, size - used, "%s%s%s%s",
                     of == 0           ? ""
                     : of + 1 == count ? " or "
                                       : ", ",
                     rows[i].name, rows[i].of_domain ? "@" : "", rows[i].of_domain ? domain : "");
        used += more < 0 ? 0 : (size_t)more;
        of++;
    }
}

static const struct {
    enum weft_right right;
    const char *text;
    const char *of_domain; /* of a domain's role; NULL = the same */
} rights[] = {
    {WEFT_RIGHT_PEOPLE, "add, change and disable users, services, groups and keys", NULL},
    {WEFT_RIGHT_POLICIES, "register policies", NULL},
    {WEFT_RIGHT_DECIDE, "approve, reject, renew and revoke requests",
     "approve, reject, renew and revoke requests for the domain's products, give its roles"},
    {WEFT_RIGHT_REVIEW, "review emergency access", "review emergency access to them"},
    {WEFT_RIGHT_AUDIT, "read the audit", NULL},
    {WEFT_RIGHT_ACCESS, "see requests, grants and who has access",
     "see requests, grants and who has access to them"},
    {WEFT_RIGHT_READ, "read the domain's products", NULL},
    {WEFT_RIGHT_PUBLISH, "register and run the domain's products", NULL},
};

void weft_roles_print(struct weft_buf *out)
{
    weft_buf_adds(out, "| role | what for | may |\n|---|---|---|\n");
    for (size_t i = 0; i < WEFT_ROLE_COUNT; i++) {
        weft_buf_addf(out, "| `%s%s` | %s | ", rows[i].name, rows[i].of_domain ? "@DOMAIN" : "",
                      rows[i].help);
        bool first = true;
        for (size_t r = 0; r < WEFT_COUNT(rights); r++) {
            if ((rows[i].rights & rights[r].right) == 0)
                continue;
            bool own = rows[i].of_domain && rights[r].of_domain != NULL;
            weft_buf_addf(out, "%s%s", first ? "" : "; ",
                          own ? rights[r].of_domain : rights[r].text);
            first = false;
        }
        weft_buf_addf(out, "%s |\n", first ? "find products, ask for access" : "");
    }
}
