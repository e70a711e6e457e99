/*
 * secure_maker.h - random SELECTs for the tests of policies, over the tables of secure_lab.h, and
 * what is asked of the plain instance in their place.
 *
 * secure_maker.c        values, conditions, FROM, WHERE and select lists
 * secure_maker_forms.c  every form of a SELECT over patients and visits
 * secure_maker_groups.c over cells and doses, of which only groups may be seen
 *
 * What is computed fails on hidden rows only: which of several conditions DuckDB runs first, and on
 * which rows, differs between files and tables, so a value that fails on a visible row would fail
 * here and not there.
 */
#ifndef WEFT_RESOLVER_SECURE_MAKER_H
#define WEFT_RESOLVER_SECURE_MAKER_H

#include "base/buf.h"
#include "base/defs.h"

struct maker {
    uint64_t state;
    struct weft_buf sql;    /* as the reader writes it */
    struct weft_buf oracle; /* what is asked of the plain instance */
};

void maker_init(struct maker *maker, uint64_t seed);
void maker_release(struct maker *maker);
/* A statement over patients (a), visits (v) and wards (w). */
void maker_statement(struct maker *maker);
/* A statement over what only groups may be seen of; what weft adds stands in the oracle. */
void maker_groups(struct maker *maker);

/* ---- parts ---- */

unsigned chance(struct maker *maker, unsigned below);
void put(struct maker *maker, const char *format, ...) WEFT_PRINTF(2, 3);
void put_format(struct maker *maker, const char *format); /* with one number below 400 */
/* Of the table: plain ones may go below the barrier, complex ones need it. */
void put_condition(struct maker *maker, char table, bool complex);
void put_any_condition(struct maker *maker, char table);
/* SELECT ... FROM ... WHERE ..., columns c0 and on. */
void put_select(struct maker *maker, bool aggregates);
/* What fails on hidden rows, or is of many types: an expression. */
const char *pick_rich(struct maker *maker, char table);
const char *pick_value(struct maker *maker, char table);
const char *pick_aggregate(struct maker *maker, char table);

#define PICK(maker, list) (list)[chance(maker, WEFT_COUNT(list))]

#endif
