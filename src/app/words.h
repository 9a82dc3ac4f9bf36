/* src/app/words.h - what search needs to know about text: tokens and folded comparison. */
#ifndef QUND_APP_WORDS_H
#define QUND_APP_WORDS_H
#include "store/search.h"

struct qund_fold;
/* A struct of functions over the fold tables, which must outlive it. */
struct qund_search_words *qund_words_new(const struct qund_fold *fold);
struct qund_search_words *qund_words_free(struct qund_search_words *w); /* returns NULL */
QUND_DEFINE_AUTO(qund_words_free, struct qund_search_words *)
#endif
