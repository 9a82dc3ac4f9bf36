/* src/store/search.h - full-text search over the messages, two-character words included (essay in
 * search.c). The words of a text are made by text/, handed in as functions. */
#ifndef QUND_STORE_SEARCH_H
#define QUND_STORE_SEARCH_H
#include "store/month.h"

struct qund_search_words {
    int version; /* stands in the index tables' names; a new one starts new tables */
    /* Appends the text's words, folded, separated by single blanks. */
    void (*tokens)(void *ctx, struct qund_str text, struct qund_buf *out);
    /* Whether the text, once folded, holds the folded needle. */
    bool (*matches)(void *ctx, struct qund_str text, struct qund_str needle);
    /* Appends the text folded: what a needle must be. */
    void (*fold)(void *ctx, struct qund_str text, struct qund_buf *out);
    void *ctx;
};

struct qund_search; /* one per handle; the writing one fills */
struct qund_search *qund_search_new(struct qund_db *db, struct qund_months *months,
                                    const struct qund_search_words *words);
struct qund_search *qund_search_free(struct qund_search *s); /* returns NULL */
QUND_DEFINE_AUTO(qund_search_free, struct qund_search *)

/* Writer, in its transaction: indexes up to `rows` more messages; *left = about how many wait (0:
 * all done). */
QUND_CHECK int qund_search_fill(struct qund_search *s, int rows, int64_t *left);
/* About how many messages wait; above QUND_SEARCH_BEHIND_MAX filling is no longer optional. */
#define QUND_SEARCH_BEHIND_MAX 200000
QUND_CHECK int qund_search_behind(struct qund_search *s, int64_t *out);

struct qund_search_query {
    struct qund_str tokens; /* of the needle, as words.tokens makes them; may be empty (then rows
                               are read one by one until the deadline) */
    struct qund_str needle; /* folded */
    const int64_t *groups;  /* sorted ascending; NULL: all */
    size_t n_groups;
    int limit;
    int64_t deadline_mono_ms; /* 0: none */
    struct qund_month_cursor
        cursor;   /* in: where to begin; out: where to go on (month 0: at the end) */
    bool partial; /* out: the deadline came first */
};
/* Hits newest first (month, then order of arrival); revoked and erased rows are left out. Any
 * handle. */
QUND_CHECK int qund_search_run(struct qund_search *s, struct qund_search_query *q,
                               qund_month_each *each, void *arg);

/* Before the row's text is emptied: takes its words out of the index. */
QUND_CHECK int qund_search_forget(struct qund_search *s, int month, int64_t seq,
                                  struct qund_str text);
/* After erasing: rewrites the month's index a piece at a time, so that nothing of the deleted words
 * stays in it: 1 while there is more, 0 when done. */
QUND_CHECK int qund_search_compact(struct qund_search *s, int month);
#endif
