/* src/text/tokens.h - the words under which a text is found by search (essay in tokens.c). */
#ifndef QUND_TEXT_TOKENS_H
#define QUND_TEXT_TOKENS_H
#include "text/fold.h"

/* Part of the index table's name: raised whenever the same text would give other tokens. */
#define QUND_TOKENS_VERSION 1

/* Appends the tokens of a folded text, separated by one space; only [0-9a-z ] appear, so that
 * FTS5's ascii tokenizer takes them as they are. The same text always gives the same tokens, which
 * deleting from a contentless index relies on. Nothing is appended for a text without letters and
 * digits. */
void qund_tokens_make(const struct qund_fold *f, struct qund_str folded, struct qund_buf *out);
/* The same for a query (at most 64 tokens): as an FTS5 expression it means AND. Every stored text
 * that contains the query, its words as whole words, has all of these tokens, but not the reverse:
 * recheck each hit. NOTFOUND when nothing in it can be looked up (a single Han character, only
 * emoji): scan instead. */
QUND_CHECK int qund_tokens_query(const struct qund_fold *f, struct qund_str folded,
                                 struct qund_buf *out);
#endif
