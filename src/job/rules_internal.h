/*
 * rules_internal.h - the rules of a run as bits of a mask, as one SQL condition, and the rows that
 * broke them.
 *
 * Bit 0 is `record`, then come the types of the columns in order; the reader (scan_internal.h) sets
 * those of columns it reads itself. All others are computed by SQL, for rows where the quick
 * condition does not hold. weft_reject(id, mask words...) is then called exactly once for such a
 * row; it says whether the row is published all the same (only warnings were broken).
 * Thread rule: build on one thread; reject from any.
 */
#ifndef WEFT_JOB_RULES_INTERNAL_H
#define WEFT_JOB_RULES_INTERNAL_H

#include "base/mem.h"
#include "engine/engine.h"
#include "job/columns_internal.h"
#include "job/job.h"

#include <pthread.h>

#define JOB_RULE_RECORD 0
#define JOB_REJECT_NAME "weft_reject" /* and the number of a port */
#define JOB_RULE_NONE SIZE_MAX

struct job_rule {
    const char *id;   /* cases.min */
    const char *kind; /* row, key */
    enum weft_on_fail on_fail;
    int field;          /* index of the column it speaks of; -1 = none or several */
    const char *breaks; /* SQL, true when broken; NULL = a bit set by the reader */
    const char *quick;  /* SQL, true when it certainly holds */
    int64_t failing;
};

/* Rows of one column set that must be unique: the key, or a `unique` field. */
struct job_unique {
    size_t rule;
    const int *columns; /* of the input */
    size_t column_count;
    bool hashed; /* the reader can tell likely duplicates by a hash */
};

struct job_rules {
    struct weft_arena *arena;
    struct job_rule *items;
    size_t count;
    size_t capacity;
    size_t words;
    uint64_t *stop; /* masks of `words`: what keeps a row from being published */
    uint64_t *block;
    uint64_t *hides; /* count x words: with rule i broken, these others say nothing */
    struct job_unique *uniques;
    size_t unique_count;
    /* Of an upsert: the bit of rows that another row of the same key stands for. They are counted,
     * and neither published nor set aside. */
    size_t superseded_rule; /* JOB_RULE_NONE = none */
    char reject_name[32];

    pthread_mutex_t mutex; /* for what follows */
    int64_t *ids;          /* of rows set aside; heap */
    uint64_t *masks;       /* words for each */
    size_t row_count;
    size_t row_capacity;
    size_t row_max;
    bool blocked;   /* a rule with on_fail: block was broken */
    int64_t warned; /* rows published with a warning */
    int64_t superseded;
    bool out_of_memory;
    bool over_limit;
};

/* Makes the rules of the columns. The engine serves to check conditions; now_us is what now()
 * answers in them: the run's recorded time. */
int job_rules_build(struct job_rules *rules, struct weft_arena *arena, struct weft_engine *engine,
                    const struct weft_product *product, const struct job_columns *columns,
                    size_t row_max, int64_t now_us, struct weft_error *error) WEFT_MUST_CHECK;
void job_rules_release(struct job_rules *rules);
/* Forgets the rows and counts, for a second pass. */
void job_rules_reset(struct job_rules *rules);
/* Makes weft_reject known, under a name of its own for each number; before seal. */
int job_rules_register(struct job_rules *rules, struct weft_engine *engine, size_t number,
                       struct weft_error *error) WEFT_MUST_CHECK;
/* CASE WHEN ... END: the whole of a WHERE, or (with `report` false) the condition under which a row
 * is published, without telling anybody. */
void job_rules_print(const struct job_rules *rules, bool report, struct weft_buf *out);
/* Sorts the rows by id. */
int job_rules_sort(struct job_rules *rules, struct weft_error *error) WEFT_MUST_CHECK;

static inline const uint64_t *job_rules_mask(const struct job_rules *rules, size_t row)
{
    return rules->masks + row * rules->words;
}
static inline bool job_mask_has(const uint64_t *mask, size_t rule)
{
    return mask[rule >> 6] >> (rule & 63) & 1;
}

/* The `file` of errors in a check's text: "registered document#name" where lines are the text's
 * own. */
const char *job_check_file(struct weft_arena *arena, const struct weft_product *product,
                           const struct weft_check *check);

#endif
