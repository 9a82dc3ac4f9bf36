/* src/cli/alert.c - reminders: looked at beside a daemon or not, acted on by either. */
#include "alert/alert.h"
#include "cli/cli.h"
#include "core/json.h"
#include "core/zone.h"
#include <jansson.h>
#include <stdio.h>

#define LIST_MAX 500

/* What can be done, and what it wants beside the number. */
static const struct act {
    const char *name, *command, *word, *key;
} ACTS[] = {
    {"ack", "alert.ack", NULL, NULL},
    {"resolve", "alert.resolve", NULL, NULL},
    {"reopen", "alert.reopen", NULL, NULL},
    {"irrelevant", "alert.irrelevant", NULL, NULL},
    {"snooze", "alert.snooze", "30m, 18:00 or tomorrow", "for"},
    {"handover", "alert.handover", "the key of a member of staff", "to"},
};

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
    fputs("  「", stdout);
    cli_print_text(qund_utf8_cut_chars(qund_str(text_of(o, "quote")), 40));
    fputs("」", stdout);
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

static int act(struct cli *c, const struct act *a, int64_t id)
{
    static const char *const OPTS[] = {"note", "proof", "number"};
    QUND_AUTO(qund_buf_done) struct qund_buf path = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf reply = {0};
    struct qund_jw w = qund_jw(&body);
    int rc;

    qund_buf_printf(&path, "/api/v1/alerts/%lld/%s", (long long)id, a->name);
    qund_jw_obj(&w);
    if (!cli_daemon(c)) /* with one the path says it */
        qund_jw_kint(&w, "id", id);
    if (a->key)
        qund_jw_kz(&w, a->key, c->args[2]);
    for (size_t i = 0; i < QUND_ARRAY_LEN(OPTS); i++) {
        char name[16];

        snprintf(name, sizeof(name), "--%s", OPTS[i]);
        if (cli_opt(c, name))
            qund_jw_kz(&w, OPTS[i], cli_opt(c, name));
    }
    qund_jw_end_obj(&w);
    rc = cli_command(c, "POST", path.p, a->command, qund_buf_view(&body), &reply);
    return rc == EXIT_FINE ? print_all(c, qund_buf_view(&reply)) : rc;
}

static int unknown(struct cli *c)
{
    const char *words[QUND_ARRAY_LEN(ACTS) + 2] = {"list", "show"};
    const char *near;

    for (size_t i = 0; i < QUND_ARRAY_LEN(ACTS); i++)
        words[i + 2] = ACTS[i].name;
    near = qund_str_nearest(qund_str(c->args[0]), words, QUND_ARRAY_LEN(words));
    return near ? cli_usage(c, "did you mean %s?", near)
                : cli_usage(c, "list, show, ack, resolve, reopen, irrelevant, snooze or handover");
}

int cli_alert(struct cli *c)
{
    int64_t id = 0;
    size_t i = 0;

    if (strcmp(c->args[0], "list") == 0 && c->n_args == 1)
        return look(c, 0);
    while (i < QUND_ARRAY_LEN(ACTS) && strcmp(c->args[0], ACTS[i].name) != 0)
        i++;
    if (i == QUND_ARRAY_LEN(ACTS) && strcmp(c->args[0], "show") != 0)
        return unknown(c);
    if (c->n_args < 2 || qund_str_int(qund_str(c->args[1]), &id) < 0 || id <= 0)
        return cli_usage(c, "wants the alert's number");
    if (i == QUND_ARRAY_LEN(ACTS))
        return c->n_args == 2 ? look(c, id) : cli_usage(c, "wants nothing more");
    if (c->n_args != (ACTS[i].key ? 3u : 2u))
        return ACTS[i].key ? cli_usage(c, "wants %s", ACTS[i].word)
                           : cli_usage(c, "wants nothing more");
    return act(c, &ACTS[i], id);
}
