/* src/text/match_places.c - does an expression hit a text?
 * A tree is a function from places to places: given where its beginning may be, it tells where its
 * end may be. A text goes from the places where it stands to those behind it, a sequence is one
 * function after the other, a choice joins what its branches tell. Start with every place of the
 * text; when any is left in the end, the expression hits. All places go through together, so
 * nothing is ever tried twice and there is nothing to go back to: the work is bounded by the size
 * of the tree times the length of the text, whatever either looks like. What is lost is which group
 * caught what; match_capture.c finds that out where somebody asks.
 *
 * Sets of places are bits, with the range in which some are set. The set to start with is never
 * written down. A text that is looked for in all of it is found by its first character, under which
 * each place is filed once per text; and one whose first character the text does not have costs a
 * single look, which is what becomes of most words of a choice. */
#include "text/match_tree.h"

#define BUCKETS 256u
#define SETS_MAX (MATCH_TREE_DEPTH * 8u) /* a group takes five: a repeat three, a sequence two */
#define NOWHERE UINT32_MAX
#define FEW_CHARACTERS 12u /* of a class, to be looked up one by one */

struct places {
    uint64_t *bit;
    size_t words;    /* there is room for so many */
    uint32_t lo, hi; /* nothing is set outside; lo > hi: empty */
    uint32_t n;      /* at most so many */
    bool all;
};

struct match_places {
    const char *pool;
    const char *text;
    uint32_t n;
    bool filed;
    uint64_t ascii;                              /* a bit for each character below 64 */
    uint64_t mark[(1u << MATCH_MARK_BITS) / 64]; /* of all its characters and pairs of them */
    uint32_t head[BUCKETS]; /* place + 1 of the last character filed there; 0: none */
    uint32_t count[BUCKETS];
    uint32_t *before; /* per place: the one filed there earlier, + 1 */
    size_t before_cap;
    struct places set[SETS_MAX];
    unsigned used;
};

struct match_places *match_places_new(void)
{
    return qund_alloc(sizeof(struct match_places));
}

void match_places_free(struct match_places *p)
{
    if (!p)
        return;
    for (unsigned i = 0; i < SETS_MAX; i++)
        qund_free(p->set[i].bit);
    qund_free(p->before);
    qund_free(p);
}

/* --- characters */

void match_places_text(struct match_places *p, struct qund_str text)
{
    p->text = text.p;
    p->n = (uint32_t)text.n;
    p->filed = false;
}

static inline uint32_t bucket_of(uint32_t mix)
{
    return mix >> 24;
}

static inline void set_mark(struct match_places *p, uint32_t mark)
{
    p->mark[mark / 64] |= UINT64_C(1) << mark % 64;
}

/* Whether the text has what is marked so. */
static inline bool has_mark(const struct match_places *p, uint32_t mark)
{
    return p->mark[mark / 64] >> mark % 64 & 1;
}

static void file_places(struct match_places *p)
{
    uint32_t last = 0, len;

    if (p->before_cap < p->n) {
        p->before_cap = p->n;
        p->before = qund_realloc(p->before, p->before_cap * sizeof(*p->before));
    }
    memset(p->head, 0, sizeof(p->head));
    memset(p->count, 0, sizeof(p->count));
    memset(p->mark, 0, sizeof(p->mark));
    p->ascii = 0;
    for (uint32_t at = 0; at < p->n; at += len) {
        uint32_t mix, bucket;

        len = match_char_len(p->text + at);
        mix = match_mix(p->text + at, len);
        bucket = bucket_of(mix);
        p->before[at] = p->head[bucket];
        p->head[bucket] = at + 1;
        p->count[bucket]++;
        set_mark(p, match_mark(mix));
        if ((unsigned char)p->text[at] < 64)
            p->ascii |= UINT64_C(1) << p->text[at];
        if (at > 0)
            set_mark(p, match_mark_pair(last, mix));
        last = mix;
    }
    p->filed = true;
}

