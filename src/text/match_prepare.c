/* src/text/match_prepare.c - one pattern by itself: is anything wrong with it, and as what is it
 * looked for? A person who wrote it is told all of that before anything expensive is begun. */
#include "text/match_blob.h"

const char *match_shape_problem(const struct qund_pattern *p)
{
    if (p->kind < QUND_PATTERN_LITERAL || p->kind > QUND_PATTERN_EXACT ||
        p->view < QUND_VIEW_FOLDED || p->view > QUND_VIEW_SQUEEZED)
        return "unknown kind or view";
    if (p->text.n == 0)
        return "is empty";
    if (p->text.n > QUND_MATCH_MAX_PATTERN)
        return "is longer than 1,024 bytes: split it";
    if (qund_utf8_check(p->text) >= 0)
        return "is not valid UTF-8";
    if (memchr(p->text.p, '\0', p->text.n))
        return "contains a NUL";
    return NULL;
}

/* Letters and digits of an expression are folded, as the text is, where that is one character for
 * one. Not the end points of a range: [一-龥] must go on meaning all of it. Syntax is ASCII and
 * stays as it is; nothing folds to ASCII syntax here, because only what the squeezed view would
 * keep is taken. Capitals are left to the caseless flag (\S is not \s). */
static void fold_regex(const struct qund_fold *f, struct qund_str regex, struct qund_folded *one,
                       struct qund_buf *out)
{
    size_t from, at = 0;

    while (at < regex.n) {
        struct qund_str ch, folded;
        size_t end = 0;
        uint32_t cp;

        from = at;
        qund_utf8_next(regex, &at);
        ch = qund_str_n(regex.p + from, at - from);
        if (ch.n == 1 || (from > 0 && regex.p[from - 1] == '-') ||
            (at < regex.n && regex.p[at] == '-') || qund_fold_text(f, ch, one) != QUND_OK ||
            one->text.n == 0) {
            qund_buf_str(out, ch);
            continue;
        }
        folded = qund_buf_view(&one->text);
        cp = qund_utf8_next(folded, &end);
        qund_buf_str(out, end == folded.n && qund_fold_keeps(f, cp) ? folded : ch);
    }
}

/* NULL, or what is wrong with the expression at the end of text. Hyperscan is asked where it
 * will get it, and about anchors, which it does not take in all places. */
static const char *regex_problem(const struct qund_buf *text, size_t at, char *why, size_t why_max)
{
    struct qund_str regex = qund_str_n(text->p + at, text->n - at);
    struct match_tree tree = {0};
    bool anchored = false, known;

    if (!match_pcre_check(regex, why, why_max))
        return why;
    known = match_tree_read(&tree, text->p, (uint32_t)at, (uint32_t)text->n, &anchored);
    known = known && !match_tree_empty(tree.v);
    qund_free(tree.v);
    return (known && !anchored) || match_hs_check(regex.p, why, why_max) ? NULL : why;
}

const char *match_prepare(const struct qund_fold *f, const struct qund_pattern *p,
                          struct qund_folded *t, struct qund_buf *text, char *why, size_t why_max)
{
    size_t before = text->n;
    struct qund_str folded;

    if (p->kind == QUND_PATTERN_REGEX) {
        fold_regex(f, p->text, t, text);
        return regex_problem(text, before, why, why_max);
    }
    if (qund_fold_text(f, p->text, t) != QUND_OK)
        return "is too long";
    if (p->view == QUND_VIEW_SQUEEZED)
        qund_fold_squeeze(f, t);
    folded = qund_buf_view(p->view == QUND_VIEW_SQUEEZED ? &t->squeezed : &t->text);
    if (p->kind == QUND_PATTERN_EXACT)
        folded = qund_str_trim(folded);
    if (folded.n == 0)
        return p->view == QUND_VIEW_SQUEEZED
                   ? "has no letter or digit, so nothing of it is left in the squeezed view"
                   : "consists of invisible characters only";
    qund_buf_str(text, folded);
    return NULL;
}
