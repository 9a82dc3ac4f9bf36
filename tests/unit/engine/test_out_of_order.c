/* test_out_of_order.c - events of several channels overtake each other by seconds. What was said,
 * who is where, what was counted, who answered whom, and what people are, comes out as if they had
 * not. Which rules fire may depend on what was known when; what they say of a person may not. */
#include "story.h"

enum { EVENTS = 741, RUNS = 12 };

static const char CONFIG[] = "time: {lateness: 30s}\n";

/* Rows by their names of the world: numbers are given in order of arrival. */
static const struct {
    const char *what, *sql;
} SAME[] = {
    {"message",
     "SELECT m.eid || '|' || ifnull(m.ts, m.key_ts) || '|' || m.type || '|' || m.state ||"
     " '|' || coalesce(g.pid, '') || '|' || coalesce((SELECT pid FROM identity i WHERE"
     " i.contact = m.contact LIMIT 1), '') FROM message_202509 m LEFT JOIN grp g ON g.id ="
     " m.grp ORDER BY 1"},
    {"member",
     "SELECT g.pid || '|' || i.pid || '|' || m.joined || '|' || coalesce(m.left_at, '') FROM"
     " member m JOIN grp g ON g.id = m.grp JOIN identity i ON i.contact = m.contact"
     " ORDER BY 1"},
    {"measure", "SELECT hour || '|' || g.pid || '|' || messages || '|' || staff_messages || '|' ||"
                " speakers || '|' || joins || '|' || leaves FROM measure m JOIN grp g ON g.id ="
                " m.grp ORDER BY 1"},
    {"speaker", "SELECT hour || '|' || g.pid || '|' || i.pid FROM speaker s JOIN grp g ON g.id ="
                " s.grp JOIN identity i ON i.contact = s.contact ORDER BY 1"},
    {"question", "SELECT q.eid || '|' || q.state || '|' || coalesce(a.eid, '') || '|' ||"
                 " coalesce(q.reply_ms, '') FROM question q LEFT JOIN message_202509 a ON a.seq ="
                 " q.answer_seq ORDER BY 1"},
    {"attribute", "SELECT i.pid || '|' || t.name FROM contact_tag ct JOIN tag t ON t.id = ct.tag"
                  " JOIN identity i ON i.contact = ct.contact WHERE t.kind = 1"
                  " ORDER BY 1"},
    {"signup", "SELECT g.pid || '|' || s.chain || '|' || s.name || '|' || s.room || '|' || s.party"
               " || '|' || s.state || '|' || s.at FROM signup s JOIN grp g ON g.id = s.grp"
               " ORDER BY 1"},
};

static int set_up(void **state)
{
    *state = story_world_new(CONFIG, EVENTS);
    return 0;
}

struct arrival {
    int64_t rx;
    size_t i;
};

static int by_rx(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;

    return x->rx != y->rx ? (x->rx > y->rx) - (x->rx < y->rx) : (x->i > y->i) - (x->i < y->i);
}

/* Each event is delayed by up to max_ms. Returns how many overtook the one before them. */
static size_t play(const struct story_world *w, uint64_t seed, int64_t max_ms, char *out[])
{
    struct arrival v[EVENTS];
    struct desk *d = story_desk(w, CONFIG);
    size_t overtook = 0;

    for (size_t i = 0; i < w->story->n; i++)
        v[i] = (struct arrival){
            w->story->v[i].ts + (max_ms ? (int64_t)(story_chance(&seed) % (uint64_t)max_ms) : 0),
            i};
    qsort(v, w->story->n, sizeof(v[0]), by_rx);
    for (size_t i = 0; i < w->story->n; i++) {
        struct qund_item it = story_item(w->story, v[i].i, i + 1);

        it.rx = v[i].rx;
        overtook += i > 0 && v[i].i < v[i - 1].i;
        assert_int_equal(qund_engine_apply(d->engine, &it, 1, NULL), 0);
    }
    for (size_t k = 0; k < QUND_ARRAY_LEN(SAME); k++) {
        struct qund_buf rows = {0};

        story_print(d, SAME[k].sql, &rows);
        out[k] = qund_buf_take(&rows);
    }
    desk_free(d);
    return overtook;
}

static void a_shuffled_chat_leaves_what_the_ordered_one_does(void **state)
{
    const struct story_world *w = *state;
    char *want[QUND_ARRAY_LEN(SAME)], *got[QUND_ARRAY_LEN(SAME)];

    size_t overtook = 0;

    assert_int_equal(play(w, 0, 0, want), 0);
    for (uint64_t run = 1; run <= RUNS; run++) {
        overtook += play(w, run, run % 2 ? 30000 : 120000, got);
        for (size_t k = 0; k < QUND_ARRAY_LEN(SAME); k++) {
            assert_true(strlen(want[k]) > 0);
            story_same(SAME[k].what, want[k], got[k]);
            qund_free(got[k]);
        }
    }
    assert_in_range(overtook, 100, RUNS * EVENTS); /* else nothing was shown */
    for (size_t k = 0; k < QUND_ARRAY_LEN(SAME); k++)
        qund_free(want[k]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shuffled_chat_leaves_what_the_ordered_one_does),
    };

    return cmocka_run_group_tests(tests, set_up, story_world_free);
}
