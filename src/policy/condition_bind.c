/*
 * condition_bind.c - a row condition bound to a principal: principal.x becomes constants.
 *
 * What is made is true exactly where the condition is true, and NOT stands only before leaves, so
 * that a comparison with an attribute that is missing is no row on both sides of a NOT.
 */
#include "policy/condition.h"

/* ---- bound to a principal ---- */

struct binder {
    struct weft_arena *arena;
    weft_condition_attribute_fn *attribute;
    void *arg;
    bool missing; /* an attribute was asked for and is not there */
    bool nomem;
};

static const struct weft_condition *bind_node(struct binder *binder,
                                              const struct weft_condition *node, bool negated);

static struct weft_condition *bind_new(struct binder *binder, enum weft_condition_kind kind)
{
    struct weft_condition *node = weft_arena_alloc(binder->arena, sizeof *node);
    if (node == NULL)
        binder->nomem = true;
    else
        node->kind = kind;
    return node;
}

static const struct weft_condition *bind_none(struct binder *binder)
{
    return bind_new(binder, WEFT_CONDITION_NONE);
}

static const struct weft_condition *bind_not(struct binder *binder,
                                             const struct weft_condition *part)
{
    struct weft_condition *node = bind_new(binder, WEFT_CONDITION_NOT);
    const struct weft_condition **parts = weft_arena_array(binder->arena, 1, sizeof(*parts));
    if (node == NULL || parts == NULL || part == NULL) {
        binder->nomem = true;
        return NULL;
    }
    parts[0] = part;
    node->parts = parts;
    node->part_count = 1;
    return node;
}

/* NOT of a list is the other list of NOTs; parts that are no row or every row are dropped. */
static const struct weft_condition *bind_list(struct binder *binder,
                                              const struct weft_condition *node, bool negated)
{
    bool all = (node->kind == WEFT_CONDITION_AND) != negated;
    enum weft_condition_kind stops = all ? WEFT_CONDITION_NONE : WEFT_CONDITION_ALL;
    enum weft_condition_kind drops = all ? WEFT_CONDITION_ALL : WEFT_CONDITION_NONE;
    struct weft_condition *made = bind_new(binder, all ? WEFT_CONDITION_AND : WEFT_CONDITION_OR);
    const struct weft_condition **parts =
        weft_arena_array(binder->arena, node->part_count, sizeof(*parts));
    if (made == NULL || parts == NULL) {
        binder->nomem = true;
        return NULL;
    }
    for (size_t i = 0; i < node->part_count; i++) {
        const struct weft_condition *part = bind_node(binder, node->parts[i], negated);
        if (part == NULL)
            return NULL;
        if (part->kind == stops)
            return part;
        if (part->kind != drops)
            parts[made->part_count++] = part;
    }
    made->parts = parts;
    if (made->part_count == 0)
        return bind_new(binder, drops);
    return made->part_count == 1 ? parts[0] : made;
}

/* The operands with attributes replaced by their values. */
static bool bind_operands(struct binder *binder, const struct weft_condition *node,
                          struct weft_condition *made, bool *missing)
{
    size_t capacity = 0;
    struct weft_operand *operands = NULL;
    for (size_t i = 0; i < node->operand_count; i++) {
        struct weft_operand operand = node->operands[i];
        struct weft_texts values = {&operand.text, 1};
        if (operand.kind == WEFT_OPERAND_PRINCIPAL) {
            values = binder->attribute(binder->arg, operand.text);
            operand.kind = WEFT_OPERAND_TEXT;
            *missing = *missing || values.count == 0;
        }
        if (weft_arena_reserve(binder->arena, &operands, &capacity,
                               made->operand_count + values.count + 1, sizeof *operands) < 0) {
            binder->nomem = true;
            return false;
        }
        for (size_t v = 0; v < values.count; v++)
            operands[made->operand_count++] = (struct weft_operand){operand.kind, values.items[v]};
    }
    made->operands = operands;
    return true;
}

static const struct weft_condition *bind_leaf(struct binder *binder,
                                              const struct weft_condition *node, bool negated)
{
    struct weft_condition *made = bind_new(binder, node->kind);
    bool missing = false;
    if (made == NULL)
        return NULL;
    *made = *node;
    made->operand_count = 0;
    if (!bind_operands(binder, node, made, &missing))
        return NULL;
    binder->missing = binder->missing || missing;
    /* What is not known of the principal may be any value: NOT IN of it is true of nothing. */
    if (missing && (negated || made->operand_count == 0))
        return bind_none(binder);
    bool compares = node->kind == WEFT_CONDITION_COMPARE || node->kind == WEFT_CONDITION_LIKE;
    if (compares && made->operand_count != 1) {
        /* = one of several values; no other comparison has a meaning for them. */
        bool equal = node->kind == WEFT_CONDITION_COMPARE && node->op == WEFT_EQUAL;
        bool unequal = node->kind == WEFT_CONDITION_COMPARE && node->op == WEFT_NOT_EQUAL;
        if (!equal && !unequal)
            return bind_none(binder);
        made->kind = WEFT_CONDITION_IN;
        negated = negated != unequal;
    }
    return negated ? bind_not(binder, made) : made;
}

/* Rows of the other product that an unknown attribute would have given might be any. */
static const struct weft_condition *bind_member(struct binder *binder,
                                                const struct weft_condition *node, bool negated)
{
    struct weft_condition *made = bind_new(binder, node->kind);
    const struct weft_condition **parts = weft_arena_array(binder->arena, 1, sizeof(*parts));
    bool before = binder->missing;
    if (made == NULL || parts == NULL) {
        binder->nomem = true;
        return NULL;
    }
    *made = *node;
    binder->missing = false;
    if (node->part_count > 0) {
        parts[0] = bind_node(binder, node->parts[0], false);
        if (parts[0] == NULL)
            return NULL;
        made->parts = parts;
    }
    bool unsure = binder->missing;
    binder->missing = binder->missing || before;
    if (unsure && (negated || parts[0]->kind == WEFT_CONDITION_NONE))
        return bind_none(binder);
    return negated ? bind_not(binder, made) : made;
}

/* The condition that is true exactly where `node` is true, or where it is false (negated). */
static const struct weft_condition *bind_node(struct binder *binder,
                                              const struct weft_condition *node, bool negated)
{
    switch (node->kind) {
    case WEFT_CONDITION_AND:
    case WEFT_CONDITION_OR:
        return bind_list(binder, node, negated);
    case WEFT_CONDITION_NOT:
        return bind_node(binder, node->parts[0], !negated);
    case WEFT_CONDITION_ALL:
    case WEFT_CONDITION_NONE:
        return bind_new(binder, (node->kind == WEFT_CONDITION_ALL) != negated
                                    ? WEFT_CONDITION_ALL
                                    : WEFT_CONDITION_NONE);
    case WEFT_CONDITION_NULL:
        return negated ? bind_not(binder, node) : node;
    case WEFT_CONDITION_MEMBER:
        return bind_member(binder, node, negated);
    default:
        return bind_leaf(binder, node, negated);
    }
}

const struct weft_condition *weft_condition_bind(struct weft_arena *arena,
                                                 const struct weft_condition *condition,
                                                 weft_condition_attribute_fn *attribute, void *arg)
{
    struct binder binder = {.arena = arena, .attribute = attribute, .arg = arg};
    const struct weft_condition *made = bind_node(&binder, condition, false);
    return binder.nomem ? NULL : made;
}
