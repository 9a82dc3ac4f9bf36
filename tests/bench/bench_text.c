/* tests/bench/bench_text.c - folding and matching beside the bare limits, in one run.
 * The bare limits are written as tight as one would for themselves: a table that folds without a
 * map back, and Hyperscan called directly. Ours and theirs alternate, round by round, and medians
 * are compared, because these machines are shared: the ratios mean something, the nanoseconds less.
 * Usage: bench_text [ROUNDS]. Prints one line a figure and the goal beside it. */
#include "text/match.h"

#include "core/clock.h"
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <utf8proc.h>

#define MESSAGES 1024
#define MESSAGE_BYTES 293
#define ROUND_US 60000
#define ROUNDS_MAX 101

struct texts {
    char bytes[MESSAGES][MESSAGE_BYTES + 4];
    size_t n[MESSAGES];
};

struct words {
    struct qund_buf pool;
    struct qund_pattern *v;
    size_t n;
};

/* The bare side. */
struct bare {
    uint32_t cell[0x10000]; /* length in the top byte, UTF-8 bytes below */
    hs_database_t *db;
    hs_scratch_t *scratch;
    char out[4 * MESSAGE_BYTES];
    uint64_t hits;
};

/* Our side. */
struct ours {
    const struct qund_fold *fold;
    struct qund_match *m;
    struct qund_scratch *s;
    struct qund_folded t;
    uint64_t hits;
};

static uint32_t rnd(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Frequent characters are more frequent, as in any text. */
static uint32_t some_han(uint32_t *seed)
{
    double u = (rnd(seed) & 0xFFFF) / 65536.0;

    return 0x4E00 + (uint32_t)(u * u * 3000.0) * 7 % 3000;
}

static void make_texts(struct texts *t)
{
    uint32_t seed = 1;

    for (size_t i = 0; i < MESSAGES; i++) {
        size_t n = 0;

        while (n + 3 <= MESSAGE_BYTES) {
            uint32_t r = rnd(&seed) % 40;

            if (r == 0)
                n += qund_utf8_put(t->bytes[i] + n, 0xFF0C); /* full-width comma */
            else if (r == 1)
                n += qund_utf8_put(t->bytes[i] + n, '0' + rnd(&seed) % 10);
            else
                n += qund_utf8_put(t->bytes[i] + n, some_han(&seed));
        }
        t->n[i] = n;
    }
}

/* One message in three says one of the words. */
static void plant(struct texts *t, const struct words *w)
{
    for (size_t i = 0; i < MESSAGES; i += 3) {
        struct qund_str word = w->v[i % w->n].text;

        t->n[i] = qund_utf8_cut(qund_str_n(t->bytes[i], t->n[i]), MESSAGE_BYTES - word.n).n;
        memcpy(t->bytes[i] + t->n[i], word.p, word.n);
        t->n[i] += word.n;
    }
}

static void make_words(struct words *w, size_t n, bool regex)
{
    size_t *at = qund_alloc((n + 1) * sizeof(*at));
    uint32_t seed = 77;
    char c[4];

    *w = (struct words){.v = qund_alloc(n * sizeof(*w->v)), .n = n};
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < 2 + i % 5; k++) {
            qund_buf_add(&w->pool, c, qund_utf8_put(c, some_han(&seed)));
            if (regex && k == 0)
                qund_buf_puts(&w->pool, i % 4 == 0   ? ".{0,10}"
                                        : i % 4 == 1 ? "\\d{4,11}"
                                        : i % 4 == 2 ? "(元|块|万)"
                                                     : "https?://[a-z0-9./]+");
        }
        at[i + 1] = w->pool.n;
    }
    for (size_t i = 0; i < n; i++)
        w->v[i] = (struct qund_pattern){
            (uint32_t)i, regex ? QUND_PATTERN_REGEX : QUND_PATTERN_LITERAL, QUND_VIEW_FOLDED,
            qund_str_n(w->pool.p + at[i], at[i + 1] - at[i])};
    qund_free(at);
}

/* --- the bare side */

static void bare_table(struct bare *b)
{
    for (uint32_t cp = 1; cp < 0x10000; cp++) {
        utf8proc_uint8_t in[4], *out = NULL;
        utf8proc_ssize_t n;

        if (cp >= 0xD800 && cp <= 0xDFFF)
            continue;
        n = utf8proc_map(in, utf8proc_encode_char((utf8proc_int32_t)cp, in), &out,
                         UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD);
        for (utf8proc_ssize_t k = 0; k < n && k < 3; k++)
            b->cell[cp] |= (uint32_t)out[k] << (8 * k);
        b->cell[cp] |= (uint32_t)(n > 3 ? 3 : n) << 24;
        free(out);
    }
}

