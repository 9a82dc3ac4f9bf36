/* src/text/match_child.c - compiling in a child process.
 * A few expressions are enough to keep Hyperscan busy for minutes and gigabytes, and nobody can
 * tell which before trying. So a helper process does it (core/helper.c), and only what comes back
 * whole is taken over. A child that is killed costs one reload. */
#include "text/match.h"

#include "core/file.h"
#include "core/helper.h"
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 60000
#define ERRS_MAX 64u

struct request {
    char magic[8];
    uint64_t n;
};
struct request_row {
    uint32_t id, kind, view, len;
};
struct reply {
    char magic[8];
    int32_t rc;
    uint32_t n_errs, dropped, err_size;
    uint64_t blob_n;
};
static const char REQUEST_MAGIC[8] = "QUNDPAT";
static const char REPLY_MAGIC[8] = "QUNDSET";

/* Everything up to the end of the file, at most max bytes. */
static bool read_all(int fd, size_t max, struct qund_buf *out)
{
    for (;;) {
        ssize_t got;

        qund_buf_reserve(out, (size_t)1 << 16);
        got = read(fd, out->p + out->n, (size_t)1 << 16);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || out->n + (size_t)got > max)
            return false;
        if (got == 0)
            return true;
        out->n += (size_t)got;
    }
}

/* --- the child's side */

static bool parse_request(struct qund_str in, struct qund_pattern **v, size_t *n)
{
    struct request head;
    struct request_row row;
    size_t at = sizeof(head);

    if (in.n < sizeof(head))
        return false;
    memcpy(&head, in.p, sizeof(head));
    if (memcmp(head.magic, REQUEST_MAGIC, sizeof(head.magic)) != 0 || head.n > in.n / sizeof(row))
        return false;
    *v = qund_alloc(((size_t)head.n + 1) * sizeof(**v));
    for (*n = 0; *n < head.n; (*n)++) {
        if (in.n - at < sizeof(row))
            return false;
        memcpy(&row, in.p + at, sizeof(row));
        at += sizeof(row);
        if (in.n - at < row.len)
            return false;
        (*v)[*n] =
            (struct qund_pattern){row.id, (enum qund_pattern_kind)row.kind,
                                  (enum qund_pattern_view)row.view, qund_str_n(in.p + at, row.len)};
        at += row.len;
    }
    return at == in.n;
}

static int compile_request(struct qund_str in, struct qund_buf *blob, struct qund_errs *errs)
{
    struct qund_pattern *v = NULL;
    size_t n = 0;
    int rc;

    if (!parse_request(in, &v, &n))
        rc = qund_errs_add(errs, QUND_E_PROTO, "compile-rules",
                           "standard input is not a pattern list; the daemon starts this command");
    else
        rc = qund_match_compile(qund_fold_tables(), v, n, blob, errs);
    qund_free(v);
    return rc;
}

int qund_match_compile_main(int in_fd, int out_fd)
{
    QUND_AUTO(qund_buf_done) struct qund_buf in = {0}, blob = {0};
    QUND_AUTO(qund_errs_done) struct qund_errs errs;
    struct reply reply = {.err_size = sizeof(struct qund_err)};

    qund_errs_init(&errs, ERRS_MAX);
    memcpy(reply.magic, REPLY_MAGIC, sizeof(reply.magic));
    if (read_all(in_fd, 2 * QUND_MATCH_MAX_BYTES, &in))
        reply.rc = compile_request(qund_buf_view(&in), &blob, &errs);
    else
        reply.rc = qund_errs_add(&errs, QUND_E_IO, "compile-rules",
                                 "cannot read standard input, or it is longer than %zu MiB",
                                 2 * QUND_MATCH_MAX_BYTES >> 20);
    reply.n_errs = (uint32_t)errs.n;
    reply.dropped = (uint32_t)errs.dropped;
    reply.blob_n = reply.rc == QUND_OK ? blob.n : 0;
    if (!qund_fd_write(out_fd, qund_str_n((const char *)&reply, sizeof(reply))) ||
        !qund_fd_write(out_fd, qund_str_n((const char *)errs.v, errs.n * sizeof(*errs.v))) ||
        !qund_fd_write(out_fd, qund_str_n(blob.p, (size_t)reply.blob_n)))
        return 1;
    return 0;
}

/* --- the parent's side */

static int fail(struct qund_errs *errs, int rc, const char *what)
{
    return qund_errs_add(errs, rc, "compile-rules", "%s", what);
}

