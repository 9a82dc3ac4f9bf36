/* test_sop_task.c - a task from its time to its end: who is told, what holds or skips it, what the
 * staff answer, what the stream proves. */
#include "sop_desk.h"

enum { CONSULTANT = 4, KOC_FAN = 2, GROUP_POST = 0, INNER = 4 };

#define HELLO "早安各位邻居，今天的小知识：地漏要先灌水再验收，五分钟不下降才算合格。"
#define STEP                                                                                       \
    "  - {id: S01, title: 早安, at: +10m, role: consultant, channel: group, content: '" HELLO "'}" \
    "\n"

static struct desk *with_task(const char *steps)
{
    struct desk *d = sop_desk(steps);

    sop_task(d, "S01", 10 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true, HELLO);
    sop_go(d);
    return d;
}

/* The latest card to that target. */
static void card_begins(struct desk *d, const char *target, const char *want)
{
    char sql[120];
    char *text;

    snprintf(sql, sizeof(sql),
             "SELECT json_extract(body, '$.text') FROM outbox WHERE target = '%s' AND alert = -1"
             " ORDER BY id DESC LIMIT 1",
             target);
    text = desk_text(d, sql);
    if (strncmp(text, want, strlen(want)) != 0)
        fail_msg("%s", text);
    qund_free(text);
}

static void who_holds_the_role_is_told_at_its_time_with_the_words_to_copy(void **state)
{
    struct desk *d = with_task(STEP);
    char *body;

    (void)state;
    desk_wait(d, 9 * MIN);
    assert_int_equal(sop_state(d, 1), PLANNED);
    assert_int_equal(sop_count(d, "outbox"), 0);
    desk_wait(d, 2 * MIN);
    assert_int_equal(sop_state(d, 1), PUSHED);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'lin' AND alert = -1 AND person = 1"), 1);
    assert_int_equal(sop_count(d, "outbox"), 1);
    body = desk_text(d, "SELECT body FROM outbox");
    assert_non_null(strstr(body, "\"kind\":\"task\""));
    assert_non_null(strstr(body, "\"short\":\"T1\""));
    assert_non_null(strstr(body, HELLO));
    assert_non_null(strstr(body, "完成 T1 / 稍后 T1 30分钟 / 做不了 T1 原因"));
    qund_free(body);
    assert_non_null(strstr(d->feed.p, "\"kind\":\"task\""));
    assert_int_equal(sop_count(d, "task_log WHERE task = 1"), 2);
    desk_free(d);
}

static void done_is_said_in_the_chat_and_a_second_time_changes_nothing(void **state)
{
    struct desk *d = with_task(STEP);
    char *text;

    (void)state;
    desk_wait(d, 11 * MIN);
    sop_word(d, "o1", "wx-lin", NULL, "完成 T1 =12 贴好了");
    assert_int_equal(sop_state(d, 1), DONE);
    assert_int_equal(desk_int(d, "SELECT evidence FROM task"), 1);
    assert_int_equal(desk_int(d, "SELECT number FROM task"), 12);
    assert_int_equal(sop_count(d, "task WHERE done_by = 'staff:1'"), 1);
    sop_word(d, "o2", "wx-wu", NULL, "done T1");
    assert_int_equal(sop_count(d, "task WHERE done_by = 'staff:1'"), 1);
    text = desk_text(d, "SELECT json_extract(body, '$.text') FROM outbox WHERE target = 'voice'"
                        " ORDER BY id DESC LIMIT 1");
    assert_string_equal(text, "T1 is dealt with already.");
    qund_free(text);
    assert_int_equal(sop_count(d, "task_log WHERE event = 5"), 1);
    desk_free(d);
}

