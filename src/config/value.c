/* value.c - one value: from text, to text, compared by its text, freed.
 *
 * A row per type instead of a switch per task: to add a type is to add a row. The text of a value
 * is its canonical form; two snapshots differ in a key when its texts differ. */
#include "config/option.h"
#include <stdio.h>

#define STRING_MAX 65536u

/* All fields are reached through here: the offset of a row is of the type its row states. */
static void *field(const struct option *o, void *base)
{
    return (char *)base + o->offset;
}

static const void *field_const(const struct option *o, const void *base)
{
    return (const char *)base + o->offset;
}

static bool within(const struct option *o, int64_t v, void *out, char why[160])
{
    QUND_AUTO(qund_buf_done) struct qund_buf range = {0};
    struct option bound = *o;

    if (v >= o->min && v <= o->max) {
        *(int64_t *)out = v;
        return true;
    }
    bound.offset = 0;
    qund_option_text(&bound, &o->min, &range);
    qund_buf_puts(&range, " to ");
    qund_option_text(&bound, &o->max, &range);
    snprintf(why, 160, "out of bounds; allowed are %s", range.p);
    return false;
}

static bool set_bool(const struct option *o, void *f, struct qund_str s, char why[160])
{
    (void)o;
    *(bool *)f = qund_str_is(s, "true");
    if (*(bool *)f || qund_str_is(s, "false"))
        return true;
    snprintf(why, 160, "true or false is wanted here");
    return false;
}

static bool set_int(const struct option *o, void *f, struct qund_str s, char why[160])
{
    int64_t v;

    if (qund_str_int(s, &v) == 0)
        return within(o, v, f, why);
    snprintf(why, 160, "a whole number is wanted here");
    return false;
}

static bool set_size(const struct option *o, void *f, struct qund_str s, char why[160])
{
    int64_t v;

    if (qund_str_size(s, &v) == 0)
        return within(o, v, f, why);
    snprintf(why, 160, "a size is wanted here, such as 64KiB, 16MiB or 1GiB");
    return false;
}

static bool set_duration(const struct option *o, void *f, struct qund_str s, char why[160])
{
    int64_t v;

    if (qund_str_duration(s, &v) == 0)
        return within(o, v, f, why);
    snprintf(why, 160, "a duration is wanted here, such as 250ms, 10s, 5m, 1h30m or 7d");
    return false;
}

static bool set_string(const struct option *o, void *f, struct qund_str s, char why[160])
{
    (void)o;
    if (s.n == 0 || s.n > STRING_MAX || memchr(s.p, 0, s.n)) {
        snprintf(why, 160, "%s",
                 s.n == 0           ? "empty; remove the line to leave it unset"
                 : s.n > STRING_MAX ? "too long; 65536 bytes at most"
                                    : "a NUL cannot stand in it");
        return false;
    }
    qund_free(*(char **)f);
    *(char **)f = qund_str_dup(s);
    return true;
}

static bool set_enum(const struct option *o, void *f, struct qund_str s, char why[160])
{
    QUND_AUTO(qund_buf_done) struct qund_buf all = {0};

    for (int i = 0; o->words[i]; i++) {
        if (qund_str_is(s, o->words[i])) {
            memcpy(f, &i, sizeof(i));
            return true;
        }
        qund_buf_printf(&all, "%s%s", i ? ", " : "", o->words[i]);
    }
    snprintf(why, 160, "one of these is wanted here: %s", all.p);
    return false;
}

/* "a,b": for defaults and the command line; the file has a list. */
static bool set_paths(const struct option *o, void *f, struct qund_str s, char why[160])
{
    struct qund_strs *l = f;

    (void)why;
    qund_option_clear(o, (char *)f - o->offset);
    while (s.p) {
        struct qund_str one = qund_str_trim(qund_str_split(&s, ','));

        if (one.n == 0)
            continue;
        l->v = qund_realloc(l->v, (l->n + 1) * sizeof(*l->v));
        l->v[l->n++] = qund_str_dup(one);
    }
    return true;
}

