/* err.c - errors a person must act on.
 *
 * An error says what is wrong, where, and what to do, in fixed room: it is filled on paths where
 * memory may be what is missing, and copied between threads by value. A check of a file collects
 * all its errors in a list with a bound, because a person mends ten slips in one go but nobody
 * reads ten thousand. The list is in the order of the file, whatever the order of the checks: that
 * is how it is gone through. */
#include "core/err.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void set_text(char *out, size_t room, const char *fmt, va_list ap) QUND_PRINTF(3, 0);

static void set_text(char *out, size_t room, const char *fmt, va_list ap)
{
    int n = vsnprintf(out, room, fmt, ap);

    if (n >= 0 && (size_t)n >= room) {
        struct qund_str whole = qund_str_n(out, room - 1);

        /* The byte that would have followed is lost, so a full last character cannot be told from
         * a cut one by looking ahead: check, and drop what is broken. */
        ptrdiff_t bad = qund_utf8_check(whole);

        if (bad >= 0 && room - 1 - (size_t)bad < 4)
            out[bad] = '\0';
    }
}

static void fill(struct qund_err *e, int rc, const char *where, const char *fmt, va_list ap)
    QUND_PRINTF(4, 0);

static void fill(struct qund_err *e, int rc, const char *where, const char *fmt, va_list ap)
{
    struct qund_str w = qund_utf8_cut(qund_str(where ? where : ""), sizeof(e->where) - 1);
    char text[sizeof(e->text)];

    /* Through a local copy: where and the arguments may well point into *e (an error that is being
     * told on with more detail). */
    set_text(text, sizeof(text), fmt, ap);
    memmove(e->where, w.p, w.n);
    e->where[w.n] = '\0';
    memcpy(e->text, text, strlen(text) + 1);
    e->rc = rc;
}

int qund_err_set(struct qund_err *e, int rc, const char *where, const char *fmt, ...)
{
    va_list ap;

    if (e) {
        va_start(ap, fmt);
        fill(e, rc, where, fmt, ap);
        va_end(ap);
    }
    return rc;
}

void qund_errs_init(struct qund_errs *es, size_t max)
{
    *es = (struct qund_errs){.max = max};
}

void qund_errs_done(struct qund_errs *es)
{
    qund_free(es->v);
    es->v = NULL;
    es->n = 0;
}

/* "file:line:col" in parts; false: it is another kind of place. */
static bool place_of(const struct qund_err *e, struct qund_str *file, long at[2])
{
    struct qund_str s = qund_str(e->where);

    for (int k = 1; k >= 0; k--) {
        size_t i = s.n;

        while (i > 0 && s.p[i - 1] >= '0' && s.p[i - 1] <= '9')
            i--;
        if (i == s.n || i == 0 || s.p[i - 1] != ':')
            return false;
        at[k] = strtol(s.p + i, NULL, 10);
        s.n = i - 1;
    }
    *file = s;
    return true;
}

/* The last error moves up to those of its file, before what stands further down; equal places keep
 * the order of the checks. */
static void put_in_place(struct qund_errs *es)
{
    struct qund_err e = es->v[es->n - 1];
    struct qund_str file, other;
    size_t to = es->n - 1;
    long at[2], there[2];

    if (!place_of(&e, &file, at))
        return;
    while (to > 0 && !(place_of(&es->v[to - 1], &other, there) && qund_str_eq(file, other)))
        to--;
    if (to == 0)
        return; /* the first of its file */
    while (to > 0 && place_of(&es->v[to - 1], &other, there) && qund_str_eq(file, other) &&
           (there[0] > at[0] || (there[0] == at[0] && there[1] > at[1])))
        to--;
    memmove(&es->v[to + 1], &es->v[to], (es->n - 1 - to) * sizeof(e));
    es->v[to] = e;
}

int qund_errs_add(struct qund_errs *es, int rc, const char *where, const char *fmt, ...)
{
    va_list ap;

    if (!es)
        return rc;
    if (es->n >= es->max) {
        es->dropped++;
        return rc;
    }
    es->v = qund_realloc(es->v, (es->n + 1) * sizeof(*es->v));
    va_start(ap, fmt);
    fill(&es->v[es->n++], rc, where, fmt, ap);
    va_end(ap);
    put_in_place(es);
    return rc;
}

int qund_rc_from_errno(int e)
{
    switch (e) {
    case 0:
        return QUND_OK;
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
        return QUND_E_NOTFOUND;
    case EEXIST:
        return QUND_E_EXISTS;
    case EACCES:
    case EPERM:
        return QUND_E_DENIED;
    case EINVAL:
    case ENAMETOOLONG:
    case EISDIR:
    case ELOOP:
        return QUND_E_INVAL;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return QUND_E_NOMEM;
    case EAGAIN:
    case EINTR:
    case EBUSY:
        return QUND_E_AGAIN;
    default:
        return QUND_E_IO;
    }
}
