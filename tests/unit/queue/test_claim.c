/* test_claim.c - takeover, leases, missing bodies, and what is refused at start. */
#include "unit_redis.h"
#include <hiredis/hiredis.h>

static redisContext *raw(const struct unit_redis *u)
{
    redisContext *c = redisConnectUnix(u->addr.unix_path);

    assert_non_null(c);
    assert_int_equal(c->err, 0);
    return c;
}

static void run(redisContext *c, const char *command)
{
    redisReply *r = redisCommand(c, command);

    assert_non_null(r);
    if (r->type == REDIS_REPLY_ERROR)
        fail_msg("%s: %s", command, r->str);
    freeReplyObject(r);
}

static struct qund_claim *open_claim(const struct unit_redis *u, const struct qund_queue_addr *addr,
                                     const char *instance)
{
    struct qund_queue_opts o = {.addr = addr, .instance = instance, .log = u->log};
    struct qund_claim *c;

    assert_int_equal(qund_claim_open(&o, &c, NULL), 0);
    return c;
}

static void entries_of_a_dead_consumer_are_taken_over(void **state)
{
    struct unit_redis *u = *state;
    redisContext *other = raw(u);
    struct qund_claim *c;
    unsigned next = 0;

    run(other, "XGROUP CREATE qund:events engine 0 MKSTREAM");
    for (unsigned i = 0; i < 2500; i++) {
        redisAppendCommand(other, "XADD qund:events * d E%u", i);
    }
    for (unsigned i = 0; i < 2500; i++) {
        void *r = NULL;

        assert_int_equal(redisGetReply(other, &r), REDIS_OK);
        freeReplyObject(r);
    }
    run(other, "XREADGROUP GROUP engine old-host:17 COUNT 2500 STREAMS qund:events >");
    c = open_claim(u, &u->addr, NULL);
    qund_claim_request(c, 1000);
    while (next < 2500) {
        struct qund_batch *b = unit_claim(c, UNIT_DEADLINE_MS);

        assert_non_null(b);
        for (size_t i = 0; i < b->n; i++)
            assert_int_equal(unit_number(b->v[i].body), next++);
        qund_claim_ack(c, b->v, b->n);
        qund_claim_request(c, 1000);
        qund_batch_free(b);
    }
    assert_null(unit_claim(c, 50));
    {
        redisReply *r = redisCommand(other, "XINFO CONSUMERS qund:events engine");

        assert_int_equal(r->elements, 1); /* the dead one is gone */
        freeReplyObject(r);
    }
    redisFree(other);
    qund_claim_close(c);
}

static void a_second_instance_is_refused_until_the_first_leaves(void **state)
{
    struct unit_redis *u = *state;
    struct qund_queue_addr given = unit_redis_given(u);
    struct qund_queue_opts o = {.addr = &given, .instance = "two", .log = u->log};
    struct qund_claim *one = open_claim(u, &given, "one"), *two = open_claim(u, &given, "two");
    struct qund_mono until = {qund_mono_now().ms + UNIT_DEADLINE_MS};
    struct qund_queue_info info;
    struct qund_claim_state s;
    struct qund_err err = {0};

    assert_null(unit_claim(one, 50));
    assert_null(unit_claim(two, 50));
    qund_claim_state(one, &s);
    assert_true(s.up && s.recovered && !s.denied);
    qund_claim_state(two, &s);
    assert_true(!s.up && s.denied);
    assert_int_equal(qund_queue_inspect(&o, &info, &err), QUND_E_DENIED);
    assert_non_null(strstr(err.text, "one"));

    one = qund_claim_close(one); /* gives the lease back */
    do {
        assert_true(qund_mono_now().ms < until.ms);
        assert_null(unit_claim(two, 20));
        qund_claim_state(two, &s);
    } while (!s.up);
    assert_int_equal(qund_queue_inspect(&o, &info, &err), 0);
    assert_string_equal(info.lease_holder, "two");
    qund_claim_close(two);
}

