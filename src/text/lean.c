/* lean.c - how strongly a text leans towards each intent.
 *
 * Rules know phrases that somebody thought of; in a group of a trade nobody wrote rules for, a
 * third of what is said is said otherwise. A leaning is the other kind of evidence: every one, two
 * and three characters of the text have a weight for each intent, learned from labelled chats
 * (scripts/train-lean), and the sum of them is turned into per cent. No weight decides alone, and
 * each can be read in the table and is named by `qund explain`.
 *
 * Whole characters and no words: Chinese chats have no blanks to cut at, and a pair of characters
 * is most of the time a word. Digits count as 0, so that 35块 and 42块 are one; the ends of the
 * text are characters too (^在 is somebody asking for us). A gram counts once however often it
 * stands there, and of long texts only the beginning is looked at, so that the cost has a bound.
 *
 * A 1 or a 好 says by itself nothing at all; what it means is in the talk before it. That is not
 * read again here: the engine knows what the group was called to do, who spoke last, whether the
 * sender stands in the list, and tells it in the words that rules know it by (`context`). Each has
 * a weight like a gram.
 *
 * All is done in whole numbers: hundredths are added, and a table of limits turns the sum into per
 * cent, so that a replay on another machine gives the same. A gram is its characters, 16 bits each,
 * in one word; no hash stands for it, so nothing is taken for something else. */
#include "text/lean_parts.h"

enum {
    GRAMS = (QUND_LEAN_CHARS + 2) * LEAN_GRAM,
    SEEN = 1024 /* room for all of them, and some to keep the walks short */
};

struct view {
    uint16_t code[QUND_LEAN_CHARS + 2]; /* with the ends */
    size_t n;
    unsigned length; /* class */
};
_Static_assert((int)SEEN > (int)GRAMS, "a walk ends at an empty place");

uint16_t qund_lean_code(uint32_t cp)
{
    if (cp >= '0' && cp <= '9')
        return '0';
    if (cp <= ' ')
        return LEAN_BLANK;
    if (cp == '^' || cp == '$' || cp == 0x2423)
        return LEAN_OTHER;
    if (cp >= 0x1F000 && cp < 0x20000)
        return (uint16_t)(LEAN_EMOJI + (cp - 0x1F000));
    if (cp > 0xFFFF || (cp >= 0xD800 && cp <= 0xF8FF))
        return LEAN_OTHER;
    return (uint16_t)cp;
}

/* --- spellings of one thing --- */
/* Nobody in a chat keeps to one way of writing: a comma is a blank, 没 is 冇 is 没有. What means
 * the same is made the same before it is cut into grams, so that a group from Guangzhou profits by
 * what one from Xi'an taught. Only what is alike in any trade stands here; the question mark is
 * kept. */
static uint16_t same_as(uint16_t c)
{
    switch (c) {
    case u',':
    case u'.':
    case u'。':
    case u'!':
    case u'~':
    case u'、':
    case u';':
    case u':':
    case u'…':
    case u'-':
    case u'—':
        return LEAN_BLANK;
    case u'冇':
        return u'没';
    case u'唔':
    case u'勿':
        return u'不';
    case u'俺':
    case u'伲':
        return u'我';
    case u'您':
        return u'你';
    case u'系':
        return u'是';
    case u'嘅':
        return u'的';
    case u'佢':
    case u'她':
    case u'它':
        return u'他';
    case u'呗':
        return u'吧';
    case u'咯':
    case u'喽':
    case u'啦':
        return u'了';
    case u'吗':
    case u'伐':
        return u'么';
    case u'咩':
        return u'啥';
    default:
        return c;
    }
}

/* Two characters that are one word with many spellings; 0: they are two. */
static uint16_t as_one(uint16_t first, uint16_t second)
{
    switch (second) {
    case u'么':
        return first == u'什' ? u'啥' : first == u'怎' ? u'咋' : 0;
    case u'子':
        return first == u'么' || first == u'啥' ? u'啥' : 0;
    case u'个':
        return first == u'咋' || first == u'啷' ? u'咋' : 0;
    case u'样':
        return first == u'怎' || first == u'点' ? u'咋' : 0;
    case u'何':
        return first == u'如' ? u'咋' : 0;
    case u'们':
    case u'哋':
        return first == u'你' ? u'恁' : 0;
    case u'有':
        return first == u'没' ? u'没' : 0;
    case u'得':
        return first == u'没' || first == u'莫' ? u'没' : 0;
    default:
        return 0;
    }
}

/* Several blanks are one, and one at the beginning is none. */
static void add_code(struct view *v, uint16_t c)
{
    uint16_t before = v->code[v->n - 1];
    uint16_t both = as_one(before, c);

    if (both)
        v->code[v->n - 1] = both;
    else if (c != LEAN_BLANK || (before != LEAN_BLANK && v->n > 1))
        v->code[v->n++] = c;
}

