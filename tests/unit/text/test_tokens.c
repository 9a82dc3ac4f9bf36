/* tests/unit/text/test_tokens.c - tokens are judged by SQLite's FTS5: what contains the query is
 * found through them, also words of two characters. */
#include "text/tokens.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>

#include <cmocka.h>

static int setup(void **state)
{
    *state = (void *)(uintptr_t)qund_fold_tables(); /* constant, also for the tests */
    return 0;
}

static void tokens_of(const struct qund_fold *f, const char *text, struct qund_buf *out)
{
    QUND_AUTO(qund_buf_done) struct qund_buf folded = {0};

    qund_buf_clear(out);
    qund_fold_str(f, qund_str(text), &folded);
    qund_tokens_make(f, qund_buf_view(&folded), out);
    qund_buf_char(out, '\0');
    out->n--;
}

static void pairs_overlap_and_words_stay_whole(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0}, again = {0};

    tokens_of(*state, "iPhone１５ 到货", &out);
    assert_string_equal(out.p, "wiphone w15 h0khg1397");
    tokens_of(*state, "微信号", &out);
    assert_int_equal(out.n, 9 + 1 + 9); /* 微信 信号 */
    tokens_of(*state, "微信", &again);
    assert_memory_equal(out.p, again.p, again.n);
    tokens_of(*state, "微信！微信", &out);
    assert_int_equal(out.n, 9 + 1 + 9); /* no pair across the mark */
    tokens_of(*state, "我❤️ …", &out);
    assert_int_equal(out.n, 0);
    tokens_of(*state, "3栋2单元1502", &out);
    assert_non_null(strstr(out.p, "w3 w2 h"));
    assert_non_null(strstr(out.p, " w1502"));
    tokens_of(*state, "Élan", &out);
    assert_int_equal(out.p[0], 'x');
}

static void only_plain_letters_and_digits_leave(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};

    tokens_of(*state, "微信 Élan 한국어 ภาษาไทย العربية 😀 \"NOT\" a-b* 𠀀𠀁 ①", &out);
    assert_true(out.n > 0);
    for (size_t i = 0; i < out.n; i++)
        assert_non_null(strchr("0123456789abcdefghijklmnopqrstuvwxyz ", out.p[i]));
}

static void a_single_character_is_left_to_scanning(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};

    assert_int_equal(qund_tokens_query(*state, QUND_STR("价"), &out), QUND_E_NOTFOUND);
    assert_int_equal(qund_tokens_query(*state, QUND_STR(""), &out), QUND_E_NOTFOUND);
    assert_int_equal(qund_tokens_query(*state, QUND_STR("😀！"), &out), QUND_E_NOTFOUND);
    assert_int_equal(out.n, 0);
    assert_int_equal(qund_tokens_query(*state, QUND_STR("a价"), &out), QUND_OK);
    assert_int_equal(qund_tokens_query(*state, QUND_STR("15"), &out), QUND_OK);
}

static void a_query_asks_for_a_bounded_number_of_tokens(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0}, out = {0};

    for (int i = 0; i < 5000; i++)
        qund_buf_puts(&text, "长");
    assert_int_equal(qund_tokens_query(*state, qund_buf_view(&text), &out), QUND_OK);
    assert_int_equal(out.n, 64 * 10 - 1);
}

static int count(sqlite3 *db, const char *query)
{
    sqlite3_stmt *st = NULL;
    int n = 0;

    assert_int_equal(sqlite3_prepare_v2(db, "SELECT rowid FROM t WHERE t MATCH ?", -1, &st, NULL),
                     SQLITE_OK);
    sqlite3_bind_text(st, 1, query, -1, SQLITE_TRANSIENT);
    while (sqlite3_step(st) == SQLITE_ROW)
        n++;
    assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
    return n;
}

static void fts5_finds_by_them(void **state)
{
    static const char *const TEXTS[] = {
        "請問這個多少錢", "多少钱一平", "钱多少", "加我微信 VX12345", "3-2-1502 已收房", "早上好",
    };
    static const struct {
        const char *query;
        int n;
    } ASKED[] = {{"多少钱", 2}, {"多少", 3},          {"少钱", 2}, {"微信", 1},   {"vx12345", 1},
                 {"1502", 1},   {"3-2-1502 收房", 1}, {"信微", 0}, {"没有的", 0}, {"早上好", 1}};
    QUND_AUTO(qund_buf_done) struct qund_buf tokens = {0};
    sqlite3_stmt *st = NULL;
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "CREATE VIRTUAL TABLE t USING fts5(x, content='', detail=none, "
                                  "columnsize=0, tokenize='ascii')",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_prepare_v2(db, "INSERT INTO t(rowid, x) VALUES(?2, ?1)", -1, &st, NULL);
    for (size_t i = 0; i < QUND_ARRAY_LEN(TEXTS); i++) {
        tokens_of(*state, TEXTS[i], &tokens);
        sqlite3_bind_text(st, 1, tokens.p, (int)tokens.n, SQLITE_TRANSIENT);
        sqlite3_bind_int64(st, 2, (sqlite3_int64)i + 1);
        assert_int_equal(sqlite3_step(st), SQLITE_DONE);
        sqlite3_reset(st);
    }
    sqlite3_finalize(st);
    for (size_t i = 0; i < QUND_ARRAY_LEN(ASKED); i++) {
        qund_buf_clear(&tokens);
        assert_int_equal(qund_tokens_query(*state, qund_str(ASKED[i].query), &tokens), QUND_OK);
        if (count(db, tokens.p) != ASKED[i].n)
            fail_msg("'%s' is found %d times, not %d", ASKED[i].query, count(db, tokens.p),
                     ASKED[i].n);
    }
    sqlite3_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_overlap_and_words_stay_whole),
        cmocka_unit_test(only_plain_letters_and_digits_leave),
        cmocka_unit_test(a_single_character_is_left_to_scanning),
        cmocka_unit_test(a_query_asks_for_a_bounded_number_of_tokens),
        cmocka_unit_test(fts5_finds_by_them),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
