/* src/cli/import.c - a file's rows become commands of at most 500 rows, applied by the daemon when
 * one runs, by this process otherwise. Either way the file is read here, so that its size is bound
 * by no request and the bar shows what is committed. The job's name is the digest of the file: a
 * repeat looks up in the store where it stopped and goes on behind the last chunk applied; when it
 * had come to the end, at the first row that was refused, and the engine tries those alone.
 *
 * Refused rows are written down chunk by chunk, as the others are committed: a repeat does not see
 * them again, so what an interrupted run had refused must be in the file already. For the same
 * reason the file is opened before the first row is sent. */
#include "crm/import.h"
#include "app/vault.h"
#include "cli/cli.h"
#include "core/file.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#define ERRORS_HEAD "line,reason\r\n"

struct load {
    struct cli *c;
    enum qund_table table;
    struct qund_local *l; /* NULL: through the daemon */
    int64_t rows, created, updated, refused;
    int64_t from;           /* the line a repeat goes on at; 0: the beginning */
    bool was_done;          /* an earlier run had ended it */
    bool again;             /* it had, and rows that it refused are tried again, from `from` on */
    struct qund_buf errors; /* CSV, of the chunk in hand */
    struct qund_buf errors_path;
    int errors_fd;
    struct cli_bar bar;
    struct cli_stop stop;
};

static int64_t number(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}

static void count(struct load *ld, struct qund_str reply)
{
    json_error_t why;
    json_t *o = json_loadb(reply.p, reply.n, 0, &why);
    const json_t *errors = json_object_get(o, "errors");
    size_t i;
    json_t *e;

    ld->rows += number(o, "rows");
    ld->created += number(o, "created");
    ld->updated += number(o, "updated");
    json_array_foreach(errors, i, e)
    {
        const char *reason = json_string_value(json_object_get(e, "reason"));

        ld->refused++;
        qund_import_error_row(&ld->errors, number(e, "line"), qund_str(reason ? reason : "?"));
    }
    cli_bar_at(&ld->bar, ld->rows);
    json_decref(o);
}

static const char *input_name(const struct cli *c)
{
    return strcmp(c->args[1], "-") == 0 ? "stdin" : c->args[1];
}

/* A repeat adds to what the interrupted run had refused; of what is tried again all is told anew.
 */
static int errors_open(struct load *ld)
{
    const char *given = cli_opt(ld->c, "--errors");
    int flags =
        O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (ld->from > 0 && !ld->again ? 0 : O_TRUNC);
    struct qund_err err = {0};

    if (given)
        qund_buf_puts(&ld->errors_path, given);
    else
        qund_buf_printf(&ld->errors_path, "%s.errors.csv", input_name(ld->c));
    if (cli_out_allowed(ld->c, ld->errors_path.p, &err) == QUND_E_DENIED)
        return cli_fail(&err);
    ld->errors_fd = open(ld->errors_path.p, flags, 0600);
    if (ld->errors_fd < 0) {
        qund_err_set(&err, qund_rc_from_errno(errno), ld->errors_path.p,
                     "refused rows would go here, but it cannot be written: %s; name another file "
                     "with --errors",
                     strerror(errno));
        return cli_fail(&err);
    }
    if (lseek(ld->errors_fd, 0, SEEK_END) == 0)
        qund_buf_puts(&ld->errors, ERRORS_HEAD);
    return EXIT_FINE;
}

static int errors_flush(struct load *ld)
{
    struct qund_err err = {0};

    if (ld->errors.n > 0 && !qund_fd_write(ld->errors_fd, qund_buf_view(&ld->errors))) {
        fprintf(stderr, "%.*s", QUND_STR_ARG(qund_buf_view(&ld->errors)));
        qund_err_set(&err, QUND_E_IO, ld->errors_path.p,
                     "the rows above are refused, but cannot be written there (%s); a repeat goes "
                     "on behind them",
                     strerror(errno));
        return cli_fail(&err);
    }
    qund_buf_clear(&ld->errors);
    return EXIT_FINE;
}

/* A file that holds no row says nothing. */
static void errors_close(struct load *ld)
{
    if (ld->errors_fd >= 0 && lseek(ld->errors_fd, 0, SEEK_END) <= (off_t)strlen(ERRORS_HEAD))
        unlink(ld->errors_path.p);
    if (ld->errors_fd >= 0)
        close(ld->errors_fd);
    qund_buf_done(&ld->errors_path);
    qund_buf_done(&ld->errors);
}

static int apply(struct load *ld, struct qund_str body)
{
    QUND_AUTO(qund_buf_done) struct qund_buf reply = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf path = {0};
    struct qund_err err = {0};
    int64_t now = 0;
    int code = EXIT_FINE;

    if (!ld->l) {
        qund_buf_printf(&path, "/api/v1/import/%s?chunk=true", qund_table_name(ld->table));
        code = cli_ask(ld->c, "POST", path.p, body, &reply);
    } else if (qund_local_time(ld->l->db, &now, &err) < 0 ||
               qund_local_command(ld->l, qund_import_command(ld->table), body, now, &reply, &err) <
                   0) {
        code = cli_fail(&err);
    }
    if (code == EXIT_FINE) {
        count(ld, qund_buf_view(&reply));
        code = errors_flush(ld);
    }
    return code;
}