/* "HH:MM" to minutes; -1 when it is none. */
static int minutes(struct qund_str s)
{
    int64_t h, m;
    struct qund_str hour = qund_str_split(&s, ':');

    if (hour.n != 2 || s.n != 2 || qund_str_int(hour, &h) < 0 || qund_str_int(s, &m) < 0 || h < 0 ||
        h > 23 || m < 0 || m > 59)
        return -1;
    return (int)(h * 60 + m);
}

static bool set_hours(const struct option *o, void *f, struct qund_str s, char why[160])
{
    struct qund_str from = qund_str_split(&s, '-');
    struct qund_hours h = {minutes(from), s.p ? minutes(s) : -1};

    (void)o;
    if (h.from_min < 0 || h.to_min < 0) {
        snprintf(why, 160, "a range of hours is wanted here, such as 22:00-08:00");
        return false;
    }
    *(struct qund_hours *)f = h;
    return true;
}

static struct qund_ladder *ladder_named(struct qund_ladders *l, struct qund_str level)
{
    for (size_t i = 0; i < l->n; i++)
        if (qund_str_is(level, l->v[i].level))
            return &l->v[i];
    l->v = qund_realloc(l->v, (l->n + 1) * sizeof(*l->v));
    l->v[l->n] = (struct qund_ladder){.level = qund_str_dup(level)};
    return &l->v[l->n++];
}

/* "10m,30m" into one ladder. */
static bool set_steps(struct qund_ladder *l, struct qund_str s, char why[160])
{
    int64_t last = -1;

    l->n = 0;
    while (s.p) {
        int64_t ms;

        if (qund_str_duration(qund_str_trim(qund_str_split(&s, ',')), &ms) < 0 || ms <= last ||
            l->n == QUND_LADDER_STEPS) {
            snprintf(why, 160, "1 to %d rising durations are wanted here, such as [10m, 30m, 60m]",
                     QUND_LADDER_STEPS);
            return false;
        }
        l->step_ms[l->n++] = last = ms;
    }
    return true;
}

/* "normal 10m,30m; urgent 0s": what is named is replaced, the rest stays. */
static bool set_ladders(const struct option *o, void *f, struct qund_str s, char why[160])
{
    (void)o;
    while (s.p) {
        struct qund_str one = qund_str_trim(qund_str_split(&s, ';'));
        struct qund_str level = qund_str_split(&one, ' ');

        if (level.n == 0 || level.n > 32 || !one.p) {
            snprintf(why, 160, "a name and durations are wanted here, such as normal 10m,30m");
            return false;
        }
        if (!set_steps(ladder_named(f, level), one, why))
            return false;
    }
    return true;
}

static void text_bool(const struct option *o, const void *f, struct qund_buf *out)
{
    (void)o;
    qund_buf_puts(out, *(const bool *)f ? "true" : "false");
}

static void text_int(const struct option *o, const void *f, struct qund_buf *out)
{
    (void)o;
    qund_buf_int(out, *(const int64_t *)f);
}

struct unit {
    const char *name;
    int64_t factor;
};

/* In the largest unit that leaves no rest. */
static void text_unit(int64_t v, const struct unit *u, struct qund_buf *out)
{
    while (u->factor > 1 && (v % u->factor != 0 || v == 0))
        u++;
    qund_buf_int(out, v / u->factor);
    qund_buf_puts(out, u->name);
}

static void text_size(const struct option *o, const void *f, struct qund_buf *out)
{
    static const struct unit UNITS[] = {
        {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}};

    (void)o;
    text_unit(*(const int64_t *)f, UNITS, out);
}

