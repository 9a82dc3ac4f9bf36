/* test_month.c - messages by month: repeats, reading, looking up, erasing. */
#include "store/meta.h"
#include "store/month.h"
#include "store_unit.h"

#define SEP_15 INT64_C(1757894400000) /* 2025-09-15T00:00:00Z */
#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

struct months_test {
    struct fresh *f;
    struct qund_months *m;
};

static int setup(void **state)
{
    struct months_test *t = calloc(1, sizeof(*t));

    t->f = fresh_new();
    t->m = qund_months_new(t->f->db);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct months_test *t = *state;

    qund_months_free(t->m);
    fresh_free(t->f);
    free(t);
    return 0;
}
#define MONTH_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static struct qund_message_row message(const char *id, int64_t ts)
{
    return (struct qund_message_row){.key_ts = ts,
                                     .ts = ts,
                                     .rx = ts + 40,
                                     .realm = 1,
                                     .channel = 2,
                                     .grp = 7,
                                     .contact = 31,
                                     .type = 1,
                                     .role = 1,
                                     .eid = qund_str(id),
                                     .text = QUND_STR("多少钱")};
}

static int64_t put(struct months_test *t, const char *id, int64_t ts, int64_t grp)
{
    struct qund_message_row row = message(id, ts);

    row.grp = grp;
    assert_int_equal(qund_month_insert(t->m, &row), 0);
    return row.seq;
}

struct seen {
    int64_t seq[64];
    char eid[64][24];
    int n, stop_at;
};

static int note(const struct qund_message_row *row, void *arg)
{
    struct seen *s = arg;

    s->seq[s->n] = row->seq;
    snprintf(s->eid[s->n++], sizeof(s->eid[0]), "%.*s", QUND_STR_ARG(row->eid));
    return s->stop_at && s->n == s->stop_at ? QUND_E_AGAIN : 0;
}

static void months_begin_at_their_first_instant(void **state)
{
    (void)state;
    assert_int_equal(qund_month_of(SEP_15), 202509);
    assert_int_equal(qund_month_of(0), 197001);
    assert_int_equal(qund_month_of(-1), 196912);
    assert_int_equal(qund_month_of(INT64_C(1709164800000)), 202402); /* 29 Feb 2024 */
    assert_int_equal(qund_month_of(INT64_C(253402300799999)), 999912);
    for (int y = 1970; y < 2200; y++)
        for (int mon = 1; mon <= 12; mon++) {
            int64_t start = qund_month_start(y * 100 + mon);

            assert_int_equal(qund_month_of(start), y * 100 + mon);
            assert_int_not_equal(qund_month_of(start - 1), y * 100 + mon);
        }
}

static void a_message_comes_back_as_it_was_put(void **state)
{
    struct months_test *t = *state;
    struct qund_message_row row = message("m1", SEP_15), got;

    row.ts = SEP_15 - HOUR; /* clamped */
    row.origin = 2;
    row.flags = 19;
    row.role = 4;
    row.type = 0;
    row.type_name = QUND_STR("custom.thing");
    row.kind = QUND_STR("image");
    row.account = QUND_STR("wxid_ours");
    row.reply_to = QUND_STR("m0");
    row.ref = QUND_STR("mr");
    row.mentions = QUND_STR("a\nb");
    row.media = QUND_STR("[]");
    row.data = QUND_STR("{}");
    row.to = QUND_STR("x");
    row.grp = -31;
    assert_int_equal(qund_month_insert(t->m, &row), 0);
    assert_int_equal(row.month, 202509);
    assert_int_equal(qund_month_get(t->m, row.seq, &got), 0);
    assert_true(got.key_ts == row.key_ts && got.ts == row.ts && got.rx == row.rx);
    assert_true(got.realm == 1 && got.channel == 2 && got.grp == -31 && got.contact == 31);
    assert_true(got.type == 0 && got.role == 4 && got.origin == 2 && got.flags == 19);
    assert_true(qund_str_eq(got.eid, row.eid) && qund_str_eq(got.text, row.text));
    assert_true(qund_str_eq(got.type_name, row.type_name) && qund_str_eq(got.kind, row.kind));
    assert_true(qund_str_eq(got.account, row.account) && qund_str_eq(got.reply_to, row.reply_to));
    assert_true(qund_str_eq(got.ref, row.ref) && qund_str_eq(got.mentions, row.mentions));
    assert_true(qund_str_eq(got.media, row.media) && qund_str_eq(got.data, row.data));
    assert_true(qund_str_eq(got.to, row.to));
    assert_int_equal(got.state, QUND_MESSAGE_KEPT);
    assert_int_equal(qund_month_get(t->m, row.seq + 1, &got), QUND_E_NOTFOUND);
}

