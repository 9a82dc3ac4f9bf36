/* src/text/match_tree.c - an expression read into a tree.
 * Hyperscan finds words by the thousand for next to nothing, but each expression it is given is
 * unrolled into an automaton over bytes, and `(A|B).{0,12}(C|D)`, of which rules for chats mostly
 * consist, is the worst of all: the shipped three hundred cost two seconds and three megabytes. So
 * expressions are taken apart here. match_keys.c asks a tree which words it cannot do without;
 * those are found in the same pass as the words of the rules; and where one of them stands,
 * match_places.c tries the tree on the text. Hyperscan itself keeps the expressions that have
 * something unusual in them, or no word.
 *
 * What is read is the common part of the language, in which all engines agree: characters, classes,
 * groups, alternatives, greedy repeats, anchors. Capitals are unusual too: they ask for matching
 * without case, while folded text has none. Whoever reads has been told by PCRE2 before that the
 * expression is well formed. */
#include "text/match_tree.h"

#define COUNT_MAX 1000u   /* of a counted repeat */
#define EFFORT_MAX 2000u  /* nodes of the tree with its repeats written out */
#define ENDLESS_EFFORT 8u /* what a repeat without end counts as */

struct reader {
    struct match_tree *t;
    const char *pool;
    uint32_t at, end;
    unsigned depth;
    bool foreign, anchored;
};

static unsigned text_mark(struct qund_str text)
{
    uint32_t len = match_char_len(text.p), first = match_mix(text.p, len);

    if (len >= text.n)
        return match_mark(first);
    return match_mark_pair(first, match_mix(text.p + len, match_char_len(text.p + len)));
}

static uint32_t emit(struct reader *r, enum match_op op, uint32_t a, uint32_t b)
{
    struct match_tree *t = r->t;

    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 64;
        t->v = qund_realloc(t->v, t->cap * sizeof(*t->v));
    }
    t->v[t->n] = (struct match_node){.op = op & 0xf, .a = a, .b = b};
    if (op == MATCH_TEXT)
        t->v[t->n].mark = text_mark(qund_str_n(r->pool + a, b)) & 0xfff;
    return t->n++;
}

/* All that was read since belongs to `node`. */
static void close_node(struct reader *r, uint32_t node)
{
    uint32_t below = r->t->n - node - 1;

    r->foreign = r->foreign || below > UINT16_MAX;
    r->t->v[node].below = (uint16_t)below;
}

/* A sequence or a choice of one is that one. */
static void close_list(struct reader *r, uint32_t node, unsigned items)
{
    struct match_tree *t = r->t;

    if (items == 1)
        memmove(&t->v[node], &t->v[node + 1], (--t->n - node) * sizeof(*t->v));
    else
        close_node(r, node);
}

static char peek(const struct reader *r)
{
    return r->at < r->end ? r->pool[r->at] : '\0';
}

static bool take(struct reader *r, char c)
{
    bool there = peek(r) == c && r->at < r->end;

    r->at += there;
    return there;
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || is_capital(c);
}

/* Stands for itself, outside a class. */
static bool is_plain(const struct reader *r)
{
    char c = peek(r);

    if (r->at == r->end || is_capital(c))
        return false;
    return !strchr("\\^$.|?*+()[]{}", c);
}

/* Returns true and emits the ranges of \d, \w, \s. */
static bool named_class(struct reader *r, char name)
{
    switch (name) {
    case 'd':
        emit(r, MATCH_RANGE, '0', '9');
        return true;
    case 'w':
        emit(r, MATCH_RANGE, '0', '9');
        emit(r, MATCH_RANGE, 'A', 'Z');
        emit(r, MATCH_RANGE, '_', '_');
        emit(r, MATCH_RANGE, 'a', 'z');
        return true;
    case 's':
        emit(r, MATCH_RANGE, '\t', '\r');
        emit(r, MATCH_RANGE, ' ', ' ');
        return true;
    default:
        return false;
    }
}

