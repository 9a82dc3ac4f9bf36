/* src/event/gunzip.h - gzip bodies of POST /api/v1/events, bounded (essay in gunzip.c). */
#ifndef QUND_EVENT_GUNZIP_H
#define QUND_EVENT_GUNZIP_H
#include "core/core.h"

/* Appends the inflated bytes. FULL when they would be more than max_out, or more than ratio_max
 * times what came in (beyond a first 64 KiB); INVAL when it is not gzip, is damaged, or something
 * follows. */
QUND_CHECK int qund_gunzip(struct qund_str in, size_t max_out, unsigned ratio_max,
                           struct qund_buf *out, struct qund_err *err);
#endif
