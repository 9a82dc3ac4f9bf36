/* src/queue/child.c - starting a program that must not outlive us, and waiting for its end.
 *
 * PDEATHSIG is bound to the thread that forked, not to the process: children are made on the main
 * thread, which lives as long as the daemon. Between fork and exec only calls that are safe in a
 * copy of a threaded process are made. */
#include "queue/managed_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void qund_child_settle(pid_t parent, int dir_fd, int in_fd, int out_fd)
{
    struct sigaction dfl = {.sa_handler = SIG_DFL};
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(126); /* it died before the line above */
    setsid();       /* Ctrl-C in a terminal is for the daemon, which says goodbye in order */
    for (int s = 1; s < NSIG; s++)
        sigaction(s, &dfl, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (fchdir(dir_fd) < 0 || dup2(in_fd, 0) < 0 || dup2(out_fd, 1) < 0 || dup2(out_fd, 2) < 0)
        _exit(126);
}

int qund_child_wait(pid_t pid, int max_ms, int *status)
{
    struct pollfd p = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    pid_t got;

    if (p.fd >= 0) {
        while (poll(&p, 1, max_ms) < 0 && errno == EINTR)
            ; /* a signal for the daemon; it is looked at afterwards */
        close(p.fd);
    }
    got = waitpid(pid, status, WNOHANG);
    return got == pid ? QUND_OK : got < 0 ? QUND_E_NOTFOUND : QUND_E_AGAIN;
}

int qund_child_run(char *const argv[], const char *dir, int log_fd, const char *answer, int max_ms,
                   int *status, struct qund_err *err)
{
    int pipe_fd[2] = {-1, -1}, dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;
    pid_t parent = getpid(), pid = -1;

    if (dir_fd >= 0 && pipe2(pipe_fd, O_CLOEXEC) == 0) {
        if (write(pipe_fd[1], answer, strlen(answer)) >= 0) /* fits: a pipe holds 4 KiB */
            pid = fork();
        if (pid == 0) {
            qund_child_settle(parent, dir_fd, pipe_fd[0], log_fd >= 0 ? log_fd : pipe_fd[1]);
            execvp(argv[0], argv);
            _exit(127);
        }
        close(pipe_fd[0]);
        close(pipe_fd[1]);
    }
    rc = pid > 0 ? QUND_OK : qund_err_set(err, QUND_E_NOMEM, argv[0], "start: %s", strerror(errno));
    if (dir_fd >= 0)
        close(dir_fd);
    if (rc < 0)
        return rc;
    rc = qund_child_wait(pid, max_ms, status);
    if (rc < 0) {
        kill(pid, SIGKILL);
        waitpid(pid, status, 0);
        rc = qund_err_set(err, QUND_E_AGAIN, argv[0], "not done within %d ms", max_ms);
    }
    return rc;
}