static void text_ms(int64_t ms, struct qund_buf *out)
{
    static const struct unit UNITS[] = {
        {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

    text_unit(ms, ms == 0 ? &UNITS[4] : UNITS, out);
}

static void text_duration(const struct option *o, const void *f, struct qund_buf *out)
{
    (void)o;
    if (*(const int64_t *)f >= 0) /* -1: not given */
        text_ms(*(const int64_t *)f, out);
}

static void text_string(const struct option *o, const void *f, struct qund_buf *out)
{
    (void)o;
    if (*(char *const *)f)
        qund_buf_puts(out, *(char *const *)f);
}

static void text_enum(const struct option *o, const void *f, struct qund_buf *out)
{
    int i;

    memcpy(&i, f, sizeof(i));
    qund_buf_puts(out, o->words[i]);
}

static void text_paths(const struct option *o, const void *f, struct qund_buf *out)
{
    const struct qund_strs *l = f;

    (void)o;
    for (size_t i = 0; i < l->n; i++)
        qund_buf_printf(out, "%s%s", i ? "," : "", l->v[i]);
}

static void text_hours(const struct option *o, const void *f, struct qund_buf *out)
{
    const struct qund_hours *h = f;

    (void)o;
    qund_buf_printf(out, "%02d:%02d-%02d:%02d", h->from_min / 60, h->from_min % 60, h->to_min / 60,
                    h->to_min % 60);
}

static void text_ladders(const struct option *o, const void *f, struct qund_buf *out)
{
    const struct qund_ladders *l = f;

    (void)o;
    for (size_t i = 0; i < l->n; i++) {
        qund_buf_printf(out, "%s%s", i ? "; " : "", l->v[i].level);
        for (size_t k = 0; k < l->v[i].n; k++) {
            qund_buf_char(out, k ? ',' : ' ');
            text_ms(l->v[i].step_ms[k], out);
        }
    }
}

static void clear_plain(void *f)
{
    (void)f;
}

static void clear_string(void *f)
{
    qund_free(*(char **)f);
    *(char **)f = NULL;
}

static void clear_paths(void *f)
{
    struct qund_strs *l = f;

    for (size_t i = 0; i < l->n; i++)
        qund_free(l->v[i]);
    qund_free(l->v);
    *l = (struct qund_strs){0};
}

static void clear_ladders(void *f)
{
    struct qund_ladders *l = f;

    for (size_t i = 0; i < l->n; i++)
        qund_free(l->v[i].level);
    qund_free(l->v);
    *l = (struct qund_ladders){0};
}

static const struct type {
    const char *name;
    bool (*set)(const struct option *o, void *f, struct qund_str s, char why[160]);
    void (*text)(const struct option *o, const void *f, struct qund_buf *out);
    void (*clear)(void *f);
} TYPES[OPT_TYPES] = {
    [OPT_BOOL] = {"bool", set_bool, text_bool, clear_plain},
    [OPT_INT] = {"number", set_int, text_int, clear_plain},
    [OPT_SIZE] = {"size", set_size, text_size, clear_plain},
    [OPT_DURATION] = {"duration", set_duration, text_duration, clear_plain},
    [OPT_STRING] = {"string", set_string, text_string, clear_string},
    [OPT_PATH] = {"path", set_string, text_string, clear_string},
    [OPT_URL] = {"address", set_string, text_string, clear_string},
    [OPT_SECRET] = {"secret", set_string, text_string, clear_string},
    [OPT_ENUM] = {"word", set_enum, text_enum, clear_plain},
    [OPT_PATHS] = {"list of paths", set_paths, text_paths, clear_paths},
    [OPT_HOURS] = {"hours", set_hours, text_hours, clear_plain},
    [OPT_LIST] = {"list", set_paths, text_paths, clear_paths},
    [OPT_JSON] = {"anything", set_string, text_string, clear_string},
    [OPT_LADDERS] = {"map of lists of durations", set_ladders, text_ladders, clear_ladders},
};

bool qund_option_set(const struct option *o, void *base, struct qund_str text, char why[160])
{
    return TYPES[o->type].set(o, field(o, base), text, why);
}

void qund_option_text(const struct option *o, const void *base, struct qund_buf *out)
{
    TYPES[o->type].text(o, field_const(o, base), out);
}

void qund_option_clear(const struct option *o, void *base)
{
    TYPES[o->type].clear(field(o, base));
}

const char *qund_option_type_name(enum opt_type t)
{
    return TYPES[t].name;
}
