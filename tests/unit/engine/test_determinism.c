/* test_determinism.c - one sequence of events, commands and clock readings gives one set of rows,
 * wherever batches are cut, whatever is rolled back in between, and however often the engine is
 * closed and opened. All tables are compared, row by row. */
#include "story.h"

enum { EVENTS = 400, RUNS = 12, BATCH_MAX = 60 };

static const char CONFIG[] =
    "targets:\n"
    "  desk: {kind: webhook, url: 'http://127.0.0.1:1/x', allow_private: true}\n";

/* What people do meanwhile: after so many events. Some are refused, which must change nothing. */
static const struct {
    size_t after;
    const char *name, *body;
} ASKED[] = {
    {40, "alert.ack", "{\"id\":1}"},
    {41, "alert.ack", "{\"id\":1}"},
    {90, "question.done", "{\"id\":31}"},
    {120, "alert.resolve", "{\"id\":2,\"note\":\"n\"}"},
    {121, "no.such", "{}"},
    {200, "alert.reopen", "{\"id\":2}"},
    {210, "dead.drop", "{\"id\":1}"},
    {333, "alert.resolve", "{\"id\":99999}"},
};

static int set_up(void **state)
{
    *state = story_world_new(CONFIG, EVENTS);
    return 0;
}

struct sequence {
    struct qund_item v[4 * EVENTS];
    int rcs[QUND_ARRAY_LEN(ASKED)];
    size_t n;
};

static void add(struct sequence *q, struct qund_item it)
{
    assert_true(q->n < QUND_ARRAY_LEN(q->v));
    q->v[q->n++] = it;
}

/* Events as they come, a tick and the floor now and then, commands, and two entries that nobody can
 * read. */
static struct sequence *sequence_of(struct desk *d, const struct story_world *w)
{
    struct sequence *q = qund_alloc(sizeof(*q));

    for (size_t i = 0; i < w->story->n; i++) {
        struct qund_item it = story_item(w->story, i, i + 1);

        for (size_t k = 0; k < QUND_ARRAY_LEN(ASKED); k++)
            if (ASKED[k].after == i) {
                add(q, desk_command_item(d, ASKED[k].name, ASKED[k].body, &q->rcs[k]));
                q->v[q->n - 1].rx = it.rx;
            }
        if (i == 50 || i == 301)
            it.body = QUND_STR("Ebroken");
        add(q, it);
        if (i % 7 == 3)
            add(q, (struct qund_item){.kind = QUND_ITEM_TICK, .rx = it.rx + 1000});
        if (i % 5 == 2)
            add(q, (struct qund_item){.kind = QUND_ITEM_FLOOR, .rx = it.rx});
    }
    return q;
}

/* With chance, in batches of 1 to BATCH_MAX, some of which find no room at first and are counted in
 * *undone; without, one item a batch. */
static char *play(const struct story_world *w, uint64_t seed, size_t *undone)
{
    struct desk *d = story_desk(w, CONFIG);
    struct sequence *q;
    size_t at = 0;
    char *dump;

    q = sequence_of(d, w);
    while (at < q->n) {
        size_t n = seed ? 1 + story_chance(&seed) % BATCH_MAX : 1;
        bool tight = seed && story_chance(&seed) % 2 == 0;

        if (n > q->n - at)
            n = q->n - at;
        if (tight)
            desk_room(d, (int64_t)(story_chance(&seed) % 2));
        while (qund_engine_apply(d->engine, &q->v[at], n, NULL) < 0) {
            assert_true(tight);
            desk_room(d, -1);
            ++*undone;
            if (story_chance(&seed) % 4 == 0) { /* killed instead of mended */
                desk_close_store(d);
                desk_open_store(d);
            }
        }
        if (tight)
            desk_room(d, -1);
        at += n;
    }
    for (size_t k = 0; k < QUND_ARRAY_LEN(ASKED); k++)
        assert_int_not_equal(q->rcs[k], QUND_E_BUG); /* all were answered */
    dump = story_dump(d);
    qund_free(q);
    desk_free(d);
    return dump;
}

static void rows_do_not_depend_on_where_batches_are_cut(void **state)
{
    const struct story_world *w = *state;
    size_t undone = 0; /* batches rolled back, over all runs */
    char *want = play(w, 0, &undone);

    assert_non_null(strstr(want, "== alert "));
    for (uint64_t run = 1; run <= RUNS; run++) {
        char *got = play(w, run, &undone);
        char what[32];

        snprintf(what, sizeof(what), "run %d", (int)run);
        story_same(what, want, got);
        qund_free(got);
    }
    assert_in_range(undone, RUNS * 3, RUNS * EVENTS); /* else nothing was shown */
    qund_free(want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_do_not_depend_on_where_batches_are_cut),
    };

    return cmocka_run_group_tests(tests, set_up, story_world_free);
}
