/* src/sop/body.c - what a person asked for, read out of a command's JSON.
 *
 * A plan is asked for by a dozen keys of different shapes, most of them left out. The object is
 * read once into raw values by name, and each is made into what it should be where it is needed, so
 * that a refusal can name the key. Instants may be typed as they are said: a local date and time in
 * the zone of the group. */
#include "sop/internal.h"

#define DEPTH_MAX 16

static int malformed(struct qund_err *err, const char *where, const struct qund_jr *r)
{
    return qund_err_set(err, QUND_E_INVAL, where, "%s at byte %zu", r->why ? r->why : "no JSON",
                        r->at);
}

static size_t place(struct qund_str key, const char *const *names, size_t n)
{
    size_t i = 0;

    while (i < n && !qund_str_is(key, names[i]))
        i++;
    return i;
}

static int unknown(struct qund_str key, const char *const *names, size_t n, struct qund_err *err)
{
    const char *near = qund_str_nearest(key, names, n);

    return qund_err_set(err, QUND_E_INVAL, "body", "unknown key '%.*s'%s%s%s",
                        QUND_STR_ARG(qund_utf8_cut(key, 60)), near ? "; nearest known: '" : "",
                        near ? near : "", near ? "'" : "");
}

int qund_sop_body_read(struct qund_arena *arena, struct qund_str json, const char *const *names,
                       size_t n, struct qund_str *raw, struct qund_err *err)
{
    struct qund_jr r;
    struct qund_jr_obj o;
    struct qund_str key, v;
    int rc;

    memset(raw, 0, n * sizeof(*raw));
    qund_jr_init(&r, json, arena, DEPTH_MAX);
    rc = qund_jr_obj(&r, &o);
    while (rc == 0 && (rc = qund_jr_obj_next(&r, &o, &key)) == 1) {
        size_t i = place(key, names, n);

        if (i == n)
            return unknown(key, names, n, err);
        rc = qund_jr_skip(&r, &v);
        if (rc == 0 && !qund_str_is(v, "null"))
            raw[i] = v;
    }
    if (rc == 0)
        rc = qund_jr_end(&r);
    return rc < 0 ? malformed(err, "body", &r) : 0;
}

int qund_sop_body_each(struct qund_arena *arena, struct qund_str raw, const char *where,
                       qund_sop_body_fn *each, void *arg, struct qund_err *err)
{
    struct qund_jr r;
    struct qund_jr_obj o;
    struct qund_str key = QUND_STR_NONE, v;
    bool first, list;
    int rc;

    qund_jr_init(&r, raw, arena, DEPTH_MAX);
    list = qund_jr_peek(&r) == QUND_JT_ARR;
    rc = list ? qund_jr_arr(&r, &first) : qund_jr_obj(&r, &o);
    if (rc < 0)
        return qund_err_set(err, QUND_E_INVAL, where, "must be a list or an object");
    while ((rc = list ? qund_jr_arr_next(&r, &first) : qund_jr_obj_next(&r, &o, &key)) == 1) {
        if (qund_jr_skip(&r, &v) < 0)
            return malformed(err, where, &r);
        rc = each(arg, key, v);
        if (rc != 0)
            return rc;
    }
    return rc < 0 ? malformed(err, where, &r) : 0;
}

struct wanted {
    struct qund_str key, raw;
};

static int is_it(void *arg, struct qund_str key, struct qund_str raw)
{
    struct wanted *w = arg;

    if (!qund_str_eq(key, w->key))
        return 0;
    w->raw = raw;
    return 1;
}

bool qund_sop_json_has(struct qund_arena *arena, struct qund_str json, struct qund_str key)
{
    struct wanted w = {.key = key};

    return qund_sop_body_each(arena, json, "", is_it, &w, NULL) == 1;
}

int qund_sop_json_get(struct qund_arena *arena, struct qund_str json, struct qund_str key,
                      struct qund_str *out)
{
    struct wanted w = {.key = key};
    int rc = qund_sop_body_each(arena, json, "", is_it, &w, NULL);

    if (rc < 0)
        return rc;
    if (!w.raw.p || qund_str_is(w.raw, "null"))
        return QUND_E_NOTFOUND;
    return qund_sop_body_text(arena, w.raw, "", out, NULL);
}

/* --- one value --- */

int qund_sop_body_text(struct qund_arena *arena, struct qund_str raw, const char *where,
                       struct qund_str *out, struct qund_err *err)
{
    struct qund_jr r;

    if (!raw.p)
        return 0;
    qund_jr_init(&r, raw, arena, DEPTH_MAX);
    switch (qund_jr_peek(&r)) {
    case QUND_JT_STR:
        return qund_jr_str(&r, out) < 0 ? malformed(err, where, &r) : 0;
    case QUND_JT_INT:
    case QUND_JT_NUM:
    case QUND_JT_BOOL:
        *out = raw;
        return 0;
    default:
        return qund_err_set(err, QUND_E_INVAL, where, "a text or a number is expected");
    }
}

