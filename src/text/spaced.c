/* src/text/spaced.c - words written with a blank behind each character: 多 少 钱, 加 微 信.
 *
 * Chinese has no blanks between words, so whoever puts them between characters (a keyboard that
 * does it by itself, a headline, somebody who hides what he sells) still means the word, and no
 * list of words can hold each word twice. But a blank also parts phrases (行 我去看看, 嗯 好), and
 * those must stay apart: a word that spans two phrases was not said. What tells them is repetition:
 * three single characters in a row, each with blanks around it, are one word that was spaced out;
 * of 16,000 messages of the test chats four have that, and in all four it is so. Two are too few to
 * tell, and those stay as they are written; so does what is parted by other signs, for which rules
 * have the squeezed view.
 *
 * It is a step of its own behind folding: patterns, names and the search index are not concerned
 * (tokens must come out of a text as they went in). */
#include "text/fold.h"

#include <string.h>

#define HAN_BYTES 3u
#define SPACED_LEAST 3u /* single characters in a row */

/* One of the common ideographs, three bytes all of them. */
static bool han_at(struct qund_str s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.p + at;

    return at + HAN_BYTES <= s.n && ((p[0] > 0xE3 && p[0] < 0xEA) || (p[0] == 0xE3 && p[1] > 0x8F));
}

static bool blank_at(struct qund_str s, size_t at)
{
    return at < s.n && s.p[at] == ' ';
}

/* Whether a word goes on at `at`. */
static bool word_at(const struct qund_fold *f, struct qund_str s, size_t at)
{
    return at < s.n && qund_fold_keeps(f, qund_utf8_next(s, &at));
}

/* Where the spaced word ends that begins at `at`, where no word goes on; 0: none does. */
static size_t spaced_end(const struct qund_fold *f, struct qund_str s, size_t at)
{
    size_t n = 0, end = 0, next = at;

    while (han_at(s, next) && !word_at(f, s, next + HAN_BYTES)) {
        n++;
        end = next + HAN_BYTES;
        if (!blank_at(s, end))
            break;
        for (next = end; blank_at(s, next);)
            next++;
    }
    return n >= SPACED_LEAST ? end : 0;
}

/* The first blank behind which one character stands alone; most texts have none, and are done. */
static bool looks_spaced(struct qund_str s)
{
    const char *p = s.p, *end = s.p + s.n;

    while ((p = memchr(p, ' ', (size_t)(end - p)))) {
        size_t at = (size_t)(p - s.p) + 1;

        if (han_at(s, at) && blank_at(s, at + HAN_BYTES))
            return true;
        p++;
    }
    return false;
}

/* In its own place: what is written never overtakes what is read. */
static void join(const struct qund_fold *f, struct qund_folded *t)
{
    struct qund_str s = qund_buf_view(&t->text);
    size_t at = 0, n = 0, joined = 0; /* blanks before `joined` are left out */
    bool in_word = false;

    while (at < s.n) {
        size_t next = at, end = at >= joined && !in_word ? spaced_end(f, s, at) : 0;

        in_word = qund_fold_keeps(f, qund_utf8_next(s, &next));
        joined = end ? end : joined;
        for (; at < next; at++)
            if (at >= joined || s.p[at] != ' ') {
                t->text.p[n] = s.p[at];
                t->map[n++] = t->map[at];
            }
    }
    t->text.n = n;
    t->text.p[n] = '\0';
    t->map[n] = (uint32_t)t->original_n;
}

int qund_fold_message(const struct qund_fold *f, struct qund_str original, struct qund_folded *out)
{
    int rc = qund_fold_text(f, original, out);

    if (rc == 0 && looks_spaced(qund_buf_view(&out->text)))
        join(f, out);
    return rc;
}
