/* lean.c - rules that ask how a text leans: `lean: {complaint: {gte: 50}}`.
 *
 * A set has one table of leanings (text/lean.h). It stands as leanings.txt in a folder of rules,
 * and of several folders the last that has one counts, as with rules of one id: an operator who
 * trains his own puts it into his folder and touches nothing that was shipped. A single file that
 * is checked or tried out takes the one beside it, else the one it is handed. The table belongs to
 * the meaning of every rule that asks it, so its digest is part of theirs, and the store keeps it
 * beside the last good set.
 *
 * A message is scored once, when the first rule asks, for all intents together. */
#include "core/file.h"
#include "rule/internal.h"
#include <stdio.h>

#define PARTS_SHOWN 6u

/* --- reading --- */
static void lean_gte(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_int(rd, n, "lean.gte", 1, 99, &((struct qund_rule_lean *)into)->gte);
}

static void lean_lt(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    qund_rule_read_int(rd, n, "lean.lt", 1, 99, &((struct qund_rule_lean *)into)->lt);
}

static void read_one(struct qund_rule_reader *rd, const struct qund_ynode *n,
                     struct qund_rule_lean *out)
{
    static const struct qund_rule_key keys[] = {{"gte", lean_gte}, {"lt", lean_lt}};

    *out = (struct qund_rule_lean){
        .intent = qund_arena_str(rd->set->arena, n->key), .line = n->line, .col = n->col};
    if (qund_rule_read_map(rd, n, "an intent of lean", keys, QUND_ARRAY_LEN(keys), out) &&
        out->gte + out->lt == 0)
        qund_yaml_bad(rd->errs, rd->doc, n,
                      "lean needs `gte` or `lt`, e.g. {complaint: {gte: 50}}");
}

void qund_rule_read_leans(struct qund_rule_reader *rd, const struct qund_ynode *n, void *into)
{
    struct qund_rule *r = into;
    const struct qund_ynode *e;
    size_t count = 0;

    r->conds |= 1u << RULE_COND_LEAN;
    if (n->kind == QUND_YAML_MAP)
        for (e = n->child; e; e = e->next)
            count++;
    if (count == 0 || count > QUND_LEAN_INTENTS_MAX) {
        qund_yaml_bad(rd->errs, rd->doc, n,
                      "lean must be a map of 1 to %u intents, e.g. {complaint: {gte: 50}}",
                      QUND_LEAN_INTENTS_MAX);
        return;
    }
    r->leans = qund_arena_zalloc(rd->set->arena, count * sizeof(*r->leans));
    for (e = n->child; e; e = e->next)
        read_one(rd, e, &r->leans[r->n_leans++]);
}

/* --- the table of a set --- */
void qund_rules_look_beside(struct qund_rules *set, const char *name,
                            const struct qund_rule_words_from *from)
{
    const char *slash = strrchr(name, '/');
    size_t n =
        from == &qund_rule_words_files ? slash ? (size_t)(slash - name) + 1 : 0 : strlen(name);
    struct qund_rule_beside *b = set->beside;

    if (b && b->from == from && strlen(b->name) == n && memcmp(b->name, name, n) == 0)
        return;
    b = qund_arena_zalloc(set->arena, sizeof(*b));
    *b = (struct qund_rule_beside){set->beside, from, qund_arena_dup(set->arena, name, n)};
    set->beside = b;
}

/* The table of the last place that has one: 1, 0 when none has, or the trouble in errs. */
static int read_table(struct qund_rules *set, struct qund_errs *errs)
{
    const struct qund_rule_beside *b;

    for (b = set->beside; b; b = b->next) {
        QUND_AUTO(qund_buf_done) struct qund_buf bytes = {0}, path = {0};
        struct qund_err err = {0};
        int rc = b->from->get(b->from->arg, b->name, QUND_STR(QUND_LEAN_FILE), &bytes, &path, &err);

        if (rc == QUND_E_NOTFOUND)
            continue;
        if (rc < 0)
            return qund_errs_add(errs, rc, err.where, "%s", err.text);
        rc = qund_lean_parse(path.p, qund_buf_view(&bytes), &set->lean, errs);
        return rc < 0 ? rc : 1;
    }
    return 0;
}

static void find_intent(const struct qund_rules *set, const struct qund_rule *r,
                        struct qund_rule_lean *lean, struct qund_errs *errs)
{
    const char *names[QUND_LEAN_INTENTS_MAX] = {0}, *near;
    size_t n = qund_lean_intents(set->lean), i;
    int at = qund_lean_find(set->lean, lean->intent);
    char where[160];

