/* src/cli/task.c - what the staff are to say today: looked at beside a daemon or not, acted on by
 * either. */
#include "sop/task.h"
#include "app/local.h"
#include "cli/acts.h"
#include "cli/sop_view.h"
#include "sop/plan.h"
#include <stdio.h>
#include <stdlib.h>

#define LIST_MAX 500

static int read_day(struct cli *c, struct qund_db *db, const struct qund_zone *z,
                    struct qund_task_filter *f)
{
    const char *day = cli_opt(c, "--day");
    struct qund_civil t = {0};
    struct qund_err err = {0};
    int64_t at;
    int n = 0;

    if (day) {
        if (sscanf(day, "%4d-%2d-%2d%n", &t.year, &t.month, &t.day, &n) != 3 ||
            n != (int)strlen(day) || t.month < 1 || t.month > 12 || t.day < 1 || t.day > 31)
            return cli_usage(c, "--day wants a date such as 2026-09-01");
        at = qund_zone_utc(z, &t);
    } else if (qund_local_time(db, &at, &err) < 0) {
        return cli_fail(&err);
    }
    f->from = qund_zone_day_start(z, at, 0);
    f->until = qund_zone_day_start(z, at, 1);
    return EXIT_FINE;
}

static int read_number(struct cli *c, const char *option, int64_t *out)
{
    const char *said = cli_opt(c, option);

    if (said && (qund_str_int(qund_str(said), out) < 0 || *out <= 0))
        return cli_usage(c, "%s wants a number", option);
    return EXIT_FINE;
}

static int read_filter(struct cli *c, struct qund_db *db, const struct qund_zone *z,
                       struct qund_task_filter *f)
{
    const char *state = cli_opt(c, "--state");
    int which;

    *f = (struct qund_task_filter){.limit = LIST_MAX, .zone = z};
    if (read_number(c, "--plan", &f->plan) || read_number(c, "--group", &f->group))
        return EXIT_USAGE;
    if (state) {
        which = qund_task_state_parse(qund_str(state));
        if (which < 0)
            return cli_usage(c, "--state is planned, held, ready, pushed, seen, done, skipped, "
                                "expired, cancelled or failed");
        f->states = 1u << which;
    } else if (cli_opt(c, "--all")) {
        for (int i = 0; i < QUND_TASK_STATES; i++)
            if (qund_task_open((enum qund_task_state)i))
                f->states |= 1u << i;
    }
    /* Of one plan, or in one state, any day is meant. */
    return cli_opt(c, "--all") || f->plan > 0 || state ? EXIT_FINE : read_day(c, db, z, f);
}

static void print_one(struct cli *c, struct cli_table *t, const struct cli_task_look *look,
                      const json_t *o)
{
    char *line = c->json ? json_dumps(o, JSON_COMPACT) : NULL;

    if (!line && t->n == 0)
        cli_task_head(t);
    if (line)
        cli_print_json(qund_str(line));
    else
        cli_task_row(t, o, look);
    free(line);
}

static int list(struct cli *c)
{
    QUND_AUTO(qund_db_close) struct qund_db *db = NULL;
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = cli_zone(c);
    struct cli_task_look look = {
        .zone = zone, .numbers = true, .groups = true, .full = cli_opt(c, "--full") != NULL};
    struct cli_table t = {0};
    struct qund_task_filter f;
    struct qund_err err = {0};
    int64_t due, last;
    int rc;

    db = cli_db(c);
    if (!db)
        return EXIT_WRONG;
    rc = read_filter(c, db, zone, &f);
    if (rc != EXIT_FINE)
        return rc;
    do {
        QUND_AUTO(qund_buf_done) struct qund_buf page = {0};
        json_t *all, *o;
        size_t i;

        rc = qund_sop_task_list(db, &f, &page, &due, &last);
        f.after_due = due;
        f.after_id = last;
        all = rc < 0 ? NULL : cli_json_list(qund_buf_view(&page));
        json_array_foreach(all, i, o) print_one(c, &t, &look, o);
        json_decref(all);
    } while (rc >= 0 && f.after_id > 0);
    if (rc >= 0 && t.n == 0 && !c->json)
        printf("no such task\n");
    cli_table_print(&t);
    if (rc >= 0)
        return EXIT_FINE;
    qund_err_set(&err, rc, "store", "%s", qund_db_error(db));
    return cli_fail(&err);
}

static void print_log(const json_t *task, const struct qund_zone *zone)
{
    struct cli_table t = {0};
    const json_t *o;
    size_t i;

    json_array_foreach(json_object_get(task, "log"), i, o)
    {
        QUND_AUTO(qund_buf_done) struct qund_buf when = {0}, reason = {0};

        cli_put_time(zone, o, "at", true, &when);
        cli_table_row(&t);
        cli_table_put(&t, 0, "  %.*s", QUND_STR_ARG(qund_buf_view(&when)));
        cli_put_reason(cli_field(o, "reason"), &reason);
        cli_table_put(&t, 1, "%s", cli_zh(cli_field(o, "event")));
        cli_table_put(&t, 2, "%s", cli_zh(cli_field(o, "state")));
        cli_table_put(&t, 3, "%s", cli_zh(cli_field(o, "by")));
        cli_table_put(&t, 4, "%.*s", QUND_STR_ARG(qund_buf_view(&reason)));
    }
    cli_table_print(&t);
}

static int show(struct cli *c, int64_t id)
{
    QUND_AUTO(qund_db_close) struct qund_db *db = cli_db(c);
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = c->json ? NULL : cli_zone(c);
    struct cli_task_look look = {.zone = zone, .numbers = true, .groups = true, .year = true};
    struct cli_table t = {0};
    struct qund_err err = {0};
    json_t *o;
    int rc = db ? qund_sop_task_print(db, id, zone, &json) : 0;

    if (!db)
        return EXIT_WRONG;
    if (rc == QUND_E_NOTFOUND)
        qund_err_set(&err, rc, "task", "no task with id %lld", (long long)id);
    else if (rc < 0)
        qund_err_set(&err, rc, "store", "%s", qund_db_error(db));
    if (rc < 0)
        return cli_fail(&err);
    if (c->json) {
        cli_print_json(qund_buf_view(&json));
        return EXIT_FINE;
    }
    o = cli_json(qund_buf_view(&json));
    cli_task_head(&t);
    cli_task_row(&t, o, &look);
    cli_table_print(&t);
    printf("\n%s\n\n", cli_field(o, "content"));
    print_log(o, zone);
    json_decref(o);
    return EXIT_FINE;
}

int cli_task(struct cli *c)
{
    static const struct cli_act ACTS[] = {
        {"done", "task.done", NULL, NULL},
        {"fail", "task.fail", NULL, NULL},
        {"postpone", "task.postpone", "30m, 18:00, tomorrow or 2026-11-23 18:00", "for"},
        {"hand-over", "task.handover", "the key of a member of staff", "to"},
        {"urge", "task.urge", NULL, NULL},
    };

    return cli_acts_run(c, &(struct cli_acts){.what = "task",
                                              .letter = 'T',
                                              .v = ACTS,
                                              .n = QUND_ARRAY_LEN(ACTS),
                                              .list = list,
                                              .show = show});
}
