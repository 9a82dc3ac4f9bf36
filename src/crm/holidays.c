/* src/crm/holidays.c - public holidays and make-up working days.
 *
 * In mainland China a long holiday is paid for with weekend days that are worked like a weekday; a
 * calendar that only knows Saturdays is wrong a dozen times a year. The dates are announced each
 * November for the next year, so they are a file that an operator can read and replace
 * (config/holidays/cn.yaml), held here as a sorted list of days. */
#include "core/file.h"
#include "core/yaml.h"
#include "crm/org_parts.h"
#include "crm/roster.h"

enum { HOLIDAY_DAYS_MAX = 4000 };

struct day {
    int64_t number;
    enum qund_day kind;
};
struct qund_holidays {
    struct day *v;
    size_t n;
    int last_year;
};

struct reader {
    struct qund_holidays *h;
    const struct qund_yaml *doc;
    struct qund_errs *errs;
};

/* "2025-10-01" or "2025-10-01..2025-10-08". */
static int read_span(struct qund_str s, int64_t *from, int64_t *to)
{
    ptrdiff_t dots = qund_str_find(s, 0, QUND_STR(".."));

    if (dots < 0)
        dots = (ptrdiff_t)s.n;
    if (qund_org_date(qund_str_n(s.p, (size_t)dots), from) < 0)
        return QUND_E_INVAL;
    *to = *from;
    if ((size_t)dots < s.n &&
        qund_org_date(qund_str_n(s.p + dots + 2, s.n - (size_t)dots - 2), to) < 0)
        return QUND_E_INVAL;
    return *to < *from || *to - *from > 366 ? QUND_E_INVAL : QUND_OK;
}

static void add_days(struct reader *r, const struct qund_ynode *n, enum qund_day kind, int year)
{
    int64_t from, to, first = qund_days_from_civil(year, 1, 1);
    int64_t last = qund_days_from_civil(year, 12, 31);

    if (n->kind != QUND_YAML_SCALAR || read_span(n->text, &from, &to) < 0) {
        qund_yaml_bad(r->errs, r->doc, n,
                      "write a date 2025-10-01 or a span 2025-10-01..2025-10-08");
        return;
    }
    if (from < first || to > last) {
        qund_yaml_bad(r->errs, r->doc, n, "this date does not lie in %d", year);
        return;
    }
    for (int64_t d = from; d <= to; d++) {
        if (r->h->n >= HOLIDAY_DAYS_MAX) {
            qund_yaml_bad(r->errs, r->doc, n, "more than %d days", HOLIDAY_DAYS_MAX);
            return;
        }
        if (qund_holidays_day(r->h, d) != QUND_DAY_PLAIN) {
            qund_yaml_bad(r->errs, r->doc, n, "a day is named twice");
            return;
        }
        r->h->v[r->h->n++] = (struct day){d, kind};
    }
}

static void read_year(struct reader *r, const struct qund_ynode *n)
{
    static const char *const words[] = {"off", "work"};
    int64_t year;

    if (n->kind != QUND_YAML_MAP || qund_str_int(n->key, &year) < 0 || year < 1970 || year > 9999) {
        qund_yaml_bad(r->errs, r->doc, n, "a year with 'off' and 'work' is expected here");
        return;
    }
    qund_ignore(qund_yaml_known(r->errs, r->doc, n, words, QUND_ARRAY_LEN(words)));
    for (size_t i = 0; i < QUND_ARRAY_LEN(words); i++) {
        const struct qund_ynode *list = qund_yaml_get(n, words[i]);

        for (const struct qund_ynode *c = list ? list->child : NULL; c; c = c->next)
            add_days(r, c, i == 0 ? QUND_DAY_OFF : QUND_DAY_MAKEUP, (int)year);
    }
    if (year > r->h->last_year)
        r->h->last_year = (int)year;
}

int qund_holidays_parse(const char *name, struct qund_str text, struct qund_holidays **out,
                        struct qund_errs *errs)
{
    static const char *const words[] = {"years"};
    QUND_AUTO(qund_yaml_free) struct qund_yaml *doc = NULL;
    QUND_AUTO(qund_holidays_free) struct qund_holidays *h = qund_alloc(sizeof(*h));
    struct qund_err err = {0};
    size_t before = errs->n + errs->dropped;
    const struct qund_ynode *root, *years;
    struct reader r = {h, NULL, errs};
    int rc = qund_yaml_parse(name, text, &doc, &err);

    if (rc < 0)
        return qund_errs_add(errs, rc, err.where, "%s", err.text);
    r.doc = doc;
    root = qund_yaml_root(doc);
    years = qund_yaml_get(root, "years");
    if (!years || years->kind != QUND_YAML_MAP)
        return qund_yaml_bad(errs, doc, root, "'years' is missing here");
    h->v = qund_alloc(HOLIDAY_DAYS_MAX * sizeof(*h->v));
    qund_ignore(qund_yaml_known(errs, doc, root, words, QUND_ARRAY_LEN(words)));
    for (const struct qund_ynode *c = years->child; c; c = c->next)
        read_year(&r, c);
    if (errs->n + errs->dropped != before)
        return QUND_E_INVAL;
    *out = QUND_TAKE(h);
    return QUND_OK;
}

int qund_holidays_load(const char *path, struct qund_holidays **out, struct qund_errs *errs)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_err err = {0};
    int rc = qund_file_read(path, 1u << 20, &text, &err);

    if (rc < 0)
        return qund_errs_add(errs, rc, err.where, "%s", err.text);
    return qund_holidays_parse(path, qund_buf_view(&text), out, errs);
}

struct qund_holidays *qund_holidays_free(struct qund_holidays *h)
{
    if (!h)
        return NULL;
    qund_free(h->v);
    qund_free(h);
    return NULL;
}

/* Some forty days a year: a walk is as good as a search. */
enum qund_day qund_holidays_day(const struct qund_holidays *h, int64_t days)
{
    for (size_t i = 0; h && i < h->n; i++)
        if (h->v[i].number == days)
            return h->v[i].kind;
    return QUND_DAY_PLAIN;
}

int qund_holidays_last_year(const struct qund_holidays *h)
{
    return h ? h->last_year : 0;
}
