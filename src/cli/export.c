/* src/cli/export.c - everything of a kind, straight from the store: a reader's handle, page by
 * page, beside a running daemon or without one. */
#include "app/vault.h"
#include "cli/cli.h"
#include "crm/import.h"
#include "crm/message.h"
#include "crm/org.h"
#include <errno.h>
#include <stdio.h>

#define PAGE 1000

struct sink {
    FILE *to;
    struct qund_message_view *view;
    struct qund_buf line;
    int64_t last, n;
    struct cli_bar bar;
};

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
    return fwrite(s->line.p, 1, s->line.n, s->to) == s->line.n ? 0 : QUND_E_IO;
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
    struct sink *s = arg;

    return fwrite(bytes.p, 1, bytes.n, s->to) == bytes.n ? 0 : QUND_E_IO;
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
    struct sink s = {.to = stdout};
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
    if (rc < 0)
        return cli_fail(&err);
    if (c->n_args == 2 && !(s.to = fopen(c->args[1], "w"))) {
        qund_err_set(&err, QUND_E_IO, c->args[1], "cannot be written: %s", strerror(errno));
        return cli_fail(&err);
    }
    cli_bar_begin(&s.bar, "export", 0);
    rc = write_all(c, db, &s, &err);
    cli_bar_end(&s.bar);
    qund_buf_done(&s.line);
    if (s.to == stdout && (fflush(stdout) != 0 || ferror(stdout)))
        return EXIT_FINE; /* cli_output_end says what there is to say */
    if (fflush(s.to) != 0 || ferror(s.to))
        rc = qund_err_set(&err, QUND_E_IO, c->args[1], "cannot be written: %s", strerror(errno));
    if (s.to != stdout)
        fclose(s.to);
    if (rc < 0 && !err.text[0])
        qund_err_set(&err, rc, "export", "%s", qund_db_error(db));
    return rc < 0 ? cli_fail(&err) : EXIT_FINE;
}
