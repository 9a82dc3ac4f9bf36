/* test_mbox.c - threads, mailboxes and commands. */
#include "core/clock.h"
#include "core/command.h"
#include "core/thread.h"
#include "unit.h"
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct item {
    struct qund_node node;
    int from, seq;
};

static bool readable(struct qund_mbox *m)
{
    struct pollfd p = {.fd = qund_mbox_fd(m), .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

static void order_bound_and_descriptor_hold(void **state)
{
    struct qund_mbox *m = qund_mbox_new(2);
    struct item a = {.seq = 1}, b = {.seq = 2}, c = {.seq = 3};
    struct qund_node *n;

    (void)state;
    assert_false(readable(m));
    assert_int_equal(qund_mbox_put(m, &a.node), 0);
    assert_true(readable(m));
    assert_int_equal(qund_mbox_put(m, &b.node), 0);
    assert_int_equal(qund_mbox_put(m, &c.node), QUND_E_FULL);
    qund_mbox_put_always(m, &c.node);
    assert_int_equal(qund_mbox_len(m), 3);
    n = qund_mbox_take_all(m);
    for (int i = 1; i <= 3; i++, n = n->next)
        assert_int_equal(QUND_CONTAINER(n, struct item, node)->seq, i);
    assert_null(n);
    assert_false(readable(m));
    assert_null(qund_mbox_take_all(m));
    qund_mbox_wake(m);
    assert_true(qund_mbox_wait(m, 0));
    assert_null(qund_mbox_take_all(m));
    assert_false(qund_mbox_wait(m, 1));
    qund_mbox_close(m);
    assert_true(qund_mbox_wait(m, 0));
    assert_int_equal(qund_mbox_put(m, &a.node), QUND_E_DENIED);
    assert_null(qund_mbox_take_all(m));
    qund_mbox_free(m);
}

#define PRODUCERS 4
#define EACH 20000

struct producer {
    struct qund_mbox *m;
    int id;
};

static void produce(void *arg)
{
    struct producer *p = arg;

    for (int i = 0; i < EACH; i++) {
        struct item *it = malloc(sizeof(*it));

        assert_non_null(it);
        *it = (struct item){.from = p->id, .seq = i};
        while (qund_mbox_put(p->m, &it->node) == QUND_E_FULL)
            sched_yield();
    }
}

static void nothing_is_lost_between_threads(void **state)
{
    struct qund_mbox *m = qund_mbox_new(256);
    struct producer p[PRODUCERS];
    pthread_t t[PRODUCERS];
    int next[PRODUCERS] = {0}, got = 0;

    (void)state;
    for (int i = 0; i < PRODUCERS; i++) {
        p[i] = (struct producer){m, i};
        assert_int_equal(qund_thread_start(&t[i], QUND_THREAD_READER, produce, &p[i], NULL), 0);
    }
    while (got < PRODUCERS * EACH) {
        assert_true(qund_mbox_wait(m, 30000));
        for (struct qund_node *n = qund_mbox_take_all(m); n;) {
            struct item *it = QUND_CONTAINER(n, struct item, node);

            n = n->next;
            assert_int_equal(it->seq, next[it->from]++); /* each producer's order is kept */
            got++;
            free(it);
        }
    }
    for (int i = 0; i < PRODUCERS; i++)
        pthread_join(t[i], NULL);
    assert_null(qund_mbox_take_all(m));
    qund_mbox_free(m);
}

struct seen {
    bool engine_ok, loop_ok, usr1_blocked;
    char name[16];
};

static void look(void *arg)
{
    struct seen *s = arg;
    sigset_t mask;

    s->engine_ok = qund_thread_ok(QUND_THREAD_ENGINE);
    s->loop_ok = qund_thread_ok(QUND_THREAD_LOOP);
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    s->usr1_blocked = sigismember(&mask, SIGUSR1) == 1;
    pthread_getname_np(pthread_self(), s->name, sizeof(s->name));
}

static void a_thread_knows_its_name_and_takes_no_signals(void **state)
{
    struct seen s;
    pthread_t t;
    sigset_t mask;

    (void)state;
    assert_int_equal(qund_thread_start(&t, QUND_THREAD_ENGINE, look, &s, NULL), 0);
    pthread_join(t, NULL);
    assert_true(s.engine_ok);
    assert_false(s.loop_ok);
    assert_true(s.usr1_blocked);
    assert_string_equal(s.name, "qund-engine");
    assert_true(qund_thread_ok(QUND_THREAD_LOOP)); /* this one carries no mark */
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    assert_int_equal(sigismember(&mask, SIGUSR1), 0);
}

static void attach_gone(void *p)
{
    *(int *)p = 1;
}

static void a_command_owns_its_body_and_attachment(void **state)
{
    char body[] = "{\"a\":1}";
    int freed = 0;
    struct qund_command *c = qund_command_new("alert.ack", qund_str(body), "token:3");

    (void)state;
    body[0] = 'x';
    assert_string_equal(c->body, "{\"a\":1}");
    assert_int_equal(c->body_n, 7);
    assert_string_equal(c->actor, "token:3");
    c->attach = &freed;
    c->attach_free = attach_gone;
    qund_buf_puts(&c->reply, "{}");
    assert_null(qund_command_free(c));
    assert_int_equal(freed, 1);
    assert_null(qund_command_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_bound_and_descriptor_hold),
        cmocka_unit_test(nothing_is_lost_between_threads),
        cmocka_unit_test(a_thread_knows_its_name_and_takes_no_signals),
        cmocka_unit_test(a_command_owns_its_body_and_attachment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