static void read_escape(struct reader *r)
{
    char c = r->at + 1 < r->end ? r->pool[r->at + 1] : 'x';
    uint32_t node;

    if (!is_alnum(c) && (unsigned char)c < 0x80) {
        emit(r, MATCH_TEXT, r->at + 1, 1);
        r->at += 2;
        return;
    }
    node = emit(r, is_capital(c) ? MATCH_NONE_OF : MATCH_ONE_OF, 0, 0);
    if (!named_class(r, is_capital(c) ? (char)(c - 'A' + 'a') : c))
        r->foreign = true;
    close_node(r, node);
    r->at += 2;
}

/* One character of a class, or one end of a range. */
static uint32_t class_character(struct reader *r)
{
    size_t at;
    uint32_t cp;
    char c = peek(r);

    if (c == '\\') {
        r->at++;
        c = peek(r);
        r->foreign = r->foreign || is_alnum(c) || (unsigned char)c >= 0x80;
    }
    if (r->at >= r->end || is_capital(c) || c == '[') {
        r->foreign = true;
        return 0;
    }
    at = r->at;
    cp = qund_utf8_next(qund_str_n(r->pool, r->end), &at);
    r->at = (uint32_t)at;
    return cp;
}

static void read_class(struct reader *r)
{
    uint32_t node;

    r->at++;
    node = emit(r, take(r, '^') ? MATCH_NONE_OF : MATCH_ONE_OF, 0, 0);
    r->foreign = r->foreign || peek(r) == ']';
    while (!r->foreign && !take(r, ']')) {
        uint32_t from, to;

        if (peek(r) == '\\' && r->at + 1 < r->end && named_class(r, r->pool[r->at + 1])) {
            r->at += 2;
            r->foreign = r->foreign || peek(r) == '-';
            continue;
        }
        from = to = class_character(r);
        if (peek(r) == '-' && r->at + 1 < r->end && r->pool[r->at + 1] != ']') {
            r->at++;
            to = class_character(r);
        }
        emit(r, MATCH_RANGE, from, to);
    }
    close_node(r, node);
}

/* As many plain characters as follow each other; a repeat takes the last one for itself. */
static void read_text(struct reader *r)
{
    uint32_t from = r->at, last = from;

    while (is_plain(r)) {
        size_t at = r->at;

        last = r->at;
        qund_utf8_next(qund_str_n(r->pool, r->end), &at);
        r->at = (uint32_t)at;
    }
    if (last > from && r->at < r->end && strchr("?*+{", peek(r)))
        r->at = last;
    r->foreign = r->foreign || r->at == from;
    emit(r, MATCH_TEXT, from, r->at - from);
}

static void read_choice(struct reader *r);

/* (…), (?:…), (?<name>…) and (?P<name>…): what they catch is for match_capture.c. */
static void read_group(struct reader *r)
{
    r->at++;
    if (take(r, '?') && !take(r, ':')) {
        take(r, 'P');
        r->foreign = r->foreign || !take(r, '<') || peek(r) == '=' || peek(r) == '!';
        while (r->at < r->end && !take(r, '>'))
            r->at++;
    }
    if (++r->depth > MATCH_TREE_DEPTH)
        r->foreign = true;
    else
        read_choice(r);
    r->depth--;
    r->foreign = r->foreign || !take(r, ')');
}

static void read_atom(struct reader *r)
{
    switch (peek(r)) {
    case '(':
        read_group(r);
        break;
    case '[':
        read_class(r);
        break;
    case '\\':
        read_escape(r);
        break;
    case '.':
        emit(r, MATCH_ANY, 0, 0);
        r->at++;
        break;
    case '^':
    case '$':
        emit(r, peek(r) == '^' ? MATCH_START : MATCH_END, 0, 0);
        r->anchored = true;
        r->at++;
        break;
    default:
        read_text(r);
    }
}