static void later_and_impossible_are_said_in_the_chat(void **state)
{
    struct desk *d = with_task(STEP);

    (void)state;
    desk_wait(d, 11 * MIN);
    sop_word(d, "o0", "wx-lin", NULL, "收到 T1");
    assert_int_equal(sop_state(d, 1), SEEN);
    sop_word(d, "o1", "wx-lin", NULL, "稍后 T1 30分钟");
    assert_int_equal(sop_state(d, 1), PLANNED);
    desk_wait(d, 31 * MIN);
    assert_int_equal(sop_state(d, 1), PUSHED);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'lin'"), 2);
    sop_word(d, "o2", "wx-lin", NULL, "稍后 T1 2天");
    assert_int_equal(sop_state(d, 1), PUSHED); /* beyond its window */
    sop_word(d, "o3", "wx-lin", NULL, "做不了 T1 群被封了");
    assert_int_equal(sop_state(d, 1), FAILED);
    sop_reason(d, 1, "群被封了");
    assert_int_equal(sop_count(d, "alert WHERE rule = 'sop:t:S01' AND role = 'manager'"), 1);
    desk_free(d);
}

static void the_post_itself_proves_it_edits_are_kept_and_a_recall_takes_the_proof(void **state)
{
    struct desk *d = with_task(STEP);
    char *posted;

    (void)state;
    desk_wait(d, 11 * MIN);
    sop_word(d, "x1", "wx-lin", "g1", "各位" HELLO "有问题随时问我");
    assert_int_equal(sop_state(d, 1), DONE);
    assert_int_equal(desk_int(d, "SELECT evidence FROM task"), 2);
    assert_int_equal(sop_count(d, "task WHERE seq > 0 AND score > 0"), 1);
    posted = desk_text(d, "SELECT coalesce(posted, '') FROM task");
    assert_true(posted[0] == '\0' || strstr(posted, "有问题随时问我") != NULL);
    qund_free(posted);
    desk_event(d, "{\"id\":\"r1\",\"type\":\"revoke\",\"ref\":\"x1\",\"group\":\"g1\","
                  "\"sender\":\"wx-lin\",\"ts\":1757895600000}");
    assert_int_equal(sop_state(d, 1), DONE);
    assert_int_equal(desk_int(d, "SELECT evidence FROM task"), 1);
    desk_free(d);
}

static void neither_another_person_nor_another_text_proves_it(void **state)
{
    struct desk *d = with_task(STEP);

    (void)state;
    desk_wait(d, 11 * MIN);
    sop_word(d, "x1", "ann", "g1", HELLO);
    assert_int_equal(sop_state(d, 1), PUSHED);
    sop_word(d, "x2", "wx-lin", "g1", "三号楼的电梯今天下午检修，请大家走楼梯，谢谢配合。");
    assert_int_equal(sop_state(d, 1), PUSHED);
    desk_free(d);
}

static void what_is_posted_a_little_early_or_was_claimed_is_proved(void **state)
{
    struct desk *d = with_task(STEP);

    (void)state;
    desk_wait(d, 2 * MIN);
    sop_word(d, "x1", "wx-lin", "g1", HELLO);
    assert_int_equal(sop_state(d, 1), DONE);
    assert_int_equal(desk_int(d, "SELECT evidence FROM task"), 2);
    desk_wait(d, 20 * MIN);
    assert_int_equal(sop_count(d, "outbox"), 0); /* nobody is told of what is done */
    desk_free(d);

    d = with_task(STEP);
    desk_wait(d, 11 * MIN);
    sop_word(d, "o1", "wx-lin", NULL, "完成 T1");
    assert_int_equal(desk_int(d, "SELECT evidence FROM task"), 1);
    sop_word(d, "x1", "wx-lin", "g1", HELLO);
    assert_int_equal(desk_int(d, "SELECT evidence FROM task"), 2);
    desk_free(d);
}

