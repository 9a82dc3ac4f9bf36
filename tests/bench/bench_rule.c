/* bench_rule.c - what rules cost a message, and what a reload costs.
 *
 * 1,000 rules of three words each (a third of them with an expression), messages of about 30 Han
 * characters. Rounds of the bare scan and of the whole evaluation alternate in one run, medians are
 * printed: the difference is what rules add to finding their words. */
#include "core/clock.h"
#include "core/file.h"
#include "rule/rule.h"
#include "store/db.h"
#include "text/match.h"
#include <stdio.h>
#include <stdlib.h>

#define MESSAGES 2000
#define ROUNDS 11

struct bench {
    const struct qund_fold *fold;
    struct qund_rules *rules;
    struct qund_rule_scratch *scratch;
    struct qund_rule_state *state;
    struct qund_arena *arena;
    struct qund_folded *texts;
    char **originals;
    uint64_t x;
    int64_t seq, fired;
};

static uint64_t next(struct bench *b)
{
    b->x = b->x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return b->x >> 33;
}

/* Words use the first half of a range of common Han, idle chatter the second. */
static void han(struct bench *b, struct qund_buf *out, int n, bool word)
{
    char c[4];

    while (n-- > 0)
        qund_buf_add(out, c,
                     qund_utf8_put(c, 0x4e00 + (uint32_t)(next(b) % 2000) + (word ? 0u : 2000u)));
}

static void rule_text(struct bench *b, struct qund_buf *yaml, struct qund_buf *words, int rules)
{
    int i, j;

    qund_buf_puts(yaml, "rules:\n");
    for (i = 0; i < rules; i++) {
        qund_buf_printf(yaml, "- {id: r%d, when: {any: [", i);
        for (j = 0; j < 3; j++) {
            size_t at = yaml->n;

            han(b, yaml, 2 + (int)(next(b) % 3), true);
            if (j == 0) {
                qund_buf_add(words, yaml->p + at, yaml->n - at);
                qund_buf_char(words, '\n');
            }
            qund_buf_puts(yaml, ", ");
        }
        if (i % 3 == 0) {
            qund_buf_puts(yaml, "{regex: '");
            han(b, yaml, 2, true);
            qund_buf_puts(yaml, "\\d+(元|块)'}");
        }
        qund_buf_puts(yaml, "], none: [不要]}, then: [{intent: a}, {alert: {to: group_owner,"
                            " text: '{{sender.name}}：{{message.text}}'}}]}\n");
    }
}

static int load(struct bench *b, struct qund_str yaml, const char *cache_dir)
{
    struct qund_rules_source src = {"bench.yaml", yaml};
    struct qund_rules_opts opts = {.fold = b->fold, .cache_dir = cache_dir};
    struct qund_errs errs;
    int rc;

    b->rules = qund_rules_unref(b->rules);
    qund_errs_init(&errs, 5);
    rc = qund_rules_parse(&src, 1, &opts, &b->rules, &errs);
    if (rc < 0)
        fprintf(stderr, "%s: %s\n", errs.n ? errs.v[0].where : "", errs.n ? errs.v[0].text : "");
    qund_errs_done(&errs);
    return rc;
}

/* One message in `every` holds the first word of some rule; 0: none does. */
static void write_messages(struct bench *b, struct qund_str words, int every)
{
    struct qund_str left = words;
    int i;

    for (i = 0; i < MESSAGES; i++) {
        struct qund_buf text = {0};

        han(b, &text, 10 + (int)(next(b) % 10), false);
        if (every && i % every == 0) {
            if (left.n == 0)
                left = words;
            qund_buf_str(&text, qund_str_split(&left, '\n'));
        }
        han(b, &text, 10, false);
        qund_free(b->originals[i]);
        b->originals[i] = qund_buf_take(&text);
        qund_ignore(qund_fold_text(b->fold, qund_str(b->originals[i]), &b->texts[i])); /* short */
    }
}

static void evaluate(struct bench *b, int i)
{
    struct qund_event ev = {.ts = 1000 + b->seq,
                            .type = QUND_EV_MESSAGE,
                            .type_name = QUND_STR("message"),
                            .kind = QUND_STR("text"),
                            .sender_name = QUND_STR("橘子"),
                            .text = qund_str(b->originals[i])};
    struct qund_rule_input in = {.ev = &ev,
                                 .seq = ++b->seq,
                                 .text = &b->texts[i],
                                 .arena = b->arena,
                                 .group_id = 1,
                                 .contact_id = 1,
                                 .role = QUND_ROLE_CUSTOMER};
    struct qund_rule_hits hits;
    int n = qund_rules_eval(b->rules, b->scratch, &in, b->state, &hits);

    b->fired += n > 0;
    if (n > 0)
        qund_arena_reset(b->arena);
}

