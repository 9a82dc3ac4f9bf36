/* src/net/chunk.h - a request body in chunks, read strictly (essay in chunk.c). A pure function
 * over bytes. */
#ifndef QUND_NET_CHUNK_H
#define QUND_NET_CHUNK_H
#include "net/http1.h"

/* Where in the grammar a body stands; {0}: at its first byte. */
struct qund_chunk {
    int place;
    unsigned digits; /* of the size in hand */
    size_t left;     /* of the chunk in hand */
    size_t total;    /* of the body so far */
};
/* The n bytes at `at` come next. What they hold of the body is moved to the front of them: *made
 * bytes of it, out of the first *used ones. 1: the body is whole, the rest is none of it; 0: all
 * were used, more is needed; FULL: it is going to be larger than max; PROTO: *fault says why. */
QUND_CHECK int qund_chunk_read(struct qund_chunk *c, char *at, size_t n, size_t max, size_t *used,
                               size_t *made, struct qund_http1_fault *fault);
#endif
