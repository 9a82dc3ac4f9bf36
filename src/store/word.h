/* src/store/word.h - short strings that many rows repeat, by number (within store/). */
#ifndef QUND_STORE_WORD_H
#define QUND_STORE_WORD_H
#include "store/db.h"

struct qund_words; /* belongs to one handle */
struct qund_words *qund_wordlist_new(struct qund_db *db);
struct qund_words *qund_wordlist_free(struct qund_words *w); /* returns NULL */
/* What is held may have been rolled back: read it again when needed. */
void qund_wordlist_forget(struct qund_words *w);
/* The number of a text, made when new; 0 when there is no room for more words: the row then holds
 * the text itself. */
QUND_CHECK int qund_wordlist_id(struct qund_words *w, struct qund_str text, int64_t *id);
/* Borrowed from w; NONE for an unknown number. */
QUND_CHECK int qund_wordlist_text(struct qund_words *w, int64_t id, struct qund_str *out);
#endif