static void the_same_instance_has_its_lease_back_at_once(void **state)
{
    struct unit_redis *u = *state;
    struct qund_queue_addr given = unit_redis_given(u);
    redisContext *c = raw(u);
    struct qund_claim *claim;
    struct qund_claim_state s;

    run(c, "SET qund:lease me PX 600000"); /* it was killed */
    claim = open_claim(u, &given, "me");
    assert_null(unit_claim(claim, 50));
    qund_claim_state(claim, &s);
    assert_true(s.up);
    redisFree(c);
    qund_claim_close(claim);
}

static void pending_entries_without_body_are_counted_and_closed(void **state)
{
    struct unit_redis *u = *state;
    redisContext *c = raw(u);
    struct qund_claim *claim;
    struct qund_claim_state s;
    redisReply *r;

    run(c, "XGROUP CREATE qund:events engine 0 MKSTREAM");
    for (unsigned i = 0; i < 10; i++)
        run(c, "XADD qund:events * d E5");
    run(c, "XREADGROUP GROUP engine engine COUNT 100 STREAMS qund:events >");
    run(c, "XTRIM qund:events MAXLEN 0");
    claim = open_claim(u, &u->addr, NULL);
    assert_null(unit_claim(claim, 100));
    qund_claim_state(claim, &s);
    assert_true(s.recovered);
    assert_int_equal(s.bodies_missing, 10);
    r = redisCommand(c, "XPENDING qund:events engine");
    assert_int_equal(r->element[0]->integer, 0);
    freeReplyObject(r);
    redisFree(c);
    qund_claim_close(claim);
}

static void an_emptied_redis_gets_its_group_again(void **state)
{
    struct unit_redis *u = *state;
    redisContext *c = raw(u);
    struct qund_claim *claim = open_claim(u, &u->addr, NULL);
    struct qund_batch *b;

    assert_null(unit_claim(claim, 50));
    run(c, "FLUSHALL");
    run(c, "XADD qund:events * d E7");
    qund_claim_request(claim, 10);
    b = unit_claim(claim, UNIT_DEADLINE_MS);
    assert_non_null(b);
    assert_int_equal(unit_number(b->v[0].body), 7);
    qund_batch_free(b);
    redisFree(c);
    qund_claim_close(claim);
}

/* How long the next connection waits for an answer that does not come. */
static int64_t waits_in_vain(struct qund_claim *c)
{
    struct qund_mono until = {qund_mono_now().ms + UNIT_DEADLINE_MS};
    int64_t since = 0;
    struct qund_batch *b;

    for (;;) {
        qund_ignore(qund_claim_poll(c, &b));
        assert_null(b);
        assert_true(qund_mono_now().ms < until.ms);
        if (since == 0 && qund_claim_fd(c) >= 0)
            since = qund_mono_now().ms;
        else if (since > 0 && qund_claim_fd(c) < 0)
            return qund_mono_now().ms - since;
        unit_poll(qund_claim_fd(c), qund_claim_want_write(c), qund_claim_timeout_ms(c));
    }
}

static void a_redis_that_answers_late_is_given_more_time(void **state)
{
    enum { REPLY = 50, SLACK = 5 };
    static const int64_t AT_LEAST[] = {REPLY, 2 * REPLY, 4 * REPLY, 8 * REPLY, 8 * REPLY};
    struct unit_redis *u = *state;
    struct qund_queue_opts o = {.addr = &u->addr, .reply_ms = REPLY, .log = u->log};
    redisContext *r = raw(u);
    struct qund_claim *c;
    struct qund_batch *b;

    run(r, "XADD qund:events * d E7");
    assert_int_equal(qund_claim_open(&o, &c, NULL), 0);
    kill(unit_redis_pid(u), SIGSTOP);
    for (size_t i = 0; i < QUND_ARRAY_LEN(AT_LEAST); i++)
        assert_in_range(waits_in_vain(c), AT_LEAST[i] - SLACK, UNIT_DEADLINE_MS);
    kill(unit_redis_pid(u), SIGCONT);
    qund_claim_request(c, 10);
    b = unit_claim(c, UNIT_DEADLINE_MS);
    assert_non_null(b);
    assert_int_equal(unit_number(b->v[0].body), 7);
    qund_batch_free(b);
    redisFree(r);
    qund_claim_close(c);
}