static void nobody_in_the_role_holds_it_until_somebody_is(void **state)
{
    static const char EMPTY[] = "staff:\n"
                                "  - {id: zhao, name: 赵, push: ['zhao']}\n"
                                "groups:\n  - {realm: replay, id: g1, manager: zhao}\n";
    struct desk *d = sop_desk_with(EMPTY, "", STEP);

    (void)state;
    sop_task(d, "S01", 10 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true, HELLO);
    sop_go(d);
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_state(d, 1), HELD);
    sop_reason(d, 1, "nobody");
    assert_int_equal(sop_count(d, "alert WHERE role = 'manager'"), 1);
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_count(d, "task_log"), 1); /* looked at again, and nothing new */
    desk_org(d, SOP_ORG);
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_state(d, 1), PUSHED);
    desk_free(d);
}

static void a_cap_skips_the_third_post_of_a_day(void **state)
{
    struct desk *d = sop_desk(STEP "  - {id: S02, at: +20m, role: consultant, channel: group,"
                                   " content: 第二条}\n"
                                   "  - {id: S03, at: +30m, role: consultant, channel: group,"
                                   " content: 第三条}\n");

    (void)state;
    sop_task(d, "S01", 10 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true, HELLO);
    sop_task(d, "S02", 20 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true, "第二条");
    sop_task(d, "S03", 30 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true, "第三条");
    sop_go(d);
    desk_wait(d, 31 * MIN);
    assert_int_equal(sop_state(d, 1), PUSHED);
    assert_int_equal(sop_state(d, 2), PUSHED);
    assert_int_equal(sop_state(d, 3), SKIPPED);
    sop_reason(d, 3, "cap:group_day");
    desk_free(d);
}

static void a_stop_condition_skips_it_and_takes_a_card_back(void **state)
{
    static const char STOPPED[] = "  - {id: S01, at: +10m, role: consultant, channel: group, "
                                  "content: 早, stop: [safety_issue]}"
                                  "\n";
    struct desk *d = sop_desk(STOPPED);

    (void)state;
    sop_sql(d, "INSERT INTO plan_said VALUES(1, 'flag:safety_issue', 1, 0, 'test')");
    sop_task(d, "S01", 10 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true, "早");
    sop_go(d);
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_state(d, 1), SKIPPED);
    sop_reason(d, 1, "stop:safety_issue");
    desk_free(d);

    d = sop_desk(STOPPED);
    sop_task(d, "S01", 10 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true, "早");
    sop_go(d);
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_state(d, 1), PUSHED);
    sop_sql(d, "INSERT INTO plan_said VALUES(1, 'flag:safety_issue', 1, 0, 'test')");
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_state(d, 1), SKIPPED);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'lin' AND state = 11"), 1);
    desk_free(d);
}

static void a_paused_plan_pushes_nothing(void **state)
{
    struct desk *d = with_task(STEP);

    (void)state;
    sop_sql(d, "UPDATE plan SET state = 1");
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_state(d, 1), HELD);
    sop_reason(d, 1, "paused");
    desk_wait(d, 5 * HOUR);
    assert_int_equal(sop_state(d, 1), EXPIRED);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'lin'"), 0);
    desk_free(d);
}

static void after_a_downtime_what_is_inside_its_window_is_late_and_the_rest_expires(void **state)
{
    struct desk *d = sop_desk(STEP "  - {id: S02, at: +1d, role: consultant, channel: group,"
                                   " content: 第二条}\n");

    (void)state;
    sop_task(d, "S01", 10 * MIN, HOUR, CONSULTANT, GROUP_POST, true, HELLO);
    sop_task(d, "S02", 70 * HOUR, 4 * HOUR, CONSULTANT, GROUP_POST, true, "第二条");
    sop_go(d);
    desk_wait(d, 72 * HOUR); /* three days in one step: nobody was there */
    assert_int_equal(sop_state(d, 1), EXPIRED);
    sop_reason(d, 1, "past its window");
    assert_int_equal(sop_state(d, 2), PUSHED);
    assert_int_equal(desk_int(d, "SELECT flags & 1 FROM task WHERE id = 2"), 1);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'lin'"), 1);
    desk_free(d);
}