static int by_value(const void *a, const void *b)
{
    return (*(const int64_t *)a > *(const int64_t *)b) -
           (*(const int64_t *)a < *(const int64_t *)b);
}

static int64_t median(int64_t v[ROUNDS])
{
    qsort(v, ROUNDS, sizeof(*v), by_value);
    return v[ROUNDS / 2];
}

static void measure(struct bench *b, const struct qund_match *bare, const char *what)
{
    struct qund_scratch *sc = qund_scratch_new();
    int64_t scan[ROUNDS], eval[ROUNDS], start;
    const uint32_t *ids;
    int round, i;

    for (round = 0; round < ROUNDS; round++) {
        start = qund_mono_us();
        for (i = 0; i < MESSAGES; i++)
            if (qund_match_scan(bare, sc, b->fold, &b->texts[i], &ids) < 0)
                abort();
        scan[round] = qund_mono_us() - start;
        b->fired = 0;
        start = qund_mono_us();
        for (i = 0; i < MESSAGES; i++)
            evaluate(b, i);
        eval[round] = qund_mono_us() - start;
    }
    printf("%-28s scan %5lld ns/msg, with rules %5lld ns/msg, %lld of %d messages fired\n", what,
           (long long)(median(scan) * 1000 / MESSAGES), (long long)(median(eval) * 1000 / MESSAGES),
           (long long)b->fired, MESSAGES);
    qund_scratch_free(sc);
}

/* The same words in one set of their own. */
static struct qund_match *bare_set(struct bench *b, struct qund_str yaml)
{
    struct qund_pattern *v = qund_alloc(sizeof(*v) * 8000);
    struct qund_match *m = NULL;
    struct qund_errs errs;
    size_t n = 0;
    ptrdiff_t at = 0;

    while (n < 8000 && (at = qund_str_find(yaml, (size_t)at, QUND_STR("any: ["))) >= 0) {
        struct qund_str list = qund_str_n(yaml.p + at + 6, yaml.n - (size_t)at - 6), term;

        list = qund_str_split(&list, ']');
        while (list.p && n < 8000) {
            term = qund_str_trim(qund_str_split(&list, ','));
            if (qund_str_starts(term, "{regex: '"))
                v[n] = (struct qund_pattern){(uint32_t)n, QUND_PATTERN_REGEX, QUND_VIEW_FOLDED,
                                             qund_str_n(term.p + 9, term.n - 11)};
            else
                v[n] = (struct qund_pattern){(uint32_t)n, QUND_PATTERN_LITERAL, QUND_VIEW_FOLDED,
                                             term};
            n += term.n > 0;
        }
        at++;
    }
    qund_errs_init(&errs, 3);
    if (qund_match_build(b->fold, v, n, &m, &errs) < 0)
        fprintf(stderr, "bare set: %s: %s\n", errs.v[0].where, errs.v[0].text);
    qund_errs_done(&errs);
    qund_free(v);
    return m;
}

/* What the engine thread does at a swap: the rows of a new set, and of one in which nothing
 * differs. */
static void measure_swap(struct bench *b, const char *dir)
{
    QUND_AUTO(qund_free_str) char *path = qund_path_join(dir, "qund.db");
    struct qund_db_cfg cfg = {.path = path, .page_cache_bytes = 4 << 20, .busy_ms = 1000};
    QUND_AUTO(qund_db_close) struct qund_db *db = NULL;
    QUND_AUTO(qund_rule_state_free) struct qund_rule_state *state = NULL;
    int64_t took[2], start;
    int i, rc = qund_db_open(&cfg, QUND_DB_WRITE, NULL, &db, NULL);

    state = rc == 0 ? qund_rule_state_new(db, false) : NULL;
    for (i = 0; rc == 0 && i < 2; i++) {
        start = qund_mono_us();
        rc = qund_db_begin(db);
        if (rc == 0)
            rc = qund_rules_store(db, b->rules, 1, NULL);
        if (rc == 0)
            rc = qund_rule_state_bind(state, b->rules);
        if (rc == 0)
            rc = qund_db_commit(db);
        took[i] = qund_mono_us() - start;
    }
    if (rc == 0)
        printf("      in the engine's transaction: all new %lld ms, nothing new %lld ms\n",
               (long long)(took[0] / 1000), (long long)(took[1] / 1000));
}

