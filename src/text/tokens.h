/* src/text/tokens.h - the words under which a text is found by search (essay in tokens.c). */
#ifndef QUND_TEXT_TOKENS_H
#define QUND_TEXT_TOKENS_H
#include "text/fold.h"

/* Part of the index table's name: raised whenever the same text would give other tokens. */
#define QUND_TOKENS_VERSION 1

/* Appends the tokens of a folded text, each once, separated by one space; only [0-9a-z ] appear, so
 * that FTS5's ascii tokenizer takes them as they are. Nothing is appended for a text without
 * letters and digits. */
void qund_tokens_make(struct qund_str folded, struct qund_buf *out);
/* The same for a query: as an FTS5 expression it means AND. Every stored text that contains the
 * query as whole words has all of these tokens, but not the reverse: recheck each hit. NOTFOUND
 * when nothing in it can be looked up (a single Han character, only emoji): scan instead. */
QUND_CHECK int qund_tokens_query(struct qund_str folded, struct qund_buf *out);
#endif