static bool send_request(int fd, const struct qund_pattern *v, size_t n)
{
    QUND_AUTO(qund_buf_done) struct qund_buf all = {0};
    struct request head = {.n = n};

    memcpy(head.magic, REQUEST_MAGIC, sizeof(head.magic));
    qund_buf_add(&all, &head, sizeof(head));
    for (size_t i = 0; i < n; i++) {
        struct request_row row = {v[i].id, (uint32_t)v[i].kind, (uint32_t)v[i].view,
                                  (uint32_t)v[i].text.n};

        qund_buf_add(&all, &row, sizeof(row));
        qund_buf_str(&all, v[i].text);
    }
    return qund_fd_write(fd, qund_buf_view(&all)) && lseek(fd, 0, SEEK_SET) == 0;
}

static int take_reply(int fd, struct qund_buf *blob, struct qund_errs *errs)
{
    QUND_AUTO(qund_buf_done) struct qund_buf all = {0};
    struct reply r;
    size_t errs_n;

    if (lseek(fd, 0, SEEK_SET) < 0 || !read_all(fd, 2 * QUND_MATCH_MAX_BLOB, &all) ||
        all.n < sizeof(r))
        return fail(errs, QUND_E_PROTO, "the child left no result");
    memcpy(&r, all.p, sizeof(r));
    errs_n = (size_t)r.n_errs * sizeof(struct qund_err);
    if (memcmp(r.magic, REPLY_MAGIC, sizeof(r.magic)) != 0 || r.n_errs > ERRS_MAX ||
        r.err_size != sizeof(struct qund_err) || r.blob_n > QUND_MATCH_MAX_BLOB ||
        all.n != sizeof(r) + errs_n + r.blob_n)
        return fail(errs, QUND_E_PROTO,
                    "the child's result is not whole, or it is another version of this program");
    for (size_t i = 0; i < r.n_errs; i++) {
        struct qund_err e;

        memcpy(&e, all.p + sizeof(r) + i * sizeof(e), sizeof(e));
        e.where[sizeof(e.where) - 1] = e.text[sizeof(e.text) - 1] = '\0';
        qund_ignore(
            qund_errs_add(errs, e.rc, e.where, "%s", e.text)); /* the reply's own rc counts */
    }
    errs->dropped += r.dropped;
    if (r.rc == QUND_OK)
        qund_buf_add(blob, all.p + sizeof(r) + errs_n, (size_t)r.blob_n);
    return r.rc;
}

static int run_child(const struct qund_match_child *c, int in, int out, struct qund_errs *errs)
{
    int64_t timeout_ms = c->timeout_ms > 0 ? c->timeout_ms : DEFAULT_TIMEOUT_MS;
    QUND_AUTO(qund_free_str) char *name = qund_strdup(c->exe);
    char command[] = "compile-rules";
    char *argv[] = {name, command, NULL};
    int status,
        rc = qund_helper_run(&(struct qund_helper){.exe = c->exe,
                                                   .argv = argv,
                                                   .in_fd = in,
                                                   .out_fd = out,
                                                   .timeout_ms = timeout_ms,
                                                   .memory_bytes = c->memory_bytes,
                                                   .file_bytes = (int64_t)QUND_MATCH_MAX_BLOB * 2},
                             &status);

    if (rc == QUND_E_AGAIN)
        return fail(errs, QUND_E_AGAIN, "no process can be started for it");
    if (rc < 0)
        return qund_errs_add(
            errs, QUND_E_FULL, "compile-rules",
            "took longer than the %lld ms allowed: simplify the newest expressions, "
            "or allow more",
            (long long)timeout_ms);
    if (WIFSIGNALED(status))
        return qund_errs_add(errs, QUND_E_FULL, "compile-rules",
                             "was ended by signal %d, most likely for want of memory (%lld MiB "
                             "allowed): simplify the newest expressions, or allow more",
                             WTERMSIG(status), (long long)(c->memory_bytes >> 20));
    if (WEXITSTATUS(status) == QUND_HELPER_NOT_STARTED)
        return qund_errs_add(errs, QUND_E_IO, c->exe,
                             "cannot be run as `compile-rules`: is the program still there, and is "
                             "the memory limit at least 64 MiB?");
    if (WEXITSTATUS(status) != 0)
        return fail(errs, QUND_E_IO, "the child could not write its result");
    return QUND_OK;
}

int qund_match_compile_child(const struct qund_match_child *c, const struct qund_fold *f,
                             const struct qund_pattern *v, size_t n, struct qund_buf *blob,
                             struct qund_errs *errs)
{
    int in, out, rc;

    if (!c->exe)
        return qund_match_compile(f, v, n, blob, errs);
    in = qund_helper_file("qund-patterns");
    out = qund_helper_file("qund-compiled");
    if (in < 0 || out < 0 || !send_request(in, v, n))
        rc = fail(errs, QUND_E_AGAIN, "no memory file can be had for the patterns");
    else
        rc = run_child(c, in, out, errs);
    if (rc == QUND_OK)
        rc = take_reply(out, blob, errs);
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return rc;
}
