/* preload.c - what the operating system does to us, put between a program and its libc.
 *
 *   QUND_SLOW_PROGRAM=redis-server QUND_SLOW_FSYNC_MS=800   fsync and fdatasync of that program
 * take so long QUND_CLOCK_PROGRAM=qund QUND_CLOCK_FILE=PATH            the wall clock of that
 * program is off by as many nanoseconds as the first eight bytes of the file say, at any moment
 *
 * Programs that are not named are left alone, as children inherit the environment. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long slow_ms;
static const volatile int64_t *offset_ns;

static int named(const char *variable)
{
    const char *name = getenv(variable);

    return name && strcmp(name, program_invocation_short_name) == 0;
}

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("QUND_CLOCK_FILE");
    const char *ms = getenv("QUND_SLOW_FSYNC_MS");

    if (named("QUND_SLOW_PROGRAM") && ms)
        slow_ms = strtol(ms, NULL, 10);
    if (named("QUND_CLOCK_PROGRAM") && path) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        void *p = mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0);

        if (p == MAP_FAILED)
            abort();
        offset_ns = p;
        close(fd);
    }
}

static void wait_slow(void)
{
    struct timespec left = {.tv_sec = slow_ms / 1000, .tv_nsec = slow_ms % 1000 * 1000000};

    while (slow_ms && nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

int fsync(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");

    wait_slow();
    return next(fd);
}

int fdatasync(int fd)
{
    int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");

    wait_slow();
    return next(fd);
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
    static int (*next)(clockid_t, struct timespec *);
    int rc;

    if (!next)
        next = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    rc = next(id, ts);
    if (rc == 0 && offset_ns && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
        int64_t ns = (int64_t)ts->tv_sec * 1000000000 + ts->tv_nsec + *offset_ns;

        ts->tv_sec = (time_t)(ns / 1000000000);
        ts->tv_nsec = (long)(ns % 1000000000);
    }
    return rc;
}

time_t time(time_t *out)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    if (out)
        *out = ts.tv_sec;
    return ts.tv_sec;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    struct timespec ts;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &ts);
    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;
    return 0;
}
