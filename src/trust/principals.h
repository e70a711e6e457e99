/*
 * principals.h - who there is: users, services, groups, domains with their members, and the roles
 * and attributes they have. Facts of the ledger.
 *
 * A principal is written "user:alice", "service:dashboard", "group:nurses", "domain:hospital",
 * "node:<id>" (that of its first key), or "local:<login>" (the operator at this machine, who is not
 * kept anywhere). Nobody acts as a node yet: what a grant to one lets through is for nodes to come.
 * Kinds of entries:
 *   principal.added, principal.changed   {principal, display?, roles: [..], attributes: {a: [..]},
 *                                         because?}: all of it, as it is from then on
 *   principal.disabled, principal.enabled {principal, because}
 *   group.changed    {group, add: [principal], remove: [principal]}
 *   domain.described {domain, owner?, members: [principal]}: as its domain.yaml has it
 *   password.set     {principal, digest}: SHA-256 of what is kept (password.h); "" = none any more
 * Folded: trust_principals, trust_members, trust_domains, all system-versioned.
 * An attribute is no secret: it stands in the ledger, and rules of rows compare with it.
 * Nothing is ever removed: a disabled principal keeps its name, so that the name in an old entry
 * cannot come to mean somebody else.
 * Thread rule: that of the transaction.
 */
#ifndef WEFT_TRUST_PRINCIPALS_H
#define WEFT_TRUST_PRINCIPALS_H

#include "base/mem.h"
#include "ledger/ledger.h"
#include "model/product.h"
#include "trust/roles.h"

/* Kinds, tables, mesh. tables of the floor: principals, keys, requests, the audit's anchors. Once,
 * at start. */
void weft_trust_register(void);

enum weft_principal_kind {
    WEFT_PRINCIPAL_USER,
    WEFT_PRINCIPAL_SERVICE,
    WEFT_PRINCIPAL_GROUP,
    WEFT_PRINCIPAL_DOMAIN,
    WEFT_PRINCIPAL_NODE,
    WEFT_PRINCIPAL_LOCAL,
    WEFT_PRINCIPAL_KINDS
};

struct weft_key; /* trust/keys.h */

#define WEFT_PRINCIPAL_MAX 128     /* bytes with the zero byte */
#define WEFT_GROUPS_DEEP_MAX 8     /* a group in a group in a ... */
#define WEFT_GROUPS_OF_ONE_MAX 500 /* groups that one principal belongs to, in all */
#define WEFT_ATTRIBUTES_MAX 64
#define WEFT_ATTRIBUTE_VALUES_MAX 1000 /* of all attributes of one principal together */

const char *weft_principal_kind_name(enum weft_principal_kind kind); /* "user" */
/* "user:alice" is well written. A name has a-z, 0-9 and . _ @ + - within. */
bool weft_principal_valid(const char *text);
/* USAGE with what is wrong; kind may be NULL. */
int weft_principal_parse(const char *text, enum weft_principal_kind *kind, struct weft_error *error)
    WEFT_MUST_CHECK;

struct weft_attribute {
    const char *name;
    struct weft_texts values; /* one or more */
};

struct weft_principal {
    const char *id; /* "user:alice" */
    enum weft_principal_kind kind;
    const char *display; /* NULL = none */
    bool known;          /* false: nobody added it; it still belongs to what names it */
    bool disabled;
    /* Given to it and to its groups, and what domain.yaml makes of it: `owner: user:dana` is
     * domain_owner of that domain, a member domain_engineer. */
    const struct weft_role_held *roles;
    size_t role_count;
    size_t given_count;          /* the first of these: given to it and to its groups */
    struct weft_texts own_roles; /* as they were given to it: "auditor", "domain_owner@x" */
    const struct weft_attribute *attributes; /* its own, by name */
    size_t attribute_count;
    /* "group:researchers": by itself and by other groups, sorted; disabled groups give nothing. */
    struct weft_texts groups;
    struct weft_texts direct_groups;
    /* The domains whose team it belongs to ("hospital"), by its roles. Sorted. For "domain:x": x */
    struct weft_texts domains;
    bool has_password;
    int64_t sequence;   /* of the entry that made it so; 0 = not known */
    int64_t created_us; /* 0 = not known */
    /* It acts by this key, which has a scope: then none of its roles and teams gives it a right,
     * and requests are only those within the scope. Set by context/who.h; else NULL. */
    const struct weft_key *by;
};

