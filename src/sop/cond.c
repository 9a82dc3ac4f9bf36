/* cond.c - conditions: `flag`, or `metric op value [in DUR] [at OFFSET]`.
 *
 * They stand in YAML as short strings, since "signups<15% of capacity at T-11d" is what a person
 * says; so they have a grammar, and whatever it does not cover is refused with the nearest name.
 * A percentage has a base (customers when none is named); where a figure is no count of people or
 * things there is nothing to take a percentage of. */
#include "sop/template.h"
#include <math.h>
#include <stdio.h>

#define VALUE_MAX 1000000000.0
#define OF_WHAT_MAX 48u
#define WITHIN_MAX (90 * QUND_DAY_MS)

static const char *const BASES[QUND_SOP_BASES] = {"customers", "new",    "signups", "confirmed",
                                                  "reserved",  "orders", "stock",   "capacity"};
static const char *const BASES_ZH[QUND_SOP_BASES] = {"客户",   "新成员", "报名", "已确认",
                                                     "已预约", "下单",   "库存", "容量"};
static const char *const SIGNS[] = {
    [QUND_SOP_GTE] = ">=", [QUND_SOP_LTE] = "<=", [QUND_SOP_GT] = ">",
    [QUND_SOP_LT] = "<",   [QUND_SOP_EQ] = "==",
};

const char *qund_sop_count_of_name(enum qund_sop_count_of of)
{
    return (unsigned)of < QUND_SOP_BASES ? BASES[of] : "?";
}

const char *qund_sop_count_of_zh(enum qund_sop_count_of of)
{
    return (unsigned)of < QUND_SOP_BASES ? BASES_ZH[of] : "?";
}

const char *qund_sop_op_sign(enum qund_sop_op op)
{
    return (unsigned)op < QUND_ARRAY_LEN(SIGNS) ? SIGNS[op] : "?";
}

static int unknown(struct qund_err *err, const char *what, struct qund_str s,
                   const char *const *names, size_t n)
{
    const char *near = qund_str_nearest(s, names, n);

    return qund_err_set(err, QUND_E_INVAL, "", "unknown %s '%.*s'%s%s%s", what,
                        QUND_STR_ARG(qund_utf8_cut(s, 60)), near ? "; nearest known: '" : "",
                        near ? near : "", near ? "'" : "");
}

/* --- values ---------------------------------------------------------------------------------- */
/* Digits, at most three of them behind a point. */
static int parse_number(struct qund_str s, double *out)
{
    struct qund_str rest = s, whole = qund_str_split(&rest, '.');
    int64_t v, part = 0;
    double scale = 1;

    if (whole.n == 0 || whole.p[0] == '-' || qund_str_int(whole, &v) < 0)
        return QUND_E_INVAL;
    if (rest.p && (rest.n == 0 || rest.n > 3 || rest.p[0] == '-' || qund_str_int(rest, &part) < 0))
        return QUND_E_INVAL;
    for (size_t i = 0; i < rest.n; i++)
        scale *= 10;
    *out = (double)v + (double)part / scale;
    return *out <= VALUE_MAX ? QUND_OK : QUND_E_INVAL;
}

static int parse_base(struct qund_str s, struct qund_sop_value *v, struct qund_err *err)
{
    int of;

    if (s.n == 0)
        return QUND_OK;
    if (!qund_str_starts(s, "of "))
        return qund_err_set(err, QUND_E_INVAL, "",
                            "after a percentage comes nothing or its base, as in 30%% of signups");
    s = qund_str_trim(qund_str_n(s.p + 3, s.n - 3));
    of = qund_str_index(s, BASES, QUND_ARRAY_LEN(BASES));
    if (of < 0)
        return unknown(err, "base of a percentage", s, BASES, QUND_ARRAY_LEN(BASES));
    v->of = (enum qund_sop_count_of)of;
    return QUND_OK;
}

