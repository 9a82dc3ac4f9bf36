/* src/text/tokens.c - search tokens.
 * Chinese is written without blanks, and the words people search for have two characters; so in
 * scripts without blanks every pair of neighbours is a token (微信号: 微信 信号), and a query is
 * the AND of its pairs. In scripts with blanks a token is a whole run of letters or of digits, so
 * that a flat's number is found beside any letter.
 *
 * SQLite's tokenizers have opinions about Unicode that change with its version, and an index must
 * be deleted from with exactly the tokens it was filled with. Therefore nothing but ASCII letters
 * and digits leaves this file: 'h' and twice four base-32 digits for a pair, 'w' and the word
 * itself if it is ASCII, 'x' and four digits a character for any other word. */
#include "text/tokens.h"

#define WORD_MAX 64  /* characters of a word that count */
#define QUERY_MAX 64 /* tokens of a query: more would not narrow it further */

enum kind { BREAK, DIGIT, LETTER, PAIRED };

/* Scripts written without blanks, and the marks among them that belong to words. */
static const struct {
    uint32_t from, to;
} WITHOUT_BLANKS[] = {
    {0x0E01, 0x0EDF},   /* Thai, Lao */
    {0x1000, 0x109F},   /* Myanmar */
    {0x1100, 0x11FF},   /* Hangul, in parts */
    {0x1780, 0x17D3},   /* Khmer */
    {0x3005, 0x3007},   /* the repeated character, zero */
    {0x3041, 0x3096},   /* Hiragana */
    {0x309D, 0x309F},   /* its repeat marks */
    {0x30A1, 0x30FA},   /* Katakana */
    {0x30FC, 0x30FF},   /* its long and repeat marks */
    {0x3105, 0x312F},   /* Bopomofo */
    {0x31F0, 0x31FF},   /* small Katakana */
    {0x3400, 0x4DBF},   /* Han */
    {0x4E00, 0x9FFF},   /* Han */
    {0xAC00, 0xD7A3},   /* Hangul */
    {0x20000, 0x3FFFF}, /* Han */
};

static enum kind kind_of(const struct qund_fold *f, uint32_t cp)
{
    if (cp < 0x80) {
        if (cp >= '0' && cp <= '9')
            return DIGIT;
        return (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') ? LETTER : BREAK;
    }
    if (!qund_fold_keeps(f, cp))
        return BREAK;
    for (size_t i = 0; i < QUND_ARRAY_LEN(WITHOUT_BLANKS) && WITHOUT_BLANKS[i].from <= cp; i++)
        if (cp <= WITHOUT_BLANKS[i].to)
            return PAIRED;
    return LETTER;
}

struct writer {
    const struct qund_fold *f;
    struct qund_buf *out;
    size_t n, max;
};

/* False when no more are wanted. */
static bool begin(struct writer *w, char mark)
{
    if (w->n == w->max)
        return false;
    if (w->n++ > 0)
        qund_buf_char(w->out, ' ');
    qund_buf_char(w->out, mark);
    return true;
}

/* Four digits hold 20 bits; what is a letter lies below 2^18. */
static void put_point(struct qund_buf *out, uint32_t cp)
{
    static const char DIGITS[] = "0123456789abcdefghijklmnopqrstuv";

    for (int shift = 15; shift >= 0; shift -= 5)
        qund_buf_char(out, DIGITS[cp >> shift & 31]);
}

static void put_word(struct writer *w, struct qund_str word)
{
    bool ascii = true;

    word = qund_utf8_cut_chars(word, WORD_MAX);
    for (size_t i = 0; i < word.n; i++)
        ascii = ascii && (unsigned char)word.p[i] < 0x80;
    if (!begin(w, ascii ? 'w' : 'x'))
        return;
    for (size_t at = 0; at < word.n;) {
        uint32_t cp = qund_utf8_next(word, &at);

        if (!ascii)
            put_point(w->out, cp);
        else
            qund_buf_char(w->out, (char)(cp >= 'A' && cp <= 'Z' ? cp + ('a' - 'A') : cp));
    }
}

static void put_pairs(struct writer *w, struct qund_str run)
{
    size_t at = 0;
    uint32_t before = qund_utf8_next(run, &at);

    while (at < run.n) {
        uint32_t cp = qund_utf8_next(run, &at);

        if (!begin(w, 'h'))
            return;
        put_point(w->out, before);
        put_point(w->out, cp);
        before = cp;
    }
}

static void write_tokens(struct writer *w, struct qund_str text)
{
    size_t at = 0, start = 0;
    enum kind run = BREAK;

    while (at <= text.n) {
        size_t here = at;
        enum kind kind = at < text.n ? kind_of(w->f, qund_utf8_next(text, &at)) : BREAK;

        if (kind != run) {
            struct qund_str s = qund_str_n(text.p + start, here - start);

            if (run == PAIRED)
                put_pairs(w, s);
            else if (run != BREAK)
                put_word(w, s);
            start = here;
            run = kind;
        }
        if (here == text.n)
            return;
    }
}

void qund_tokens_make(const struct qund_fold *f, struct qund_str folded, struct qund_buf *out)
{
    struct writer w = {f, out, 0, SIZE_MAX};

    write_tokens(&w, folded);
}

int qund_tokens_query(const struct qund_fold *f, struct qund_str folded, struct qund_buf *out)
{
    struct writer w = {f, out, 0, QUERY_MAX};

    write_tokens(&w, folded);
    return w.n > 0 ? QUND_OK : QUND_E_NOTFOUND;
}
