/* src/crm/body.c - flat JSON objects as texts.
 *
 * What the faces ask for is small and flat: a handful of keys, each a text, a number, a yes or no,
 * or a list of texts. A table of names is enough to read any of it, and to say which key was meant.
 */
#include "crm/body.h"

static int bad(struct qund_err *err, struct qund_jr *jr)
{
    return qund_err_set(err, QUND_E_INVAL, "body", "%s at byte %zu", jr->why ? jr->why : "no JSON",
                        jr->at);
}

static int read_list(struct qund_jr *jr, struct qund_arena *arena, struct qund_str *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf all = {0};
    struct qund_str s;
    size_t n = 0;
    bool first;
    int rc = qund_jr_arr(jr, &first);

    while (rc == 0 && (rc = qund_jr_arr_next(jr, &first)) == 1) {
        rc = qund_jr_str(jr, &s);
        if (rc == 0 && memchr(s.n ? s.p : "", '\n', s.n))
            rc = QUND_E_INVAL; /* it would be two */
        if (rc == 0 && n++)
            qund_buf_char(&all, '\n');
        if (rc == 0)
            qund_buf_str(&all, s);
    }
    if (rc == 0 && n == 1 && !all.n)
        qund_buf_char(&all, '\n'); /* one empty text is not none */
    *out = qund_str_n(qund_arena_dup(arena, all.p ? all.p : "", all.n), all.n);
    return rc;
}

static int read_value(struct qund_jr *jr, struct qund_arena *arena, struct qund_str *out)
{
    bool yes;
    int rc;

    switch (qund_jr_peek(jr)) {
    case QUND_JT_STR:
        return qund_jr_str(jr, out);
    case QUND_JT_ARR:
        return read_list(jr, arena, out);
    case QUND_JT_NULL:
        *out = QUND_STR_NONE;
        return qund_jr_null(jr);
    case QUND_JT_BOOL:
        rc = qund_jr_bool(jr, &yes);
        *out = yes ? QUND_STR("true") : QUND_STR("false");
        return rc;
    case QUND_JT_INT:
    case QUND_JT_NUM:
        return qund_jr_skip(jr, out);
    default: /* an object, or malformed: neither belongs into a flat body */
        return QUND_E_INVAL;
    }
}

static size_t place(struct qund_str key, const char *const *names, size_t n)
{
    size_t i = 0;

    while (i < n && !qund_str_is(key, names[i]))
        i++;
    return i;
}

int qund_crm_body_read(struct qund_jr *jr, struct qund_arena *arena, const char *const *names,
                       size_t n, struct qund_str *v, struct qund_err *err)
{
    struct qund_jr_obj o;
    struct qund_str key;
    int rc = qund_jr_obj(jr, &o);

    memset(v, 0, n * sizeof(*v));
    if (rc < 0)
        return bad(err, jr);
    while ((rc = qund_jr_obj_next(jr, &o, &key)) == 1) {
        size_t i = place(key, names, n);

        if (i == n) {
            const char *near = qund_str_nearest(key, names, n);

            return qund_err_set(err, QUND_E_INVAL, "body", "unknown key '%.*s'%s%s%s",
                                QUND_STR_ARG(qund_utf8_cut(key, 60)),
                                near ? "; nearest known: '" : "", near ? near : "",
                                near ? "'" : "");
        }
        if (read_value(jr, arena, &v[i]) < 0)
            return jr->why ? bad(err, jr)
                           : qund_err_set(
                                 err, QUND_E_INVAL, names[i],
                                 "a text, a number or a list of texts of one line is expected");
    }
    return rc < 0 ? bad(err, jr) : QUND_OK;
}

int qund_crm_body_int(struct qund_str s, const char *key, int64_t missing, int64_t *out,
                      struct qund_err *err)
{
    *out = missing;
    if (!s.n || qund_str_int(s, out) == 0)
        return QUND_OK;
    return qund_err_set(err, QUND_E_INVAL, key, "'%.*s' is no whole number",
                        QUND_STR_ARG(qund_utf8_cut(s, 60)));
}

int qund_crm_body_bool(struct qund_str s, const char *key, bool missing, bool *out,
                       struct qund_err *err)
{
    /* Spreadsheets save what they read as true in capitals. */
    static const char *const yes[] = {"true", "TRUE", "True", "1", "yes", "是"};
    static const char *const no[] = {"false", "FALSE", "False", "0", "no", "否"};

    *out = missing;
    if (!s.n)
        return QUND_OK;
    *out = place(s, yes, QUND_ARRAY_LEN(yes)) < QUND_ARRAY_LEN(yes);
    if (*out || place(s, no, QUND_ARRAY_LEN(no)) < QUND_ARRAY_LEN(no))
        return QUND_OK;
    return qund_err_set(err, QUND_E_INVAL, key, "'%.*s' is neither true nor false",
                        QUND_STR_ARG(qund_utf8_cut(s, 60)));
}
