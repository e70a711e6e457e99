/*
 * roles.h - the six roles, in one table: what each is for and what it lets one do.
 *
 * A role gives rights to act, never to see data, but for the two of a domain: their holders belong
 * to the team, and a team reads its own products. "domain_owner@hospital" is a role of that domain.
 * Thread rule: constant tables.
 */
#ifndef WEFT_TRUST_ROLES_H
#define WEFT_TRUST_ROLES_H

#include "base/buf.h"

enum weft_role {
    WEFT_ROLE_MESH_ADMIN,
    WEFT_ROLE_GOVERNANCE_OFFICER,
    WEFT_ROLE_DOMAIN_OWNER,    /* of a domain */
    WEFT_ROLE_DOMAIN_ENGINEER, /* of a domain */
    WEFT_ROLE_CONSUMER,
    WEFT_ROLE_AUDITOR,
    WEFT_ROLE_COUNT
};

/* What somebody may do; of a domain's role: in that domain only. */
enum weft_right {
    WEFT_RIGHT_PEOPLE = 1,   /* add, change and disable users, services, groups and any key */
    WEFT_RIGHT_DECIDE = 2,   /* approve, reject, renew and revoke requests */
    WEFT_RIGHT_REVIEW = 4,   /* review emergency access */
    WEFT_RIGHT_POLICIES = 8, /* register policies */
    WEFT_RIGHT_AUDIT = 16,   /* read the audit */
    WEFT_RIGHT_ACCESS = 32,  /* see who has access to what: requests, grants, access review */
    WEFT_RIGHT_READ = 64,    /* read the domain's products */
    WEFT_RIGHT_PUBLISH = 128 /* register and run the domain's products */
};

struct weft_role_row {
    const char *name;
    bool of_domain;
    unsigned rights; /* of enum weft_right */
    const char *help;
};

const struct weft_role_row *weft_role_row(enum weft_role role);

/* One role that somebody holds. */
struct weft_role_held {
    enum weft_role role;
    const char *domain; /* NULL = not of a domain */
};

/* "domain_owner@hospital", "auditor". domain points into text. USAGE says what is wrong with it. */
int weft_role_parse(const char *text, struct weft_role_held *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* "mesh_admin, auditor or domain_owner@hospital": who has the right, of the mesh and, unless it is
 * NULL, of the domain. */
void weft_roles_list(enum weft_right right, const char *domain, char *out, size_t size);
/* The table as Markdown rows, and what a right means. */
void weft_roles_print(struct weft_buf *out);

#endif
