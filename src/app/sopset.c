/* src/app/sopset.c - templates are files as rules are: the folders are the master, a set is taken
 * whole, and while one of them is wrong the set before stays in force. Running plans do not care:
 * each goes on with the version it was made of. */
#include "app/sopset.h"
#include "config/config.h"

int qund_sopset_load(const struct qund_config *cfg, struct qund_sop_templates **out,
                     struct qund_errs *errs, struct qund_errs *warnings)
{
    size_t had = errs->n;
    int rc = qund_sop_templates_load((const char *const *)cfg->sop.dirs.v, cfg->sop.dirs.n, out,
                                     errs, warnings);

    qund_config_place_errs(cfg, "sop.dirs", errs, had);
    return rc;
}

void qund_sopset_drop(void *templates)
{
    qund_sop_templates_free(templates);
}

int qund_local_sop(struct qund_local *l, int64_t now, struct qund_errs *errs, struct qund_err *err)
{
    struct qund_sop_templates *set;
    int rc = qund_sopset_load(l->config, &set, errs, NULL);

    return rc < 0 ? rc
                  : qund_local_attached(l, "sop.templates", set, qund_sopset_drop, now, NULL, err);
}
