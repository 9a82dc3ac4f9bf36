/* digest_words.c - what a day was about, by counting.
 *
 * Chinese is written without blanks, and a dictionary would not know the compound's name, the brand
 * of the week or the model of a lock. So pieces of two to four Han characters are counted, each
 * once a message, and a piece that nearly always stands within a longer one is that longer one.
 *
 * What every sentence has says nothing. Some characters are a word by themselves wherever they
 * stand (的, 吗, 谁): no piece has one. Others are half of a good word as often as not (地 of 地暖,
 * 上 of 上门, 不 of 不锈钢): a piece of these alone is left out, one that a sentence was cut
 * through at (TAILS at its end, HEADS at its beginning), and one that holds a WORD of theirs (多少,
 * 大家).
 *
 * Words in Latin letters are counted as they are. Bounded: what comes after PIECES_MAX different
 * pieces is not counted. */
#include "alert/digest.h"
#include <stdio.h>
#include <stdlib.h>

#define PIECES_MAX 32768u
#define SLOTS (2 * PIECES_MAX) /* a power of two */
#define HAN_MIN 2
#define HAN_MAX 4
#define LATIN_MAX 24u
#define LEAST 2 /* messages */

struct piece {
    char z[LATIN_MAX + 1];
    int chars, n, last; /* last: the message that counted it */
};
struct digest_words {
    struct piece *v;
    size_t n;
    uint32_t *slots; /* index + 1, 0: free */
    int message;
};

static const char STOP[] = "的了是我你他她它们吗呢吧啊呀哦嗯没这那个么就也都和与及或但把被让很还"
                           "又只才已着什怎哪谁几请谢想问要";
static const char SOFT[] = "在不有会能可以到去来给对从向于而且太更最再刚过得地多少一二三四五六七"
                           "八九十下上里外好看说大家点时候今天明后现年月号日";
static const char TAILS[] = "一二三四五六七八九十多几来去到给对从向会可有不再在以而且过说好看";
static const char HEADS[] = "得给从向于而且以";
static const char *const WORDS[] = {
    "大家", "有点", "时候", "今天", "明天", "后天", "昨天", "现在", "可以", "可能",
    "一下", "多少", "不会", "不能", "不好", "好不", "能不", "会不", "不用", "不过",
    "不到", "看看", "一点", "知道", "觉得", "应该", "所以", "因为", "如果", "还有",
    "好多", "一样", "一般", "后面", "以后", "以前", "直接", "已经", "有人", "人家",
    "我家", "群里", "在群", "明早", "今晚", "上次", "下次", "时间", "点前", "自己",
};
static const char *const STOP_LATIN[] = {"the", "and", "for", "you", "https", "http",
                                         "com", "www", "cn",  "of",  "to",    "is"};

struct digest_words *digest_words_new(void)
{
    struct digest_words *ws = qund_alloc(sizeof(*ws));

    ws->v = qund_alloc(PIECES_MAX * sizeof(*ws->v));
    ws->slots = qund_alloc(SLOTS * sizeof(*ws->slots));
    return ws;
}

struct digest_words *digest_words_free(struct digest_words *ws)
{
    if (ws) {
        qund_free(ws->v);
        qund_free(ws->slots);
    }
    qund_free(ws);
    return NULL;
}

static uint32_t hash(struct qund_str s)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 16777619u;
    return h;
}

static struct piece *piece_of(struct digest_words *ws, struct qund_str s, bool make)
{
    uint32_t at = hash(s) & (SLOTS - 1);

    for (; ws->slots[at]; at = (at + 1) & (SLOTS - 1))
        if (qund_str_is(s, ws->v[ws->slots[at] - 1].z))
            return &ws->v[ws->slots[at] - 1];
    if (!make || ws->n == PIECES_MAX)
        return NULL;
    memcpy(ws->v[ws->n].z, s.p, s.n);
    ws->slots[at] = (uint32_t)++ws->n;
    return &ws->v[ws->n - 1];
}

static void count(struct digest_words *ws, struct qund_str s, int chars)
{
    struct piece *p = s.n <= LATIN_MAX ? piece_of(ws, s, true) : NULL;

    if (!p || p->last == ws->message)
        return;
    p->chars = chars;
    p->last = ws->message;
    p->n++;
}

