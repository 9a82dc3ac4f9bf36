/* test_search.c - finding, catching up, erasing, retention, against rows of several months. */
#include "core/clock.h"
#include "store/maint.h"
#include "store/meta.h"
#include "store/month.h"
#include "store/retention.h"
#include "store/search.h"
#include "store_unit.h"

#define SEP_15 INT64_C(1757894400000)
#define DAY INT64_C(86400000)

struct search_test {
    struct fresh *f;
    struct qund_months *m;
    struct qund_search *s;
    int64_t next_ts;
    int made;
};

/* Pairs of the bytes' hex: enough to tell texts apart without the real folding. */
static void tokens(void *ctx, struct qund_str text, struct qund_buf *out)
{
    size_t at = 0, chars = qund_utf8_count(text);
    uint32_t last = 0;

    (void)ctx;
    for (size_t i = 0; i < chars; i++) {
        uint32_t cp = qund_utf8_next(text, &at);

        if (i)
            qund_buf_printf(out, "%sx%xx%x", out->n ? " " : "", last, cp);
        last = cp;
    }
}

static bool matches(void *ctx, struct qund_str text, struct qund_str needle)
{
    (void)ctx;
    return qund_str_find(text, 0, needle) >= 0;
}

static struct qund_search_words words(int version)
{
    return (struct qund_search_words){.version = version, .tokens = tokens, .matches = matches};
}

static int setup(void **state)
{
    struct search_test *t = calloc(1, sizeof(*t));
    struct qund_search_words w = words(1);

    t->f = fresh_new();
    t->m = qund_months_new(t->f->db);
    t->s = qund_search_new(t->f->db, t->m, &w);
    t->next_ts = SEP_15;
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct search_test *t = *state;

    qund_search_free(t->s);
    qund_months_free(t->m);
    fresh_free(t->f);
    free(t);
    return 0;
}
#define SEARCH_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

static struct qund_message_row say(struct search_test *t, int64_t ts, int64_t grp, const char *text)
{
    char id[16];
    struct qund_message_row row = {.key_ts = ts,
                                   .ts = ts,
                                   .rx = ts,
                                   .realm = 1,
                                   .channel = 1,
                                   .grp = grp,
                                   .contact = 5,
                                   .type = 1,
                                   .text = qund_str(text)};

    snprintf(id, sizeof(id), "m%d", t->made++);
    row.eid = qund_str(id);
    assert_int_equal(qund_month_insert(t->m, &row), 0);
    row.eid = QUND_STR_NONE;
    return row;
}

static int64_t fill(struct search_test *t, int rows)
{
    int64_t left = -1;

    assert_int_equal(qund_search_fill(t->s, rows, &left), 0);
    return left;
}

struct hits {
    int64_t seq[64];
    int n;
};

static int note(const struct qund_message_row *row, void *arg)
{
    struct hits *h = arg;

    h->seq[h->n++] = row->seq;
    return 0;
}

static struct hits find_with(struct search_test *t, struct qund_search_query *q, const char *needle)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct hits h = {0};

    tokens(NULL, qund_str(needle), &b);
    q->tokens = qund_buf_view(&b);
    q->needle = qund_str(needle);
    if (!q->limit)
        q->limit = 50;
    assert_int_equal(qund_search_run(t->s, q, note, &h), 0);
    return h;
}

static struct hits find(struct search_test *t, const char *needle)
{
    struct qund_search_query q = {0};
    struct hits h = find_with(t, &q, needle);

    assert_false(q.partial);
    return h;
}

static void a_word_of_two_characters_is_found_newest_first(void **state)
{
    struct search_test *t = *state;
    struct hits h;
    int64_t a, b;

    a = say(t, SEP_15, 7, "这个多少钱").seq;
    say(t, SEP_15 + 1, 7, "少多"); /* the characters, not the word */
    b = say(t, SEP_15 + 40 * DAY, 7, "多少都行").seq;
    assert_int_equal(fill(t, 100), 0);
    h = find(t, "多少");
    assert_int_equal(h.n, 2);
    assert_int_equal(h.seq[0], b);
    assert_int_equal(h.seq[1], a);
    assert_int_equal(find(t, "少钱").n, 1);
    assert_int_equal(find(t, "钱多").n, 0);
}

static void each_hit_is_checked_against_the_message(void **state)
{
    struct search_test *t = *state;

    say(t, SEP_15, 7, "ab bc"); /* holds both pairs of "abc", not the word */
    say(t, SEP_15, 7, "xabcx");
    assert_int_equal(fill(t, 100), 0);
    assert_int_equal(find(t, "abc").n, 1);
}

