/* fuzz_redis_reply.c - whatever a Redis (or what answers in its place) sends: the readings of
 * XREADGROUP, XINFO and error replies hold, and every entry of a batch lies within its reply. */
#include "queue/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(redisReply *r)
{
    struct qund_queue_info info = {0};
    struct qund_owed owed = {0};
    struct qund_read got;
    size_t bytes = 0;

    qund_assert(qund_reply_rc(r) <= 0);
    qund_look_stream(r, &info);
    qund_look_groups(r, &info);
    if (qund_read_take(r, &got) < 0)
        return;
    for (size_t i = 0; got.batch && i < got.batch->n; i++) {
        bytes += got.batch->v[i].body.n;
        qund_owed_add(&owed, got.batch->v[i].id);
    }
    qund_assert(got.entries == got.n_missing + (got.batch ? got.batch->n : 0));
    qund_assert(!got.batch || bytes == got.batch->bytes);
    for (size_t i = got.batch ? got.batch->n : 0; i > 0; i--)
        qund_owed_ack(&owed, got.batch->v[i - 1].id);
    qund_assert(owed.left == 0);
    qund_owed_done(&owed);
    qund_batch_free(got.batch);
    qund_free(got.missing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct qund_reader_fn fn;
    redisReader *reader = qund_reader_new(&fn);
    void *r = NULL;

    if (redisReaderFeed(reader, (const char *)data, size) == REDIS_OK)
        while (redisReaderGetReply(reader, &r) == REDIS_OK && r)
            take(r);
    redisReaderFree(reader);
    return 0;
}