int qund_sop_value_parse(struct qund_str s, struct qund_sop_value *out, struct qund_err *err)
{
    struct qund_sop_value v = {0};
    struct qund_str number, rest;

    s = qund_str_trim(s);
    if (qund_str_starts(s, "{{") && s.n > 4 && memcmp(s.p + s.n - 2, "}}", 2) == 0) {
        v.var = qund_str_trim(qund_str_n(s.p + 2, s.n - 4));
        if (v.var.n == 0 || memchr(v.var.p, '{', v.var.n) || memchr(v.var.p, '}', v.var.n))
            return qund_err_set(err, QUND_E_INVAL, "", "a value is a number or one {{variable}}");
        *out = v;
        return QUND_OK;
    }
    rest = s;
    number = qund_str_trim(qund_str_split(&rest, '%'));
    v.percent = rest.p != NULL;
    if (parse_number(number, &v.n) < 0)
        return qund_err_set(err, QUND_E_INVAL, "",
                            "'%.*s' is no value: write 20, 8%%, 30%% of signups or {{variable}}",
                            QUND_STR_ARG(qund_utf8_cut(s, 60)));
    if (v.percent && v.n > 1000)
        return qund_err_set(err, QUND_E_INVAL, "", "a percentage is at most 1000%%");
    if (v.percent && parse_base(qund_str_trim(rest), &v, err) < 0)
        return QUND_E_INVAL;
    *out = v;
    return QUND_OK;
}

void qund_sop_value_print(const struct qund_sop_value *v, struct qund_buf *out)
{
    int64_t thousandths = llround(v->n * 1000);
    char tail[8];
    size_t n = 3;

    if (v->var.p) {
        qund_buf_printf(out, "{{%.*s}}", QUND_STR_ARG(v->var));
        return;
    }
    qund_buf_int(out, thousandths / 1000);
    snprintf(tail, sizeof(tail), "%03d", (int)(thousandths % 1000));
    while (n > 0 && tail[n - 1] == '0')
        n--;
    if (n > 0)
        qund_buf_printf(out, ".%.*s", (int)n, tail);
    if (v->percent)
        qund_buf_char(out, '%');
    if (v->percent && v->of != QUND_SOP_OF_CUSTOMERS)
        qund_buf_printf(out, " of %s", BASES[v->of]);
}

/* --- metrics and flags ----------------------------------------------------------------------- */
/* Names of everything a condition may begin with, for the nearest one. */
static int unknown_subject(struct qund_err *err, struct qund_str s, bool flags)
{
    const char *names[QUND_SOP_METRICS + QUND_SOP_FLAGS];
    size_t n = 0;

    for (int i = 0; i < QUND_SOP_METRICS; i++)
        names[n++] = qund_sop_metric_name((enum qund_sop_metric)i);
    for (int i = QUND_SOP_FLAG_NONE + 1; flags && i < QUND_SOP_FLAGS; i++)
        names[n++] = qund_sop_flag_name((enum qund_sop_flag)i);
    return unknown(err, flags ? "flag" : "metric", s, names, n);
}

static bool is_word(struct qund_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || strchr("<>={}%\"'\x7f", s.p[i]))
            return false;
    return s.n > 0 && s.n <= OF_WHAT_MAX;
}

int qund_sop_metric_of(struct qund_str s, enum qund_sop_metric *m, struct qund_str *of_what,
                       struct qund_err *err)
{
    struct qund_str rest = s, name = qund_str_split(&rest, '.');
    int found = qund_sop_metric_parse(name);

    if (found < 0)
        return unknown_subject(err, s, false);
    if (rest.p && found != QUND_SOP_STOCK && found != QUND_SOP_KEYWORD_HITS)
        return qund_err_set(err, QUND_E_INVAL, "",
                            "only stock and keyword_hits are of something: write %.*s",
                            QUND_STR_ARG(name));
    if (rest.p && !is_word(rest))
        return qund_err_set(err, QUND_E_INVAL, "",
                            "what %.*s is of must be one word of at most %u bytes",
                            QUND_STR_ARG(name), OF_WHAT_MAX);
    *m = (enum qund_sop_metric)found;
    *of_what = rest;
    return QUND_OK;
}

/* --- the whole ------------------------------------------------------------------------------- */
/* Cuts `… WORD rest` off the end of *s (" at ", " in "): true, and *rest is what follows. */
static bool cut_tail(struct qund_str *s, const char *word, struct qund_str *rest)
{
    ptrdiff_t at = qund_str_find(*s, 0, qund_str(word));

    if (at < 0)
        return false;
    *rest = qund_str_trim(qund_str_n(s->p + at + strlen(word), s->n - (size_t)at - strlen(word)));
    s->n = (size_t)at;
    return true;
}

