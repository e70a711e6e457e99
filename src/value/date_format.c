/*
 * date_format.c - dates and times beyond ISO 8601. Stricter than strptime: what reads here reads
 * there, and says the same.
 */
#include "value/date_format.h"

#include "base/clock.h"
#include "value/cell.h"

#include <string.h>

struct format {
    const char *text;
    bool timed;
    int twin; /* day and month the other way round; -1 = none */
};

/* Of formats that read the same values the first one is taken. A point between day and month is
 * never written by those who put the month first. */
static const struct format formats[] = {
    {"%d.%m.%Y", false, -1},         {"%d/%m/%Y", false, 2},
    {"%m/%d/%Y", false, 1},          {"%d-%m-%Y", false, 4},
    {"%m-%d-%Y", false, 3},          {"%Y/%m/%d", false, -1},
    {"%Y.%m.%d", false, -1},         {"%d.%m.%y", false, -1},
    {"%d/%m/%y", false, 9},          {"%m/%d/%y", false, 8},
    {"%d %b %Y", false, -1},         {"%d-%b-%Y", false, -1},
    {"%b %d, %Y", false, -1},        {"%d %B %Y", false, -1},
    {"%B %d, %Y", false, -1},        {"%d.%m.%Y %H:%M:%S", true, -1},
    {"%d.%m.%Y %H:%M", true, -1},    {"%d/%m/%Y %H:%M:%S", true, 18},
    {"%m/%d/%Y %H:%M:%S", true, 17}, {"%d/%m/%Y %H:%M", true, 20},
    {"%m/%d/%Y %H:%M", true, 19},    {"%d-%m-%Y %H:%M:%S", true, 22},
    {"%m-%d-%Y %H:%M:%S", true, 21}, {"%Y/%m/%d %H:%M:%S", true, -1},
    {"%Y/%m/%d %H:%M", true, -1},    {"%m/%d/%y %H:%M", true, 26},
    {"%d/%m/%y %H:%M", true, 25},
};

size_t weft_date_format_count(void)
{
    return WEFT_COUNT(formats);
}

const char *weft_date_format(size_t i)
{
    return formats[i].text;
}

bool weft_date_format_timed(size_t i)
{
    return formats[i].timed;
}

size_t weft_date_format_twin(size_t i)
{
    return formats[i].twin < 0 ? SIZE_MAX : (size_t)formats[i].twin;
}

struct moment {
    int year, month, day, hour, minute, second;
};

static bool number_read(const char **text, const char *end, size_t least, size_t most, int *out)
{
    size_t digits = 0;
    *out = 0;
    for (; *text < end && digits < most && **text >= '0' && **text <= '9'; digits++, ++*text)
        *out = *out * 10 + (**text - '0');
    return digits >= least;
}

/* English names, as strptime has them: of three letters, or whole. */
static bool month_read(const char **text, const char *end, bool whole, int *out)
{
    static const char *const names[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
    for (int i = 0; i < 12; i++) {
        size_t length = whole ? strlen(names[i]) : 3;
        if ((size_t)(end - *text) >= length && memcmp(*text, names[i], length) == 0) {
            *text += length;
            *out = i + 1;
            return true;
        }
    }
    return false;
}

static bool part_read(char part, const char **text, const char *end, struct moment *out)
{
    switch (part) {
    case 'Y':
        return number_read(text, end, 4, 4, &out->year);
    case 'y':
        if (!number_read(text, end, 2, 2, &out->year))
            return false;
        out->year += out->year < 69 ? 2000 : 1900;
        return true;
    case 'm':
        return number_read(text, end, 1, 2, &out->month);
    case 'd':
        return number_read(text, end, 1, 2, &out->day);
    case 'H':
        return number_read(text, end, 1, 2, &out->hour) && out->hour < 24;
    case 'M':
        return number_read(text, end, 1, 2, &out->minute) && out->minute < 60;
    case 'S':
        return number_read(text, end, 1, 2, &out->second) && out->second < 60;
    default:
        return month_read(text, end, part == 'B', &out->month);
    }
}

bool weft_date_format_read(size_t i, const char *text, size_t length, int64_t *us)
{
    const char *end = text + length;
    struct moment moment = {0};
    int32_t days;
    for (const char *at = formats[i].text; *at != '\0'; at++) {
        if (*at == '%') {
            if (!part_read(*++at, &text, end, &moment))
                return false;
        } else if (text == end || *text++ != *at) {
            return false;
        }
    }
    if (text != end || moment.year < 1 ||
        !weft_date_to_days(moment.year, moment.month, moment.day, &days))
        return false;
    int64_t seconds = ((int64_t)moment.hour * 60 + moment.minute) * 60 + moment.second;
    *us = ((int64_t)days * 86400 + seconds) * 1000000;
    return true;
}

/* Formats beyond these leave a column string. */
static bool format_fits(const char *format, const char *text, size_t length)
{
    int64_t us;
    for (size_t i = 0; i < WEFT_COUNT(formats); i++) {
        if (strcmp(formats[i].text, format) == 0)
            return weft_date_format_read(i, text, length, &us);
    }
    return false;
}

bool weft_date_fits(const struct weft_csv_options *csv, const char *text, size_t length)
{
    int32_t days;
    return csv->date_format != NULL ? format_fits(csv->date_format, text, length)
                                    : weft_cell_date(text, length, &days);
}

bool weft_timestamp_fits(const struct weft_csv_options *csv, const char *text, size_t length)
{
    int64_t us;
    if (csv->timestamp_format != NULL)
        return format_fits(csv->timestamp_format, text, length);
    /* Where dates are written in another way, a bare 1999-12-31 is none. */
    return (csv->date_format == NULL || length > 10) && weft_cell_timestamp(text, length, &us);
}
