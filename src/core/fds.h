/* src/core/fds.h - the standard three, and how many files and sockets may be open (essay in fds.c).
 */
#ifndef QUND_CORE_FDS_H
#define QUND_CORE_FDS_H
#include "core/base.h"

/* From here on 0, 1 and 2 are open, on /dev/null where they were not: what is opened next is none
 * of them, and what is meant for a terminal goes into no file of ours. The first thing a program
 * does. False: that cannot be had. */
QUND_CHECK bool qund_fds_standard(void);

struct qund_fds {
    int64_t limit, hard; /* the soft limit, which counts, and how far it may be raised */
    int64_t open;        /* -1: not known */
};
void qund_fds_look(struct qund_fds *out);
/* Raises the soft limit to `want`, or as far as the hard one lets it; it is never lowered. Returns
 * the limit that holds now. Of the whole process. */
int64_t qund_fds_raise(int64_t want);
#endif
