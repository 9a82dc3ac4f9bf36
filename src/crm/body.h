/* src/crm/body.h - flat JSON objects as texts: command bodies and imported rows. For this folder.
 */
#ifndef QUND_CRM_BODY_H
#define QUND_CRM_BODY_H
#include "core/core.h"
#include "core/json.h"

enum { CRM_FIELDS_MAX = 24 };
/* Reads one object. v[i] becomes the value of names[i] as text (numbers as written, true and false,
 * a list of texts, none with a '\n' in it, joined by it), NONE where absent or null. INVAL:
 * malformed, an unknown key (err names the nearest) or a value of another shape. Texts live in the
 * input or the arena. */
QUND_CHECK int qund_crm_body_read(struct qund_jr *jr, struct qund_arena *arena,
                                  const char *const *names, size_t n, struct qund_str *v,
                                  struct qund_err *err);
/* The number behind text: absent gives `missing`; INVAL with err naming the key. */
QUND_CHECK int qund_crm_body_int(struct qund_str s, const char *key, int64_t missing, int64_t *out,
                                 struct qund_err *err);
/* true/false, 1/0, yes/no, 是/否; absent gives missing. */
QUND_CHECK int qund_crm_body_bool(struct qund_str s, const char *key, bool missing, bool *out,
                                  struct qund_err *err);
#endif