static void a_policy_that_may_drop_events_is_refused_with_the_remedy(void **state)
{
    struct unit_redis *u = *state;
    struct qund_queue_opts o = {.addr = &u->addr, .log = u->log};
    redisContext *c = raw(u);
    struct qund_queue_info info;
    struct qund_err err = {0};

    assert_int_equal(qund_queue_inspect(&o, &info, &err), 0);
    assert_int_equal(info.fsync, QUND_FSYNC_ALWAYS);
    assert_true(info.aof);
    run(c, "CONFIG SET maxmemory-policy allkeys-lru");
    assert_int_equal(qund_queue_inspect(&o, &info, &err), QUND_E_INVAL);
    assert_non_null(strstr(err.text, "CONFIG SET maxmemory-policy noeviction"));
    redisFree(c);
}

static void a_wrong_password_is_told_from_an_absent_redis(void **state)
{
    struct unit_redis *u = *state;
    struct qund_queue_addr addr = u->addr;
    struct qund_queue_opts o = {.addr = &addr, .log = u->log};
    redisContext *c = raw(u);
    struct qund_queue_info info;
    struct qund_err err = {0};

    run(c, "CONFIG SET requirepass secret");
    assert_int_equal(qund_queue_inspect(&o, &info, &err), QUND_E_DENIED); /* none given */
    snprintf(addr.password, sizeof(addr.password), "wrong");
    assert_int_equal(qund_queue_inspect(&o, &info, &err), QUND_E_DENIED);
    assert_non_null(strstr(err.text, "password"));
    assert_null(strstr(err.text, "wrong\""));
    snprintf(addr.password, sizeof(addr.password), "secret");
    assert_int_equal(qund_queue_inspect(&o, &info, &err), 0);
    freeReplyObject(redisCommand(c, "CONFIG SET requirepass %s", "")); /* the fixture ends it */
    redisFree(c);

    snprintf(addr.unix_path, sizeof(addr.unix_path), "%s/nobody.sock", u->dir);
    assert_int_equal(qund_queue_inspect(&o, &info, &err), QUND_E_AGAIN);
}

static void a_database_that_is_not_there_is_told_by_its_number(void **state)
{
    struct unit_redis *u = *state;
    struct qund_queue_addr addr = u->addr;
    struct qund_queue_opts o = {.addr = &addr, .log = u->log};
    struct qund_queue_info info;
    struct qund_err err = {0};

    addr.db = 999;
    assert_int_equal(qund_queue_inspect(&o, &info, &err), QUND_E_DENIED);
    assert_non_null(strstr(err.text, "no database 999"));
    assert_null(strstr(err.text, "password"));
}

int main(void)
{
#define WITH_REDIS(f) cmocka_unit_test_setup_teardown(f, unit_redis_setup, unit_redis_teardown)
    const struct CMUnitTest tests[] = {
        WITH_REDIS(entries_of_a_dead_consumer_are_taken_over),
        WITH_REDIS(a_second_instance_is_refused_until_the_first_leaves),
        WITH_REDIS(the_same_instance_has_its_lease_back_at_once),
        WITH_REDIS(pending_entries_without_body_are_counted_and_closed),
        WITH_REDIS(an_emptied_redis_gets_its_group_again),
        WITH_REDIS(a_redis_that_answers_late_is_given_more_time),
        WITH_REDIS(a_policy_that_may_drop_events_is_refused_with_the_remedy),
        WITH_REDIS(a_wrong_password_is_told_from_an_absent_redis),
        WITH_REDIS(a_database_that_is_not_there_is_told_by_its_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
