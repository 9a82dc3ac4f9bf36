/* tests/bench/bench_lean.c - what leanings cost: a message folded, and folded and scored, round by
 * round in turns, with the shipped table and the texts of the sample chat. Beside it the length of
 * a text about which the goal is meant. Usage: bench_lean [ROUNDS]. */
#include "core/file.h"
#include "text/fold.h"
#include "text/lean.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TEXTS_MAX 2000
#define ROUND_US 100000
#define ROUNDS_MAX 101

struct bench {
    char *text[TEXTS_MAX];
    size_t n, chars;
    struct qund_lean *lean;
    struct qund_folded folded;
    int64_t sum; /* so that nothing is left out */
};

/* Of this thread alone: other programs of the machine are no cost of ours. */
static int64_t cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void read_texts(struct bench *b)
{
    FILE *f = fopen(QUND_SOURCE_DIR "/tests/data/conversations.jsonl", "r");
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;

    qund_assert(f);
    while (b->n < TEXTS_MAX && (n = getline(&line, &cap, f)) > 0) {
        json_t *o = json_loadb(line, (size_t)n, 0, NULL);
        const char *text = json_string_value(json_object_get(o, "text"));

        if (text && *text) {
            b->chars += qund_utf8_count(qund_str(text));
            b->text[b->n++] = qund_strdup(text);
        }
        json_decref(o);
    }
    free(line);
    fclose(f);
}

static void read_table(struct bench *b)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    int64_t start;

    qund_errs_init(&errs, 1);
    qund_assert(qund_file_read(QUND_SOURCE_DIR "/config/rules/" QUND_LEAN_FILE, QUND_LEAN_FILE_MAX,
                               &text, NULL) == 0);
    start = cpu_us();
    qund_assert(qund_lean_parse("shipped", qund_buf_view(&text), &b->lean, &errs) == 0);
    printf("table: %zu grams, %.0f KB resident, file %.0f KB, read in %.1f ms\n",
           qund_lean_grams(b->lean), (double)qund_lean_bytes(b->lean) / 1024, (double)text.n / 1024,
           (double)(cpu_us() - start) / 1e3);
}

static double one_round(struct bench *b, bool score)
{
    int64_t start = cpu_us(), took;
    struct qund_leanings out;
    uint64_t n = 0;

    do {
        for (size_t i = 0; i < b->n; i++) {
            qund_ignore(qund_fold_text(qund_fold_tables(), qund_str(b->text[i]), &b->folded));
            if (score) {
                qund_lean_score(b->lean, qund_buf_view(&b->folded.text), 0, &out);
                b->sum += out.sum[0];
            }
        }
        n += b->n;
        took = cpu_us() - start;
    } while (took < ROUND_US);
    return (double)took * 1000.0 / (double)n;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 11;
    struct bench *b = qund_alloc(sizeof(*b));
    double fold[ROUNDS_MAX], both[ROUNDS_MAX], ns;

    if (rounds < 1 || rounds > ROUNDS_MAX)
        return 2;
    read_texts(b);
    read_table(b);
    one_round(b, true); /* warm */
    for (size_t r = 0; r < rounds; r++) {
        fold[r] = one_round(b, false);
        both[r] = one_round(b, true);
    }
    qsort(fold, rounds, sizeof(*fold), by_size);
    qsort(both, rounds, sizeof(*both), by_size);
    ns = both[rounds / 2] - fold[rounds / 2];
    printf("fold %.0f ns, fold + leanings %.0f ns: leanings %.0f ns/msg of %.1f characters\n",
           fold[rounds / 2], both[rounds / 2], ns, (double)b->chars / (double)b->n);
    printf("leanings, 30 characters: %.2f us   goal <= 3: %s\n",
           ns * 30 / 1000 * (double)b->n / (double)b->chars,
           ns * 30 * (double)b->n / (double)b->chars <= 3000 ? "ok" : "MISSED");
    for (size_t i = 0; i < b->n; i++)
        qund_free(b->text[i]);
    qund_lean_unref(b->lean);
    qund_folded_done(&b->folded);
    qund_free(b);
    return 0;
}
