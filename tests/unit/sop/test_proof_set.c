/* tests/unit/sop/test_proof_set.c - proof, judged on posts that people wrote (tests/data/proof):
 * tune.jsonl is what its limits were found on, held.jsonl was written before and kept out of it.
 * QUND_PROOF_SHOW=1 lists what of tune.jsonl is judged wrong. */
#include "sop/proof.h"

#include "core/file.h"
#include "core/json.h"
#include "unit.h"

#define OPENS 1000000
#define CLOSES 9000000
#define GROUP 7
#define HOLDER 11
#define STAND_IN 12

struct post {
    struct qund_str id, content, post, poster, group, when, label;
};

static struct post read_post(struct qund_str line, struct qund_arena *arena)
{
    struct post p = {0};
    const struct {
        const char *key;
        struct qund_str *to;
    } fields[] = {{"id", &p.id},         {"content", &p.content}, {"post", &p.post},
                  {"poster", &p.poster}, {"group", &p.group},     {"when", &p.when},
                  {"label", &p.label}};
    struct qund_jr r;
    struct qund_jr_obj o;
    struct qund_str key;

    qund_jr_init(&r, line, arena, 4);
    assert_int_equal(qund_jr_obj(&r, &o), 0);
    while (qund_jr_obj_next(&r, &o, &key) > 0) {
        size_t i = 0;

        while (i < QUND_ARRAY_LEN(fields) && !qund_str_is(key, fields[i].key))
            i++;
        if (i < QUND_ARRAY_LEN(fields))
            assert_int_equal(qund_jr_str(&r, fields[i].to), 0);
        else
            assert_int_equal(qund_jr_skip(&r, NULL), 0);
    }
    assert_true(p.label.n > 0 && p.content.n > 0);
    return p;
}

/* The claim that a post makes by where, when and from whom it came. */
static enum qund_proof_place place_of(const struct post *p)
{
    const int64_t staff[] = {HOLDER, STAND_IN};
    struct qund_proof_ask ask = {
        .group = GROUP, .opens = OPENS, .closes = CLOSES, .staff = staff, .n_staff = 2};
    struct qund_proof_post post = {.group = qund_str_is(p->group, "same") ? GROUP : GROUP + 1,
                                   .ts = qund_str_is(p->when, "early")  ? OPENS - 1
                                         : qund_str_is(p->when, "late") ? CLOSES + 1
                                                                        : OPENS,
                                   .staff = qund_str_is(p->poster, "holder")     ? HOLDER
                                            : qund_str_is(p->poster, "stand_in") ? STAND_IN
                                                                                 : 99};

    return qund_proof_place(&ask, &post);
}

struct tally {
    int n, right, wrong, missed; /* posts; proved that should be, that should not; not proved */
    int doubts, rewritten;       /* rewritten ones that at least claim */
};

static void judge(const struct post *p, bool show, struct tally *t)
{
    const struct qund_fold *f = qund_fold_tables();
    QUND_AUTO(qund_folded_done) struct qund_folded folded = {0};
    QUND_AUTO(qund_proof_text_free) struct qund_proof_text *text = NULL;
    bool wanted = qund_str_is(p->label, "verbatim") || qund_str_is(p->label, "edited"), proved;
    enum qund_proof_like like;
    int score = 0;

    assert_int_equal(qund_proof_text_new(f, p->content, &text), 0);
    assert_int_equal(qund_fold_text(f, p->post, &folded), 0);
    like = qund_proof_compare(text, &folded, &score);
    proved = place_of(p) == QUND_PROOF_HERE && like >= QUND_PROOF_EDITED;
    t->n++;
    t->right += proved && wanted;
    t->wrong += proved && !wanted;
    t->missed += !proved && wanted;
    t->rewritten += qund_str_is(p->label, "rewritten");
    t->doubts += qund_str_is(p->label, "rewritten") && like == QUND_PROOF_DOUBTFUL;
    if (show && proved != wanted)
        print_message("%.*s %.*s -> %s %d\n  %.*s\n  %.*s\n", QUND_STR_ARG(p->id),
                      QUND_STR_ARG(p->label), qund_proof_like_name(like), score,
                      QUND_STR_ARG(p->content), QUND_STR_ARG(p->post));
}

static struct tally judge_file(const char *name, bool show)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(65536);
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_err err = {0};
    struct qund_str rest;
    struct tally t = {0};
    char path[512];

    snprintf(path, sizeof(path), "%s/proof/%s", QUND_TEST_DATA, name);
    if (qund_file_read(path, 1 << 20, &text, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    for (rest = qund_buf_view(&text); rest.p;) {
        struct qund_str line = qund_str_split(&rest, '\n');
        struct post p;

        if (line.n == 0)
            continue;
        p = read_post(line, arena);
        judge(&p, show, &t);
    }
    print_message("%s: %d posts, proved %d right and %d wrong, missed %d: precision %.3f, recall "
                  "%.3f; of %d rewritten %d claim\n",
                  name, t.n, t.right, t.wrong, t.missed, t.right / (double)(t.right + t.wrong),
                  t.right / (double)(t.right + t.missed), t.rewritten, t.doubts);
    return t;
}

static void assert_good(const struct tally *t)
{
    assert_true(t->right >= 0.98 * (t->right + t->wrong));
    assert_true(t->right >= 0.90 * (t->right + t->missed));
}

static void posts_kept_out_of_tuning_are_judged_right(void **state)
{
    struct tally t = judge_file("held.jsonl", false);

    (void)state;
    assert_true(t.n >= 200);
    assert_good(&t);
}

static void posts_that_the_limits_were_found_on_are_judged_right(void **state)
{
    struct tally t = judge_file("tune.jsonl", getenv("QUND_PROOF_SHOW") != NULL);

    (void)state;
    assert_true(t.n >= 120);
    assert_good(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts_kept_out_of_tuning_are_judged_right),
        cmocka_unit_test(posts_that_the_limits_were_found_on_are_judged_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
