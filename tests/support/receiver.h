/* tests/support/receiver.h - receiver.py, or mailbox.py, as a child of a C test. It ends with the
 * pipe to it, so also when the test dies. */
#ifndef QUND_TEST_RECEIVER_H
#define QUND_TEST_RECEIVER_H
#include "core/core.h"
#include "unit.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

struct receiver {
    pid_t pid;
    int hold, port;
    char log[160];
};

/* options: up to 8 pairs "--script", "ops=500,200", …, NULL at the end. */
static inline void receiver_start_as(struct receiver *r, const char *program, const char *dir,
                                     const char *const *options)
{
    const char *argv[24] = {"python3", program, "--until-eof", "--log", r->log};
    size_t n = 5;
    int in[2], out[2];
    char line[16] = "";
    size_t have = 0;
    ssize_t got = 1;

    snprintf(r->log, sizeof(r->log), "%s/effects.jsonl", dir);
    for (; options && *options && n + 1 < QUND_ARRAY_LEN(argv); options++)
        argv[n++] = *options;
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    r->pid = fork();
    assert_true(r->pid >= 0);
    if (r->pid == 0) {
        union {
            const char *const *c;
            char *const *v;
        } args = {.c = argv};

        dup2(in[0], 0);
        dup2(out[1], 1);
        execvp("/usr/bin/python3", args.v);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    r->hold = in[1];
    while (got > 0 && !strchr(line, '\n') && have + 1 < sizeof(line)) {
        got = read(out[0], line + have, sizeof(line) - 1 - have);
        have += got > 0 ? (size_t)got : 0;
    }
    close(out[0]);
    r->port = atoi(line);
    assert_true(r->port > 0);
}

static inline void receiver_start(struct receiver *r, const char *dir, const char *const *options)
{
    receiver_start_as(r, QUND_SOURCE_DIR "/tests/support/receiver.py", dir, options);
}

static inline void receiver_stop(struct receiver *r)
{
    int status;

    close(r->hold);
    assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
}

/* The effect log so far. */
static inline void receiver_log(const struct receiver *r, struct qund_buf *out)
{
    char piece[4096];
    size_t n;
    FILE *f = fopen(r->log, "r");

    qund_buf_clear(out);
    if (!f)
        return;
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
        qund_buf_add(out, piece, n);
    fclose(f);
}

/* How often `what` stands in the log. */
static inline int receiver_count(const struct receiver *r, const char *what)
{
    QUND_AUTO(qund_buf_done) struct qund_buf log = {0};
    ptrdiff_t at;
    size_t from = 0;
    int n = 0;

    receiver_log(r, &log);
    while ((at = qund_str_find(qund_buf_view(&log), from, qund_str(what))) >= 0) {
        from = (size_t)at + 1;
        n++;
    }
    return n;
}
#endif
