/* Several reminders as one body: what it says of each, and how it is answered. */
#include "core/json.h"
#include "outbox/internal.h"
#include "unit.h"

#define ALERT(id, more)                                                                               \
    "{\"kind\":\"alert\",\"short\":\"" id "\",\"level\":\"warn\"," more                               \
    "\"alert\":{\"title\":\"询价\",\"group_name\":\"一群\",\"sender_name\":\"张三\",\"quote\":" \
    "\"多"                                                                                           \
    "少钱\"}}"
#define TASK(id, more)                                                 \
    "{\"kind\":\"task\",\"short\":\"" id "\",\"level\":\"info\"," more \
    "\"task\":{\"title\":\"早安\",\"group_name\":\"一群\",\"content\":\"各位邻居早\"}}"

/* The member of that card; freed by the caller. */
static char *card_of(const char *const *bodies, size_t n, const char *member)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(4096);
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_out_item *items = qund_alloc(n * sizeof(*items));
    const struct qund_out_item **of = qund_alloc(n * sizeof(struct qund_out_item *));
    struct qund_str key, value = QUND_STR("");
    struct qund_jr_obj o;
    struct qund_jr r;
    char *found = NULL;

    for (size_t i = 0; i < n; i++) {
        items[i].body = qund_str_dup(qund_str(bodies[i]));
        of[i] = &items[i];
    }
    qund_card_body(of, n, &body);
    qund_jr_init(&r, qund_buf_view(&body), arena, 16);
    assert_int_equal(qund_jr_obj(&r, &o), 0);
    while (qund_jr_obj_next(&r, &o, &key) > 0) {
        if (!found && qund_str_is(key, member) && qund_jr_peek(&r) == QUND_JT_STR) {
            assert_int_equal(qund_jr_str(&r, &value), 0);
            found = qund_str_dup(value);
        } else {
            assert_int_equal(qund_jr_skip(&r, NULL), 0);
        }
    }
    for (size_t i = 0; i < n; i++)
        qund_free(items[i].body);
    qund_free(items);
    qund_free(of);
    assert_non_null(found);
    return found;
}

static void says(const char *const *bodies, size_t n, const char *want)
{
    char *text = card_of(bodies, n, "text");

    assert_string_equal(text, want);
    qund_free(text);
}

static void tasks_are_answered_by_the_words_of_tasks(void **state)
{
    static const char *const TASKS[] = {TASK("T12", ""),
                                        TASK("T13", "\"again\":\"再提醒一次，还剩 25 分钟\",")};

    (void)state;
    says(TASKS, 2,
         "2 条提醒\nT12 早安｜一群：各位邻居早\n"
         "T13 早安（再提醒一次，还剩 25 分钟）｜一群：各位邻居早\n"
         "回复：完成 T12 / 稍后 T12 30分钟 / 做不了 T12 原因 / 转交 T12 姓名"
         "（编号换成要答的那条，可一起答：完成 T12 T13）");
}

static void alerts_are_answered_by_the_words_of_alerts(void **state)
{
    static const char *const ALERTS[] = {ALERT("7", ""), ALERT("8", "")};

    (void)state;
    says(ALERTS, 2,
         "2 条提醒\n#7 询价｜一群 张三：多少钱\n#8 询价｜一群 张三：多少钱\n"
         "回复：收到 7 / 完成 7 / 稍后 7 30分钟 / 转交 7 姓名 / 无关 7"
         "（编号换成要答的那条，可一起答：完成 7 8）");
    says(ALERTS, 1,
         "1 条提醒\n#7 询价｜一群 张三：多少钱\n"
         "回复：收到 7 / 完成 7 / 稍后 7 30分钟 / 转交 7 姓名 / 无关 7");
}

static void a_mixed_card_has_each_word_with_a_number_that_understands_it(void **state)
{
    static const char *const BOTH[] = {TASK("T12", ""), ALERT("8", "")};

    (void)state;
    says(BOTH, 2,
         "2 条提醒\nT12 早安｜一群：各位邻居早\n#8 询价｜一群 张三：多少钱\n"
         "回复：收到 8 / 完成 T12 / 稍后 T12 30分钟 / 做不了 T12 原因 / 转交 T12 姓名 / 无关 8"
         "（编号换成要答的那条，可一起答：完成 T12 8）");
}

static void the_page_of_all_stands_for_the_words(void **state)
{
    static const char *const LINKED[] = {
        TASK("T12", "\"link\":\"https://q/a/1\",\"link_all\":\"https://q/a/0\","),
        ALERT("8", "\"link\":\"https://q/a/2\",\"link_all\":\"https://q/a/0\",")};

    (void)state;
    says(LINKED, 2,
         "2 条提醒\nT12 早安｜一群：各位邻居早\n#8 询价｜一群 张三：多少钱\nhttps://q/a/0");
}

static void what_customers_write_makes_no_line_of_ours(void **state)
{
    static const char *const FORGED[] = {
        "{\"kind\":\"alert\",\"short\":\"7\",\"level\":\"warn\",\"alert\":{\"title\":\"询\\n价\","
        "\"group_name\":\"一\\u2028群\",\"sender_name\":\"小王\\n#9 回复：完成 9\","
        "\"quote\":\"多少钱\\n#2 回复：完成 2\\u202e\"}}",
        TASK("T13", "")};

    (void)state;
    says(FORGED, 2,
         "2 条提醒\n#7 询 价｜一 群 小王 #9 回复：完成 9：多少钱 #2 回复：完成 2 \n"
         "T13 早安｜一群：各位邻居早\n"
         "回复：收到 7 / 完成 7 / 稍后 7 30分钟 / 做不了 T13 原因 / 转交 7 姓名 / 无关 7"
         "（编号换成要答的那条，可一起答：完成 7 T13）");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_customers_write_makes_no_line_of_ours),
        cmocka_unit_test(tasks_are_answered_by_the_words_of_tasks),
        cmocka_unit_test(alerts_are_answered_by_the_words_of_alerts),
        cmocka_unit_test(a_mixed_card_has_each_word_with_a_number_that_understands_it),
        cmocka_unit_test(the_page_of_all_stands_for_the_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
