/* regex_cost.c - a cheap look at an expression before it is given to the compiler.
 *
 * `(a{1000}){1000}` is fifteen bytes and a million states. The child process in which expressions
 * are compiled has limits of its own, but it takes seconds to run into them; an estimate of how
 * often the innermost piece is unrolled takes microseconds and refuses the plain bombs with a
 * reason that names the cause. The estimate never refuses what has no counted repeats: nested `+`
 * and `*` are harmless to an automaton. */
#include "rule/internal.h"

#define MAX_UNROLL 4000u
#define MAX_DEPTH 50u

struct cost {
    const char *p, *end;
    uint64_t size[MAX_DEPTH + 1]; /* states of the group open at each depth */
    uint64_t last;                /* states of the piece just read */
    unsigned depth;
    const char *why;
};

static void piece(struct cost *c, uint64_t states)
{
    c->size[c->depth] += states;
    c->last = states;
}

static void skip_class(struct cost *c)
{
    if (c->p < c->end && *c->p == '^')
        c->p++;
    if (c->p < c->end && *c->p == ']')
        c->p++;
    while (c->p < c->end && *c->p != ']')
        c->p += *c->p == '\\' && c->p + 1 < c->end ? 2 : 1;
    if (c->p < c->end)
        c->p++;
    piece(c, 1);
}

/* {n}, {n,}, {n,m}; anything else is a literal brace. */
static bool repeat(struct cost *c)
{
    const char *q = c->p;
    uint64_t n = 0, m = 0;
    bool digits = false;

    for (; q < c->end && *q >= '0' && *q <= '9'; q++, digits = true)
        n = n > 100000 ? n : n * 10 + (uint64_t)(*q - '0');
    m = n;
    if (q < c->end && *q == ',') {
        for (q++, m = 0; q < c->end && *q >= '0' && *q <= '9'; q++)
            m = m > 100000 ? m : m * 10 + (uint64_t)(*q - '0');
    }
    if (!digits || q >= c->end || *q != '}')
        return false;
    c->p = q + 1;
    m = m > n ? m : n;
    c->size[c->depth] -= c->last;
    piece(c, c->last * (m ? m : 1));
    return true;
}

static void open_group(struct cost *c)
{
    if (c->depth == MAX_DEPTH) {
        c->why = "more than 50 nested groups";
        return;
    }
    c->size[++c->depth] = 0;
}

static void close_group(struct cost *c)
{
    uint64_t inner = c->size[c->depth];

    if (c->depth == 0)
        return; /* unbalanced: the compiler says so better */
    c->depth--;
    piece(c, inner ? inner : 1);
}

static void step(struct cost *c)
{
    char ch = *c->p++;

    switch (ch) {
    case '\\':
        c->p += c->p < c->end;
        piece(c, 1);
        break;
    case '[':
        skip_class(c);
        break;
    case '(':
        open_group(c);
        break;
    case ')':
        close_group(c);
        break;
    case '{':
        if (!repeat(c))
            piece(c, 1);
        break;
    default:
        piece(c, 1);
    }
}

bool qund_rule_regex_ok(struct qund_str pattern, const char **why)
{
    struct cost c = {.p = pattern.p, .end = pattern.p + pattern.n};
    unsigned d;

    while (c.p < c.end && !c.why) {
        step(&c);
        for (d = 0; d <= c.depth && !c.why; d++)
            if (c.size[d] > MAX_UNROLL)
                c.why = "its counted repeats unroll to more than 4000 pieces; make the numbers "
                        "smaller or use * and +";
    }
    *why = c.why;
    return c.why == NULL;
}