static void a_repeat_meets_its_first_whenever_it_comes(void **state)
{
    struct months_test *t = *state;
    int64_t first = put(t, "same", SEP_15, 7);
    struct qund_message_row again = message("same", SEP_15), other = message("same", SEP_15 + 1);

    put(t, "next month", SEP_15 + 20 * DAY, 7);
    again.rx += 90 * DAY;
    again.text = QUND_STR("changed");
    assert_int_equal(qund_month_insert(t->m, &again), QUND_E_EXISTS);
    assert_int_equal(again.seq, first);
    assert_int_equal(again.month, 202509);
    again = message("same", SEP_15);
    again.realm = 2; /* another world */
    assert_int_equal(qund_month_insert(t->m, &again), 0);
    assert_int_equal(qund_month_insert(t->m, &other), 0);
}

static void an_id_without_a_dependable_time_counts_for_seven_days(void **state)
{
    struct months_test *t = *state;
    struct qund_message_row row = message("r", SEP_15);
    int64_t first;

    row.recent = true;
    assert_int_equal(qund_month_insert(t->m, &row), 0);
    first = row.seq;
    for (int day = 1; day < 7; day++) {
        row = message("r", SEP_15 + day * DAY);
        row.recent = true;
        assert_int_equal(qund_month_insert(t->m, &row), QUND_E_EXISTS);
        assert_int_equal(row.seq, first);
        assert_int_equal(row.month, 202509);
    }
    row = message("r", SEP_15 + 8 * DAY);
    row.recent = true;
    assert_int_equal(qund_month_insert(t->m, &row), 0);
    /* The clean-up leaves only what still counts. */
    for (int i = 0; i < 300; i++) {
        char id[16];

        snprintf(id, sizeof(id), "x%d", i);
        row = message(id, SEP_15 + 30 * DAY + i);
        row.recent = true;
        assert_int_equal(qund_month_insert(t->m, &row), 0);
    }
    assert_int_equal(fresh_ask(t->f->db, "SELECT count(*) FROM recent_id"), 300);
}

static void a_rollback_takes_the_months_table_and_the_numbers_with_it(void **state)
{
    struct months_test *t = *state;
    struct qund_message_row row = message("a", SEP_15);
    int64_t seq;

    row.kind = QUND_STR("image");
    assert_int_equal(qund_db_begin(t->f->db), 0);
    assert_int_equal(qund_month_insert(t->m, &row), 0);
    seq = row.seq;
    qund_db_rollback(t->f->db);
    row = message("b", SEP_15);
    row.kind = QUND_STR("voice");
    assert_int_equal(qund_db_begin(t->f->db), 0);
    assert_int_equal(qund_month_insert(t->m, &row), 0);
    assert_int_equal(qund_db_commit(t->f->db), 0);
    assert_int_equal(row.seq, seq);
    assert_int_equal(qund_month_get(t->m, seq, &row), 0);
    assert_true(qund_str_is(row.eid, "b"));
    assert_true(qund_str_is(row.kind, "voice"));
}