/* Any principal, known or not, as it was at a sequence (0 = now). What nobody added is not
 * `known`; "local:" and "domain:" never need adding, and of "node:" the one is known whose home
 * this is. USAGE for a text that is none. */
int weft_principal_get(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *id,
                       int64_t sequence, struct weft_principal *out, struct weft_error *error)
    WEFT_MUST_CHECK;
struct weft_principals {
    const struct weft_principal *items; /* by id */
    size_t count;
};
/* All that were added; groups and domains of each are left empty but for direct_groups. */
int weft_principals_list(struct weft_ledger_txn *txn, struct weft_arena *arena, int64_t sequence,
                         struct weft_principals *out, struct weft_error *error) WEFT_MUST_CHECK;

/* ---- asking one ---- */

/* May it act at all? Disabled ones may not, and users and services that nobody added. */
bool weft_principal_active(const struct weft_principal *principal);
/* Does "user:", "service:", "group:", "domain:", "role:<role>", or "everyone" mean it?
 * "domain:hospital" means the domain's own runs, not its team. */
bool weft_principal_is(const struct weft_principal *principal, const char *word);
bool weft_principal_of_domain(const struct weft_principal *principal, const char *domain);
bool weft_principal_has_role(const struct weft_principal *principal, enum weft_role role);
/* domain NULL = in the whole mesh; else there or in the whole mesh. A local operator has all, who
 * acts `by` a key none. */
bool weft_principal_may(const struct weft_principal *principal, enum weft_right right,
                        const char *domain);
/* NULL = it has none of the name. `id` and `name` are no attributes: nobody can be given such. */
const struct weft_texts *weft_principal_attribute(const struct weft_principal *principal,
                                                  const char *name);

/* ---- changing ---- */

/* What is there to be from now on. EXISTS / NOT_FOUND. */
struct weft_principal_change {
    const char *id;
    const char *display;     /* NULL = none */
    struct weft_texts roles; /* as written: "auditor", "domain_owner@hospital" */
    const struct weft_attribute *attributes;
    size_t attribute_count;
    const char *because; /* NULL */
};
int weft_principal_add(struct weft_ledger_txn *txn, const char *actor,
                       const struct weft_principal_change *change, struct weft_error *error)
    WEFT_MUST_CHECK;
/* WEFT_CHANGED (nothing was appended) when it is so already. */
int weft_principal_change(struct weft_ledger_txn *txn, const char *actor,
                          const struct weft_principal_change *change, struct weft_error *error)
    WEFT_MUST_CHECK;
/* WEFT_CHANGED (nothing was appended) when it is so already. */
int weft_principal_disable(struct weft_ledger_txn *txn, const char *actor, const char *id,
                           bool disabled, const char *because, struct weft_error *error)
    WEFT_MUST_CHECK;
/* Members that are not known are NOT_FOUND, but for domains; a cycle, or groups deeper than
 * WEFT_GROUPS_DEEP_MAX, is REFUSED. WEFT_CHANGED when all is so already. */
int weft_group_change(struct weft_ledger_txn *txn, const char *actor, const char *group,
                      const struct weft_texts *add, const struct weft_texts *remove,
                      struct weft_error *error) WEFT_MUST_CHECK;
int weft_group_members(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *group,
                       int64_t sequence, struct weft_texts *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* A domain as its domain.yaml has it; an entry only where it is not so already (then *changed).
 * Members that are no principals ("team@x.org") are left out. */
int weft_domain_describe(struct weft_ledger_txn *txn, const char *actor, const char *domain,
                         const char *owner, const struct weft_texts *members, bool *changed,
                         struct weft_error *error) WEFT_MUST_CHECK;
int weft_domain_members(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *domain,
                        int64_t sequence, struct weft_texts *out, struct weft_error *error)
    WEFT_MUST_CHECK;
/* As its domain.yaml names it; NULL = none. */
int weft_domain_owner(struct weft_ledger_txn *txn, struct weft_arena *arena, const char *domain,
                      const char **out, struct weft_error *error) WEFT_MUST_CHECK;

#endif
