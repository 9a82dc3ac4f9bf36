/* src/text/lean.h - leanings: how strongly a text leans towards each intent, 0 to 99 (essay in
 * lean.c). A table is immutable once it is made and may be used by any number of threads. */
#ifndef QUND_TEXT_LEAN_H
#define QUND_TEXT_LEAN_H
#include "core/core.h"

#define QUND_LEAN_FILE "leanings.txt" /* how a table is called in a folder of rules */
#define QUND_LEAN_FILE_MAX ((size_t)4 << 20)
#define QUND_LEAN_INTENTS_MAX 16u
#define QUND_LEAN_WEIGHT_MAX 1023 /* hundredths: 10.23 */

struct qund_lean;

/* `name` is what errors print, as name:line. *out is set on success only; otherwise INVAL and all
 * errors, as far as *errs holds them. */
QUND_CHECK int qund_lean_parse(const char *name, struct qund_str text, struct qund_lean **out,
                               struct qund_errs *errs);
struct qund_lean *qund_lean_ref(struct qund_lean *l);
struct qund_lean *qund_lean_unref(struct qund_lean *l); /* NULL is fine; returns NULL */
QUND_DEFINE_AUTO(qund_lean_unref, struct qund_lean *)

size_t qund_lean_intents(const struct qund_lean *l);
const char *qund_lean_intent(const struct qund_lean *l, size_t i);     /* borrowed from l */
int qund_lean_find(const struct qund_lean *l, struct qund_str intent); /* index or NOTFOUND */
size_t qund_lean_grams(const struct qund_lean *l);
size_t qund_lean_bytes(const struct qund_lean *l); /* resident */
/* The table as a file again, without comments and in one order: what two tables that lean alike
 * print alike. Appended to *out. */
void qund_lean_print(const struct qund_lean *l, struct qund_buf *out);

/* What is known of the talk around a text, as rules say it ("call_confirm"): those of `words` that
 * the table has weights for, a bit each. */
#define QUND_LEAN_CONTEXTS_MAX 16u
uint32_t qund_lean_context(const struct qund_lean *l, const struct qund_str *words, size_t n);

struct qund_leanings {
    int32_t sum[QUND_LEAN_INTENTS_MAX]; /* hundredths of a logit, intent by intent */
};
/* `folded`: text/fold's view. The first QUND_LEAN_CHARS characters count. */
#define QUND_LEAN_CHARS 200u
void qund_lean_score(const struct qund_lean *l, struct qund_str folded, uint32_t context,
                     struct qund_leanings *out);
/* 0 to 99: the logistic of a sum, cut down to whole per cent. */
int qund_lean_percent(int32_t sum);

/* What speaks for or against one intent, the heaviest first. Returns how many of at most `max` were
 * written. */
struct qund_lean_part {
    char gram[48]; /* as the file spells it; "length 2", "context call_confirm"; "" for the intent's
                      own bias */
    int32_t weight;
};
size_t qund_lean_parts(const struct qund_lean *l, struct qund_str folded, uint32_t context,
                       size_t intent, struct qund_lean_part *v, size_t max);
/* For the trainer: the features of a text as the file spells them, each ended by a tab. One that
 * stands twice comes twice. */
void qund_lean_features(struct qund_str folded, struct qund_buf *out);
#endif