static void what_was_missed_in_a_downtime_is_one_alert_of_the_present(void **state)
{
    struct desk *d = sop_desk(STEP "  - {id: S02, at: +1d, role: consultant, channel: group,"
                                   " content: 第二条}\n"
                                   "  - {id: S03, at: +2d, role: consultant, channel: group,"
                                   " content: 第三条}\n");

    (void)state;
    sop_task(d, "S01", 10 * MIN, HOUR, CONSULTANT, GROUP_POST, true, HELLO);
    sop_task(d, "S02", 24 * HOUR, 4 * HOUR, CONSULTANT, GROUP_POST, true, "第二条");
    sop_task(d, "S03", 48 * HOUR, 4 * HOUR, CONSULTANT, GROUP_POST, true, "第三条");
    sop_go(d);
    desk_wait(d, 11 * MIN); /* S01 is told, and nobody comes back for three days */
    desk_wait(d, 72 * HOUR);
    assert_int_equal(sop_count(d, "task WHERE state = 7"), 3);
    assert_int_equal(sop_count(d, "alert WHERE rule LIKE 'sop:%'"), 1);
    assert_int_equal(desk_int(d, "SELECT n FROM alert WHERE rule = 'sop:t:away'"), 3);
    /* It is of now, so its push still leaves, and no rung was climbed in the past. */
    assert_int_equal(desk_int(d, "SELECT created FROM alert"), d->rx);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'zhao' AND state = 0"), 1);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'zhao'"), 1);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'wu'"), 0); /* nobody is hurried */
    desk_free(d);
}

static void what_nobody_does_is_told_to_others_once_and_then_expires(void **state)
{
    struct desk *d = with_task(STEP);

    (void)state;
    desk_wait(d, 11 * MIN);
    card_begins(d, "lin", "【任务 T1】早安｜"); /* the first is no reminder */
    desk_wait(d, 3 * HOUR + 31 * MIN);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'wu' AND alert = -1"), 1);
    assert_int_equal(sop_count(d, "alert WHERE rule = 'sop:t:S01' AND role = 'manager'"), 1);
    card_begins(d, "wu", "【任务 T1】还没有人做，请接手，还剩 30 分钟\n早安｜");
    card_begins(d, "lin", "【任务 T1】再提醒一次，还剩 30 分钟\n早安｜");
    assert_int_equal(sop_count(d, "outbox WHERE json_extract(body, '$.again') ="
                                  " '再提醒一次，还剩 30 分钟' AND target = 'lin'"),
                     1);
    desk_wait(d, 10 * MIN);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'wu' AND alert = -1"), 1);
    desk_wait(d, HOUR);
    assert_int_equal(sop_state(d, 1), EXPIRED);
    assert_int_equal(sop_count(d, "outbox WHERE alert = -1 AND state = 0"), 0); /* taken back */
    desk_free(d);
}

static void urged_handed_over_and_postponed_by_command(void **state)
{
    struct desk *d = with_task(STEP);

    (void)state;
    /* Of what waits for its time nobody was told, and later is not earlier. */
    assert_int_equal(desk_command(d, "task.urge", "{\"id\":1}"), QUND_E_INVAL);
    assert_int_equal(desk_command(d, "task.postpone", "{\"id\":1,\"for\":\"5m\"}"), QUND_E_INVAL);
    desk_wait(d, 11 * MIN);
    assert_int_equal(desk_command(d, "task.urge", "{\"id\":1}"), 0);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'lin' AND urgent = 1"), 1);
    card_begins(d, "lin", "【任务 T1】请尽快，再提醒一次，还剩 3 小时 58 分钟\n早安｜");
    assert_int_equal(desk_command(d, "task.handover", "{\"id\":1,\"to\":\"wu\"}"), 0);
    assert_int_equal(sop_state(d, 1), PUSHED);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'wu'"), 1);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'lin' AND state = 0"), 0);
    assert_int_equal(desk_command(d, "task.handover", "{\"id\":1,\"to\":\"nemo\"}"), QUND_E_INVAL);
    assert_int_equal(desk_command(d, "task.postpone", "{\"id\":1,\"for\":\"2d\"}"), QUND_E_INVAL);
    assert_int_equal(desk_command(d, "task.postpone", "{\"id\":1,\"for\":\"40m\"}"), 0);
    assert_int_equal(desk_command(d, "task.postpone", "{\"id\":1,\"for\":\"20m\"}"), 0);
    assert_int_equal(sop_count(d, "task WHERE id = 1 AND reason = ''"), 1);
    desk_wait(d, 21 * MIN);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'wu'"), 2); /* still his */
    assert_int_equal(desk_command(d, "task.done", "{\"task\":\"T1\",\"number\":3}"), 0);
    assert_int_equal(desk_command(d, "task.done", "{\"task\":1}"), QUND_E_INVAL);
    assert_int_equal(desk_command(d, "task.done", "{\"task\":9}"), QUND_E_NOTFOUND);
    assert_int_equal(sop_count(d, "task_log WHERE event = 5"), 1);
    desk_free(d);
}