static void the_newest_of_a_group_come_page_by_page_over_months(void **state)
{
    struct months_test *t = *state;
    struct qund_month_cursor at = {0};
    struct seen s = {0};
    char id[16];

    for (int i = 0; i < 30; i++) {
        snprintf(id, sizeof(id), "g%02d", i);
        put(t, id, SEP_15 + i * DAY, 7);
        put(t, id, SEP_15 + i * DAY + 1, 8);
    }
    while (s.n < 30) {
        int before = s.n;

        assert_int_equal(qund_month_last(t->m, 7, 0, 4, &at, note, &s), 0);
        assert_true(s.n > before && s.n - before <= 4);
    }
    for (int i = 0; i < 30; i++) {
        snprintf(id, sizeof(id), "g%02d", 29 - i);
        assert_string_equal(s.eid[i], id);
    }
    assert_int_equal(qund_month_last(t->m, 7, 0, 4, &at, note, &s), 0);
    assert_int_equal(s.n, 30);
    s.n = 0;
    at = (struct qund_month_cursor){0};
    assert_int_equal(qund_month_last(t->m, 7, SEP_15 + 25 * DAY, 50, &at, note, &s), 0);
    assert_int_equal(s.n, 5);
}

static void paging_skips_nothing_around_a_clock_that_ran_ahead(void **state)
{
    struct months_test *t = *state;
    struct qund_message_row row = message("ahead", SEP_15 + 20 * DAY);
    struct qund_month_cursor at = {0};
    struct seen s = {0};

    row.ts = row.rx = SEP_15; /* claims October, shown as September */
    put(t, "s1", SEP_15 - HOUR, 7);
    assert_int_equal(qund_month_insert(t->m, &row), 0);
    put(t, "s2", SEP_15 + HOUR, 7);
    put(t, "o1", SEP_15 + 21 * DAY, 7);
    for (int i = 0; i < 4; i++)
        assert_int_equal(qund_month_last(t->m, 7, 0, 1, &at, note, &s), 0);
    assert_int_equal(s.n, 4);
    assert_string_equal(s.eid[0], "o1");
    assert_string_equal(s.eid[1], "ahead");
    assert_string_equal(s.eid[2], "s2");
    assert_string_equal(s.eid[3], "s1");
}

struct rows {
    struct qund_month_cursor at[16];
    int64_t contact[16];
    int n;
};

static int keep_row(const struct qund_message_row *row, void *arg)
{
    struct rows *s = arg;

    assert_true(s->n < (int)QUND_ARRAY_LEN(s->at));
    assert_true(qund_str_is(row->text, "多少钱"));
    s->contact[s->n] = row->contact;
    s->at[s->n++] = (struct qund_month_cursor){row->month, row->ts, row->seq};
    return 0;
}

/* From each row on, and from the newest, whole and bounded: the same rows in the same order. */
static void what_was_said_is_what_came_last(void **state)
{
    static const int64_t SINCE[] = {0, SEP_15 - 2 * DAY, SEP_15 + 20 * DAY};
    struct months_test *t = *state;
    struct qund_message_row row = message("ahead", SEP_15 + 20 * DAY);
    struct rows all = {0};
    struct qund_month_cursor at = {0};

    row.ts = row.rx = SEP_15; /* claims October, shown as September */
    assert_int_equal(qund_month_insert(t->m, &row), 0);
    for (int i = -3; i < 4; i++) {
        char id[16];

        snprintf(id, sizeof(id), "m%d", i);
        put(t, id, SEP_15 + i * 8 * DAY, 7);
    }
    assert_int_equal(qund_month_last(t->m, 7, 0, 50, &at, keep_row, &all), 0);
    assert_int_equal(all.n, 8);
    for (int i = -1; i < all.n; i++)
        for (size_t k = 0; k < QUND_ARRAY_LEN(SINCE); k++)
            for (int limit = 1; limit < 10; limit += 4) {
                const struct qund_month_cursor from =
                    i < 0 ? (struct qund_month_cursor){0} : all.at[i];
                struct rows last = {0}, said = {0};

                at = from;
                assert_int_equal(qund_month_last(t->m, 7, SINCE[k], limit, &at, keep_row, &last),
                                 0);
                assert_int_equal(qund_month_said(t->m, 7, SINCE[k], limit, &from, keep_row, &said),
                                 0);
                assert_int_equal(said.n, last.n);
                assert_memory_equal(said.contact, last.contact, sizeof(last.contact));
                for (int r = 0; r < last.n; r++)
                    assert_int_equal(said.at[r].seq, last.at[r].seq);
            }
}

