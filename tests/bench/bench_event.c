/* bench_event.c - nanoseconds to decode, pack, unpack and print one event of about 420 bytes.
 *
 * usage: bench_event [TIMES]. Each figure is the best of ten runs: what the machine does beside us
 * only ever makes it slower. */
#include "core/clock.h"
#include "event/event.h"
#include "event_config.h"
#include <stdio.h>
#include <stdlib.h>

#define RX INT64_C(1757896365000)
#define RUNS 10

static const char EVENT[] =
    "{\"channel\":\"group\",\"id\":\"-1823749120\",\"ts\":\"2025-09-15T08:32:44+08:00\","
    "\"group\":\"wr_qm_yunqi01\",\"group_name\":\"云栖雅苑·装修业主交流群①\",\"sender\":\"u_s_"
    "xia\","
    "\"sender_name\":\"小夏-栖木社群管家\",\"sender_role\":\"staff\",\"account\":\"1029384756\","
    "\"type\":\"message\",\"text\":"
    "\"各位邻居早上好，云栖雅苑九月陆续交房，这个群专门聊装修、验房、选材料，"
    "我是栖木家居的社群管家小夏，有问题随时找我\"}";

struct bench {
    struct qund_event_ctx ctx;
    struct qund_arena *arena;
    struct qund_event e;
    struct qund_buf packed, out;
};

static int decode(struct bench *b)
{
    qund_arena_reset(b->arena);
    return qund_event_decode(&b->ctx, qund_str_n(EVENT, sizeof(EVENT) - 1), 0, b->arena, &b->e,
                             NULL);
}

static int pack(struct bench *b)
{
    qund_buf_clear(&b->packed);
    qund_event_pack(&b->e, &b->packed);
    return QUND_OK;
}

static int unpack(struct bench *b)
{
    return qund_event_unpack(qund_buf_view(&b->packed), &b->e);
}

static int print(struct bench *b)
{
    qund_buf_clear(&b->out);
    qund_event_print(&b->e, false, &b->out);
    return QUND_OK;
}

static double best_ns(struct bench *b, int (*step)(struct bench *b), int64_t times)
{
    double best = 1e18;

    for (int run = 0; run < RUNS; run++) {
        int64_t begun = qund_mono_us();
        double ns;

        for (int64_t i = 0; i < times; i++)
            if (step(b) < 0)
                exit(1);
        ns = (double)(qund_mono_us() - begun) * 1000 / (double)times;
        if (ns < best)
            best = ns;
    }
    return best;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*step)(struct bench *b);
    } STEPS[] = {{"decode", decode}, {"pack", pack}, {"unpack", unpack}, {"print", print}};
    struct event_config c;
    struct bench b = {0};
    int64_t times = 100000;

    if (argc > 1 && qund_str_int(qund_str(argv[1]), &times) < 0)
        return 2;
    event_config_init(&c);
    b.ctx = event_config_ctx(&c, RX);
    b.arena = qund_arena_new(16 << 10);
    for (size_t i = 0; i < QUND_ARRAY_LEN(STEPS); i++)
        printf("%-6s %7.0f ns\n", STEPS[i].name, best_ns(&b, STEPS[i].step, times));
    printf("%zu bytes of JSON, %zu packed\n", sizeof(EVENT) - 1, b.packed.n);
    qund_buf_done(&b.packed);
    qund_buf_done(&b.out);
    qund_arena_free(b.arena);
    return 0;
}
