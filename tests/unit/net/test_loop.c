/* The loop: timers, mailboxes, signals, stopping, and two of them in one process. */
#include "core/clock.h"
#include "core/thread.h"
#include "net/loop.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

struct note {
    struct qund_loop *loop;
    struct qund_mbox *mbox;
    unsigned timer, mail, signals, hooks, stop_at;
};

static struct qund_loop *new_loop(void)
{
    struct qund_loop *l = NULL;
    struct qund_err err;

    if (qund_loop_new(NULL, &l, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    return l;
}

static void count_timer(void *arg)
{
    struct note *n = arg;

    if (++n->timer == n->stop_at)
        qund_loop_stop(n->loop);
}

static void a_timer_repeats_until_the_loop_is_stopped(void **state)
{
    struct note n = {.loop = new_loop(), .stop_at = 3};
    struct qund_loop_timer *t = qund_loop_timer_new(n.loop, count_timer, &n);

    (void)state;
    qund_loop_timer_start(t, 1, 1);
    qund_loop_run(n.loop);
    /* A turn that began late may ring once more: a stop ends the turns, not the turn. */
    assert_true(n.timer >= 3);
    qund_loop_timer_start(t, 1, 1); /* it may run again */
    n.stop_at = n.timer + 2;
    qund_loop_run(n.loop);
    assert_true(n.timer >= n.stop_at);
    qund_loop_timer_free(t);
    qund_loop_free(n.loop);
}

static void take_mail(void *arg)
{
    struct note *n = arg;
    struct qund_node *next;

    for (struct qund_node *m = qund_mbox_take_all(n->mbox); m; m = next) {
        next = m->next;
        n->mail++;
        qund_free(m);
    }
    if (n->mail >= n->stop_at)
        qund_loop_stop(n->loop);
}

static void send_mail(void *arg)
{
    struct note *n = arg;

    for (unsigned i = 0; i < n->stop_at; i++)
        qund_mbox_put_always(n->mbox, qund_alloc(sizeof(struct qund_node)));
}

static void mail_from_another_thread_wakes_the_loop(void **state)
{
    struct note n = {.loop = new_loop(), .mbox = qund_mbox_new(4), .stop_at = 1000};
    struct qund_watch *w = NULL;
    pthread_t t;

    (void)state;
    assert_int_equal(qund_loop_watch_fd(n.loop, qund_mbox_fd(n.mbox), take_mail, &n, &w, NULL), 0);
    assert_int_equal(qund_thread_start(&t, QUND_THREAD_ENGINE, send_mail, &n, NULL), 0);
    qund_loop_run(n.loop);
    pthread_join(t, NULL);
    assert_int_equal(n.mail, 1000);
    qund_watch_free(w);
    qund_loop_free(n.loop);
    qund_mbox_free(n.mbox);
}

static void stop_it(void *arg)
{
    qund_loop_stop(arg);
}

static void another_thread_stops_the_loop(void **state)
{
    struct qund_loop *l = new_loop();
    pthread_t t;

    (void)state;
    assert_int_equal(qund_thread_start(&t, QUND_THREAD_ENGINE, stop_it, l, NULL), 0);
    qund_loop_run(l);
    pthread_join(t, NULL);
    qund_loop_free(l);
}

static void note_signal(void *arg, int signo)
{
    struct note *n = arg;

    assert_int_equal(signo, SIGHUP);
    n->signals++;
    qund_loop_stop(n->loop);
}

static void count_hook(void *arg)
{
    struct note *n = arg;

    n->hooks++;
}

static void two_loops_of_one_process_both_hear_a_signal(void **state)
{
    struct note a = {.loop = new_loop()}, b = {.loop = new_loop()};

    (void)state;
    assert_int_equal(qund_loop_signal(a.loop, SIGHUP, note_signal, &a, NULL), 0);
    assert_int_equal(qund_loop_signal(b.loop, SIGHUP, note_signal, &b, NULL), 0);
    assert_int_equal(qund_loop_after_io(a.loop, count_hook, &a), 0);
    kill(getpid(), SIGHUP);
    qund_loop_run(a.loop);
    qund_loop_run(b.loop);
    assert_int_equal(a.signals, 1);
    assert_int_equal(b.signals, 1);
    assert_true(a.hooks > 0);
    qund_loop_after_io_end(a.loop, count_hook, &a);
    qund_loop_free(a.loop);
    qund_loop_free(b.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_repeats_until_the_loop_is_stopped),
        cmocka_unit_test(mail_from_another_thread_wakes_the_loop),
        cmocka_unit_test(another_thread_stops_the_loop),
        cmocka_unit_test(two_loops_of_one_process_both_hear_a_signal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
