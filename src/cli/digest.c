/* src/cli/digest.c - the day of a group on one page, read from the store beside a daemon or not. */
#include "alert/digest.h"
#include "app/local.h"
#include "cli/cli.h"
#include <stdio.h>

static int read_options(const struct cli *c, struct qund_db *db, struct qund_digest *d,
                        struct qund_err *err)
{
    const char *day = cli_opt(c, "--day"), *at = cli_opt(c, "--at");

    int64_t now;
    int rc = qund_local_time(db, &now, err);

    if (rc < 0)
        return rc;
    d->days = qund_digest_day(d->zone, now);
    if (day && qund_digest_date(qund_str(day), &d->days) < 0)
        return qund_err_set(err, QUND_E_INVAL, "--day", "must be like 2025-09-15");
    if (at && (d->at_min = qund_digest_minute(at)) < 0)
        return qund_err_set(err, QUND_E_INVAL, "--at", "must be like 19:00");
    return 0;
}

/* The group's own, where it has one. */
static struct qund_zone *zone_of(const struct cli *c, struct qund_db *db, int64_t grp)
{
    QUND_AUTO(qund_buf_done) struct qund_buf name = {0};
    struct qund_zone *z = NULL;
    int64_t found = 0;

    if (qund_digest_sql_next(db, grp - 1, &found, &name) > 0 && found == grp && name.n > 0 &&
        qund_zone_load(NULL, name.p, &z, NULL) == 0)
        return z;
    return cli_zone(c);
}

int cli_digest(struct cli *c)
{
    QUND_AUTO(qund_db_close) struct qund_db *db = cli_db(c);
    QUND_AUTO(qund_months_free) struct qund_months *months = db ? qund_months_new(db) : NULL;
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf page = {0}, text = {0};
    struct qund_digest d = {.at_min = -1, .words = 10};
    struct qund_jw w = qund_jw(&page);
    struct qund_err err = {0};
    int rc;

    if (!db)
        return EXIT_WRONG;
    if (qund_str_int(qund_str(c->args[0]), &d.grp) < 0)
        return cli_usage(c, "the number of a group is wanted, not '%s'", c->args[0]);
    d.zone = zone = zone_of(c, db, d.grp);
    rc = read_options(c, db, &d, &err);
    if (rc < 0)
        return cli_fail(&err);
    qund_jw_obj(&w);
    rc = qund_digest_write(db, months, &d, c->json ? NULL : &text, &w);
    qund_jw_end_obj(&w);
    if (rc == QUND_E_NOTFOUND)
        qund_err_set(&err, rc, c->args[0], "there is no group of that number");
    else if (rc < 0)
        qund_err_set(&err, rc, "store", "%s", qund_db_error(db));
    if (rc < 0)
        return cli_fail(&err);
    if (c->json) {
        cli_print_json(qund_buf_view(&page));
        return EXIT_FINE;
    }
    fwrite(text.p, 1, text.n, stdout);
    return EXIT_FINE;
}
