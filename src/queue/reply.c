/* src/queue/reply.c - what hiredis reads, in memory that dies together.
 *
 * A claimed batch is a reply of some ten thousand objects: per entry two arrays, an id, a field, a
 * body. hiredis' own functions take two blocks of the heap for each of them and give them back one
 * by one, which cost the engine's thread more than reading them. Here a reply is one arena: its
 * root begins it, the parts follow, and freeing the root frees all.
 *
 * hiredis also makes room for as many elements as a reply announces; ours never have more than a
 * batch with its parts. */
#include "queue/internal.h"

enum {
    FIRST_BYTES = 512,     /* most replies say OK or an id */
    ELEMENTS_MAX = 1 << 16 /* of one array */
};

#if HIREDIS_MAJOR >= 1
typedef size_t array_size;
#else
typedef int array_size; /* Debian 12 */
#endif

/* The first object of a reply, which knows the arena it lies in. */
struct root {
    struct qund_arena *arena;
    redisReply r;
};

void qund_reply_free(redisReply *r)
{
    if (r)
        qund_arena_free(QUND_CONTAINER(r, struct root, r)->arena);
}

static void free_object(void *o)
{
    qund_reply_free(o);
}

/* Parts are made after their root and before the next one, so the arena is the last one begun. */
static redisReply *object(const redisReadTask *task)
{
    struct qund_reader_fn *fn = task->privdata;
    redisReply *r, *parent = task->parent ? task->parent->obj : NULL;

    if (parent) {
        r = qund_arena_zalloc(fn->arena, sizeof(*r));
        parent->element[task->idx] = r;
    } else {
        struct root *root;

        fn->arena = qund_arena_new(FIRST_BYTES);
        root = qund_arena_zalloc(fn->arena, sizeof(*root));
        root->arena = fn->arena;
        r = &root->r;
    }
    r->type = task->type;
    return r;
}

static void *make_string(const redisReadTask *task, char *p, size_t n)
{
    struct qund_reader_fn *fn = task->privdata;
    redisReply *r = object(task);

    r->str = qund_arena_dup(fn->arena, p, n);
    r->len = n;
    return r;
}

static void *make_array(const redisReadTask *task, array_size n)
{
    struct qund_reader_fn *fn = task->privdata;
    redisReply *r;

    if ((size_t)n > ELEMENTS_MAX)
        return NULL;
    r = object(task);
    r->elements = (size_t)n;
    if (n > 0)
        r->element = qund_arena_zalloc(fn->arena, (size_t)n * sizeof(redisReply *));
    return r;
}

static void *make_integer(const redisReadTask *task, long long v)
{
    redisReply *r = object(task);

    r->integer = v;
    return r;
}

static void *make_nil(const redisReadTask *task)
{
    redisReply *r = object(task);

    r->type = REDIS_REPLY_NIL; /* the task knows of what kind it could have been */
    return r;
}

#if HIREDIS_MAJOR >= 1
/* Kinds of the third protocol, which nobody has asked for: refused like an array that is too long.
 */
static void *no_double(const redisReadTask *task, double v, char *p, size_t n)
{
    (void)task, (void)v, (void)p, (void)n;
    return NULL;
}

static void *no_bool(const redisReadTask *task, int v)
{
    (void)task, (void)v;
    return NULL;
}
#endif

redisReader *qund_reader_new(struct qund_reader_fn *fn)
{
    redisReader *r;

    *fn = (struct qund_reader_fn){.fn = {.createString = make_string,
                                         .createArray = make_array,
                                         .createInteger = make_integer,
                                         .createNil = make_nil,
                                         .freeObject = free_object}};
#if HIREDIS_MAJOR >= 1
    fn->fn.createDouble = no_double;
    fn->fn.createBool = no_bool;
#endif
    r = redisReaderCreateWithFunctions(&fn->fn);
    qund_assert(r);
    r->privdata = fn;
    return r;
}

void qund_queue_version(struct qund_buf *out)
{
    qund_buf_printf(out, "hiredis %d.%d.%d", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
}
