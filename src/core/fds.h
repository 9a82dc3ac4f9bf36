/* src/core/fds.h - how many files and sockets this process may have open (essay in fds.c). */
#ifndef QUND_CORE_FDS_H
#define QUND_CORE_FDS_H
#include "core/base.h"

struct qund_fds {
    int64_t limit, hard; /* the soft limit, which counts, and how far it may be raised */
    int64_t open;        /* -1: not known */
};
void qund_fds_look(struct qund_fds *out);
/* Raises the soft limit to `want`, or as far as the hard one lets it; it is never lowered. Returns
 * the limit that holds now. Of the whole process. */
int64_t qund_fds_raise(int64_t want);
#endif
