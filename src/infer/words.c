/*
 * words.c - words that stand for no value, and words of names.
 */
#include "infer/infer_internal.h"

#include <string.h>

const char *const infer_words[INFER_WORDS] = {
    "NA",   "N/A", "n/a", "#N/A", "NaN", "nan",    "NULL", "null",    "Null",  "None",
    "none", "-",   "--",  "?",    ".",   "(null)", "\\N",  "unknown", "#REF!", "#DIV/0!",
};

int infer_word_of(const char *text, size_t length)
{
    if (length == 0 || length > 7)
        return -1;
    for (int i = 0; i < INFER_WORDS; i++) {
        if (strlen(infer_words[i]) == length && memcmp(infer_words[i], text, length) == 0)
            return i;
    }
    return -1;
}

bool infer_name_has(const char *name, const char *list)
{
    for (const char *word = name; *word != '\0';) {
        size_t length = strcspn(word, "_");
        for (const char *known = list; *known != '\0';) {
            size_t known_length = strcspn(known, " ");
            if (length == known_length && memcmp(word, known, length) == 0)
                return true;
            known += known_length + (known[known_length] == ' ');
        }
        word += length + (word[length] == '_');
    }
    return false;
}
