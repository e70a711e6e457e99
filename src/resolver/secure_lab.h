/*
 * secure_lab.h - worlds for the tests of policies: the same visible data, other hidden data.
 *
 * hospital.patients   rows: state <> 'QC'; every treatment on some column
 * hospital.visits     rows: given consent (a MEMBER condition) and day >= 2020-01-01
 * hospital.cells      min_group of 5 patients
 * hospital.doses      min_groups of 5 patients and of 3 doctors, who are hidden
 * open.wards          nothing hidden
 * hospital.consents   is there for the policy only
 *
 * Worlds 0 and 1 have other values and another number of hidden rows, and other values behind each
 * treatment that shows the same; world 2 has no hidden rows. What stands beside: the tables of the
 * plain instance, in which the hidden was taken away or replaced by hand.
 */
#ifndef WEFT_RESOLVER_SECURE_LAB_H
#define WEFT_RESOLVER_SECURE_LAB_H

#include "resolver/resolver.h"

#define SECURE_LAB_COLUMNS 16
#define SECURE_LAB_TABLES 6

struct secure_lab {
    char *dir;
    int world;
    struct weft_arena *arena;
    struct weft_engine *engine; /* sealed; reads dir */
    struct weft_relation tables[SECURE_LAB_TABLES];
    size_t rows; /* visible, of patients */
    /* What is switched off: a column's name, "rows", "member", "min_group" (all of them), "doctors"
     * (the second of doses), "all" (what a member of the domain sees); NULL = nothing. */
    const char *off;
    struct weft_resolve_options options;
};

struct secure_lab *secure_lab_new(int world, size_t rows);
void secure_lab_free(struct secure_lab *lab);
/* Makes the same names in a plain instance: what the reader may see, as tables; raw: everything. */
void secure_lab_plain(struct secure_lab *lab, struct weft_engine *plain, bool raw);

/* What the statement answers: names, types and rows (sorted), or the error: code, place, message,
 * detail, hint. weft_free it. *failed: it was an error. */
char *secure_lab_answer(struct secure_lab *lab, const char *sql, bool *failed);
char *secure_lab_plain_answer(struct weft_engine *plain, const char *sql, bool *failed);

#endif
