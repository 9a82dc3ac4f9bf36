/* vars.c - {{variables}}: who knows them, and filling them.
 *
 * There are three kinds, and the difference is the point. What a person types when a plan is made
 * (params) is his word; what is looked up (a name, a date) is a fact of the moment; what only
 * records may fill (count.*, stock.*, forecast.*, order.*) is a claim towards customers, and such a
 * claim is computed or it is not made: no param may take one of those names. A name that is none of
 * the three is refused when the template is read, not when somebody posts "{{membr.nick}}".
 *
 * Where a value is missing the text keeps a visible gap, 〔name〕, which a person fills in. Filling
 * is one pass: a nickname that contains {{…}} stays a nickname. */
#include "sop/template_parts.h"
#include <stdio.h>

static const char GAP_OPENS[] = "〔", GAP_CLOSES[] = "〕";

/* A name that ends in '.' or ':' takes what follows it. */
struct known {
    const char *name;
    enum qund_sop_var kind;
    const char *label, *type; /* of those that are typed */
};
static const struct known KNOWN[] = {
    {"brand", QUND_SOP_VAR_PARAM, "品牌", "text"},
    {"place.name", QUND_SOP_VAR_PARAM, "小区或地点名称", "text"},
    {"place.households", QUND_SOP_VAR_PARAM, "总户数", "number"},
    {"event.title", QUND_SOP_VAR_PARAM, "活动名称", "text"},
    {"event.place", QUND_SOP_VAR_PARAM, "活动地点", "text"},
    {"event.capacity", QUND_SOP_VAR_PARAM, "名额", "number"},
    {"event.target_orders", QUND_SOP_VAR_PARAM, "目标单数", "number"},
    {"link:", QUND_SOP_VAR_PARAM, "链接", "link"},
    {"member.nick", QUND_SOP_VAR_LOOKED_UP, NULL, NULL},
    {"merged.nicks", QUND_SOP_VAR_LOOKED_UP, NULL, NULL},
    {"group.name", QUND_SOP_VAR_LOOKED_UP, NULL, NULL},
    {"date", QUND_SOP_VAR_LOOKED_UP, NULL, NULL},
    {"day", QUND_SOP_VAR_LOOKED_UP, NULL, NULL},
    {"event.date", QUND_SOP_VAR_LOOKED_UP, NULL, NULL},
    {"event.time", QUND_SOP_VAR_LOOKED_UP, NULL, NULL},
    {"star.name", QUND_SOP_VAR_LOOKED_UP, NULL, NULL},
    {"expert.name", QUND_SOP_VAR_LOOKED_UP, NULL, NULL},
    {"leader.name", QUND_SOP_VAR_LOOKED_UP, NULL, NULL},
    {"consultant.name", QUND_SOP_VAR_LOOKED_UP, NULL, NULL},
    {"store.name", QUND_SOP_VAR_LOOKED_UP, NULL, NULL},
    {"manager.name", QUND_SOP_VAR_LOOKED_UP, NULL, NULL},
    {"forecast.low", QUND_SOP_VAR_RECORD, NULL, NULL},
    {"forecast.mid", QUND_SOP_VAR_RECORD, NULL, NULL},
    {"forecast.high", QUND_SOP_VAR_RECORD, NULL, NULL},
    {"order.tail", QUND_SOP_VAR_RECORD, NULL, NULL},
    {"order.items", QUND_SOP_VAR_RECORD, NULL, NULL},
    {"stock.", QUND_SOP_VAR_RECORD, NULL, NULL},
    {"count.", QUND_SOP_VAR_RECORD, NULL, NULL},
};
/* Whole families that nobody may type a value into, the names not listed above included. */
static const char *const RESERVED[] = {"count.",  "stock.", "forecast.", "order.", "member.",
                                       "merged.", "group.", "date",      "day"};

int qund_sop_vars(struct qund_str text, int (*each)(void *arg, struct qund_str name), void *arg)
{
    size_t at = 0;

    for (;;) {
        ptrdiff_t open = qund_str_find(text, at, QUND_STR("{{")), close;
        int rc;

        if (open < 0)
            return QUND_OK;
        close = qund_str_find(text, (size_t)open + 2, QUND_STR("}}"));
        if (close < 0)
            return QUND_E_INVAL;
        rc = each(arg, qund_str_trim(qund_str_n(text.p + open + 2, (size_t)(close - open) - 2)));
        if (rc != 0)
            return rc;
        at = (size_t)close + 2;
    }
}

struct filling {
    struct qund_str rest;
    int (*get)(void *arg, struct qund_str name, struct qund_buf *out);
    void *arg;
    struct qund_buf *out;
    size_t missing;
};