/* The code of the character at *at. Most are Han, which are their own codes: no more is asked. */
static uint16_t next_code(struct qund_str s, size_t *at)
{
    const unsigned char *b = (const unsigned char *)s.p + *at;

    if (b[0] < 0xe4 || b[0] > 0xe9)
        return qund_lean_code(qund_utf8_next(s, at));
    *at += 3;
    return (uint16_t)((b[0] & 0x0fu) << 12 | (b[1] & 0x3fu) << 6 | (b[2] & 0x3fu));
}

static void look(struct qund_str folded, struct view *v)
{
    size_t at = 0;

    v->code[0] = LEAN_START;
    v->n = 1;
    while (at < folded.n && v->n <= QUND_LEAN_CHARS)
        add_code(v, same_as(next_code(folded, &at)));
    v->length = (unsigned)(v->n - 1) / LEAN_LENGTH_STEP;
    if (v->length >= LEAN_LENGTHS)
        v->length = LEAN_LENGTHS - 1;
    if (at >= folded.n)
        v->code[v->n++] = LEAN_END;
}

/* --- which grams of the table stand in the text, each once --- */
struct found {
    uint16_t mark[SEEN]; /* where a gram's entries begin, plus one; 0: empty */
};

static bool is_new(struct found *f, uint16_t entry)
{
    size_t at = entry * 40503u >> 6 & (SEEN - 1);

    while (f->mark[at]) {
        if (f->mark[at] == entry + 1)
            return false;
        at = (at + 1) & (SEEN - 1);
    }
    f->mark[at] = (uint16_t)(entry + 1);
    return true;
}

/* Calls each for every gram of the text that the table knows. In three walks, so that none waits
 * for what another guesses: which grams may be known, which are, and what they weigh. */
static inline void each_known(const struct qund_lean *l, const struct view *v, void *arg,
                              void (*each)(const struct qund_lean *l, uint64_t gram, uint16_t entry,
                                           void *arg))
{
    uint64_t gram[GRAMS];
    uint32_t place[GRAMS];
    struct found f;
    size_t n = 0, known = 0;

    for (size_t i = 0; i < v->n; i++) {
        uint64_t g = 0;

        for (size_t k = 0; k < LEAN_GRAM && k <= i; k++) {
            g |= (uint64_t)v->code[i - k] << (16 * k);
            gram[n] = g;
            place[n] = qund_lean_place(l, g);
            n += qund_lean_maybe(l, place[n]);
        }
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t slot = l->slots[qund_lean_seek(l, gram[i], place[i])];

        gram[known] = slot;
        known += slot != 0;
    }
    memset(&f, 0, sizeof(f));
    for (size_t i = 0; i < known; i++)
        if (is_new(&f, (uint16_t)gram[i]))
            each(l, gram[i] >> 16, (uint16_t)gram[i], arg);
}

/* Ten words that each say a little are more in a short text than in a long one, which has grams of
 * all kinds: what the grams of a text say is scaled by its class of length. */
static int32_t scaled(const struct qund_lean *l, unsigned length, int32_t weight)
{
    return weight * l->scale[length] / 100;
}

static inline void add_gram(const struct qund_lean *l, uint64_t gram, uint16_t entry, void *arg)
{
    struct qund_leanings *out = arg;
    const uint16_t *e = qund_lean_list(l, entry);

    (void)gram;
    for (;; e++) {
        out->sum[qund_lean_entry_intent(*e)] += qund_lean_entry_weight(*e);
        if (*e & LEAN_LAST)
            return;
    }
}

uint32_t qund_lean_context(const struct qund_lean *l, const struct qund_str *words, size_t n)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < l->n_contexts; k++)
            if (qund_str_is(words[i], l->contexts[k]))
                bits |= UINT32_C(1) << k;
    return bits;
}

void qund_lean_score(const struct qund_lean *l, struct qund_str folded, uint32_t context,
                     struct qund_leanings *out)
{
    struct view v;

    look(folded, &v);
    *out = (struct qund_leanings){0};
    each_known(l, &v, out, add_gram);
    for (; context; context &= context - 1)
        for (size_t i = 0; i < l->n_intents; i++)
            out->sum[i] += l->context[__builtin_ctz(context)][i];
    for (size_t i = 0; i < l->n_intents; i++)
        out->sum[i] = l->bias[i] + l->length[v.length][i] + scaled(l, v.length, out->sum[i]);
}