static uint32_t read_number(struct reader *r)
{
    uint32_t from = r->at, v = 0;

    while (peek(r) >= '0' && peek(r) <= '9' && v <= COUNT_MAX)
        v = v * 10 + (uint32_t)(r->pool[r->at++] - '0');
    r->foreign = r->foreign || r->at == from || v > COUNT_MAX;
    return v;
}

/* The counts behind an atom; false when there are none. */
static bool read_counts(struct reader *r, uint32_t *min, uint32_t *max)
{
    char c = peek(r);

    if (r->at == r->end || !strchr("?*+{", c))
        return false;
    r->at++;
    *min = c == '+';
    *max = c == '?' ? 1 : MATCH_NO_END;
    if (c == '{') {
        *min = *max = read_number(r);
        if (take(r, ','))
            *max = peek(r) == '}' ? MATCH_NO_END : read_number(r);
        r->foreign = r->foreign || !take(r, '}');
    }
    /* Lazy and possessive repeats, or a repeat of a repeat. */
    r->foreign = r->foreign || (r->at < r->end && strchr("?*+{", peek(r)) != NULL);
    return true;
}

static void read_item(struct reader *r)
{
    struct match_tree *t = r->t;
    uint32_t start = t->n, min, max;

    read_atom(r);
    if (r->foreign || !read_counts(r, &min, &max))
        return;
    emit(r, MATCH_REPEAT, min, max);
    memmove(&t->v[start + 1], &t->v[start], (t->n - 1 - start) * sizeof(*t->v));
    t->v[start] = (struct match_node){.op = MATCH_REPEAT, .a = min, .b = max};
    close_node(r, start);
}

static void read_sequence(struct reader *r)
{
    uint32_t node = emit(r, MATCH_SEQ, 0, 0);
    unsigned items = 0;

    for (; !r->foreign && r->at < r->end && peek(r) != '|' && peek(r) != ')'; items++)
        read_item(r);
    close_list(r, node, items);
}

static void read_choice(struct reader *r)
{
    uint32_t node = emit(r, MATCH_ALT, 0, 0);
    unsigned items = 0;

    do {
        read_sequence(r);
        items++;
    } while (!r->foreign && take(r, '|'));
    close_list(r, node, items);
}

/* What trying it costs at a place, in nodes looked at: repeats of one character are cheap, for they
 * are done in one sweep; any other is done over and over. */
static uint64_t effort(const struct match_node *node)
{
    uint64_t sum = 1;

    if (node->op == MATCH_ONE_OF || node->op == MATCH_NONE_OF)
        return 1;
    for (const struct match_node *c = match_child(node, NULL); c; c = match_child(node, c))
        sum += effort(c);
    if (node->op == MATCH_REPEAT)
        sum *= node->b == MATCH_NO_END ? node->a + ENDLESS_EFFORT : node->b + 1u;
    return sum <= EFFORT_MAX ? sum : EFFORT_MAX + 1u;
}

bool match_tree_read(struct match_tree *t, const char *pool, uint32_t at, uint32_t end,
                     bool *anchored)
{
    struct reader r = {.t = t, .pool = pool, .at = at, .end = end};
    uint32_t root = t->n;

    read_choice(&r);
    *anchored = r.anchored;
    if (!r.foreign && r.at == end && effort(&t->v[root]) <= EFFORT_MAX)
        return true;
    t->n = root;
    return false;
}

bool match_tree_empty(const struct match_node *node)
{
    bool all = true, some = false;

    for (const struct match_node *c = match_child(node, NULL); c; c = match_child(node, c)) {
        bool empty = match_tree_empty(c);

        all = all && empty;
        some = some || empty;
    }
    switch ((enum match_op)node->op) {
    case MATCH_SEQ:
        return all;
    case MATCH_ALT:
        return some;
    case MATCH_REPEAT:
        return node->a == 0 || some;
    case MATCH_START:
    case MATCH_END:
        return true;
    case MATCH_TEXT:
    case MATCH_ANY:
    case MATCH_ONE_OF:
    case MATCH_NONE_OF:
    case MATCH_RANGE:
        break;
    }
    return false;
}
