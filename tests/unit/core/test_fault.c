/* test_fault.c - fault points, in children of their own: the environment is read once a process. */
#include "core/base.h"
#include "core/clock.h"
#include "unit.h"
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static int child(const char *fault, int (*run)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        setenv("QUND_FAULT", fault, 1);
        _exit(run());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static int third_pass_only(void)
{
    return QUND_FAULT("pushed") == 0 && QUND_FAULT("pushed") == 0 &&
                   QUND_FAULT("pushed") == -ENOSPC && QUND_FAULT("pushed") == 0
               ? 0
               : 1;
}

static int pass_acked(void)
{
    return QUND_FAULT("other") || QUND_FAULT("acked") ? 1 : 0;
}

static int stalls(void)
{
    int64_t start = qund_mono_now().ms;

    qund_ignore(QUND_FAULT("judged"));
    return qund_mono_now().ms - start >= 30 ? 0 : 1;
}

static void points_break_at_their_pass(void **state)
{
    (void)state;
    assert_int_equal(child("a:crash,pushed:errno=28:3", third_pass_only), 0);
    assert_int_equal(child("judged:stall=30", stalls), 0);
    assert_int_equal(WTERMSIG(child("acked:crash", pass_acked)), SIGKILL);
    assert_int_equal(WTERMSIG(child("acked:crush", pass_acked)), SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(points_break_at_their_pass)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