static size_t bare_fold(struct bare *b, const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + n;
    char *out = b->out;

    while (p < end) {
        uint32_t cp, cell;

        if (*p < 0x80) {
            cp = *p;
            p += 1;
        } else if (*p < 0xE0) {
            cp = (*p & 0x1Fu) << 6 | (p[1] & 0x3Fu);
            p += 2;
        } else {
            cp = (*p & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
            p += 3;
        }
        cell = b->cell[cp];
        memcpy(out, &cell, 4);
        out += cell >> 24;
    }
    return (size_t)(out - b->out);
}

static int on_bare_hit(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                       void *ctx)
{
    (void)id;
    (void)from;
    (void)to;
    (void)flags;
    ++*(uint64_t *)ctx;
    return 0;
}

static int64_t bare_compile(struct bare *b, const struct words *w)
{
    const char **text = qund_alloc(w->n * sizeof(*text));
    size_t *len = qund_alloc(w->n * sizeof(*len));
    unsigned *flags = qund_alloc(w->n * sizeof(*flags)), *id = qund_alloc(w->n * sizeof(*id));
    hs_compile_error_t *e = NULL;
    int64_t start = qund_mono_us();

    for (size_t i = 0; i < w->n; i++) {
        text[i] = w->v[i].text.p;
        len[i] = w->v[i].text.n;
        flags[i] = HS_FLAG_SINGLEMATCH;
        id[i] = (unsigned)i;
    }
    hs_free_database(b->db);
    b->db = NULL;
    qund_assert(hs_compile_lit_multi(text, flags, id, len, (unsigned)w->n, HS_MODE_BLOCK, NULL,
                                     &b->db, &e) == HS_SUCCESS);
    start = qund_mono_us() - start;
    qund_assert(hs_alloc_scratch(b->db, &b->scratch) == HS_SUCCESS);
    qund_free(text);
    qund_free(len);
    qund_free(flags);
    qund_free(id);
    return start;
}

/* --- one message, four ways */

typedef void step_fn(void *ctx, const char *text, size_t n);

static void step_bare_fold(void *ctx, const char *text, size_t n)
{
    struct bare *b = ctx;

    b->hits += bare_fold(b, text, n);
}

static void step_bare_match(void *ctx, const char *text, size_t n)
{
    struct bare *b = ctx;
    size_t len = bare_fold(b, text, n);

    hs_scan(b->db, b->out, (unsigned)len, 0, b->scratch, on_bare_hit, &b->hits);
}

static void step_our_fold(void *ctx, const char *text, size_t n)
{
    struct ours *o = ctx;

    qund_ignore(qund_fold_text(o->fold, qund_str_n(text, n), &o->t)); /* short enough */
    o->hits += o->t.text.n;
}

static void step_our_match(void *ctx, const char *text, size_t n)
{
    struct ours *o = ctx;
    const uint32_t *ids;
    int found;

    qund_ignore(qund_fold_text(o->fold, qund_str_n(text, n), &o->t)); /* short enough */
    found = qund_match_scan(o->m, o->s, o->fold, &o->t, &ids);
    o->hits += found > 0 ? (uint64_t)found : 0;
}

/* --- timing */

static double one_round(step_fn *step, void *ctx, const struct texts *t)
{
    int64_t start = qund_mono_us(), took;
    uint64_t n = 0;

    do {
        for (size_t i = 0; i < MESSAGES; i++)
            step(ctx, t->bytes[i], t->n[i]);
        n += MESSAGES;
        took = qund_mono_us() - start;
    } while (took < ROUND_US);
    return (double)took * 1000.0 / (double)n;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof(*v), by_size);
    return v[n / 2];
}

struct side {
    const char *name;
    step_fn *step;
    void *ctx;
    double ns;
    double round[ROUNDS_MAX];
};

