/* src/queue/claim_send.c - what the reading end says to Redis.
 *
 * Each command notes what its reply will be, for replies come in the order of the commands and
 * nothing waits for them. What a reply means is claim.c's. */
#include "queue/claim_parts.h"
#include <stdio.h>

enum { ADOPT_PAGE = 1000 };

static void expect(struct qund_claim *c, enum expect what)
{
    qund_assert(c->expect_n < EXPECT_MAX);
    if (c->expect_n == 0)
        c->heard = qund_mono_now();
    c->expect[(c->expect_at + c->expect_n++) % EXPECT_MAX] = (unsigned char)what;
}

void qund_claim_send_lease(struct qund_claim *c)
{
    static const char SCRIPT[] = "local v=redis.call('get',KEYS[1]) "
                                 "if v and v~=ARGV[1] then return v end "
                                 "redis.call('set',KEYS[1],ARGV[1],'PX',ARGV[2]) return 1";
    char ttl[16];

    snprintf(ttl, sizeof(ttl), "%d", LEASE_MS);
    qund_rconn_cmd(&c->conn, 6,
                   (const struct qund_str[]){QUND_STR("EVAL"), qund_str(SCRIPT), QUND_STR("1"),
                                             qund_str(c->keys.lease), qund_str(c->instance),
                                             qund_str(ttl)});
    c->lease_sent = qund_mono_now();
    expect(c, X_LEASE);
}

void qund_claim_send_group(struct qund_claim *c)
{
    struct qund_str key = qund_str(c->keys.stream);

    qund_rconn_cmd(&c->conn, 6,
                   (const struct qund_str[]){QUND_STR("XGROUP"), QUND_STR("CREATE"), key,
                                             QUND_STR(QUND_GROUP), QUND_STR("0"),
                                             QUND_STR("MKSTREAM")});
    expect(c, X_GROUP);
    qund_rconn_cmd(&c->conn, 4,
                   (const struct qund_str[]){QUND_STR("XINFO"), QUND_STR("CONSUMERS"), key,
                                             QUND_STR(QUND_GROUP)});
    expect(c, X_CONSUMERS);
}

void qund_claim_send_adopt(struct qund_claim *c, struct qund_str cursor)
{
    char count[16];

    snprintf(count, sizeof(count), "%d", ADOPT_PAGE);
    qund_rconn_cmd(&c->conn, 9,
                   (const struct qund_str[]){QUND_STR("XAUTOCLAIM"), qund_str(c->keys.stream),
                                             QUND_STR(QUND_GROUP), QUND_STR(QUND_CONSUMER),
                                             QUND_STR("0"), cursor, QUND_STR("COUNT"),
                                             qund_str(count), QUND_STR("JUSTID")});
    expect(c, X_ADOPT);
}

void qund_claim_send_forget(struct qund_claim *c, const char *consumer)
{
    qund_rconn_cmd(&c->conn, 5,
                   (const struct qund_str[]){QUND_STR("XGROUP"), QUND_STR("DELCONSUMER"),
                                             qund_str(c->keys.stream), QUND_STR(QUND_GROUP),
                                             qund_str(consumer)});
    expect(c, X_QUIET);
}

void qund_claim_send_read(struct qund_claim *c)
{
    char count[24], after[QUND_ENTRY_ID_CHARS] = ">";

    snprintf(count, sizeof(count), "%zu", c->count);
    if (c->phase == REPLAY)
        qund_entry_id_print(c->after, after);
    qund_rconn_cmd(
        &c->conn, 9,
        (const struct qund_str[]){QUND_STR("XREADGROUP"), QUND_STR("GROUP"), QUND_STR(QUND_GROUP),
                                  QUND_STR(QUND_CONSUMER), QUND_STR("COUNT"), qund_str(count),
                                  QUND_STR("STREAMS"), qund_str(c->keys.stream), qund_str(after)});
    expect(c, X_READ);
    c->asked = c->count;
    c->reading = true;
    c->again = false;
}

void qund_claim_send_xack(struct qund_claim *c, const struct qund_entry *v, size_t n)
{
    char id[QUND_ENTRY_ID_CHARS];

    qund_rconn_head(&c->conn, 3 + n);
    qund_rconn_arg(&c->conn, QUND_STR("XACK"));
    qund_rconn_arg(&c->conn, qund_str(c->keys.stream));
    qund_rconn_arg(&c->conn, QUND_STR(QUND_GROUP));
    for (size_t i = 0; i < n; i++) {
        qund_entry_id_print(v[i].id, id);
        qund_rconn_arg(&c->conn, qund_str(id));
    }
    expect(c, X_QUIET);
}

void qund_claim_send_trim(struct qund_claim *c, bool exact)
{
    struct qund_str key = qund_str(c->keys.stream);
    struct qund_entry_id border;
    char id[QUND_ENTRY_ID_CHARS];

    if (c->phase != LIVE)
        return;
    if (!qund_owed_first(&c->owed, &border))
        border = (struct qund_entry_id){c->newest.ms, c->newest.seq + 1};
    qund_entry_id_print(border, id);
    if (exact)
        qund_rconn_cmd(&c->conn, 5,
                       (const struct qund_str[]){QUND_STR("XTRIM"), key, QUND_STR("MINID"),
                                                 QUND_STR("="), qund_str(id)});
    else
        qund_rconn_cmd(&c->conn, 7,
                       (const struct qund_str[]){QUND_STR("XTRIM"), key, QUND_STR("MINID"),
                                                 QUND_STR("~"), qund_str(id), QUND_STR("LIMIT"),
                                                 QUND_STR("0")});
    expect(c, X_QUIET);
}

void qund_claim_send_release(struct qund_claim *c)
{
    static const char SCRIPT[] =
        "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) end return 0";

    qund_rconn_cmd(&c->conn, 5,
                   (const struct qund_str[]){QUND_STR("EVAL"), qund_str(SCRIPT), QUND_STR("1"),
                                             qund_str(c->keys.lease), qund_str(c->instance)});
    expect(c, X_QUIET);
}