static void measure_load(struct bench *b, int rules)
{
    QUND_AUTO(qund_buf_done) struct qund_buf yaml = {0}, words = {0};
    char dir[] = "/tmp/qund-bench-XXXXXX";
    int64_t start, cold;

    if (!mkdtemp(dir))
        return;
    rule_text(b, &yaml, &words, rules);
    start = qund_mono_us();
    if (load(b, qund_buf_view(&yaml), dir) < 0)
        return;
    cold = qund_mono_us() - start;
    start = qund_mono_us();
    if (load(b, qund_buf_view(&yaml), dir) == 0)
        printf("%5d rules, %6zu terms:      load %lld ms, with cached terms %lld ms\n", rules,
               qund_rules_patterns(b->rules), (long long)(cold / 1000),
               (long long)((qund_mono_us() - start) / 1000));
    measure_swap(b, dir);
    qund_ignore(qund_dir_remove(dir, NULL)); /* below /tmp */
}

/* One rule with a words file of n lines. */
static void measure_words(struct bench *b, int n)
{
    QUND_AUTO(qund_buf_done) struct qund_buf words = {0};
    struct qund_rules_opts opts = {.fold = b->fold};
    char dir[] = "/tmp/qund-bench-XXXXXX", path[64];
    struct qund_rules_source src = {path, QUND_STR("rules: [{id: w, when: {any: [{words: w.txt}]},"
                                                   " then: [{intent: spam}]}]")};
    struct qund_errs errs;
    int64_t took[2];
    int i;

    if (!mkdtemp(dir))
        return;
    snprintf(path, sizeof(path), "%s/w.txt", dir);
    for (i = 0; i < n; i++) {
        han(b, &words, 3 + i % 3, true);
        qund_buf_char(&words, '\n');
    }
    opts.cache_dir = dir;
    qund_errs_init(&errs, 3);
    if (qund_file_replace(path, qund_buf_view(&words), 0600, NULL) == 0) {
        snprintf(path, sizeof(path), "%s/r.yaml", dir);
        for (i = 0; i < 2; i++) {
            took[i] = qund_mono_us();
            b->rules = qund_rules_unref(b->rules);
            if (qund_rules_parse(&src, 1, &opts, &b->rules, &errs) < 0)
                fprintf(stderr, "%s: %s\n", errs.v[0].where, errs.v[0].text);
            took[i] = qund_mono_us() - took[i];
        }
        printf("1 rule, %6d words:           load %lld ms, with cached terms %lld ms\n", n,
               (long long)(took[0] / 1000), (long long)(took[1] / 1000));
    }
    qund_errs_done(&errs);
    qund_ignore(qund_dir_remove(dir, NULL)); /* below /tmp */
}

int main(void)
{
    struct bench b = {.x = 7};
    QUND_AUTO(qund_buf_done) struct qund_buf yaml = {0}, words = {0};
    struct qund_match *bare;
    int i;

    b.fold = qund_fold_tables();
    b.scratch = qund_rule_scratch_new();
    b.state = qund_rule_state_new(NULL, false);
    b.arena = qund_arena_new(16384);
    b.texts = qund_alloc(sizeof(*b.texts) * MESSAGES);
    b.originals = qund_alloc(sizeof(*b.originals) * MESSAGES);
    rule_text(&b, &yaml, &words, 1000);
    if (load(&b, qund_buf_view(&yaml), NULL) < 0)
        return 1;
    bare = bare_set(&b, qund_buf_view(&yaml));
    write_messages(&b, qund_buf_view(&words), 0);
    measure(&b, bare, "1000 rules, no hit:");
    write_messages(&b, qund_buf_view(&words), 10);
    measure(&b, bare, "1000 rules, 10 % hit:");
    qund_match_free(bare);
    measure_load(&b, 1000);
    measure_load(&b, 10000);
    measure_words(&b, 1000);
    measure_words(&b, 100000);
    for (i = 0; i < MESSAGES; i++) {
        qund_folded_done(&b.texts[i]);
        qund_free(b.originals[i]);
    }
    qund_free(b.texts);
    qund_free(b.originals);
    qund_arena_free(b.arena);
    qund_rule_state_free(b.state);
    qund_rule_scratch_free(b.scratch);
    qund_rules_unref(b.rules);
    return 0;
}
