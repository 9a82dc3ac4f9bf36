/* src/intake/spool.c - where events lie while Redis does not answer.
 *
 * Files of about 16 MiB, appended to at one end and read at the other, removed when read:
 *
 *     file      "qspool1\n" id:u64 frame…          id: random, names the file for the position
 *     frame     n:u32 crc:u32 low:i64 body[n]      crc-32 of low and body; little-endian
 *     position  id:u64 offset:u64 crc:u32          how far the oldest file was read
 *
 * A write is durable before it is answered. The position is only a hint, never synced: one that is
 * lost or torn means that some records are pushed again, which the engine recognises. What must
 * never happen is a position that skips records, hence the file's id in it.
 *
 * At the start every frame is checked. The last file may end in half a frame (a crash while
 * writing: never answered); it is cut. Damage before that is the disk's: what lies behind it in
 * that file cannot be framed again, is cut too, and is reported as an error; the file as it was
 * stays beside it as .damaged (spool_damage.c). A file that cannot be opened now, for want of a
 * descriptor, is not damaged: it is read later. */
#include "core/file.h"
#include "intake/internal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define MAGIC "qspool1\n"
#define SUFFIX ".spool"

enum { FILE_HEAD = 16, FILE_BYTES = 16 << 20, POSITION_BYTES = 20, WINDOW = 256 << 10 };

struct part {
    uint64_t number, id;
    int64_t size;   /* good bytes, the head included */
    int64_t events; /* not yet read */
};

struct qund_spool {
    char *dir;
    int64_t max_bytes;
    struct qund_log *log;
    struct part *v; /* oldest first */
    size_t n, cap;
    int64_t at;            /* read position in v[0] */
    int read_errno;        /* of the last look into the oldest file; 0: it went well */
    int read_fd, write_fd; /* v[0]; v[n-1]; -1: not open */
    int position_fd;
    uint64_t next_number;
    int64_t events, bytes; /* not yet read; bytes with frame heads */
    int trouble;           /* errno of the last write, 0 when it went well */
};

/* ---- frames ---- */

static uint32_t checksum(const char *p, size_t n)
{
    return (uint32_t)crc32(0, (const unsigned char *)p, (uInt)n);
}

void qund_spool_frame(struct qund_buf *out, int64_t low, struct qund_str body)
{
    size_t at = out->n;
    char head[QUND_SPOOL_HEAD];

    qund_assert(body.n > 0 && body.n <= QUND_ENTRY_MAX);
    qund_le_put(head, body.n, 4);
    qund_le_put(head + 4, 0, 4);
    qund_le_put(head + 8, (uint64_t)low, 8);
    qund_buf_add(out, head, sizeof(head));
    qund_buf_str(out, body);
    qund_le_put(out->p + at + 4, checksum(out->p + at + 8, 8 + body.n), 4);
}

int qund_spool_unframe(struct qund_str *rest, int64_t *low, struct qund_str *body)
{
    size_t n;

    if (rest->n < QUND_SPOOL_HEAD)
        return 0;
    n = (size_t)qund_le_get(rest->p, 4);
    if (n == 0 || n > QUND_ENTRY_MAX)
        return QUND_E_INVAL;
    if (rest->n < QUND_SPOOL_HEAD + n)
        return 0;
    if (qund_le_get(rest->p + 4, 4) != checksum(rest->p + 8, 8 + n))
        return QUND_E_INVAL;
    *low = (int64_t)qund_le_get(rest->p + 8, 8);
    *body = qund_str_n(rest->p + QUND_SPOOL_HEAD, n);
    *rest = qund_str_n(rest->p + QUND_SPOOL_HEAD + n, rest->n - QUND_SPOOL_HEAD - n);
    return 1;
}

/* ---- files ---- */