/* The first sign in s: *at its place, *len its length; -1: none. */
static int find_sign(struct qund_str s, size_t *at, size_t *len)
{
    for (size_t i = 0; i < s.n; i++)
        for (int k = 0; k < (int)QUND_ARRAY_LEN(SIGNS); k++) {
            size_t n = strlen(SIGNS[k]);

            if (s.n - i < n || memcmp(s.p + i, SIGNS[k], n) != 0)
                continue;
            *at = i;
            *len = n;
            return k;
        }
    return -1;
}

static int parse_compare(struct qund_str s, int op, size_t at, size_t len, struct qund_sop_cond *c,
                         struct qund_err *err)
{
    struct qund_str left = qund_str_trim(qund_str_n(s.p, at));
    struct qund_str right = qund_str_n(s.p + at + len, s.n - at - len);

    c->op = (enum qund_sop_op)op;
    if (qund_sop_metric_of(left, &c->metric, &c->of_what, err) < 0 ||
        qund_sop_value_parse(right, &c->value, err) < 0)
        return QUND_E_INVAL;
    if (c->value.percent && !qund_sop_metric_counts(c->metric))
        return qund_err_set(err, QUND_E_INVAL, "",
                            "%s counts neither people nor things: write a number, no percentage",
                            qund_sop_metric_name(c->metric));
    return QUND_OK;
}

static int parse_tails(struct qund_str *s, struct qund_sop_cond *c, struct qund_err *err)
{
    struct qund_str tail;

    if (cut_tail(s, " at ", &tail)) {
        if (qund_sop_offset_parse(tail, &c->at, err) < 0)
            return QUND_E_INVAL;
        if (c->at.base == QUND_SOP_AT_ON)
            return qund_err_set(err, QUND_E_INVAL, "", "a condition is asked at a time, not on:…");
        c->has_at = true;
    }
    if (cut_tail(s, " in ", &tail) &&
        (qund_str_duration(tail, &c->in_ms) < 0 || c->in_ms < 60000 || c->in_ms > WITHIN_MAX))
        return qund_err_set(err, QUND_E_INVAL, "",
                            "after `in` comes how far back to look: 1m to 90d, not '%.*s'",
                            QUND_STR_ARG(qund_utf8_cut(tail, 40)));
    return QUND_OK;
}

int qund_sop_cond_parse(struct qund_str text, struct qund_sop_cond *out, struct qund_err *err)
{
    struct qund_str s = qund_str_trim(text);
    struct qund_sop_cond c = {0};
    size_t at = 0, len = 0;
    int op, flag;

    if (parse_tails(&s, &c, err) < 0)
        return QUND_E_INVAL;
    s = qund_str_trim(s);
    op = find_sign(s, &at, &len);
    if (op >= 0) {
        if (parse_compare(s, op, at, len, &c, err) < 0)
            return QUND_E_INVAL;
        *out = c;
        return QUND_OK;
    }
    flag = qund_sop_flag_parse(s);
    if (flag < 0 && qund_sop_metric_parse(s) >= 0)
        return qund_err_set(err, QUND_E_INVAL, "", "%.*s is compared with something: %.*s>=10",
                            QUND_STR_ARG(s), QUND_STR_ARG(s));
    if (flag < 0)
        return unknown_subject(err, s, true);
    if (c.in_ms > 0)
        return qund_err_set(err, QUND_E_INVAL, "", "%.*s is so or not: `in` has no place here",
                            QUND_STR_ARG(s));
    c.flag = (enum qund_sop_flag)flag;
    *out = c;
    return QUND_OK;
}

void qund_sop_cond_print(const struct qund_sop_cond *c, struct qund_buf *out)
{
    if (c->flag != QUND_SOP_FLAG_NONE) {
        qund_buf_puts(out, qund_sop_flag_name(c->flag));
    } else {
        qund_buf_puts(out, qund_sop_metric_name(c->metric));
        if (c->of_what.p)
            qund_buf_printf(out, ".%.*s", QUND_STR_ARG(c->of_what));
        qund_buf_puts(out, qund_sop_op_sign(c->op));
        qund_sop_value_print(&c->value, out);
    }
    if (c->in_ms > 0) {
        qund_buf_puts(out, " in ");
        qund_sop_duration_print(c->in_ms, out);
    }
    if (c->has_at) {
        qund_buf_puts(out, " at ");
        qund_sop_offset_print(&c->at, out);
    }
}
