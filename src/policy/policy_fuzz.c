/* Any text as a policy file: no crash, no hang, and what is accepted and registered reads back from
 * its document as the same policy. */
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* As in product_fuzz.c. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libfyaml";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weft_error error = WEFT_ERROR_INIT;
    struct weft_diag diag;
    const struct weft_policy *const *policies = NULL;
    size_t count = 0;
    struct weft_arena *arena = weft_arena_new((size_t)256 << 20);
    weft_diag_init(&diag);
    if (arena == NULL || size > 65536 ||
        weft_policies_parse(arena, (const char *)data, size, "fuzz.yaml", &diag, &policies, &count,
                            &error) < 0)
        count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct weft_policy *again;
        if (policies[i]->kind == WEFT_POLICY_TEST)
            continue;
        if (weft_policy_from_document(arena, policies[i]->document, &again, &error) < 0 ||
            strcmp(policies[i]->digest, again->digest) != 0)
            abort();
    }
    weft_diag_release(&diag);
    weft_arena_free(arena);
    return 0;
}
