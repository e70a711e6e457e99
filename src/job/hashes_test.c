/*
 * hashes_test.c - hashes of keys find every pair, or say that they cannot know.
 */
#include "job/hashes_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_hashes(void **state)
{
    (void)state;
    for (int twin = 0; twin < 2; twin++) {
        struct job_hashes set;
        struct job_hash_block *block = NULL;
        job_hashes_init(&set, 1000000);
        for (uint64_t i = 0; i < 200000; i++) {
            if (block == NULL || block->count == JOB_HASH_BLOCK)
                block = job_hashes_block(&set);
            assert_non_null(block);
            uint64_t value = twin && i == 199999 ? 17 : i;
            block->items[block->count++] = job_hash_mix(1, value);
        }
        assert_int_equal(job_hashes_suspect(&set), twin);
        job_hashes_release(&set);
    }
    struct job_hashes small;
    job_hashes_init(&small, 1);
    assert_non_null(job_hashes_block(&small));
    assert_null(job_hashes_block(&small)); /* too many: nothing is known, so suspect */
    assert_true(job_hashes_suspect(&small));
    job_hashes_release(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hashes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
