/* tight.h - what the two halves of the tight program share. */
#ifndef QUND_BENCH_TIGHT_H
#define QUND_BENCH_TIGHT_H
#include "hist.h"
#include <hiredis/hiredis.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct tight {
    const char *folder, *words;
    bool disk;
    atomic_bool stop;
    atomic_llong applied, hits;
    struct hist commit; /* worker only */
    struct work *work;
};

/* Packed: ts, rx (8 bytes each), then FIELDS strings behind their two-byte lengths. */
struct record {
    size_t n;
    char bytes[2048];
};
enum { F_ID, F_GROUP, F_GROUP_NAME, F_SENDER, F_SENDER_NAME, F_TEXT, FIELDS };
static const char *const FIELD_NAMES[FIELDS] = {"id",     "group",       "group_name",
                                                "sender", "sender_name", "text"};

__attribute__((noreturn)) void tight_die(const char *what, const char *why);
redisContext *tight_redis(const struct tight *t);
void tight_open(struct tight *t);    /* tables, words, the fold */
void *tight_work(void *tight);       /* thread */
void *tight_checkpoint(void *tight); /* thread */
#endif