static void a_platform_id_is_found_within_its_group_and_reach(void **state)
{
    struct months_test *t = *state;
    struct qund_message_row got;
    int64_t old = put(t, "old", SEP_15 - 10 * DAY, 7), seq = put(t, "x", SEP_15, 7);
    int64_t now = SEP_15 + HOUR;

    put(t, "x", SEP_15 + 5, 8);
    assert_int_equal(qund_month_find(t->m, 1, 7, QUND_STR("x"), now, QUND_FIND_RECENT, &got), 0);
    assert_int_equal(got.seq, seq);
    assert_true(qund_str_is(got.text, "多少钱"));
    assert_int_equal(qund_month_find(t->m, 2, 7, QUND_STR("x"), now, QUND_FIND_ALL, &got),
                     QUND_E_NOTFOUND);
    assert_int_equal(qund_month_find(t->m, 1, 7, QUND_STR("old"), now, QUND_FIND_RECENT, &got),
                     QUND_E_NOTFOUND);
    assert_int_equal(qund_month_find(t->m, 1, 7, QUND_STR("old"), now, QUND_FIND_ALL, &got), 0);
    assert_int_equal(got.seq, old);
    /* 2,000 later messages push it out of reach. */
    assert_int_equal(qund_db_begin(t->f->db), 0);
    for (int i = 0; i < 2000; i++) {
        char id[16];

        snprintf(id, sizeof(id), "f%d", i);
        put(t, id, SEP_15 + 10 + i, 7);
    }
    assert_int_equal(qund_db_commit(t->f->db), 0);
    assert_int_equal(qund_month_find(t->m, 1, 7, QUND_STR("x"), now, QUND_FIND_RECENT, &got),
                     QUND_E_NOTFOUND);
    assert_int_equal(qund_month_find(t->m, 1, 7, QUND_STR("f0"), now, QUND_FIND_RECENT, &got), 0);
}

static void the_stream_is_in_order_of_arrival_over_months(void **state)
{
    struct months_test *t = *state;
    struct seen s = {0};
    int64_t after = 0;
    char id[16];

    for (int i = 0; i < 12; i++) {
        snprintf(id, sizeof(id), "%d", i);
        put(t, id, SEP_15 + (i * 7 % 12) * 10 * DAY, 7 + i % 2);
    }
    while (s.n < 12) {
        assert_int_equal(qund_month_stream(t->m, after, 5, note, &s), 0);
        after = s.seq[s.n - 1];
    }
    for (int i = 0; i < 12; i++) {
        snprintf(id, sizeof(id), "%d", i);
        assert_string_equal(s.eid[i], id);
    }
    assert_int_equal(qund_month_stream(t->m, after, 5, note, &s), 0);
    assert_int_equal(s.n, 12);
    s = (struct seen){.stop_at = 3};
    assert_int_equal(qund_month_stream(t->m, 0, 10, note, &s), QUND_E_AGAIN);
    assert_int_equal(s.n, 3);
    assert_int_equal(qund_month_count(t->m, &after), 0);
    assert_int_equal(after, 12);
}

static void between_gives_a_span_oldest_first(void **state)
{
    struct months_test *t = *state;
    struct seen s = {0};
    char id[16];

    for (int i = 0; i < 40; i++) {
        snprintf(id, sizeof(id), "%02d", i);
        put(t, id, SEP_15 + i * DAY, 7 + i % 2);
    }
    assert_int_equal(qund_month_between(t->m, 7, SEP_15 + 10 * DAY, SEP_15 + 20 * DAY, note, &s),
                     0);
    assert_int_equal(s.n, 5);
    assert_string_equal(s.eid[0], "10");
    assert_string_equal(s.eid[4], "18");
    s.n = 0;
    assert_int_equal(qund_month_between(t->m, 0, SEP_15 + 10 * DAY, SEP_15 + 20 * DAY, note, &s),
                     0);
    assert_int_equal(s.n, 10);
    assert_string_equal(s.eid[9], "19");
}

