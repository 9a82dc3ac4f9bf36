/* src/app/words.c - joins the store's search with the text folder, which know nothing of each
 * other. Called from the engine's and the readers' threads at once, so it keeps no buffer between
 * calls. */
#include "app/words.h"
#include "text/fold.h"
#include "text/tokens.h"

static void tokens(void *ctx, struct qund_str text, struct qund_buf *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf folded = {0};

    qund_fold_str(ctx, text, &folded);
    qund_tokens_make(ctx, qund_buf_view(&folded), out);
}

static bool matches(void *ctx, struct qund_str text, struct qund_str needle)
{
    QUND_AUTO(qund_buf_done) struct qund_buf folded = {0};

    qund_fold_str(ctx, text, &folded);
    return qund_str_find(qund_buf_view(&folded), 0, needle) >= 0;
}

static void fold_text(void *ctx, struct qund_str text, struct qund_buf *out)
{
    qund_fold_str(ctx, text, out);
}

struct qund_search_words *qund_words_new(const struct qund_fold *fold)
{
    struct qund_search_words *w = qund_alloc(sizeof(*w));

    *w = (struct qund_search_words){.version = QUND_TOKENS_VERSION,
                                    .tokens = tokens,
                                    .matches = matches,
                                    .fold = fold_text,
                                    .ctx = (void *)(uintptr_t)fold};
    return w;
}

struct qund_search_words *qund_words_free(struct qund_search_words *w)
{
    qund_free(w);
    return NULL;
}
