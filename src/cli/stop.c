/* stop.c - Ctrl-C, heard where it is good to stop.
 *
 * A long command holds things half done: a request under way, a bar on the screen, a chunk that is
 * applied and not yet counted. So the signals that ask for an end are blocked, and asked about
 * between two pieces of work; the command then says how far it came and how to go on, and ends as
 * it always does. */
#include "cli/cli.h"
#include <errno.h>

void cli_stop_begin(struct cli_stop *s)
{
    *s = (struct cli_stop){0};
    sigemptyset(&s->set);
    sigaddset(&s->set, SIGINT);
    sigaddset(&s->set, SIGTERM);
    sigprocmask(SIG_BLOCK, &s->set, NULL);
}

bool cli_stop_wait(struct cli_stop *s, int64_t ms)
{
    int64_t until = qund_mono_now().ms + ms;

    while (!s->asked) {
        int64_t left = until - qund_mono_now().ms;
        struct timespec t = {0};

        if (left > 0) {
            t.tv_sec = (time_t)(left / 1000);
            t.tv_nsec = (long)(left % 1000) * 1000000;
        }
        if (sigtimedwait(&s->set, NULL, &t) > 0)
            s->asked = true;
        else if (errno != EINTR || left <= 0)
            break;
    }
    return s->asked;
}

bool cli_stopped(struct cli_stop *s)
{
    return cli_stop_wait(s, 0);
}