int qund_lean_percent(int32_t sum)
{
    /* The least sum, in hundredths, whose logistic reaches 1 %, 2 %, … 99 %. */
    static const int16_t least[] = {
        -459, -389, -347, -317, -294, -275, -258, -244, -231, -219, -209, -199, -190, -181, -173,
        -165, -158, -151, -145, -138, -132, -126, -120, -115, -109, -104, -99,  -94,  -89,  -84,
        -80,  -75,  -70,  -66,  -61,  -57,  -53,  -48,  -44,  -40,  -36,  -32,  -28,  -24,  -20,
        -16,  -12,  -8,   -4,   0,    5,    9,    13,   17,   21,   25,   29,   33,   37,   41,
        45,   49,   54,   58,   62,   67,   71,   76,   81,   85,   90,   95,   100,  105,  110,
        116,  121,  127,  133,  139,  146,  152,  159,  166,  174,  182,  191,  200,  210,  220,
        232,  245,  259,  276,  295,  318,  348,  390,  460,
    };
    size_t lo = 0, hi = QUND_ARRAY_LEN(least);

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (sum >= least[mid])
            lo = mid + 1;
        else
            hi = mid;
    }
    return (int)lo;
}

/* --- looking closer --- */
struct parts {
    struct qund_lean_part *v;
    size_t n, max, intent;
    unsigned length; /* class */
};

static bool heavier(const struct qund_lean_part *a, const struct qund_lean_part *b)
{
    int32_t x = a->weight < 0 ? -a->weight : a->weight, y = b->weight < 0 ? -b->weight : b->weight;

    return x != y ? x > y : strcmp(a->gram, b->gram) < 0;
}

static void keep_part(struct parts *p, const struct qund_lean_part *part)
{
    size_t at = p->n;

    if (part->weight == 0)
        return;
    while (at > 0 && heavier(part, &p->v[at - 1]))
        at--;
    if (at == p->max)
        return;
    p->n += p->n < p->max;
    memmove(p->v + at + 1, p->v + at, (p->n - at - 1) * sizeof(*p->v));
    p->v[at] = *part;
}

static void add_part(const struct qund_lean *l, uint64_t gram, uint16_t entry, void *arg)
{
    struct parts *p = arg;
    const uint16_t *e = qund_lean_list(l, entry);

    for (;; e++) {
        if (qund_lean_entry_intent(*e) == p->intent) {
            struct qund_lean_part part = {.weight =
                                              scaled(l, p->length, qund_lean_entry_weight(*e))};

            qund_lean_spell(gram, part.gram);
            keep_part(p, &part);
        }
        if (*e & LEAN_LAST)
            return;
    }
}

static void add_context(const struct qund_lean *l, size_t which, struct parts *p)
{
    struct qund_lean_part part = {.weight = scaled(l, p->length, l->context[which][p->intent])};

    memcpy(part.gram, "context ", 8);
    memcpy(part.gram + 8, l->contexts[which], LEAN_NAME);
    keep_part(p, &part);
}

size_t qund_lean_parts(const struct qund_lean *l, struct qund_str folded, uint32_t context,
                       size_t intent, struct qund_lean_part *v, size_t max)
{
    struct parts p = {.v = v, .max = max, .intent = intent};
    struct qund_lean_part own = {.weight = l->bias[intent]}, length = {0};
    struct view view;

    look(folded, &view);
    p.length = view.length;
    memcpy(length.gram, "length 0", sizeof("length 0"));
    length.gram[7] = (char)('0' + view.length);
    length.weight = l->length[view.length][intent];
    keep_part(&p, &own);
    keep_part(&p, &length);
    for (; context; context &= context - 1)
        add_context(l, (size_t)__builtin_ctz(context), &p);
    each_known(l, &view, &p, add_part);
    return p.n;
}

static size_t spell_code(uint16_t c, char *out)
{
    uint32_t cp = c;

    if (c == LEAN_START || c == LEAN_END) {
        out[0] = c == LEAN_START ? '^' : '$';
        return 1;
    }
    if (c == LEAN_BLANK)
        cp = 0x2423;
    else if (c >= LEAN_EMOJI && c < LEAN_EMOJI + 0x1000)
        cp = 0x1F000u + (c - (uint32_t)LEAN_EMOJI);
    return qund_utf8_put(out, cp);
}

void qund_lean_spell(uint64_t gram, char out[20])
{
    size_t n = 0;

    for (int k = LEAN_GRAM - 1; k >= 0; k--)
        if (gram >> (16 * k) & 0xffff)
            n += spell_code((uint16_t)(gram >> (16 * k)), out + n);
    out[n] = '\0';
}

void qund_lean_features(struct qund_str folded, struct qund_buf *out)
{
    struct view v;
    char spelt[20];

    look(folded, &v);
    qund_buf_printf(out, "length %u\t", v.length);
    for (size_t i = 0; i < v.n; i++) {
        uint64_t gram = 0;

        for (size_t k = 0; k < LEAN_GRAM && k <= i; k++) {
            gram |= (uint64_t)v.code[i - k] << (16 * k);
            qund_lean_spell(gram, spelt);
            qund_buf_printf(out, "%s\t", spelt);
        }
    }
}
