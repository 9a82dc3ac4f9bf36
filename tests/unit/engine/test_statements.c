/* What an ordinary message costs: its row. Whatever is added to the engine must not ask the store
 * for each of them. */
#include "desk.h"
#include "store/internal.h"
#include <sqlite3.h>

enum { MESSAGES = 500 };

static const char CONFIG[] = "channels: {replay: {kind: replay, trust_roles: true}}\n";
static const char RULES[] =
    "rules:\n"
    "  - {id: p, when: {any: [多少钱]}, then: [{intent: price_question}, {reply: 看公告}]}\n"
    "  - {id: j, on: member.join, then: [{reply: 欢迎}]}\n";

struct count {
    int all, rows;
};

static int note(unsigned what, void *arg, void *stmt, void *sql)
{
    struct count *c = arg;

    (void)what, (void)sql;
    c->all++;
    c->rows += strncmp(sqlite3_sql(stmt), "INSERT OR IGNORE INTO message_", 30) == 0;
    return 0;
}

/* Small talk of 50 people in 10 groups, seen by an account of ours; people and groups are known
 * from the second round on. */
static void round_of(struct desk *d, int round)
{
    struct qund_item items[MESSAGES];
    struct qund_buf body[MESSAGES] = {0};
    char json[256];

    for (int i = 0; i < MESSAGES; i++) {
        snprintf(json, sizeof(json),
                 "{\"id\":\"m%d-%d\",\"ts\":%lld,\"group\":\"g%d\",\"account\":\"us\","
                 "\"sender\":\"c%d\",\"sender_name\":\"n%d\",\"text\":\"早上好 %d\"}",
                 round, i, (long long)d->rx + i, i % 10, i % 50, i % 50, i);
        desk_pack(d, json, d->rx + i, &body[i]);
        items[i] = (struct qund_item){.kind = QUND_ITEM_EVENT,
                                      .rx = d->rx + i,
                                      .id = {d->next_id++, 0},
                                      .body = qund_buf_view(&body[i])};
    }
    d->rx += MESSAGES;
    assert_int_equal(desk_apply(d, items, MESSAGES), 0);
    for (int i = 0; i < MESSAGES; i++)
        qund_buf_done(&body[i]);
}

static void an_ordinary_message_is_one_statement(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct count c = {0};

    (void)state;
    round_of(d, 1);
    sqlite3_trace_v2(d->db->h, SQLITE_TRACE_STMT, note, &c);
    round_of(d, 2);
    sqlite3_trace_v2(d->db->h, 0, NULL, NULL);
    assert_int_equal(c.rows, MESSAGES);
    /* The rest is of the batch: 50 people seen, 10 groups counted, begin, meta, commit. */
    assert_in_range(c.all - c.rows, 1, 80);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_message_is_one_statement),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