int qund_sop_body_int(struct qund_str raw, const char *where, int64_t *out, struct qund_err *err)
{
    if (!raw.p || qund_str_int(raw, out) == 0)
        return 0;
    return qund_err_set(err, QUND_E_INVAL, where, "must be a whole number");
}

int qund_sop_body_bool(struct qund_str raw, const char *where, bool *out, struct qund_err *err)
{
    if (!raw.p)
        return 0;
    *out = qund_str_is(raw, "true");
    if (*out || qund_str_is(raw, "false"))
        return 0;
    return qund_err_set(err, QUND_E_INVAL, where, "must be true or false");
}

int qund_sop_body_num(struct qund_str raw, const char *where, double *out, struct qund_err *err)
{
    char text[40], *end;

    if (!raw.p)
        return 0;
    /* JSON's own grammar has let it through; no comma, no hexadecimal gets here unquoted. */
    if (raw.n < sizeof(text) && (*raw.p == '-' || (*raw.p >= '0' && *raw.p <= '9'))) {
        snprintf(text, sizeof(text), "%.*s", QUND_STR_ARG(raw));
        *out = strtod(text, &end);
        if (*end == '\0' && *out > -1e15 && *out < 1e15)
            return 0;
    }
    return qund_err_set(err, QUND_E_INVAL, where, "must be a number");
}

/* --- instants --- */

/* Reads exactly `digits` digits; moves on. */
static bool digits(struct qund_str *s, size_t n, int *out)
{
    *out = 0;
    if (s->n < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        *out = *out * 10 + (s->p[i] - '0');
    }
    *s = qund_str_n(s->p + n, s->n - n);
    return true;
}

static bool skip(struct qund_str *s, char c)
{
    if (s->n == 0 || *s->p != c)
        return false;
    *s = qund_str_n(s->p + 1, s->n - 1);
    return true;
}

/* "2026-12-01", "2026-12-01 14:00", "2026-12-01T14:00:30" */
static bool local(struct qund_str s, struct qund_civil *c)
{
    int y, m, d;

    *c = (struct qund_civil){0};
    if (!digits(&s, 4, &c->year) || !skip(&s, '-') || !digits(&s, 2, &c->month) || !skip(&s, '-') ||
        !digits(&s, 2, &c->day))
        return false;
    if (s.n > 0) {
        if (!(skip(&s, ' ') || skip(&s, 'T')) || !digits(&s, 2, &c->hour) || !skip(&s, ':') ||
            !digits(&s, 2, &c->minute))
            return false;
        if (s.n > 0 && (!skip(&s, ':') || !digits(&s, 2, &c->second)))
            return false;
    }
    if (c->month < 1 || c->month > 12 || c->day < 1 || c->hour > 23 || c->minute > 59 ||
        c->second > 59)
        return false;
    qund_civil_from_days(qund_days_from_civil(c->year, c->month, c->day), &y, &m, &d);
    return s.n == 0 && c->year >= 1970 && y == c->year && m == c->month && d == c->day;
}

int qund_sop_body_instant(struct qund_arena *arena, const struct qund_zone *z, struct qund_str raw,
                          const char *where, int64_t *out, struct qund_err *err)
{
    struct qund_str s = QUND_STR_NONE;
    struct qund_civil c;
    int rc = qund_sop_body_text(arena, raw, where, &s, err);

    if (rc < 0 || !s.p)
        return rc;
    if (qund_str_int(s, out) == 0 && *out > 0 && *out < INT64_C(253402300800000))
        return 0;
    if (qund_iso_parse(s, out) == 0)
        return 0;
    if (local(s, &c)) {
        *out = qund_zone_utc(z, &c);
        return 0;
    }
    return qund_err_set(err, QUND_E_INVAL, where,
                        "'%.*s' is no date and time: write \"2026-12-01 14:00\" (the group's own "
                        "clock), or ISO 8601 with an offset",
                        QUND_STR_ARG(qund_utf8_cut(s, 40)));
}

void qund_sop_local_print(const struct qund_zone *z, int64_t at, struct qund_buf *out)
{
    struct qund_civil c;

    qund_zone_civil(z, at, &c);
    qund_buf_printf(out, "%04d-%02d-%02d %02d:%02d", c.year, c.month, c.day, c.hour, c.minute);
}

const struct qund_zone *qund_sop_zone(const struct qund_sop *s, int64_t grp)
{
    qund_assert(s->roster); /* qund_sop_roster comes before any command */
    return qund_roster_zone(s->roster, grp);
}
