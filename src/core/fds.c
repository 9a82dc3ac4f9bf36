/* fds.c - the limit on open files and sockets.
 *
 * Most systems start a program with a soft limit of 1,024 and a hard one far above it: the soft one
 * is low for old programs that put descriptors into a select() set, and whoever does not may raise
 * it. So it is raised to what the configuration can use and no further: libraries make tables as
 * long as the limit. */
#include "core/fds.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

bool qund_fds_standard(void)
{
    int fd; /* always the lowest that is free */

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
    return fd >= 0 || (fcntl(0, F_GETFD) >= 0 && fcntl(1, F_GETFD) >= 0 && fcntl(2, F_GETFD) >= 0);
}

static int64_t count_open(void)
{
    DIR *d;
    int64_t n = -3; /* "." and "..", and the one of the folder itself */
    struct stat st;

    if (stat("/proc/self/fd", &st) == 0 && st.st_size > 0)
        return (int64_t)st.st_size; /* Linux 6.2 and later */
    d = opendir("/proc/self/fd");
    if (!d)
        return -1;
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static int64_t bounded(rlim_t v)
{
    return v == RLIM_INFINITY || v > INT32_MAX ? INT32_MAX : (int64_t)v;
}

void qund_fds_look(struct qund_fds *out)
{
    struct rlimit r = {0};

    getrlimit(RLIMIT_NOFILE, &r); /* cannot fail for oneself */
    *out = (struct qund_fds){
        .limit = bounded(r.rlim_cur), .hard = bounded(r.rlim_max), .open = count_open()};
}

int64_t qund_fds_raise(int64_t want)
{
    struct rlimit r = {0};
    int64_t hard;

    getrlimit(RLIMIT_NOFILE, &r);
    hard = bounded(r.rlim_max);
    if (bounded(r.rlim_cur) >= want)
        return bounded(r.rlim_cur);
    r.rlim_cur = (rlim_t)(want < hard ? want : hard);
    setrlimit(RLIMIT_NOFILE, &r); /* whatever it says, what holds is asked for */
    getrlimit(RLIMIT_NOFILE, &r);
    return bounded(r.rlim_cur);
}
