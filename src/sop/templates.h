/* src/sop/templates.h - the templates of the folders an operator keeps, read whole or not at all
 * (essay in templates.c). Made on any thread; handed to the engine as the attachment of a command
 * `sop.templates`. */
#ifndef QUND_SOP_TEMPLATES_H
#define QUND_SOP_TEMPLATES_H
#include "sop/template.h"

struct qund_sop_templates {
    struct qund_sop_template **v; /* by id */
    size_t n;
};
#define QUND_SOP_TEMPLATES_MAX 1000u
/* All *.yaml of the folders, in their order; of two with one id the later folder's counts. All
 * errors at once; warnings may be NULL. *out on success only. */
QUND_CHECK int qund_sop_templates_load(const char *const *dirs, size_t n_dirs,
                                       struct qund_sop_templates **out, struct qund_errs *errs,
                                       struct qund_errs *warnings);
struct qund_sop_templates *qund_sop_templates_free(struct qund_sop_templates *t); /* NULL */
QUND_DEFINE_AUTO(qund_sop_templates_free, struct qund_sop_templates *)
/* NULL: none of that id. */
const struct qund_sop_template *qund_sop_templates_find(const struct qund_sop_templates *t,
                                                        struct qund_str id);
#endif