#define KOC_ROLES                                                                    \
    "roles:\n  koc_fan: {actor_kind: invited_customer, evidence: order_or_visit_id," \
    " disclosure: （本店邀请的真实客户，获赠水杯，以下为本人体验）}\n"
#define KOC_STEP                                                                                      \
    "  - {id: S01, at: +10m, role: koc_fan, channel: group, content: 话题：住了一年的感受," \
    " expect: {metric: speakers, gte: 1, window: 1h},"                                                \
    " plan_b: {role: consultant, content: 改由顾问讲两个返修案例}}\n"

static void nobody_invited_skips_the_step_and_runs_its_plan_b(void **state)
{
    struct desk *d = sop_desk_with(SOP_ORG, KOC_ROLES, KOC_STEP);

    (void)state;
    sop_task(d, "S01", 10 * MIN, 4 * HOUR, KOC_FAN, GROUP_POST, true, "话题：住了一年的感受");
    sop_go(d);
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_state(d, 1), SKIPPED);
    sop_reason(d, 1, "no_actor");
    assert_int_equal(sop_count(d, "task WHERE plan_b = 1"), 1);
    assert_int_equal(sop_state(d, 2), PUSHED);
    assert_int_equal(sop_outcome(d, 1), VOID);
    desk_free(d);
}

static void an_invited_customer_proves_it_by_disclosed_words_of_his_own(void **state)
{
    static const char ORG[] =
        "staff:\n"
        "  - {id: lin, name: 林, ids: [{realm: replay, id: wx-lin}], push: ['lin']}\n"
        "  - {id: zhao, name: 赵, push: ['zhao']}\n"
        "groups:\n"
        "  - realm: replay\n    id: g1\n    manager: zhao\n"
        "    roles:\n      consultant: [lin]\n"
        "      koc_fan: [{realm: replay, id: cy, evidence: order-1}]\n";
    struct desk *d = sop_desk_with(ORG, KOC_ROLES, KOC_STEP);
    char *body;

    (void)state;
    sop_task(d, "S01", 10 * MIN, 4 * HOUR, KOC_FAN, GROUP_POST, true, "话题：住了一年的感受");
    sop_go(d);
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_state(d, 1), PUSHED);
    body = desk_text(d, "SELECT body FROM outbox WHERE target = 'lin'");
    assert_non_null(strstr(body, "以下为本人体验）"));
    qund_free(body);
    sop_word(d, "k0", "cy", "g1", "好的");
    assert_int_equal(sop_count(d, "alert"), 0);
    sop_word(d, "k1", "cy", "g1", "我家住了一年，封边没有开裂，抽屉有点涩，报修两天就来了人。");
    assert_int_equal(sop_state(d, 1), PUSHED);
    assert_int_equal(sop_count(d, "alert WHERE role = 'auditor' AND level = 'urgent'"), 1);
    sop_word(d, "k2", "cy", "g1",
             "我家住了一年，封边没有开裂，抽屉有点涩，报修两天就来了人。"
             "（本店邀请的真实客户，获赠水杯，以下为本人体验）");
    assert_int_equal(sop_state(d, 1), DONE);
    assert_int_equal(desk_int(d, "SELECT evidence FROM task WHERE id = 1"), 2);
    desk_free(d);
}

