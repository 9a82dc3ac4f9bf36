/* src/core/helper.h - a helper process: work that may hang, crash or eat memory, done by a child
 * with limits (essay in helper.c). */
#ifndef QUND_CORE_HELPER_H
#define QUND_CORE_HELPER_H
#include "core/base.h"

struct qund_helper {
    const char *exe;
    char *const *argv;    /* NULL-terminated */
    int in_fd, out_fd;    /* become its standard input and output; above 2. -1: /dev/null */
    bool silent;          /* its stderr goes nowhere */
    int64_t timeout_ms;   /* then it is killed, with all it has started */
    int64_t memory_bytes; /* address space; 0: no limit. Not under sanitizers */
    int64_t file_bytes;   /* largest file it may write */
};
#define QUND_HELPER_NOT_STARTED 127 /* exit status: exe cannot be run */
/* Waits for its end. AGAIN: no process can be had; FULL: it was killed because its time was over;
 * else 0 with *status as waitpid gives it. */
QUND_CHECK int qund_helper_run(const struct qund_helper *h, int *status);
/* A file in memory for what goes in or comes out; above the three standard descriptors, so that
 * giving it to the child as one of them is always a real copy. -1: none can be had. */
int qund_helper_file(const char *name);
/* This program when it is qund itself, for starting it once more; a test is not, and knows none of
 * its subcommands. Owned, or NULL. */
char *qund_helper_own_exe(void);
#endif
