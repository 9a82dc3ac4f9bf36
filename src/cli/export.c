/* src/cli/export.c - everything of a kind, straight from the store: a reader's handle, page by
 * page, beside a running daemon or without one. */
#include "app/vault.h"
#include "cli/cli.h"
#include "crm/import.h"
#include "crm/message.h"
#include "crm/org.h"
#include <stdio.h>

#define PAGE 1000

struct sink {
    struct cli_out out;
    struct cli_stop stop; /* of a file: the former one stays */
    struct qund_message_view *view;
    struct qund_buf line;
    int64_t last, n;
    struct cli_bar bar;
};

static int write_some(struct sink *s, struct qund_str bytes)
{
    if (s->out.tmp && cli_stopped(&s->stop))
        return QUND_E_AGAIN;
    return fwrite(bytes.p, 1, bytes.n, s->out.to) == bytes.n ? 0 : QUND_E_IO;
}

static int message_line(const struct qund_message_row *row, void *arg)
{
    struct sink *s = arg;
    int rc;

    qund_buf_clear(&s->line);
    rc = qund_message_print(s->view, row, false, &s->line);
    if (rc < 0)
        return rc;
    qund_buf_char(&s->line, '\n');
    s->last = row->seq;
    s->n++;
    return write_some(s, qund_buf_view(&s->line));
}

static int messages(struct qund_db *db, struct sink *s)
{
    struct qund_months *m = qund_months_new(db);
    int64_t before;
    int rc;

    s->view = qund_message_view_new(db);
    do {
        before = s->last;
        rc = qund_month_stream(m, s->last, PAGE, message_line, s);
        cli_bar_at(&s->bar, s->n);
    } while (rc >= 0 && s->last > before);
    qund_message_view_free(s->view);
    qund_months_free(m);
    return rc;
}

static int bytes_out(void *arg, struct qund_str bytes)
{
    return write_some(arg, bytes);
}

static int table_out(struct cli *c, struct qund_db *db, struct sink *s, struct qund_err *err)
{
    const char *format = cli_opt(c, "--format");
    struct qund_export_opt opt = {.form = format && strcmp(format, "jsonl") == 0 ? QUND_EXPORT_JSONL
                                                                                 : QUND_EXPORT_CSV};
    int table = qund_table_parse(qund_str(c->args[0]));
    int rc = qund_db_begin_read(db);

    if (rc == 0)
        rc = qund_export(db, (enum qund_table)table, &opt, bytes_out, s, &s->n, err);
    qund_db_rollback(db); /* a read's end */
    return rc;
}

static int write_all(struct cli *c, struct qund_db *db, struct sink *s, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf yaml = {0};
    int rc;

    if (strcmp(c->args[0], "messages") == 0)
        return messages(db, s);
    if (strcmp(c->args[0], "org") != 0)
        return table_out(c, db, s, err);
    rc = qund_org_export(db, &yaml);
    return rc < 0 ? rc : bytes_out(s, qund_buf_view(&yaml));
}

int cli_export(struct cli *c)
{
    QUND_AUTO(qund_vault_close) struct qund_vault *v = NULL;
    QUND_AUTO(qund_db_close) struct qund_db *db = NULL;
    const char *format = cli_opt(c, "--format"), *what = c->args[0];
    bool own = strcmp(what, "messages") == 0 || strcmp(what, "org") == 0;
    struct sink s = {0};
    struct qund_err err = {0};
    int rc;

    if (!own && qund_table_parse(qund_str(what)) < 0)
        return cli_usage(c, "cannot export '%s'", what);
    if (format && strcmp(format, "csv") != 0 && strcmp(format, "jsonl") != 0)
        return cli_usage(c, "--format is csv or jsonl");
    if (format && strcmp(what, "messages") == 0 && strcmp(format, "jsonl") != 0)
        return cli_usage(c, "messages are written as jsonl");
    rc = qund_vault_look(c->data, &v, &err);
    if (rc == 0)
        rc = qund_db_open(&(struct qund_db_cfg){.path = v->store, .busy_ms = 2000}, QUND_DB_READ,
                          NULL, &db, &err);
    if (rc == 0)
        rc = cli_out_open(c, c->n_args == 2 ? c->args[1] : NULL, &s.out, &err);
    if (rc < 0)
        return cli_fail(&err);
    if (s.out.tmp)
        cli_stop_begin(&s.stop);
    cli_bar_begin(&s.bar, "export", 0);
    rc = write_all(c, db, &s, &err);
    cli_bar_end(&s.bar);
    qund_buf_done(&s.line);
    if (s.out.to == stdout && (fflush(stdout) != 0 || ferror(stdout)))
        return EXIT_FINE; /* cli_output_end says what there is to say */
    if (s.stop.asked)
        rc = qund_err_set(&err, QUND_E_AGAIN, c->args[1], "stopped; it is as it was before");
    rc = cli_out_close(&s.out, rc, &err);
    if (rc < 0 && !err.text[0])
        qund_err_set(&err, rc, "export", "%s", qund_db_error(db));
    return rc < 0 ? cli_fail(&err) : EXIT_FINE;
}