static void our_own_account_says_it_where_the_plan_is_direct(void **state)
{
    struct desk *d = with_task(STEP);
    char *body;

    (void)state;
    sop_sql(d, "UPDATE plan SET direct = 1");
    desk_command(d, "delivery.credit", "{\"target\":\"voice\",\"n\":3,\"for_ms\":86400000}");
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_state(d, 1), PUSHED);
    assert_int_equal(sop_count(d, "outbox WHERE target = 'lin'"), 0);
    body = desk_text(d, "SELECT body FROM outbox WHERE target = 'voice'");
    assert_non_null(strstr(body, "\"group\":\"g1\""));
    assert_non_null(strstr(body, HELLO));
    qund_free(body);
    assert_int_equal(desk_command(d, "delivery.outcome",
                                  "{\"id\":1,\"attempt\":1,\"event\":\"accepted\","
                                  "\"their_id\":\"own1\"}"),
                     0);
    assert_int_equal(sop_state(d, 1), DONE);
    assert_int_equal(desk_int(d, "SELECT evidence FROM task"), 1);
    sop_word(d, "own1", "bot", "g1", HELLO);
    assert_int_equal(desk_int(d, "SELECT evidence FROM task"), 2);
    desk_free(d);
}

static void content_that_lacks_a_figure_of_the_records_is_held_until_it_is_there(void **state)
{
    struct desk *d = sop_desk("  - {id: S01, at: +10m, role: consultant, channel: group,"
                              " content: '工具包还有{{stock.toolkit}}份，要的回复一声'}\n");
    char *content;

    (void)state;
    sop_task(d, "S01", 10 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true,
             "工具包还有{{stock.toolkit}}份，要的回复一声");
    sop_go(d);
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_state(d, 1), HELD);
    sop_reason(d, 1, "content");
    assert_int_equal(sop_count(d, "outbox WHERE target = 'lin'"), 0);
    sop_sql(d, "INSERT INTO plan_said VALUES(1, 'stock:toolkit', 12, 0, 'test')");
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_state(d, 1), PUSHED);
    content = desk_text(d, "SELECT content FROM task");
    assert_string_equal(content, "工具包还有12份，要的回复一声");
    qund_free(content);
    desk_free(d);
}

static void a_post_that_fits_two_tasks_is_a_claim_and_no_proof(void **state)
{
    static const char A[] = HELLO "今天先讲厨房。", B[] = HELLO "今天先讲浴室。";
    struct desk *d =
        sop_desk("  - {id: S01, at: +10m, role: consultant, channel: group, content: a}"
                 "\n  - {id: S02, at: +10m, role: consultant, channel: group,"
                 " content: b}\n");

    (void)state;
    sop_task(d, "S01", 10 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true, A);
    sop_task(d, "S02", 10 * MIN, 4 * HOUR, CONSULTANT, GROUP_POST, true, B);
    sop_go(d);
    desk_wait(d, 11 * MIN);
    sop_word(d, "x1", "wx-lin", "g1", HELLO "今天先讲阳台。");
    assert_int_equal(sop_count(d, "task WHERE state = 5 AND evidence = 2"), 0);
    assert_int_equal(sop_count(d, "task WHERE state = 5 AND evidence = 1 AND flags & 8"), 1);
    desk_free(d);
}