static void alternate(struct side *v, size_t n, size_t rounds, const struct texts *t)
{
    for (size_t i = 0; i < n; i++)
        one_round(v[i].step, v[i].ctx, t); /* warm */
    for (size_t r = 0; r < rounds; r++)
        for (size_t i = 0; i < n; i++)
            v[i].round[r] = one_round(v[i].step, v[i].ctx, t);
    for (size_t i = 0; i < n; i++) {
        v[i].ns = median(v[i].round, rounds);
        printf("%-44s %8.0f ns/msg\n", v[i].name, v[i].ns);
    }
}

static void verdict(const char *what, double got, double goal, bool at_least)
{
    printf("%-44s %8.2f   goal %s %.2f: %s\n", what, got, at_least ? ">=" : "<=", goal,
           (at_least ? got >= goal : got <= goal) ? "ok" : "MISSED");
}

/* Compiles our set, prints what compiling and loading took; returns ms of compiling. */
static double open_set(struct ours *o, const struct words *w, const char *name)
{
    QUND_AUTO(qund_buf_done) struct qund_buf blob = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    int64_t start = qund_mono_us(), compiled, loaded;

    qund_errs_init(&errs, 4);
    qund_assert(qund_match_compile(o->fold, w->v, w->n, &blob, &errs) == QUND_OK);
    compiled = qund_mono_us();
    qund_assert(qund_match_load(qund_buf_view(&blob), NULL, &o->m, NULL) == QUND_OK);
    loaded = qund_mono_us();
    o->s = qund_scratch_new();
    printf("%-44s compile %.1f ms, %.2f MB, load %.2f ms\n", name, (double)(compiled - start) / 1e3,
           (double)blob.n / 1e6, (double)(loaded - compiled) / 1e3);
    return (double)(compiled - start) / 1e3;
}

static double mean_hits(struct ours *o, const struct texts *t)
{
    o->hits = 0;
    for (size_t i = 0; i < MESSAGES; i++)
        step_our_match(o, t->bytes[i], t->n[i]);
    return (double)o->hits / MESSAGES;
}

static void close_set(struct ours *o)
{
    qund_match_free(o->m);
    qund_scratch_free(o->s);
    qund_folded_done(&o->t);
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 11;
    const struct qund_fold *fold = qund_fold_tables();
    struct texts *t = qund_alloc(sizeof(*t));
    struct bare *b = qund_alloc(sizeof(*b));
    struct words k1, k100, r1;

    if (rounds < 1 || rounds > ROUNDS_MAX)
        return 2;
    make_texts(t);
    make_words(&k1, 1000, false);
    make_words(&k100, 100000, false);
    make_words(&r1, 1000, true);
    plant(t, &k1);
    bare_table(b);

    struct ours o1 = {.fold = fold}, o100 = {.fold = fold}, or1 = {.fold = fold};
    struct ours of = {.fold = fold};
    struct side v[] = {{"bare table fold, no map", step_bare_fold, b, 0, {0}},
                       {"fold", step_our_fold, &of, 0, {0}},
                       {"bare fold + Hyperscan, 1,000 words", step_bare_match, b, 0, {0}},
                       {"fold + match, 1,000 words", step_our_match, &o1, 0, {0}},
                       {"fold + match, 100,000 words", step_our_match, &o100, 0, {0}},
                       {"fold + match, 1,000 expressions", step_our_match, &or1, 0, {0}}};
    double bare100 = (double)bare_compile(b, &k100) / 1e3, our100;

    printf("%-44s compile %.1f ms\n", "bare Hyperscan, 100,000 words", bare100);
    printf("%-44s compile %.1f ms\n", "bare Hyperscan, 1,000 words",
           (double)bare_compile(b, &k1) / 1e3);
    open_set(&o1, &k1, "1,000 words");
    our100 = open_set(&o100, &k100, "100,000 words");
    open_set(&or1, &r1, "1,000 expressions");
    alternate(v, QUND_ARRAY_LEN(v), rounds, t);
    printf("%-44s %8.1f of 1,000 words, %.1f of 1,000 expressions\n", "hits a message",
           mean_hits(&o1, t), mean_hits(&or1, t));
    verdict("fold + match / bare, 1,000 words (speed)", v[2].ns / v[3].ns, 0.7, true);
    verdict("100,000 words / 1,000 words (time)", v[4].ns / v[3].ns, 12, false);
    verdict("1,000 expressions / 1,000 words (time)", v[5].ns / v[3].ns, 6, false);
    verdict("compile 100,000 words / bare (time)", our100 / bare100, 2, false);
    close_set(&o1);
    close_set(&o100);
    close_set(&or1);
    close_set(&of);
    return 0;
}