    lean->index = at < 0 ? 0 : (unsigned)at;
    if (at >= 0)
        return;
    for (i = 0; i < n; i++)
        names[i] = qund_lean_intent(set->lean, i);
    near = qund_str_nearest(lean->intent, names, n);
    snprintf(where, sizeof(where), "%.120s:%d:%d", r->file.p, lean->line, lean->col);
    qund_errs_add(errs, QUND_E_INVAL, where, "no leaning towards '%.*s' is known%s%s%s",
                  QUND_STR_ARG(lean->intent), near ? "; nearest known: '" : "", near ? near : "",
                  near ? "'" : "");
}

static void no_table(const struct qund_rule *r, struct qund_errs *errs)
{
    char where[160];

    snprintf(where, sizeof(where), "%.120s:%d:%d", r->file.p, r->leans[0].line, r->leans[0].col);
    qund_errs_add(errs, QUND_E_INVAL, where,
                  "lean needs a table: there is no " QUND_LEAN_FILE
                  " beside this file or in another folder of rules");
}

static void make_digest(struct qund_rules *set)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

    qund_lean_print(set->lean, &text);
    qund_sha256_hex(text.p, text.n, set->lean_digest);
}

void qund_rules_find_lean(struct qund_rules *set, struct qund_lean *given, struct qund_errs *errs)
{
    int rc = 0;
    size_t i, k;

    for (i = 0; i < set->n; i++) {
        struct qund_rule *r = set->rules[i];

        if (r->n_leans == 0)
            continue;
        if (!set->lean && rc == 0)
            rc = read_table(set, errs);
        if (!set->lean && rc == 0 && given)
            set->lean = qund_lean_ref(given);
        if (!set->lean && rc == 0)
            no_table(r, errs);
        for (k = 0; set->lean && k < r->n_leans; k++)
            find_intent(set, r, &r->leans[k], errs);
    }
    set->beside = NULL; /* where things are read from is the caller's */
    if (set->lean)
        make_digest(set);
}

struct qund_lean *qund_rules_lean(const struct qund_rules *r)
{
    return r->lean;
}

/* --- asking --- */
static uint32_t around(const struct qund_rule_run *run)
{
    return qund_lean_context(run->set->lean, run->in->context, run->in->n_context);
}

static int leaning(const struct qund_rule_run *run, unsigned intent)
{
    struct qund_rule_scratch *sc = run->sc;

    if (!run->in->text || run->in->text->text.n == 0)
        return 0; /* says nothing, leans nowhere */
    if (sc->leaned != sc->epoch)
        qund_lean_score(run->set->lean, qund_buf_view(&run->in->text->text), around(run),
                        &sc->leanings);
    sc->leaned = sc->epoch;
    return qund_lean_percent(sc->leanings.sum[intent]);
}

bool qund_rule_leans(const struct qund_rule_run *run, const struct qund_rule *r)
{
    size_t i;

    for (i = 0; i < r->n_leans; i++) {
        const struct qund_rule_lean *l = &r->leans[i];
        int percent = leaning(run, l->index);

        if (percent < l->gte || (l->lt && percent >= l->lt))
            return false;
    }
    return true;
}

static void why_parts(const struct qund_rule_run *run, unsigned intent, struct qund_buf *out)
{
    struct qund_lean_part v[PARTS_SHOWN];
    size_t n = qund_lean_parts(run->set->lean, qund_buf_view(&run->in->text->text), around(run),
                               intent, v, PARTS_SHOWN),
           i;

    for (i = 0; i < n; i++) {
        int w = v[i].weight, abs_w = w < 0 ? -w : w;

        qund_buf_printf(out, "%s%s %c%d.%02d", i ? ", " : ": ", v[i].gram[0] ? v[i].gram : "bias",
                        w < 0 ? '-' : '+', abs_w / 100, abs_w % 100);
    }
}

void qund_rule_lean_why(const struct qund_rule_run *run, const struct qund_rule *r,
                        struct qund_buf *out)
{
    size_t i;

    for (i = 0; i < r->n_leans; i++) {
        const struct qund_rule_lean *l = &r->leans[i];
        int percent = leaning(run, l->index);

        qund_buf_printf(out, "%s%.*s %d", i ? "; " : "", QUND_STR_ARG(l->intent), percent);
        if (l->gte)
            qund_buf_printf(out, " %s %d", percent >= l->gte ? ">=" : "<", (int)l->gte);
        if (l->lt)
            qund_buf_printf(out, " %s %d", percent < l->lt ? "<" : ">=", (int)l->lt);
        if (run->in->text && run->in->text->text.n > 0)
            why_parts(run, l->index, out);
    }
}