static void the_picture_that_was_asked_for_proves_it(void **state)
{
    struct desk *d = with_task(STEP);
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};

    (void)state;
    sop_sql(d, "UPDATE task SET media = '[\"poster.png\",\"sha256:abcd\"]'");
    desk_wait(d, 11 * MIN);
    qund_buf_printf(&json,
                    "{\"id\":\"p1\",\"ts\":%lld,\"group\":\"g1\",\"sender\":\"wx-lin\","
                    "\"kind\":\"image\",\"media\":[{\"kind\":\"image\",\"sha256\":\"abcd\"}]}",
                    (long long)d->rx + 1);
    desk_event(d, json.p);
    assert_int_equal(sop_state(d, 1), DONE);
    assert_int_equal(desk_int(d, "SELECT evidence FROM task"), 2);
    desk_free(d);
}

static void followers_go_the_way_of_the_task_that_speaks_for_them(void **state)
{
    struct desk *d = with_task(STEP);

    (void)state;
    sop_sql(d,
            "UPDATE task SET contact = 1;"
            "INSERT INTO task(plan, step, grp, contact, merged, state, wanted, due, closes, role,"
            " channel, content) SELECT plan, step, grp, 2, id, 0, wanted, due, closes, role,"
            " channel, content FROM task WHERE id = 1");
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_state(d, 2), PUSHED);
    assert_int_equal(sop_count(d, "outbox"), 1); /* one card for all of them */
    sop_word(d, "x1", "wx-lin", "g1", HELLO);
    assert_int_equal(sop_state(d, 1), DONE);
    assert_int_equal(sop_state(d, 2), DONE);
    desk_free(d);
}

static void a_group_that_was_dissolved_is_told_nothing(void **state)
{
    struct desk *d = with_task(STEP);

    (void)state;
    desk_event(d, "{\"id\":\"d1\",\"type\":\"group.dismiss\",\"group\":\"g1\","
                  "\"ts\":1757894460000}");
    desk_wait(d, 11 * MIN);
    assert_int_equal(sop_state(d, 1), CANCELLED);
    sop_reason(d, 1, "group_closed");
    assert_int_equal(sop_count(d, "outbox WHERE target = 'lin'"), 0);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_holds_the_role_is_told_at_its_time_with_the_words_to_copy),
        cmocka_unit_test(done_is_said_in_the_chat_and_a_second_time_changes_nothing),
        cmocka_unit_test(later_and_impossible_are_said_in_the_chat),
        cmocka_unit_test(the_post_itself_proves_it_edits_are_kept_and_a_recall_takes_the_proof),
        cmocka_unit_test(neither_another_person_nor_another_text_proves_it),
        cmocka_unit_test(what_is_posted_a_little_early_or_was_claimed_is_proved),
        cmocka_unit_test(nobody_in_the_role_holds_it_until_somebody_is),
        cmocka_unit_test(a_cap_skips_the_third_post_of_a_day),
        cmocka_unit_test(a_stop_condition_skips_it_and_takes_a_card_back),
        cmocka_unit_test(a_paused_plan_pushes_nothing),
        cmocka_unit_test(after_a_downtime_what_is_inside_its_window_is_late_and_the_rest_expires),
        cmocka_unit_test(what_was_missed_in_a_downtime_is_one_alert_of_the_present),
        cmocka_unit_test(what_nobody_does_is_told_to_others_once_and_then_expires),
        cmocka_unit_test(urged_handed_over_and_postponed_by_command),
        cmocka_unit_test(nobody_invited_skips_the_step_and_runs_its_plan_b),
        cmocka_unit_test(an_invited_customer_proves_it_by_disclosed_words_of_his_own),
        cmocka_unit_test(our_own_account_says_it_where_the_plan_is_direct),
        cmocka_unit_test(content_that_lacks_a_figure_of_the_records_is_held_until_it_is_there),
        cmocka_unit_test(a_post_that_fits_two_tasks_is_a_claim_and_no_proof),
        cmocka_unit_test(the_picture_that_was_asked_for_proves_it),
        cmocka_unit_test(followers_go_the_way_of_the_task_that_speaks_for_them),
        cmocka_unit_test(a_group_that_was_dissolved_is_told_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