static int note_line(const struct qund_month_line *line, void *arg)
{
    struct seen *s = arg;

    s->seq[s->n] = line->seq;
    snprintf(s->eid[s->n++], sizeof(s->eid[0]), "%.*s/%.*s%s", QUND_STR_ARG(line->kind),
             QUND_STR_ARG(line->text), line->media ? "+" : "");
    return s->stop_at && s->n == s->stop_at ? QUND_E_AGAIN : 0;
}

static void lines_are_of_one_role_and_within_their_span(void **state)
{
    struct months_test *t = *state;
    const int64_t end = qund_month_start(202510);
    const struct qund_month_filter f = {
        .grp = 7, .after = end - 10, .until = end + 10, .type = 1, .role = 1, .without = 32};
    struct qund_message_row row;
    struct seen s = {0};
    bool private_chats = true;

    put(t, "before", end - 10, 7);
    row = message("photo", end - 9);
    row.kind = QUND_STR("image");
    row.media = QUND_STR("[]");
    assert_int_equal(qund_month_insert(t->m, &row), 0);
    put(t, "other group", end, 8);
    row = message("staff", end + 1);
    row.role = 2;
    assert_int_equal(qund_month_insert(t->m, &row), 0);
    row = message("join", end + 2);
    row.type = 3;
    assert_int_equal(qund_month_insert(t->m, &row), 0);
    row = message("copy", end + 3);
    row.flags = 32;
    assert_int_equal(qund_month_insert(t->m, &row), 0);
    row = message("gone", end + 4);
    assert_int_equal(qund_month_insert(t->m, &row), 0);
    assert_int_equal(qund_month_set_state(t->m, row.month, row.seq, QUND_MESSAGE_REVOKED), 0);
    put(t, "last", end + 10, 7);
    put(t, "after", end + 11, 7);
    assert_int_equal(qund_month_lines(t->m, &f, note_line, &s), 0);
    assert_int_equal(s.n, 2);
    assert_string_equal(s.eid[0], "image/多少钱+");
    assert_string_equal(s.eid[1], "/多少钱");
    s = (struct seen){.stop_at = 1};
    assert_int_equal(qund_month_lines(t->m, &f, note_line, &s), QUND_E_AGAIN);
    assert_int_equal(s.n, 1);
    assert_int_equal(qund_month_any_private(t->m, &private_chats), 0);
    assert_false(private_chats);
    put(t, "private", end, -5);
    assert_int_equal(qund_month_any_private(t->m, &private_chats), 0);
    assert_true(private_chats);
}

static void erasing_leaves_the_key_so_a_repeat_stays_one(void **state)
{
    struct months_test *t = *state;
    struct qund_message_row row = message("e", SEP_15), got;
    struct qund_month_cursor at = {0};
    struct seen s = {0};

    assert_int_equal(qund_month_insert(t->m, &row), 0);
    put(t, "later", SEP_15 + 40 * DAY, -31); /* the private chat */
    assert_int_equal(qund_month_of_contact(t->m, 31, 1, &at, note, &s), 1);
    assert_int_equal(qund_month_of_contact(t->m, 31, 100, &at, note, &s), 0);
    assert_int_equal(s.n, 2);
    assert_int_equal(qund_month_set_state(t->m, row.month, row.seq, QUND_MESSAGE_REVOKED), 0);
    assert_int_equal(qund_month_get(t->m, row.seq, &got), 0);
    assert_int_equal(got.state, QUND_MESSAGE_REVOKED);
    assert_non_null(got.text.p);
    assert_int_equal(qund_month_erase(t->m, row.month, row.seq), 0);
    assert_int_equal(qund_month_get(t->m, row.seq, &got), 0);
    assert_int_equal(got.state, QUND_MESSAGE_ERASED);
    assert_null(got.text.p);
    assert_int_equal(got.contact, 0);
    row = message("e", SEP_15);
    assert_int_equal(qund_month_insert(t->m, &row), QUND_E_EXISTS);
    assert_int_equal(qund_month_erase(t->m, 202001, 1), QUND_E_NOTFOUND);
}

