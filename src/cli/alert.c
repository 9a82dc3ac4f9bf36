/* src/cli/alert.c - reminders: looked at beside a daemon or not, acted on by either. */
#include "alert/alert.h"
#include "cli/acts.h"
#include "core/json.h"
#include "core/zone.h"
#include <jansson.h>
#include <stdio.h>

#define LIST_MAX 500

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

static void print_when(const struct qund_zone *zone, const json_t *o, const char *key,
                       const char *before)
{
    int64_t ms;

    if (qund_iso_parse(qund_str(text_of(o, key)), &ms) < 0)
        return;
    fputs(before, stdout);
    cli_print_time(zone, ms);
}

static void print_line(const struct qund_zone *zone, const json_t *o)
{
    printf("%6lld  %-12s %-6s ", (long long)json_integer_value(json_object_get(o, "id")),
           text_of(o, "state"), text_of(o, "level"));
    print_when(zone, o, "last_ts", "");
    printf("  %s  ", text_of(o, "to"));
    cli_print_text(qund_utf8_cut_chars(qund_str(text_of(o, "title")), 60));
    if (*text_of(o, "quote")) { /* not every alert is about something that was said */
        fputs("  「", stdout);
        cli_print_text(qund_utf8_cut_chars(qund_str(text_of(o, "quote")), 40));
        fputs("」", stdout);
    }
    print_when(zone, o, "snoozed_until", "  until ");
    putchar('\n');
}

/* json: one alert, or several with commas between. */
static int print_all(const struct cli *c, struct qund_str json)
{
    QUND_AUTO(qund_buf_done) struct qund_buf list = {0};
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = NULL;
    json_error_t why;
    json_t *all, *o;
    size_t i;

    qund_buf_printf(&list, "[%.*s]", QUND_STR_ARG(json));
    all = json_loadb(list.p, list.n, 0, &why);
    zone = c->json ? NULL : cli_zone(c);
    json_array_foreach(all, i, o)
    {
        if (c->json) {
            char *line = json_dumps(o, JSON_COMPACT);

            cli_print_json(qund_str(line));
            free(line);
        } else {
            print_line(zone, o);
        }
    }
    if (json_array_size(all) == 0 && !c->json)
        printf("no such alert\n");
    json_decref(all);
    return EXIT_FINE;
}

static int look(struct cli *c, int64_t id)
{
    static const char *const STATES[] = {"open", "acknowledged", "resolved", "all"};
    QUND_AUTO(qund_db_close) struct qund_db *db = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
    const char *state = cli_opt(c, "--state") ? cli_opt(c, "--state") : "open";
    struct qund_alert_filter f = {.state = qund_str_index(qund_str(state), STATES, 4),
                                  .limit = LIST_MAX};
    struct qund_err err = {0};
    int64_t next;
    int rc;

    if (f.state < 0)
        return cli_usage(c, "--state is open, acknowledged, resolved or all");
    f.state = f.state == 3 ? -1 : f.state;
    db = cli_db(c);
    if (!db)
        return EXIT_WRONG;
    rc = id > 0 ? qund_alert_print(db, id, &json) : qund_alert_list(db, &f, &json, &next);
    if (rc == QUND_E_NOTFOUND)
        qund_err_set(&err, rc, "alert", "no alert with id %lld", (long long)id);
    else if (rc < 0)
        qund_err_set(&err, rc, "store", "%s", qund_db_error(db));
    return rc < 0 ? cli_fail(&err) : print_all(c, qund_buf_view(&json));
}

static int list(struct cli *c)
{
    return look(c, 0);
}

int cli_alert(struct cli *c)
{
    static const struct cli_act ACTS[] = {
        {"ack", "alert.ack", NULL, NULL},
        {"resolve", "alert.resolve", NULL, NULL},
        {"reopen", "alert.reopen", NULL, NULL},
        {"irrelevant", "alert.irrelevant", NULL, NULL},
        {"snooze", "alert.snooze", "30m, 18:00, tomorrow or 2026-11-23 18:00", "for"},
        {"handover", "alert.handover", "the key of a member of staff", "to"},
    };

    return cli_acts_run(
        c, &(struct cli_acts){
               .what = "alert", .v = ACTS, .n = QUND_ARRAY_LEN(ACTS), .list = list, .show = look});
}