static void what_is_not_indexed_yet_is_found_all_the_same(void **state)
{
    struct search_test *t = *state;
    int64_t left = 0;

    for (int i = 0; i < 10; i++)
        say(t, SEP_15 + i, 7, "多少钱");
    assert_int_equal(qund_search_behind(t->s, &left), 0);
    assert_int_equal(left, 10);
    assert_int_equal(find(t, "多少").n, 10);
    assert_int_equal(fill(t, 4), 6);
    assert_int_equal(find(t, "多少").n, 10);
    say(t, SEP_15 - 40 * DAY, 7, "多少钱"); /* late, to an older month */
    assert_int_equal(fill(t, 100), 0);
    say(t, SEP_15 - 39 * DAY, 7, "多少钱"); /* and again, behind that month's cursor */
    assert_int_equal(find(t, "多少").n, 12);
    assert_int_equal(fill(t, 100), 0);
    assert_int_equal(find(t, "多少").n, 12);
}

static void pages_go_on_where_the_last_ended(void **state)
{
    struct search_test *t = *state;
    struct qund_search_query q = {.limit = 4};
    int64_t last = INT64_MAX;
    int total = 0;

    for (int i = 0; i < 15; i++)
        say(t, SEP_15 + i * 3 * DAY, 7, i % 3 ? "多少钱" : "别的话");
    assert_int_equal(fill(t, 9), 6);
    do {
        struct hits h = find_with(t, &q, "多少");

        for (int i = 0; i < h.n; i++) {
            assert_true(h.seq[i] < last);
            last = h.seq[i];
        }
        total += h.n;
    } while (q.cursor.month);
    assert_int_equal(total, 10);
}

static void groups_and_withdrawn_messages_are_left_out(void **state)
{
    static const int64_t GROUPS[] = {3, 7, 9};
    struct search_test *t = *state;
    struct qund_search_query q = {.groups = GROUPS, .n_groups = 3};
    struct qund_message_row row;

    say(t, SEP_15, 7, "多少钱");
    say(t, SEP_15, 8, "多少钱");
    row = say(t, SEP_15, 9, "多少钱");
    assert_int_equal(fill(t, 100), 0);
    assert_int_equal(find_with(t, &q, "多少").n, 2);
    assert_int_equal(qund_month_set_state(t->m, row.month, row.seq, QUND_MESSAGE_REVOKED), 0);
    assert_int_equal(find_with(t, &q, "多少").n, 1);
    q.n_groups = 0;
    assert_int_equal(find_with(t, &q, "多少").n, 0);
}

static void without_words_the_rows_are_read(void **state)
{
    struct search_test *t = *state;

    say(t, SEP_15, 7, "早");
    say(t, SEP_15, 7, "大家早上好");
    say(t, SEP_15, 7, "晚安");
    assert_int_equal(fill(t, 100), 0);
    assert_int_equal(find(t, "早").n, 2); /* one character makes no pair */
}

static void a_deadline_leaves_a_partial_answer_to_go_on_from(void **state)
{
    struct search_test *t = *state;
    struct qund_search_query q = {.deadline_mono_ms = qund_mono_now().ms};
    struct hits h;

    for (int i = 0; i < 5; i++)
        say(t, SEP_15 + i, 7, "多少钱");
    h = find_with(t, &q, "多少");
    assert_true(q.partial);
    assert_int_equal(h.n, 0);
    q.deadline_mono_ms = qund_mono_now().ms + 10000;
    h = find_with(t, &q, "多少");
    assert_false(q.partial);
    assert_int_equal(h.n, 5);
}

/* Whether the bytes stand anywhere in the store or its WAL. */
static bool in_files(struct search_test *t, const char *needle)
{
    const char *const suffixes[] = {"", "-wal"};
    bool found = false;

    for (size_t i = 0; i < 2; i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf path = {0}, bytes = {0};

        qund_buf_printf(&path, "%s%s", t->f->path, suffixes[i]);
        assert_int_equal(qund_file_read(path.p, 64 << 20, &bytes, NULL), 0);
        found |= bytes.n && qund_str_find(qund_buf_view(&bytes), 0, qund_str(needle)) >= 0;
    }
    return found;
}

static void what_is_erased_is_gone_from_rows_index_and_files(void **state)
{
    struct search_test *t = *state;
    QUND_AUTO(qund_db_close) struct qund_db *maint = fresh_handle(t->f, QUND_DB_MAINT);
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_message_row row = say(t, SEP_15, 7, "canaryQZ");
    struct qund_checkpoint c;
    int rc, rounds = 0;

    tokens(NULL, QUND_STR("QZ"), &b);
    for (int i = 0; i < 300; i++)
        say(t, SEP_15 + i, 7, i % 2 ? "多少钱" : "canary");
    assert_int_equal(fill(t, 1000), 0);
    assert_true(in_files(t, "canaryQZ"));
    assert_int_equal(find(t, "QZ").n, 1);
    assert_int_equal(qund_db_begin(t->f->db), 0);
    assert_int_equal(qund_search_forget(t->s, row.month, row.seq, QUND_STR("canaryQZ")), 0);
    assert_int_equal(qund_month_erase(t->m, row.month, row.seq), 0);
    assert_int_equal(qund_db_commit(t->f->db), 0);
    while ((rc = qund_search_compact(t->s, row.month)) > 0)
        assert_true(++rounds < 1000);
    assert_int_equal(rc, 0);
    assert_int_equal(qund_maint_checkpoint(maint, 1 << 20, true, &c), 0);
    assert_true(c.emptied);
    assert_int_equal(find(t, "QZ").n, 0);
    assert_int_equal(find(t, "ry").n, 50); /* the limit */
    assert_false(in_files(t, "canaryQZ"));
    assert_false(in_files(t, b.p)); /* the index's word */
    assert_int_equal(qund_db_exec(t->f->db, "INSERT INTO search_202509_v1 (search_202509_v1) "
                                            "VALUES ('integrity-check')"),
                     0);
}

