/*
 * clock.c - clocks and their texts. Dates by the civil-from-days arithmetic on 400-year eras, so
 * that no time zone data and no library state is touched.
 */
#include "base/clock.h"

#include "base/fault.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_DAY (INT64_C(86400) * US_PER_SECOND)

int64_t weft_clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000 + weft_fault_clock_us();
}

int64_t weft_clock_mono_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * US_PER_SECOND + now.tv_nsec / 1000;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool weft_date_to_days(int year, int month, int day, int32_t *days)
{
    static const int month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < -9999 || year > 9999 || month < 1 || month > 12 || day < 1)
        return false;
    if (day > month_days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0))
        return false;
    int y = month <= 2 ? year - 1 : year;
    int era = (y >= 0 ? y : y - 399) / 400;
    int year_of_era = y - era * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    *days = era * 146097 + day_of_era - 719468;
    return true;
}

void weft_days_to_date(int32_t days, int *year, int *month, int *day)
{
    int z = days + 719468;
    int era = (z >= 0 ? z : z - 146096) / 146097;
    int day_of_era = z - era * 146097;
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int shifted = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * shifted + 2) / 5 + 1;
    *month = shifted < 10 ? shifted + 3 : shifted - 9;
    *year = year_of_era + era * 400 + (*month <= 2 ? 1 : 0);
}

void weft_time_format(int64_t us, char out[WEFT_TIME_TEXT])
{
    int64_t days = us / US_PER_DAY;
    int64_t rest = us % US_PER_DAY;
    if (rest < 0) {
        rest += US_PER_DAY;
        days--;
    }
    int year, month, day;
    weft_days_to_date((int32_t)days, &year, &month, &day);
    int seconds = (int)(rest / US_PER_SECOND);
    int fraction = (int)(rest % US_PER_SECOND);
    int length = snprintf(out, WEFT_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", year, month, day,
                          seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (fraction != 0)
        length += snprintf(out + length, WEFT_TIME_TEXT - (size_t)length, ".%06d", fraction);
    snprintf(out + length, WEFT_TIME_TEXT - (size_t)length, "Z");
}

/* Exactly `count` digits at *text. */
static bool digits_read(const char **text, int count, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++) {
        char c = (*text)[i];
        if (c < '0' || c > '9')
            return false;
        *value = *value * 10 + (c - '0');
    }
    *text += count;
    return true;
}

static bool fraction_read(const char **text, int *us)
{
    *us = 0;
    if (**text != '.')
        return true;
    (*text)++;
    int digits = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++, digits++) {
        if (digits == 6)
            return false;
        *us = *us * 10 + (**text - '0');
    }
    for (int i = digits; i < 6; i++)
        *us *= 10;
    return digits > 0;
}

/* Z, +hh:mm, -hh:mm, +hh, or nothing. */
static bool offset_read(const char **text, int64_t *offset_us)
{
    *offset_us = 0;
    char sign = **text;
    if (sign == 'Z' || sign == 'z') {
        (*text)++;
        return true;
    }
    if (sign != '+' && sign != '-')
        return true;
    (*text)++;
    int hours, minutes = 0;
    if (!digits_read(text, 2, &hours) || hours > 18)
        return false;
    bool colon = **text == ':';
    if (colon)
        (*text)++;
    if ((colon || **text != '\0') && (!digits_read(text, 2, &minutes) || minutes > 59))
        return false;
    *offset_us = ((int64_t)hours * 3600 + minutes * 60) * US_PER_SECOND;
    if (sign == '-')
        *offset_us = -*offset_us;
    return true;
}

bool weft_time_parse(const char *text, int64_t *us)
{
    int year, month, day, hour = 0, minute = 0, second = 0, fraction = 0;
    int32_t days;
    int64_t offset = 0;
    if (!digits_read(&text, 4, &year) || *text++ != '-' || !digits_read(&text, 2, &month) ||
        *text++ != '-' || !digits_read(&text, 2, &day) || year < 1 ||
        !weft_date_to_days(year, month, day, &days))
        return false;
    if (*text == 'T' || *text == 't' || *text == ' ') {
        text++;
        if (!digits_read(&text, 2, &hour) || *text++ != ':' || !digits_read(&text, 2, &minute))
            return false;
        if (*text == ':') {
            text++;
            if (!digits_read(&text, 2, &second) || !fraction_read(&text, &fraction))
                return false;
        }
        if (hour > 23 || minute > 59 || second > 59 || !offset_read(&text, &offset))
            return false;
    }
    if (*text != '\0')
        return false;
    int64_t seconds = (int64_t)hour * 3600 + minute * 60 + second;
    *us = days * US_PER_DAY + seconds * US_PER_SECOND + fraction - offset;
    return true;
}

bool weft_duration_parse(const char *text, int64_t *us)
{
    static const struct {
        const char *unit;
        int64_t us;
    } units[] = {{"ms", 1000},
                 {"s", US_PER_SECOND},
                 {"m", 60 * US_PER_SECOND},
                 {"h", 3600 * US_PER_SECOND},
                 {"d", US_PER_DAY},
                 {"w", 7 * US_PER_DAY},
                 {"y", 365 * US_PER_DAY}};
    int64_t value = 0;
    int digits = 0;
    for (; *text >= '0' && *text <= '9' && digits < 9; text++, digits++)
        value = value * 10 + (*text - '0');
    if (digits == 0)
        return false;
    for (size_t i = 0; i < WEFT_COUNT(units); i++) {
        if (strcmp(text, units[i].unit) == 0)
            return !__builtin_mul_overflow(value, units[i].us, us);
    }
    return false;
}

void weft_time_ago(int64_t us, int64_t now_us, char out[WEFT_TIME_TEXT])
{
    static const struct {
        int64_t seconds;
        const char *name;
    } steps[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    int64_t seconds = (now_us - us) / US_PER_SECOND;
    bool future = seconds < 0;
    if (future)
        seconds = -seconds;
    for (size_t i = 0; i < WEFT_COUNT(steps); i++) {
        if (seconds < steps[i].seconds)
            continue;
        int64_t count = seconds / steps[i].seconds;
        snprintf(out, WEFT_TIME_TEXT, "%s%" PRId64 " %s%s%s", future ? "in " : "", count,
                 steps[i].name, count == 1 ? "" : "s", future ? "" : " ago");
        return;
    }
    snprintf(out, WEFT_TIME_TEXT, "just now");
}