/* The text before the variable, then its value. name lies within rest. */
static int fill_one(void *arg, struct qund_str name)
{
    struct filling *f = arg;
    ptrdiff_t open = qund_str_find(f->rest, 0, QUND_STR("{{"));
    ptrdiff_t close = qund_str_find(f->rest, (size_t)open + 2, QUND_STR("}}"));
    size_t before;
    int rc;

    qund_buf_add(f->out, f->rest.p, (size_t)open);
    f->rest = qund_str_n(f->rest.p + close + 2, f->rest.n - (size_t)close - 2);
    before = f->out->n;
    rc = f->get(f->arg, name, f->out);
    if (rc != QUND_E_NOTFOUND)
        return rc;
    f->out->n = before;
    qund_buf_printf(f->out, "%s%.*s%s", GAP_OPENS, QUND_STR_ARG(name), GAP_CLOSES);
    f->missing++;
    return QUND_OK;
}

int qund_sop_fill(struct qund_str text,
                  int (*get)(void *arg, struct qund_str name, struct qund_buf *out), void *arg,
                  struct qund_buf *out, size_t *missing)
{
    struct filling f = {text, get, arg, out, 0};
    int rc = qund_sop_vars(text, fill_one, &f);

    if (rc == QUND_OK)
        qund_buf_str(out, f.rest);
    *missing = f.missing;
    return rc;
}

bool qund_sop_has_gap(struct qund_str text)
{
    return qund_str_find(text, 0, QUND_STR("〔")) >= 0;
}

static bool takes_more(const char *name)
{
    char last = name[strlen(name) - 1];

    return last == '.' || last == ':';
}

static const struct known *known(struct qund_str name)
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(KNOWN); i++) {
        size_t n = strlen(KNOWN[i].name);

        if (takes_more(KNOWN[i].name) ? qund_str_starts(name, KNOWN[i].name) && name.n > n
                                      : qund_str_is(name, KNOWN[i].name))
            return &KNOWN[i];
    }
    return NULL;
}

/* What may follow count. is what can be counted. */
static bool tail_ok(const struct known *k, struct qund_str name)
{
    size_t n = strlen(k->name);
    struct qund_str tail = qund_str_n(name.p + n, name.n - n);
    int m;

    if (strcmp(k->name, "count.") == 0) {
        m = qund_sop_metric_parse(tail);
        return m >= 0 && qund_sop_metric_counts((enum qund_sop_metric)m);
    }
    return !takes_more(k->name) || qund_sop_var_word(tail);
}

/* Letters of any script, digits, _ . - and no blanks: what stands between braces must not break
 * them, a line or a JSON path. */
bool qund_sop_var_word(struct qund_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if (c <= ' ' || c == 0x7f || strchr("{}\"'\\,;/<>=%$`|", c))
            return false;
    }
    return s.n > 0 && s.n <= QUND_SOP_VAR_MAX;
}

bool qund_sop_var_reserved(struct qund_str name)
{
    const struct known *k = known(name);

    if (k && k->kind != QUND_SOP_VAR_PARAM)
        return true;
    for (size_t i = 0; i < QUND_ARRAY_LEN(RESERVED); i++)
        if (takes_more(RESERVED[i]) ? qund_str_starts(name, RESERVED[i])
                                    : qund_str_is(name, RESERVED[i]))
            return true;
    return false;
}

bool qund_sop_var_implied(struct qund_str name, struct qund_sop_param *out)
{
    const struct known *k = known(name);

    if (!k || k->kind != QUND_SOP_VAR_PARAM || !tail_ok(k, name))
        return false;
    *out = (struct qund_sop_param){
        .name = name, .label = qund_str(k->label), .type = qund_str(k->type)};
    return true;
}

enum qund_sop_var qund_sop_var_kind(const struct qund_sop_template *t, struct qund_str name)
{
    const struct known *k = known(name);

    for (size_t i = 0; i < t->n_params; i++)
        if (qund_str_eq(t->params[i].name, name))
            return QUND_SOP_VAR_PARAM;
    return k && tail_ok(k, name) ? k->kind : QUND_SOP_VAR_UNKNOWN;
}

const char *qund_sop_var_nearest(const struct qund_sop_template *t, struct qund_str name)
{
    const char *names[QUND_ARRAY_LEN(KNOWN) + QUND_SOP_PARAMS_MAX + QUND_SOP_METRICS];
    char counts[QUND_SOP_METRICS][32];
    size_t n = 0;

    for (size_t i = 0; i < t->n_params && i < QUND_SOP_PARAMS_MAX; i++)
        names[n++] = t->params[i].name.p; /* of the arena: each ends with a NUL */
    for (size_t i = 0; i < QUND_ARRAY_LEN(KNOWN); i++)
        if (!takes_more(KNOWN[i].name))
            names[n++] = KNOWN[i].name;
    for (int m = 0; m < QUND_SOP_METRICS; m++) {
        snprintf(counts[m], sizeof(counts[m]), "count.%s",
                 qund_sop_metric_name((enum qund_sop_metric)m));
        if (qund_sop_metric_counts((enum qund_sop_metric)m))
            names[n++] = counts[m];
    }
    return qund_str_nearest(name, names, n);
}
