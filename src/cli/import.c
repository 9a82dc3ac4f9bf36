/* src/cli/import.c - a file's rows become commands of at most 500 rows, applied by the daemon when
 * one runs, by this process otherwise. The job's name is the digest of the file, so a repeat goes
 * on behind the last chunk that was applied. */
#include "crm/import.h"
#include "app/local.h"
#include "cli/cli.h"
#include "core/clock.h"
#include "core/file.h"
#include <jansson.h>
#include <stdio.h>

#define FILE_MAX (1u << 30)

struct load {
    struct cli *c;
    enum qund_table table;
    struct qund_local *l; /* NULL: through the daemon */
    int64_t rows, created, updated, refused;
    struct qund_buf errors; /* CSV */
    struct cli_bar bar;
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

static int apply(struct load *ld, struct qund_str body)
{
    QUND_AUTO(qund_buf_done) struct qund_buf reply = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf path = {0};
    struct qund_err err = {0};
    int code = EXIT_FINE;

    if (!ld->l) {
        qund_buf_printf(&path, "/api/v1/import/%s", qund_table_name(ld->table));
        code = cli_ask(ld->c, "POST", path.p, body, &reply);
    } else if (qund_local_command(ld->l, qund_import_command(ld->table), body,
                                  qund_wall_system().ms, &reply, &err) < 0) {
        code = cli_fail(&err);
    }
    if (code == EXIT_FINE)
        count(ld, qund_buf_view(&reply));
    return code;
}

static int run(struct load *ld, const struct qund_import_opt *opt, struct qund_str text)
{
    QUND_AUTO(qund_import_close) struct qund_import *im = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_err err = {0};
    int code = EXIT_FINE;
    int rc = qund_import_open(ld->table, opt, text, 0, &im, &err);
    int64_t line = 0;
    bool done = false;

    if (rc < 0)
        return cli_fail(&err);
    if (ld->l && !opt->dry_run &&
        qund_import_done_line(ld->l->db, qund_import_job(im), &line, &done) == 0 && line > 0) {
        im = qund_import_close(im);
        rc = qund_import_open(ld->table, opt, text, line, &im, &err);
        if (rc < 0)
            return cli_fail(&err);
    }
    while (code == EXIT_FINE && (rc = qund_import_next(im, &body)) > 0) {
        code = apply(ld, qund_buf_view(&body));
        qund_buf_clear(&body);
    }
    return code;
}

static int report(struct load *ld, bool dry)
{
    QUND_AUTO(qund_buf_done) struct qund_buf name = {0};
    struct qund_err err = {0};

    printf(ld->c->json ? "{\"rows\":%lld,\"created\":%lld,\"updated\":%lld,\"refused\":%lld}\n"
                       : "rows %lld: created %lld, updated %lld, refused %lld\n",
           (long long)ld->rows, (long long)ld->created, (long long)ld->updated,
           (long long)ld->refused);
    if (dry && !ld->c->json)
        printf("a dry run: nothing was kept\n");
    if (ld->refused == 0)
        return EXIT_FINE;
    if (cli_opt(ld->c, "--errors"))
        qund_buf_puts(&name, cli_opt(ld->c, "--errors"));
    else
        qund_buf_printf(&name, "%s.errors.csv", ld->c->args[1]);
    if (qund_file_replace(name.p, qund_buf_view(&ld->errors), 0600, &err) < 0)
        return cli_fail(&err);
    fprintf(stderr, "qund: refused rows and reasons: %s\n", name.p);
    return EXIT_WRONG;
}

int cli_import(struct cli *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    const char *format = cli_opt(c, "--format");
    size_t n = strlen(c->args[1]);
    struct qund_import_opt opt = {.dry_run = cli_opt(c, "--dry-run") != NULL};
    struct load ld = {.c = c};
    struct qund_err err = {0};
    int table = qund_table_parse(qund_str(c->args[0]));
    int code;

    if (table < 0 || !qund_import_command((enum qund_table)table))
        return cli_usage(c, "cannot import '%s'", c->args[0]);
    if (format && strcmp(format, "csv") != 0 && strcmp(format, "jsonl") != 0)
        return cli_usage(c, "--format is csv or jsonl");
    if (format ? strcmp(format, "jsonl") == 0 : n > 6 && strcmp(c->args[1] + n - 6, ".jsonl") == 0)
        opt.form = QUND_IMPORT_JSONL;
    if (qund_file_read(c->args[1], FILE_MAX, &text, &err) < 0)
        return cli_fail(&err);
    ld.table = (enum qund_table)table;
    if (!cli_daemon(c)) {
        ld.l = cli_local(c, false);
        if (!ld.l)
            return EXIT_WRONG;
    }
    cli_bar_begin(&ld.bar, "import", 0);
    code = run(&ld, &opt, qund_buf_view(&text));
    cli_bar_end(&ld.bar);
    if (code == EXIT_FINE)
        code = report(&ld, opt.dry_run);
    qund_local_close(ld.l);
    qund_buf_done(&ld.errors);
    return code;
}