static bool han(uint32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF);
}

static bool latin(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool one_of(const char *signs, struct qund_str c)
{
    return qund_str_find(qund_str(signs), 0, c) >= 0;
}

static bool holds_a_word(struct qund_str piece)
{
    for (size_t i = 0; i < QUND_ARRAY_LEN(WORDS); i++)
        if (qund_str_find(piece, 0, qund_str(WORDS[i])) >= 0)
            return true;
    return false;
}

static void add_latin(struct digest_words *ws, struct qund_str s)
{
    char low[LATIN_MAX];
    bool letter = false;

    if (s.n < 3 || s.n > LATIN_MAX)
        return;
    for (size_t i = 0; i < s.n; i++) {
        low[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
        letter |= low[i] > '9';
    }
    /* Figures alone are prices, rooms and telephone numbers. */
    if (letter && qund_str_index(qund_str_n(low, s.n), STOP_LATIN, QUND_ARRAY_LEN(STOP_LATIN)) < 0)
        count(ws, qund_str_n(low, s.n), (int)s.n);
}

/* All pieces that begin at one character: text from there on. */
static void add_pieces(struct digest_words *ws, struct qund_str text)
{
    bool soft = true, head = false;
    size_t at = 0;

    for (int chars = 1; chars <= HAN_MAX && at < text.n; chars++) {
        size_t from = at;
        uint32_t c = qund_utf8_next(text, &at);
        struct qund_str one = qund_str_n(text.p + from, at - from);

        if (!han(c) || one_of(STOP, one) || holds_a_word(qund_str_n(text.p, at)))
            return;
        soft = soft && one_of(SOFT, one);
        head = head || (chars == 1 && one_of(HEADS, one));
        if (chars >= HAN_MIN && !soft && !head && !one_of(TAILS, one))
            count(ws, qund_str_n(text.p, at), chars);
    }
}

void digest_words_add(struct digest_words *ws, struct qund_str text)
{
    size_t at = 0, word = 0;
    bool in_word = false;

    ws->message++;
    while (at < text.n) {
        size_t from = at;
        uint32_t c = qund_utf8_next(text, &at);

        if (han(c))
            add_pieces(ws, qund_str_n(text.p + from, text.n - from));
        if (latin(c) && !in_word)
            word = from;
        else if (!latin(c) && in_word)
            add_latin(ws, qund_str_n(text.p + word, from - word));
        in_word = latin(c);
    }
    if (in_word)
        add_latin(ws, qund_str_n(text.p + word, text.n - word));
}

/* Most messages first, then the longer, then by bytes: the same day gives the same page. */
static int order(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;

    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    if (x->chars != y->chars)
        return x->chars > y->chars ? -1 : 1;
    return strcmp(x->z, y->z);
}

/* Three in four times it stands within one that is longer. */
static bool within(const struct piece *p, const struct piece *v, size_t n)
{
    for (size_t i = 0; i < n && 4 * v[i].n >= 3 * p->n; i++)
        if (v[i].chars > p->chars && strstr(v[i].z, p->z))
            return true;
    return false;
}

static bool shown(const struct piece *p, const struct digest_word *out, int n)
{
    for (int i = 0; i < n; i++)
        if (strstr(out[i].z, p->z) || strstr(p->z, out[i].z))
            return true;
    return false;
}

int digest_words_top(struct digest_words *ws, struct digest_word *out, int max)
{
    size_t n = 0;
    int m = 0;

    for (size_t i = 0; i < ws->n; i++)
        if (ws->v[i].n >= LEAST)
            ws->v[n++] = ws->v[i];
    qsort(ws->v, n, sizeof(*ws->v), order);
    for (size_t i = 0; i < n && m < max; i++) {
        if (within(&ws->v[i], ws->v, n) || shown(&ws->v[i], out, m))
            continue;
        snprintf(out[m].z, sizeof(out[m].z), "%s", ws->v[i].z);
        out[m++].n = ws->v[i].n;
    }
    ws->n = 0; /* the slots are of another order now: it is used up */
    return m;
}