static void a_new_version_of_the_words_begins_a_new_index(void **state)
{
    struct search_test *t = *state;
    struct qund_search_words w = words(2);
    struct qund_retention r = {.retention_ms = 400 * DAY, .budget_ms = 100};
    int rc;

    say(t, SEP_15, 7, "多少钱");
    assert_int_equal(fill(t, 100), 0);
    qund_search_free(t->s);
    t->s = qund_search_new(t->f->db, t->m, &w);
    assert_int_equal(find(t, "多少").n, 1);
    assert_int_equal(fill(t, 100), 0);
    assert_int_equal(find(t, "多少").n, 1);
    while ((rc = qund_retention_step(t->f->db, &r, SEP_15)) > 0)
        ;
    assert_int_equal(rc, 0);
    assert_int_equal(
        fresh_ask(t->f->db,
                  "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%search_202509_v1%'"),
        0);
    assert_int_equal(find(t, "多少").n, 1);
}

static int note_month(struct qund_db *db, int month, void *arg)
{
    (void)db;
    *(int *)arg = *(int *)arg * 10 + month % 10;
    return 0;
}

static void expired_months_vanish_at_once_and_their_pages_later(void **state)
{
    struct search_test *t = *state;
    QUND_AUTO(qund_db_close) struct qund_db *db = fresh_handle(t->f, QUND_DB_READ);
    QUND_AUTO(qund_months_free) struct qund_months *reader = qund_months_new(db);
    int dropped = 0;
    struct qund_retention r = {
        .retention_ms = 60 * DAY, .budget_ms = 100, .before_drop = note_month, .arg = &dropped};
    int64_t greatest, n = 0, now = SEP_15 + 100 * DAY; /* 24 Dec: keeps from 25 Oct */
    struct qund_message_row row;
    int rc, list[8];

    assert_int_equal(qund_db_begin(t->f->db), 0);
    for (int i = 0; i < 3000; i++)
        say(t, SEP_15 + i, 7, "多少钱 canary");
    say(t, SEP_15 + 20 * DAY, 7, "十月"); /* October is kept: a part of it is young enough */
    greatest = say(t, SEP_15 + 5000, 7, "多少钱").seq;
    assert_int_equal(qund_db_commit(t->f->db), 0);
    assert_int_equal(fill(t, 10000), 0);
    assert_int_equal(qund_month_list(reader, list, 8), 2);
    assert_int_equal(qund_retention_step(t->f->db, &r, now), 1);
    assert_int_equal(dropped, 9);
    assert_int_equal(qund_month_list(reader, list, 8), 1);
    assert_int_equal(list[0], 202510);
    assert_int_equal(find(t, "canary").n, 0);
    assert_int_equal(qund_month_get(t->m, greatest, &row), QUND_E_NOTFOUND);
    while ((rc = qund_retention_step(t->f->db, &r, now)) > 0)
        ;
    assert_int_equal(rc, 0);
    assert_int_equal(
        fresh_ask(t->f->db, "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%202509%'"), 0);
    assert_int_equal(qund_month_next_seq(t->m, &n), 0);
    assert_int_equal(n, greatest + 1);
    assert_true(qund_month_too_old(SEP_15, now, r.retention_ms));
    assert_false(qund_month_too_old(SEP_15 + 20 * DAY, now, r.retention_ms));
    assert_int_equal(fresh_ask(t->f->db, "PRAGMA integrity_check") == 0, 1); /* "ok" reads as 0 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEARCH_TEST(a_word_of_two_characters_is_found_newest_first),
        SEARCH_TEST(each_hit_is_checked_against_the_message),
        SEARCH_TEST(what_is_not_indexed_yet_is_found_all_the_same),
        SEARCH_TEST(pages_go_on_where_the_last_ended),
        SEARCH_TEST(groups_and_withdrawn_messages_are_left_out),
        SEARCH_TEST(without_words_the_rows_are_read),
        SEARCH_TEST(a_deadline_leaves_a_partial_answer_to_go_on_from),
        SEARCH_TEST(what_is_erased_is_gone_from_rows_index_and_files),
        SEARCH_TEST(a_new_version_of_the_words_begins_a_new_index),
        SEARCH_TEST(expired_months_vanish_at_once_and_their_pages_later),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