/* Behind the character at `at` if it is one of those, else NOWHERE. */
static inline uint32_t past_one(const struct match_places *p, const struct match_node *one,
                                uint32_t at)
{
    size_t next = at;
    uint32_t cp;
    bool in = false;

    if (at >= p->n)
        return NOWHERE;
    if (one->op == MATCH_ANY)
        return p->text[at] == '\n' ? NOWHERE : at + match_char_len(p->text + at);
    cp = qund_utf8_next(qund_str_n(p->text, p->n), &next);
    for (const struct match_node *r = match_child(one, NULL); r && !in; r = match_child(one, r))
        in = cp >= r->a && cp <= r->b;
    return in == (one->op == MATCH_ONE_OF) ? (uint32_t)next : NOWHERE;
}

/* Whether the text has this character. */
static bool has_character(const struct match_places *p, uint32_t cp)
{
    char utf8[4];

    return has_mark(p, match_mark(match_mix(utf8, (uint32_t)qund_utf8_put(utf8, cp))));
}

/* --- sets of places */

static struct places *take_set(struct match_places *p)
{
    struct places *s = &p->set[p->used++];
    size_t words = p->n / 64 + 1;

    qund_assert(p->used <= SETS_MAX);
    if (s->words < words) {
        qund_free(s->bit);
        s->bit = qund_alloc(words * sizeof(*s->bit)); /* zeros */
        s->words = words;
    }
    s->lo = NOWHERE;
    s->hi = s->n = 0;
    s->all = false;
    return s;
}

static bool is_empty(const struct places *s)
{
    return !s->all && s->lo > s->hi;
}

static void clear_set(struct places *s)
{
    if (s->lo <= s->hi)
        memset(s->bit + s->lo / 64, 0, (s->hi / 64 - s->lo / 64 + 1) * sizeof(*s->bit));
    s->lo = NOWHERE;
    s->hi = s->n = 0;
    s->all = false;
}

/* The one that was taken last, and those before it down to `used`. */
static void give_back(struct match_places *p, unsigned used)
{
    while (p->used > used)
        clear_set(&p->set[--p->used]);
}

static inline void put(struct places *s, uint32_t at)
{
    s->bit[at / 64] |= UINT64_C(1) << at % 64;
    s->lo = at < s->lo ? at : s->lo;
    s->hi = at > s->hi ? at : s->hi;
    s->n++;
}

static inline bool has(const struct places *s, uint32_t at)
{
    return s->all || (s->bit[at / 64] >> at % 64 & 1);
}

/* The first place of the set at or behind `at`, or NOWHERE. */
static uint32_t place_from(const struct match_places *p, const struct places *s, uint32_t at)
{
    uint64_t word;
    uint32_t i;

    if (s->all) {
        while (at < p->n && ((unsigned char)p->text[at] & 0xc0) == 0x80)
            at++;
        return at <= p->n ? at : NOWHERE;
    }
    at = at < s->lo ? s->lo : at;
    if (at > s->hi)
        return NOWHERE;
    i = at / 64;
    word = s->bit[i] & ~UINT64_C(0) << at % 64;
    while (word == 0) {
        if (++i > s->hi / 64)
            return NOWHERE;
        word = s->bit[i];
    }
    return i * 64 + (uint32_t)__builtin_ctzll(word);
}

static void add_set(struct places *to, const struct places *from)
{
    to->all = to->all || from->all;
    if (from->all || from->lo > from->hi)
        return;
    for (uint32_t i = from->lo / 64; i <= from->hi / 64; i++)
        to->bit[i] |= from->bit[i];
    to->lo = from->lo < to->lo ? from->lo : to->lo;
    to->hi = from->hi > to->hi ? from->hi : to->hi;
    to->n += from->n;
}

/* Takes out of s what is in `known`, and adds the rest to it. False when nothing is left. */
static bool keep_new(struct places *s, struct places *known)
{
    s->n = 0;
    for (uint32_t i = s->lo / 64; s->lo <= s->hi && i <= s->hi / 64; i++) {
        s->bit[i] &= ~known->bit[i];
        s->n += (uint32_t)__builtin_popcountll(s->bit[i]);
    }
    add_set(known, s);
    return s->n > 0;
}

/* False when the text has no character of the class. */
static bool class_may_hit(const struct match_places *p, const struct match_node *node)
{
    for (const struct match_node *r = match_child(node, NULL); r; r = match_child(node, r)) {
        uint64_t to = r->b < 63 ? (UINT64_C(2) << r->b) - 1 : ~UINT64_C(0);

        if (r->b < 64 ? (p->ascii & to & ~UINT64_C(0) << r->a) != 0
                      : r->a < r->b || has_character(p, r->a))
            return true;
    }
    return false;
}

