/* src/engine/reserve.h - the disk space kept for the moment when there is none (reserve.c). */
#ifndef QUND_ENGINE_RESERVE_H
#define QUND_ENGINE_RESERVE_H
#include "core/log.h"

struct qund_reserve {
    const char *path; /* NULL: none is kept */
    int64_t bytes;
    struct qund_log *log;
    bool given;        /* it is not there: taken (again) when the disk has room */
    int64_t healed_ms; /* monotonic: since when nothing failed */
};
/* A commit failed with rc: true when room was made, so that the next try is worth making now. */
bool qund_reserve_failed(struct qund_reserve *r, int rc);
/* Nobody waits: it is taken again if the disk has room for it and as much besides. */
void qund_reserve_quiet(struct qund_reserve *r);
#endif