/* Where an earlier run of the same file stopped. A store that is not there yet knows of none. */
static int find_start(struct load *ld, const char *job, struct qund_err *err)
{
    QUND_AUTO(qund_vault_close) struct qund_vault *v = NULL;
    QUND_AUTO(qund_db_close) struct qund_db *own = NULL;
    struct qund_db *db = ld->l ? ld->l->db : NULL;
    int64_t refused = 0;
    int rc = 0;

    if (!db) {
        rc = qund_vault_look(ld->c->data, &v, err);
        if (rc == 0)
            rc = qund_db_open(&(struct qund_db_cfg){.path = v->store, .busy_ms = 2000},
                              QUND_DB_READ, NULL, &own, err);
        db = own;
    }
    if (rc == 0)
        rc = qund_import_done_line(db, job, &ld->from, &ld->was_done);
    if (rc == 0 && ld->was_done)
        rc = qund_import_refused_line(db, job, &refused);
    if (refused > 0) {
        ld->from = refused;
        ld->again = true;
        ld->was_done = false;
    }
    if (rc < 0 && !err->text[0])
        qund_err_set(err, rc, "store", "%s", qund_db_error(db));
    return rc;
}

static int run(struct load *ld, const struct qund_import_opt *opt, struct qund_str text)
{
    QUND_AUTO(qund_import_close) struct qund_import *im = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_err err = {0};
    int code = EXIT_FINE;
    int rc = qund_import_open(ld->table, opt, text, 0, &im, &err);

    if (rc == 0 && !opt->dry_run)
        rc = find_start(ld, qund_import_job(im), &err);
    if (rc == 0 && ld->was_done)
        return EXIT_FINE;
    if (rc == 0 && ld->from > 0) {
        im = qund_import_close(im);
        rc = qund_import_open(ld->table, opt, text, ld->from, &im, &err);
    }
    if (rc < 0) {
        fprintf(stderr, "qund: %s: %s%s%s\n", input_name(ld->c), err.where,
                err.where[0] ? ": " : "", err.text);
        return EXIT_WRONG;
    }
    code = errors_open(ld);
    while (code == EXIT_FINE && !cli_stopped(&ld->stop) && (rc = qund_import_next(im, &body)) > 0) {
        code = apply(ld, qund_buf_view(&body));
        qund_buf_clear(&body);
    }
    return code;
}

static void print_sums(const struct load *ld, bool dry)
{
    if (ld->c->json) {
        printf("{\"rows\":%lld,\"created\":%lld,\"updated\":%lld,\"refused\":%lld,"
               "\"from_line\":%lld,\"done_before\":%s,\"dry_run\":%s}\n",
               (long long)ld->rows, (long long)ld->created, (long long)ld->updated,
               (long long)ld->refused, (long long)ld->from, ld->was_done ? "true" : "false",
               dry ? "true" : "false");
        return;
    }
    if (ld->was_done) {
        printf("this file was imported before, all of it; nothing was done\n");
        return;
    }
    if (ld->again)
        printf("this file was imported before; the rows that were refused were tried again\n");
    else if (ld->from > 0)
        printf("went on at line %lld, where the last run stopped\n", (long long)ld->from);
    printf("rows %lld: created %lld, updated %lld, refused %lld\n", (long long)ld->rows,
           (long long)ld->created, (long long)ld->updated, (long long)ld->refused);
    if (dry)
        printf("a dry run: nothing was kept\n");
}

static int report(struct load *ld, bool dry)
{
    print_sums(ld, dry);
    if (ld->stop.asked && !ld->was_done) {
        fprintf(stderr,
                dry ? "qund: stopped behind row %lld; a dry run keeps nothing, start it again\n"
                    : "qund: stopped: %lld rows are kept; the same command goes on behind them\n",
                (long long)ld->rows);
        return EXIT_WRONG;
    }
    if (ld->refused == 0)
        return EXIT_FINE;
    fprintf(stderr, "qund: refused rows and reasons: %s\n", ld->errors_path.p);
    return EXIT_WRONG;
}

/* How long the bar is: quoted fields may hold line ends, so about. */
static int64_t count_rows(struct qund_str text, bool csv)
{
    int64_t n = 0;

    for (const char *p = text.p, *end = text.p + text.n;
         p && (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
        n++;
    return n - csv;
}

int cli_import(struct cli *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    const char *format = cli_opt(c, "--format");
    size_t n = strlen(c->args[1]);
    struct qund_import_opt opt = {.dry_run = cli_opt(c, "--dry-run") != NULL};
    struct load ld = {.c = c, .errors_fd = -1};
    struct qund_err err = {0};
    int table = qund_table_parse(qund_str(c->args[0]));
    int code;

    if (table < 0 || !qund_import_command((enum qund_table)table))
        return cli_usage(c, "cannot import '%s'", c->args[0]);
    if (format && strcmp(format, "csv") != 0 && strcmp(format, "jsonl") != 0)
        return cli_usage(c, "--format is csv or jsonl");
    if (format ? strcmp(format, "jsonl") == 0 : n > 6 && strcmp(c->args[1] + n - 6, ".jsonl") == 0)
        opt.form = QUND_IMPORT_JSONL;
    if (cli_read(c->args[1], &text, &err) < 0)
        return cli_fail(&err);
    ld.table = (enum qund_table)table;
    if (!cli_daemon(c)) {
        ld.l = cli_local(c, 0);
        if (!ld.l)
            return EXIT_WRONG;
    }
    cli_stop_begin(&ld.stop);
    cli_bar_begin(&ld.bar, "import", count_rows(qund_buf_view(&text), opt.form == QUND_IMPORT_CSV));
    code = run(&ld, &opt, qund_buf_view(&text));
    cli_bar_end(&ld.bar);
    if (code == EXIT_FINE)
        code = report(&ld, opt.dry_run);
    qund_local_close(ld.l);
    errors_close(&ld);
    return code;
}