/* A quick look: false when some word is missing without which there is no hit. */
static bool may_hit(const struct match_places *p, const struct match_node *node)
{
    const struct match_node *c = match_child(node, NULL);

    switch ((enum match_op)node->op) {
    case MATCH_TEXT:
        return has_mark(p, node->mark);
    case MATCH_ONE_OF:
        return class_may_hit(p, node);
    case MATCH_SEQ:
        while (c && (c->op == MATCH_TEXT ? has_mark(p, c->mark) : may_hit(p, c)))
            c = match_child(node, c);
        return !c;
    case MATCH_ALT:
        while (c && !(c->op == MATCH_TEXT ? has_mark(p, c->mark) : may_hit(p, c)))
            c = match_child(node, c);
        return c != NULL;
    case MATCH_REPEAT:
        return node->a == 0 || may_hit(p, c);
    case MATCH_ANY:
    case MATCH_NONE_OF:
    case MATCH_RANGE:
    case MATCH_START:
    case MATCH_END:
        break;
    }
    return true;
}

static inline bool stands(const struct match_places *p, struct qund_str word, uint32_t at)
{
    return word.n <= p->n - at && memcmp(p->text + at, word.p, word.n) == 0;
}

/* --- from places to places; what is found is added to out */

static void run(struct match_places *p, const struct match_node *node, const struct places *in,
                struct places *out);

/* By way of the word's own places or of those of the set, whichever are fewer: so a step costs no
 * more than the places it starts from. */
static void run_word(struct match_places *p, struct qund_str word, const struct places *in,
                     struct places *out)
{
    uint32_t bucket = bucket_of(match_mix(word.p, match_char_len(word.p))), at;

    if (in->all || p->count[bucket] < in->n) {
        for (at = p->head[bucket]; at > 0; at = p->before[at - 1])
            if (has(in, at - 1) && stands(p, word, at - 1))
                put(out, at - 1 + (uint32_t)word.n);
        return;
    }
    for (at = place_from(p, in, 0); at != NOWHERE; at = place_from(p, in, at + 1))
        if (stands(p, word, at))
            put(out, at + (uint32_t)word.n);
}

/* A class of few characters is as many words. */
static bool is_few(const struct match_node *node)
{
    uint32_t n = 0;

    for (const struct match_node *r = match_child(node, NULL); r; r = match_child(node, r))
        n += r->b - r->a + 1;
    return n <= FEW_CHARACTERS;
}

static void run_few(struct match_places *p, const struct match_node *node, const struct places *in,
                    struct places *out)
{
    for (const struct match_node *r = match_child(node, NULL); r; r = match_child(node, r))
        for (uint32_t cp = r->a; cp <= r->b; cp++) {
            char utf8[4];
            struct qund_str word = {utf8, qund_utf8_put(utf8, cp)};

            if (has_mark(p, match_mark(match_mix(word.p, (uint32_t)word.n))))
                run_word(p, word, in, out);
        }
}

static void run_one(struct match_places *p, const struct match_node *node, const struct places *in,
                    struct places *out)
{
    if (node->op == MATCH_ONE_OF && !class_may_hit(p, node))
        return;
    if (node->op == MATCH_ONE_OF && (in->all || in->n > FEW_CHARACTERS) && is_few(node)) {
        run_few(p, node, in, out);
        return;
    }
    for (uint32_t at = place_from(p, in, 0); at != NOWHERE; at = place_from(p, in, at + 1)) {
        uint32_t next = past_one(p, node, at);

        if (next != NOWHERE)
            put(out, next);
    }
}

/* Two sets that take turns: what one step finds is where the next one starts. */
struct relay {
    const struct places *at;
    struct places *set[2];
    unsigned turn;
};

static void relay_start(struct match_places *p, struct relay *r, const struct places *in)
{
    r->at = in;
    r->set[0] = take_set(p);
    r->set[1] = take_set(p);
    r->turn = 0;
}

