/* helper.c - a child that may die instead of us.
 *
 * Compiling expressions and opening somebody else's plugin can hang, crash or take all memory, and
 * nobody can tell before trying. So the program starts itself once more with limits on time, memory
 * and output, and only takes over what comes back whole.
 *
 * What goes in and what comes out lies in memory files rather than pipes: neither side can then
 * wait for the other, and the parent has one thing to wait for, the child's end. Between fork and
 * exec only calls are made that are safe in a process that had other threads. */
#include "core/helper.h"
#include "core/clock.h"
#include "core/mem.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int qund_helper_file(const char *name)
{
    int low = memfd_create(name, MFD_CLOEXEC), fd;

    if (low < 0 || low > 2)
        return low;
    fd = fcntl(low, F_DUPFD_CLOEXEC, 3);
    close(low);
    return fd;
}

char *qund_helper_own_exe(void)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

    if (n <= 0)
        return NULL;
    path[n] = '\0';
    n -= (ssize_t)strlen("/qund");
    return n >= 0 && strcmp(path + n, "/qund") == 0 ? qund_strdup(path) : NULL;
}

static void limit(__rlimit_resource_t what, int64_t value)
{
    struct rlimit r = {(rlim_t)value, (rlim_t)value};

    setrlimit(what, &r); /* never above the hard limit we have; if it fails the old one stands */
}

/* Runs in the child. Only async-signal-safe calls. */
QUND_NORETURN static void become(const struct qund_helper *h)
{
    int none = open("/dev/null", O_RDWR | O_CLOEXEC);
    sigset_t nothing;

    setpgid(0, 0);
    sigemptyset(&nothing);
    sigprocmask(SIG_SETMASK, &nothing, NULL); /* threads of the daemon block every signal */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, h->timeout_ms / 1000 + 2);
    limit(RLIMIT_FSIZE, h->file_bytes);
    if (h->memory_bytes > 0 && !QUND_SANITIZED)
        limit(RLIMIT_AS, h->memory_bytes);
    if (dup2(h->in_fd >= 0 ? h->in_fd : none, STDIN_FILENO) < 0 ||
        dup2(h->out_fd >= 0 ? h->out_fd : none, STDOUT_FILENO) < 0 ||
        (h->silent && dup2(none, STDERR_FILENO) < 0))
        _exit(QUND_HELPER_NOT_STARTED);
    close_range(3, ~0u, CLOSE_RANGE_CLOEXEC); /* whatever some library left open */
    execv(h->exe, h->argv);
    _exit(QUND_HELPER_NOT_STARTED);
}

/* True when the child ended by itself in time; false: it was killed here. */
static bool wait_for(pid_t pid, int64_t timeout_ms, int *status)
{
    int64_t until = qund_mono_now().ms + timeout_ms;
    struct pollfd p = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    bool ended = false;

    while (p.fd >= 0 && !ended) {
        int64_t left = until - qund_mono_now().ms;

        if (left <= 0)
            break;
        ended = poll(&p, 1, left > 1000 ? 1000 : (int)left) == 1;
    }
    kill(ended ? -pid : pid, SIGKILL); /* not yet waited for, so the number is still its own */
    if (!ended)
        kill(-pid, SIGKILL);
    if (p.fd >= 0)
        close(p.fd);
    *status = 0;
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        ;
    return ended;
}

int qund_helper_run(const struct qund_helper *h, int *status)
{
    pid_t pid = fork();

    if (pid < 0)
        return QUND_E_AGAIN;
    if (pid == 0)
        become(h);
    if (!wait_for(pid, h->timeout_ms, status) ||
        (WIFSIGNALED(*status) && WTERMSIG(*status) == SIGXCPU))
        return QUND_E_FULL;
    return QUND_OK;
}
