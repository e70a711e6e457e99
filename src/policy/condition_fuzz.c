/* Any text as a row condition: no crash, no hang, what is accepted is printed as a text that means
 * the same, and binding it leaves no principal in it. */
#include "policy/condition.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct weft_texts attribute(void *arg, const char *name)
{
    static const char *const one[] = {"x"};
    (void)arg;
    return (struct weft_texts){one, strlen(name) % 2};
}

static void check_bound(const struct weft_condition *condition)
{
    for (size_t i = 0; i < condition->operand_count; i++) {
        if (condition->operands[i].kind == WEFT_OPERAND_PRINCIPAL)
            abort();
    }
    /* NOT stands only before what compares. */
    if (condition->kind == WEFT_CONDITION_NOT && condition->parts[0]->kind <= WEFT_CONDITION_NOT)
        abort();
    for (size_t i = 0; i < condition->part_count; i++)
        check_bound(condition->parts[i]);
}

static void check(struct weft_arena *arena, const struct weft_condition *condition)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_buf once, twice;
    const struct weft_condition *again;
    weft_buf_init(&once, (size_t)1 << 20);
    weft_buf_init(&twice, (size_t)1 << 20);
    weft_condition_print(condition, &once);
    if (once.length <= WEFT_CONDITION_BYTES_MAX) {
        if (weft_condition_parse(arena, once.data, &again, &error) < 0)
            abort();
        weft_condition_print(again, &twice);
        if (strcmp(once.data, twice.data) != 0)
            abort();
    }
    const struct weft_condition *bound = weft_condition_bind(arena, condition, attribute, NULL);
    if (bound != NULL)
        check_bound(bound);
    weft_buf_release(&once);
    weft_buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_error error = WEFT_ERROR_INIT;
    const struct weft_condition *condition;
    struct weft_arena *arena = weft_arena_new((size_t)64 << 20);
    char *text = arena == NULL ? NULL : weft_arena_strndup(arena, (const char *)data, size);
    if (text != NULL && weft_condition_parse(arena, text, &condition, &error) == 0)
        check(arena, condition);
    weft_arena_free(arena);
    return 0;
}