/* False when no place is left. */
static bool relay_step(struct match_places *p, struct relay *r, const struct match_node *node)
{
    struct places *next = r->set[r->turn];

    clear_set(next);
    run(p, node, r->at, next);
    r->at = next;
    r->turn ^= 1;
    return !is_empty(next);
}

static void run_sequence(struct match_places *p, const struct match_node *node,
                         const struct places *in, struct places *out)
{
    const struct match_node *c = match_child(node, NULL), *next;
    unsigned used = p->used;
    bool left = true;
    struct relay r;

    relay_start(p, &r, in);
    for (; left && c && (next = match_child(node, c)); c = next)
        left = relay_step(p, &r, c);
    if (left && c)
        run(p, c, r.at, out);
    else if (left)
        add_set(out, in); /* ( ) */
    give_back(p, used);
}

/* Up to `left` characters on from each place of `in`, in one sweep: what is left to go is set anew
 * where another place is met. */
static void sweep(struct match_places *p, const struct match_node *one, const struct places *in,
                  uint32_t left, struct places *out)
{
    for (uint32_t at = place_from(p, in, 0); at != NOWHERE; at = place_from(p, in, at + 1)) {
        uint32_t room = left, next;

        put(out, at);
        while (room > 0 && (next = past_one(p, one, at)) != NOWHERE) {
            at = next;
            room = has(in, at) ? left : room - 1;
            put(out, at);
        }
    }
}

static void run_repeat(struct match_places *p, const struct match_node *node,
                       const struct places *in, struct places *out)
{
    const struct match_node *one = node + 1;
    uint32_t left = node->b == MATCH_NO_END ? MATCH_NO_END : node->b - node->a;
    unsigned used = p->used;
    struct places *known;
    bool any = true;
    struct relay r;

    relay_start(p, &r, in);
    for (uint32_t i = 0; i < node->a && any; i++)
        any = relay_step(p, &r, one);
    if (!any || r.at->all || left == 0) {
        add_set(out, r.at);
    } else if (one->op == MATCH_ANY || one->op == MATCH_ONE_OF || one->op == MATCH_NONE_OF) {
        sweep(p, one, r.at, left, out);
    } else {
        known = take_set(p);
        add_set(known, r.at);
        for (; left > 0 && relay_step(p, &r, one); left -= left != MATCH_NO_END)
            if (!keep_new(r.set[r.turn ^ 1], known))
                break;
        add_set(out, known);
    }
    give_back(p, used);
}

static void run(struct match_places *p, const struct match_node *node, const struct places *in,
                struct places *out)
{
    switch ((enum match_op)node->op) {
    case MATCH_TEXT:
        if (has_mark(p, node->mark))
            run_word(p, qund_str_n(p->pool + node->a, node->b), in, out);
        break;
    case MATCH_ANY:
    case MATCH_ONE_OF:
    case MATCH_NONE_OF:
        run_one(p, node, in, out);
        break;
    case MATCH_SEQ:
        run_sequence(p, node, in, out);
        break;
    case MATCH_ALT:
        for (const struct match_node *c = match_child(node, NULL); c; c = match_child(node, c))
            if (c->op != MATCH_TEXT || has_mark(p, c->mark)) /* most are not there */
                run(p, c, in, out);
        break;
    case MATCH_REPEAT:
        run_repeat(p, node, in, out);
        break;
    case MATCH_START:
        if (has(in, 0))
            put(out, 0);
        break;
    case MATCH_END:
        if (has(in, p->n))
            put(out, p->n);
        if (p->n > 0 && p->text[p->n - 1] == '\n' && has(in, p->n - 1))
            put(out, p->n - 1);
        break;
    case MATCH_RANGE: /* part of a class */
        break;
    }
}

bool match_places_hit(struct match_places *p, const struct match_node *root, const char *pool)
{
    static const struct places everywhere = {.all = true};
    const struct match_node *c = root->op == MATCH_ALT ? match_child(root, NULL) : root;
    struct places *out = take_set(p);
    bool hit;

    p->pool = pool;
    if (!p->filed)
        file_places(p);
    for (; c && is_empty(out); c = c == root ? NULL : match_child(root, c)) /* one is enough */
        if (may_hit(p, c))
            run(p, c, &everywhere, out);
    hit = !is_empty(out);
    give_back(p, 0);
    return hit;
}
