/* Tests of pattern.h: patterns that RE2 takes and such as it refuses, each tried with it. */
#include "document/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void patterns_pass(void **state)
{
    (void)state;
    static const char *const good[] = {
        "",
        "[0-9]{5}",
        "a|b|",
        "(a|b)*c+?d??",
        "(?i)abc",
        "(?i-s:abc)",
        "(?P<year>[0-9]{4})-(?:0[1-9]|1[0-2])",
        "[[:alpha:]_][[:^space:]]*",
        "[^]]",
        "[]a]",
        "[a-]",
        "[-a]",
        "[a-b-c]",
        "[\\]\\-\\\\]",
        "[\\d\\w-]",
        "\\p{Greek}\\pL\\PN",
        "\\x41\\x{1F600}",
        "\\12\\0",
        "\\Qa*(b\\Ec",
        "\\Q*",
        "\\A\\bx\\B\\z",
        "a{,5}",
        "a{x}",
        "{",
        "}",
        "a{2,}b{0}c{1,1000}?",
        "(a{50}){20}",
        "\xC3\xA9+[\xC3\xA0-\xC3\xBF]",
        "\\_\\-\\.\\/",
        "x*|y",
        "()*",
        "^*",
    };
    for (size_t i = 0; i < WEFT_COUNT(good); i++) {
        const char *wrong = weft_pattern_mistake(good[i]);
        if (wrong != NULL)
            fail_msg("`%s`: %s", good[i], wrong);
    }
}

static void patterns_fail(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *wrong;
    } bad[] = {
        {"(a", "`(` has no `)`"},
        {"a)", "`)` has no `(`"},
        {"[a", "`[` has no `]`"},
        {"[]", "`[` has no `]`"},
        {"[^", "`[` has no `]`"},
        {"*a", "nothing stands before"},
        {"a|*", "nothing stands before"},
        {"(?i)*", "nothing stands before"},
        {"{2}", "nothing stands before"},
        {"a**", "stands twice"},
        {"a{2}{3}", "stands twice"},
        {"a+{2}", "stands twice"},
        {"a???", "stands twice"},
        {"a{3,1}", "smaller to a larger"},
        {"a{1001}", "up to 1000"},
        {"a{99999999999}", "up to 1000"},
        {"(a{50}){30}", "1000 in all"},
        {"((a{10}b){10}){11}", "1000 in all"},
        {"(a)\\1", "references back"},
        {"\\8", "references back"},
        {"a(?=b)", "ahead or behind"},
        {"(?<!a)b", "ahead or behind"},
        {"(?P<n", "name of a group"},
        {"(?P<>a)", "name of a group"},
        {"(?#x)", "is not known"},
        {"(?>a)", "is not known"},
        {"(?x)a", "is not known"},
        {"[z-a]", "ends before it begins"},
        {"[a-\\d]", "ends before it begins"},
        {"[[:foo:]]", "[:alpha:]"},
        {"[\\b]", "no meaning"},
        {"\\y", "no meaning"},
        {"\\\xC3\xA9", "no meaning"},
        {"a\\Z", "whole value"},
        {"\\x4", "hexadecimal"},
        {"\\x{110000}", "hexadecimal"},
        {"\\p{Greek", "class of Unicode"},
        {"a\\", "ends in a backslash"},
        {"[a\\", "ends in a backslash"},
    };
    for (size_t i = 0; i < WEFT_COUNT(bad); i++) {
        const char *wrong = weft_pattern_mistake(bad[i].pattern);
        if (wrong == NULL || strstr(wrong, bad[i].wrong) == NULL)
            fail_msg("`%s`: %s", bad[i].pattern, wrong == NULL ? "it passes" : wrong);
    }
    char deep[1000];
    memset(deep, '(', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    assert_non_null(weft_pattern_mistake(deep));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_pass),
        cmocka_unit_test(patterns_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
