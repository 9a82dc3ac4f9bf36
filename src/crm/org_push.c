/* org_push.c - where the org file's people are told, beside what the configuration has for it.
 *
 * The two files are written at different times and often by different people, so neither is wrong
 * for not fitting the other: these are warnings. What they warn of is safe as it stands. Who is to
 * be told nowhere is passed over for who stands in; at a place of one person's where two are told,
 * nobody gets a link that would let him act as the other. */
#include "config/config.h"
#include "crm/org_parts.h"

/* Of the k-th name in somebody's `push`, or (SIZE_MAX) of the whole list. */
static void place_of(const struct qund_org *org, const struct org_staff *s, size_t k, char out[160])
{
    const struct qund_ynode *n = s->push_at;

    if (k < s->n_push)
        for (n = n->child; k > 0; k--)
            n = n->next;
    qund_yaml_where(org->doc, n, out);
}

void qund_org_lost_pushes(const struct qund_org *org, const struct qund_config *cfg,
                          struct qund_errs *warnings)
{
    for (size_t i = 0; i < org->n_staff; i++) {
        const struct org_staff *s = &org->staff[i];
        QUND_AUTO(qund_buf_done) struct qund_buf lost = {0};
        char where[160];

        for (size_t k = 0; s->active && k < s->n_push; k++)
            if (!qund_config_target(cfg, s->push[k]))
                qund_buf_printf(&lost, "%s%.*s", lost.n ? ", " : "", QUND_STR_ARG(s->push[k]));
        if (lost.n == 0)
            continue;
        place_of(org, s, SIZE_MAX, where);
        qund_errs_add(warnings, QUND_E_NOTFOUND, where,
                      "`push` of %.*s names %.*s, which is no target of the configuration: "
                      "nothing is sent there (add it under `targets:`, or take it out)",
                      QUND_STR_ARG(s->key), QUND_STR_ARG(qund_buf_view(&lost)));
    }
}

/* Where that person's `push` names the target; n_push: it does not. */
static size_t told_at(const struct org_staff *s, struct qund_str target)
{
    size_t k = 0;

    while (k < s->n_push && !(s->active && qund_str_eq(s->push[k], target)))
        k++;
    return k;
}

static void meet(const struct qund_org *org, const char *target, struct qund_errs *warnings)
{
    const struct org_staff *first = NULL;

    for (size_t i = 0; i < org->n_staff; i++) {
        const struct org_staff *s = &org->staff[i];
        size_t k = told_at(s, qund_str(target));
        char where[160];

        if (k == s->n_push)
            continue;
        if (!first) {
            first = s;
            continue;
        }
        place_of(org, s, k, where);
        qund_errs_add(warnings, QUND_E_EXISTS, where,
                      "`push` of %.*s names %s, one person's place, and so does that of %.*s: no "
                      "personal link goes there (give each a target; or say at targets.%s "
                      "`shared: true`, or `false` if each may act for the other)",
                      QUND_STR_ARG(s->key), target, QUND_STR_ARG(first->key), target);
    }
}

void qund_org_met_pushes(const struct qund_org *org, const struct qund_config *cfg,
                         struct qund_errs *warnings)
{
    for (size_t i = 0; cfg->http.public_url && i < cfg->n_targets; i++)
        if (cfg->targets[i].single)
            meet(org, cfg->targets[i].name, warnings);
}