static char *part_path(const struct qund_spool *s, uint64_t number)
{
    char name[40];

    snprintf(name, sizeof(name), "%016llx" SUFFIX, (unsigned long long)number);
    return qund_path_join(s->dir, name);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void remember_position(struct qund_spool *s)
{
    char raw[POSITION_BYTES];

    qund_le_put(raw, s->v[0].id, 8);
    qund_le_put(raw + 8, (uint64_t)s->at, 8);
    qund_le_put(raw + 16, checksum(raw, 16), 4);
    if (pwrite(s->position_fd, raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
        qund_log(s->log, QUND_WARN, "spool.position", QUND_KV("why", strerror(errno)));
}

static void take_position(struct qund_spool *s)
{
    char raw[POSITION_BYTES];
    uint64_t at;

    s->at = FILE_HEAD;
    if (s->n == 0 || pread(s->position_fd, raw, sizeof(raw), 0) != (ssize_t)sizeof(raw) ||
        qund_le_get(raw + 16, 4) != checksum(raw, 16) || qund_le_get(raw, 8) != s->v[0].id)
        return;
    at = qund_le_get(raw + 8, 8);
    if (at >= FILE_HEAD && at <= (uint64_t)s->v[0].size)
        s->at = (int64_t)at;
}

static void add_part(struct qund_spool *s, struct part p)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 8;
        s->v = qund_realloc(s->v, s->cap * sizeof(*s->v));
    }
    s->v[s->n++] = p;
}

/* The oldest file was read to its end, or all of it is gone. */
static void drop_first(struct qund_spool *s)
{
    QUND_AUTO(qund_free_str) char *path = part_path(s, s->v[0].number);

    close_fd(&s->read_fd);
    if (s->n == 1)
        close_fd(&s->write_fd);
    if (unlink(path) < 0 && errno != ENOENT)
        qund_log(s->log, QUND_WARN, "spool.remove", QUND_KV("why", strerror(errno)));
    memmove(s->v, s->v + 1, --s->n * sizeof(*s->v));
    s->at = FILE_HEAD;
    if (s->n > 0)
        remember_position(s);
}

static int add_file(struct qund_spool *s)
{
    struct part p = {.number = s->next_number, .size = FILE_HEAD};
    QUND_AUTO(qund_free_str) char *path = part_path(s, p.number);
    char head[FILE_HEAD];
    int fd;

    errno = 0;
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    qund_random(&p.id, sizeof(p.id));
    memcpy(head, MAGIC, 8);
    qund_le_put(head + 8, p.id, 8);
    if (fd < 0 || pwrite(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head) ||
        qund_dir_sync(s->dir, NULL) < 0) {
        s->trouble = errno ? errno : ENOSPC; /* a short write sets none */
        if (fd >= 0) {
            close(fd);
            unlink(path);
        }
        return QUND_E_IO;
    }
    close_fd(&s->write_fd);
    s->write_fd = fd;
    s->next_number++;
    add_part(s, p);
    if (s->n == 1)
        s->at = FILE_HEAD;
    return QUND_OK;
}

/* ---- start ---- */

/* How many bytes of the file's frames are good, and how many frames start at or after `from`. */
static int64_t count_frames(struct qund_str all, int64_t from, int64_t *events)
{
    struct qund_str rest = qund_str_n(all.p + FILE_HEAD, all.n - FILE_HEAD), body;
    int64_t low, good = FILE_HEAD;

    *events = 0;
    while (qund_spool_unframe(&rest, &low, &body) == 1) {
        if (good >= from)
            ++*events;
        good = (int64_t)(all.n - rest.n);
    }
    return good;
}

static int read_part(struct qund_spool *s, const char *name, bool last, struct qund_err *err)
{
    QUND_AUTO(qund_free_str) char *path = qund_path_join(s->dir, name);
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct part p = {.number = strtoull(name, NULL, 16)};
    int rc = qund_file_read(path, 4u * FILE_BYTES, &b, err);

    if (rc < 0)
        return rc;
    if (p.number >= s->next_number)
        s->next_number = p.number + 1;
    if (b.n < FILE_HEAD || memcmp(b.p, MAGIC, 8) != 0) {
        qund_spool_report_cut(s->dir, s->log, name, qund_buf_view(&b), 0, last);
        unlink(path);
        return QUND_OK;
    }
    p.id = qund_le_get(b.p + 8, 8);
    p.size = count_frames(qund_buf_view(&b), 0, &p.events);
    add_part(s, p);
    if (s->n == 1) {
        take_position(s);
        p.size = count_frames(qund_buf_view(&b), s->at, &s->v[0].events);
    }
    s->events += s->v[s->n - 1].events;
    s->bytes += p.size - (s->n == 1 ? s->at : FILE_HEAD);
    if (p.size < (int64_t)b.n) {
        qund_spool_report_cut(s->dir, s->log, name, qund_buf_view(&b), p.size, last);
        if (truncate(path, p.size) < 0)
            return qund_err_set(err, QUND_E_IO, path, "cutting a torn tail: %s", strerror(errno));
    }
    return QUND_OK;
}

static int read_parts(struct qund_spool *s, struct qund_err *err)
{
    char **names = NULL;
    size_t n = 0;
    int rc = qund_dir_list(s->dir, SUFFIX, &names, &n, err);

    for (size_t i = 0; i < n; i++) {
        if (rc == 0)
            rc = read_part(s, names[i], i + 1 == n, err);
        qund_free(names[i]);
    }
    qund_free(names);
    while (rc == 0 && s->n > 0 && s->at >= s->v[0].size)
        drop_first(s);
    return rc;
}

int qund_spool_open(const char *dir, int64_t max_bytes, struct qund_log *log,
                    struct qund_spool **out, struct qund_err *err)
{
    QUND_AUTO(qund_spool_close) struct qund_spool *s = qund_alloc(sizeof(*s));
    QUND_AUTO(qund_free_str) char *position = qund_path_join(dir, "position");
    int rc;

    s->dir = qund_strdup(dir);
    s->max_bytes = max_bytes;
    s->log = log;
    s->read_fd = s->write_fd = s->position_fd = -1;
    s->next_number = 1;
    rc = qund_dir_make(dir, 0700, err);
    if (rc < 0)
        return rc;
    s->position_fd = open(position, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->position_fd < 0)
        return qund_err_set(err, QUND_E_IO, position, "open: %s", strerror(errno));
    rc = read_parts(s, err);
    if (rc < 0)
        return rc;
    if (s->events > 0)
        qund_log(log, QUND_INFO, "spool.found", QUND_KV("events", s->events),
                 QUND_KV("bytes", s->bytes));
    *out = QUND_TAKE(s);
    return QUND_OK;
}

struct qund_spool *qund_spool_close(struct qund_spool *s)
{
    if (!s)
        return NULL;
    close_fd(&s->read_fd);
    close_fd(&s->write_fd);
    close_fd(&s->position_fd);
    qund_free(s->v);
    qund_free(s->dir);
    qund_free(s);
    return NULL;
}

/* ---- writing ---- */

/* The file that is appended to: the newest, unless it is long enough or from an earlier life. */
static int writable(struct qund_spool *s)
{
    if (s->write_fd >= 0 && s->v[s->n - 1].size < FILE_BYTES)
        return QUND_OK;
    return add_file(s);
}

int qund_spool_write(struct qund_spool *s, struct qund_str frames, size_t n)
{
    struct part *p;
    size_t done = 0;

    if ((int64_t)frames.n > qund_spool_room(s))
        return QUND_E_FULL;
    if (writable(s) < 0)
        return QUND_E_IO;
    p = &s->v[s->n - 1];
    errno = 0;
    while (done < frames.n) {
        ssize_t k = pwrite(s->write_fd, frames.p + done, frames.n - done, p->size + (off_t)done);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            break;
        done += (size_t)k;
    }
    if (done < frames.n || fdatasync(s->write_fd) < 0) {
        s->trouble = errno ? errno : ENOSPC;
        qund_log(s->log, QUND_ERROR, "spool.write", QUND_KV("why", strerror(s->trouble)),
                 QUND_KV("todo", "make room on, or mend, the disk of the data folder"));
        if (ftruncate(s->write_fd, p->size) < 0)
            close_fd(&s->write_fd); /* what is behind size is overwritten by nobody: a new file */
        return QUND_E_IO;
    }
    p->size += (int64_t)frames.n;
    p->events += (int64_t)n;
    s->events += (int64_t)n;
    s->bytes += (int64_t)frames.n;
    s->trouble = 0;
    qund_ignore(QUND_FAULT("spool_written")); /* only its crash and stall mean something here */
    return QUND_OK;
}

int qund_spool_trouble(const struct qund_spool *s)
{
    return s->trouble;
}

/* ---- reading ---- */

static int open_first(struct qund_spool *s)
{
    QUND_AUTO(qund_free_str) char *path = NULL;

    if (s->read_fd >= 0)
        return QUND_OK;
    path = part_path(s, s->v[0].number);
    s->read_fd = open(path, O_RDONLY | O_CLOEXEC);
    s->read_errno = s->read_fd >= 0 ? 0 : errno;
    return s->read_fd >= 0 ? QUND_OK : QUND_E_IO;
}

/* Bytes of the oldest file from the position on, at most n, into mem. */
static struct qund_str window(struct qund_spool *s, struct qund_buf *mem, size_t n)
{
    int64_t left = s->n > 0 ? s->v[0].size - s->at : 0;
    ssize_t got;

    qund_buf_clear(mem);
    s->read_errno = 0; /* of this look alone */
    if (left <= 0 || open_first(s) < 0)
        return QUND_STR_NONE;
    n = left < (int64_t)n ? (size_t)left : n;
    qund_buf_reserve(mem, n + 1);
    got = pread(s->read_fd, mem->p, n, s->at);
    s->read_errno = got < 0 ? errno : 0;
    mem->n = got > 0 ? (size_t)got : 0;
    return qund_str_n(mem->p, mem->n);
}

/* Too many open files, no memory: says nothing about the file. */
static bool passing(int e)
{
    return e == EMFILE || e == ENFILE || e == ENOMEM || e == EINTR || e == EAGAIN;
}

/* Frames were good when they were written or read at the start: the disk changed them since. The
 * file is kept aside, for a person with the right tools. */
static void give_up_first(struct qund_spool *s)
{
    int64_t lost = s->v[0].size - s->at;
    QUND_AUTO(qund_free_str) char *path = part_path(s, s->v[0].number);
    QUND_AUTO(qund_buf_done) struct qund_buf aside = {0};

    qund_buf_printf(&aside, "%s" QUND_SPOOL_DAMAGED, path);
    if (lost > 0 && rename(path, aside.p) < 0)
        qund_log(s->log, QUND_WARN, "spool.keep_aside", QUND_KV("why", strerror(errno)));
    if (lost > 0)
        qund_log(s->log, QUND_ERROR, "spool.unreadable", QUND_KV("bytes", lost),
                 QUND_KV("events", s->v[0].events),
                 QUND_KV("todo", "the disk lost acknowledged events: check it"));
    s->bytes -= lost;
    s->events -= s->v[0].events;
    drop_first(s);
}

size_t qund_spool_peek(struct qund_spool *s, struct qund_buf *mem, struct qund_str *bodies,
                       size_t max_n, size_t max_bytes)
{
    while (s->n > 0) {
        size_t whole = max_bytes > QUND_SPOOL_HEAD + QUND_ENTRY_MAX
                           ? max_bytes
                           : QUND_SPOOL_HEAD + QUND_ENTRY_MAX;
        struct qund_str rest = window(s, mem, whole);
        size_t n = 0, bytes = 0;
        int64_t low;

        while (n < max_n && (n == 0 || bytes < max_bytes) &&
               qund_spool_unframe(&rest, &low, &bodies[n]) == 1)
            bytes += bodies[n++].n;
        if (n > 0)
            return n;
        if (s->n > 0 && passing(s->read_errno))
            return 0;
        give_up_first(s);
    }
    return 0;
}

static void advance_in_file(struct qund_spool *s, size_t *n)
{
    QUND_AUTO(qund_buf_done) struct qund_buf mem = {0};
    struct qund_str rest, body;
    int64_t low, before = s->at;

    while (*n > 0) {
        rest = window(s, &mem,
                      QUND_SPOOL_HEAD + QUND_ENTRY_MAX > WINDOW ? QUND_SPOOL_HEAD + QUND_ENTRY_MAX
                                                                : WINDOW);
        if (qund_spool_unframe(&rest, &low, &body) != 1)
            break;
        do {
            s->at += (int64_t)(QUND_SPOOL_HEAD + body.n);
            s->events--;
            s->v[0].events--;
        } while (--*n > 0 && qund_spool_unframe(&rest, &low, &body) == 1);
    }
    s->bytes -= s->at - before;
}

void qund_spool_advance(struct qund_spool *s, size_t n)
{
    while (n > 0 && s->n > 0) {
        size_t before = n;

        advance_in_file(s, &n);
        if (s->at >= s->v[0].size)
            drop_first(s);
        else if (n == before && passing(s->read_errno))
            break; /* they are sent again, and known by their ids */
        else if (n == before)
            give_up_first(s);
    }
    if (s->n > 0)
        remember_position(s);
}

int64_t qund_spool_events(const struct qund_spool *s)
{
    return s->events;
}

int64_t qund_spool_bytes(const struct qund_spool *s)
{
    return s->bytes;
}

int64_t qund_spool_room(const struct qund_spool *s)
{
    return s->bytes < s->max_bytes ? s->max_bytes - s->bytes : 0;
}

int64_t qund_spool_low(struct qund_spool *s)
{
    char head[QUND_SPOOL_HEAD];

    if (s->n == 0 || s->at >= s->v[0].size)
        return INT64_MAX;
    if (open_first(s) < 0 || pread(s->read_fd, head, sizeof(head), s->at) != (ssize_t)sizeof(head))
        return INT64_MIN; /* unknown: nothing is judged until it is read or given up */
    return (int64_t)qund_le_get(head + 8, 8);
}