static void a_reader_sees_new_months_and_new_words(void **state)
{
    struct months_test *t = *state;
    QUND_AUTO(qund_db_close) struct qund_db *db = fresh_handle(t->f, QUND_DB_READ);
    QUND_AUTO(qund_months_free) struct qund_months *r = qund_months_new(db);
    struct qund_message_row got, row = message("n", SEP_15 + 60 * DAY);
    int64_t first = put(t, "a", SEP_15, 7);
    int list[4];

    assert_int_equal(qund_month_get(r, first, &got), 0);
    row.kind = QUND_STR("voice");
    assert_int_equal(qund_month_insert(t->m, &row), 0);
    assert_int_equal(qund_month_get(r, row.seq, &got), 0);
    assert_true(qund_str_is(got.kind, "voice"));
    assert_int_equal(qund_month_list(r, list, 4), 2);
    assert_int_equal(list[0], 202511);
    assert_int_equal(list[1], 202509);
    assert_false(qund_db_in_tx(db));
}

static void numbers_go_on_after_a_restart(void **state)
{
    struct months_test *t = *state;
    int64_t seq = put(t, "a", SEP_15 + 60 * DAY, 7), next = 0;

    put(t, "b", SEP_15, 7);
    qund_months_free(t->m);
    t->m = qund_months_new(t->f->db);
    assert_int_equal(qund_month_next_seq(t->m, &next), 0);
    assert_int_equal(next, seq + 2);
    assert_int_equal(qund_meta_set_int(t->f->db, "seq_floor", 500), 0);
    qund_months_free(t->m);
    t->m = qund_months_new(t->f->db);
    assert_int_equal(put(t, "c", SEP_15, 7), 501);
}

/* A sort would read the group's whole history for each page. */
static void pages_of_a_group_are_read_from_the_index(void **state)
{
    struct months_test *t = *state;
    struct qund_stmt *st;
    int rows = 0;

    put(t, "a", SEP_15, 7);
    st = qund_sql(t->f->db, "EXPLAIN QUERY PLAN SELECT seq FROM message_202509 WHERE grp = :grp "
                            "AND ifnull(ts, key_ts) >= :since AND ifnull(ts, key_ts) <= :ts "
                            "AND (ifnull(ts, key_ts) < :ts OR seq < :seq) "
                            "ORDER BY ifnull(ts, key_ts) DESC, seq DESC LIMIT :limit");
    while (qund_step(st) > 0) {
        struct qund_str plan = qund_col_str(st, 3);

        assert_true(qund_str_find(plan, 0,
                                  QUND_STR("message_202509_grp (grp=? AND <expr>>? AND "
                                           "<expr><?)")) >= 0);
        rows++;
    }
    qund_stmt_reset(st);
    assert_int_equal(rows, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(months_begin_at_their_first_instant),
        MONTH_TEST(a_message_comes_back_as_it_was_put),
        MONTH_TEST(a_repeat_meets_its_first_whenever_it_comes),
        MONTH_TEST(an_id_without_a_dependable_time_counts_for_seven_days),
        MONTH_TEST(a_rollback_takes_the_months_table_and_the_numbers_with_it),
        MONTH_TEST(the_newest_of_a_group_come_page_by_page_over_months),
        MONTH_TEST(paging_skips_nothing_around_a_clock_that_ran_ahead),
        MONTH_TEST(what_was_said_is_what_came_last),
        MONTH_TEST(a_platform_id_is_found_within_its_group_and_reach),
        MONTH_TEST(the_stream_is_in_order_of_arrival_over_months),
        MONTH_TEST(between_gives_a_span_oldest_first),
        MONTH_TEST(lines_are_of_one_role_and_within_their_span),
        MONTH_TEST(erasing_leaves_the_key_so_a_repeat_stays_one),
        MONTH_TEST(a_reader_sees_new_months_and_new_words),
        MONTH_TEST(numbers_go_on_after_a_restart),
        MONTH_TEST(pages_of_a_group_are_read_from_the_index),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
