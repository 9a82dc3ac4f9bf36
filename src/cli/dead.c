/* src/cli/dead.c - what could not be applied: looked at beside a daemon or not, given up by either,
 * tried again by the daemon only, in whose order of things it has its place. */
#include "store/dead.h"
#include "cli/cli.h"
#include "core/json.h"
#include "core/zone.h"
#include "event/event.h"
#include "queue/queue.h"
#include <stdio.h>

#define LIST_MAX 1000
#define BODY_SHOWN 2000

struct look {
    const struct cli *c;
    struct qund_zone *zone;
    int n;
};

static void print_json(const struct qund_dead *d)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    struct qund_jw w = qund_jw(&out);

    qund_jw_obj(&w);
    qund_jw_kint(&w, "id", d->id);
    qund_jw_kstr(&w, "kind", d->kind);
    qund_jw_kstr(&w, "key", d->key);
    qund_jw_kz(&w, "state", qund_dead_state_name(d->state));
    qund_jw_kts(&w, "at", d->at);
    qund_jw_kstr(&w, "reason", d->reason);
    qund_jw_end_obj(&w);
    cli_print_json(qund_buf_view(&out));
}

static int print_dead(const struct qund_dead *d, void *arg)
{
    struct look *l = arg;

    l->n++;
    if (l->c->json) {
        print_json(d);
        return 0;
    }
    printf("%6lld  %-8s ", (long long)d->id, qund_dead_state_name(d->state));
    cli_print_time(l->zone, d->at);
    printf("  %.*s ", QUND_STR_ARG(d->kind));
    cli_print_text(d->key);
    fputs("  ", stdout);
    cli_print_text(d->reason);
    putchar('\n');
    return 0;
}

/* An event as it was sent; anything else with what is no text as dots. */
static void print_body(const struct qund_dead *d)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_entry_parts parts;
    struct qund_event e;

    if (qund_str_is(d->kind, "event") && qund_entry_split(d->body, &parts) == 0 && parts.event.p &&
        qund_event_unpack(parts.event, &e) == 0) {
        qund_event_print(&e, false, &b);
        cli_print_json(qund_buf_view(&b));
        return;
    }
    printf("%zu bytes: ", d->body.n);
    for (size_t i = 0; i < d->body.n && i < BODY_SHOWN; i++)
        putchar((unsigned char)d->body.p[i] < 32 || d->body.p[i] == 127 ? '.' : d->body.p[i]);
    putchar('\n');
}

static int dead_look(struct cli *c, int64_t id)
{
    QUND_AUTO(qund_db_close) struct qund_db *db = cli_db(c);
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = NULL;
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(4096);
    struct look l = {.c = c};
    struct qund_err err = {0};
    struct qund_dead d;
    int rc;

    if (!db)
        return EXIT_WRONG;
    l.zone = zone = cli_zone(c);
    rc = id == 0 ? qund_dead_list(db, false, 0, LIST_MAX, print_dead, &l)
                 : qund_dead_get(db, id, arena, &d);
    if (rc == QUND_E_NOTFOUND)
        qund_err_set(&err, rc, "dead", "no dead letter with id %lld", (long long)id);
    else if (rc < 0)
        qund_err_set(&err, rc, "store", "%s", qund_db_error(db));
    if (rc < 0)
        return cli_fail(&err);
    if (id != 0) {
        print_dead(&d, &l);
        if (!c->json)
            print_body(&d);
    } else if (l.n == 0 && !c->json) {
        printf("nothing is dead\n");
    }
    return EXIT_FINE;
}

int cli_dead(struct cli *c)
{
    static const char *const WORDS[] = {"list", "show", "retry", "drop"};
    QUND_AUTO(qund_buf_done) struct qund_buf path = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf reply = {0};
    const char *what = c->args[0];
    int64_t id = 0;
    int rc;

    if (strcmp(what, "list") == 0 && c->n_args == 1)
        return dead_look(c, 0);
    if (c->n_args != 2 || qund_str_int(qund_str(c->args[1]), &id) < 0 || id <= 0) {
        const char *near = qund_str_nearest(qund_str(what), WORDS, 4);

        return near && strcmp(near, what) != 0 ? cli_usage(c, "did you mean %s?", near)
                                               : cli_usage(c, "wants an id");
    }
    if (strcmp(what, "show") == 0)
        return dead_look(c, id);
    if (strcmp(what, "retry") == 0 && !cli_daemon(c))
        return cli_fail(&(struct qund_err){
            .where = "dead", .text = "retry needs the daemon; start it with `qund serve`"});
    if (strcmp(what, "retry") != 0 && strcmp(what, "drop") != 0)
        return cli_usage(c, "list, show, retry or drop");
    qund_buf_printf(&path, "/api/v1/dead/%lld/%s", (long long)id, what);
    qund_buf_printf(&body, "{\"id\":%lld}", (long long)id);
    rc = cli_command(c, "POST", path.p, strcmp(what, "drop") == 0 ? "dead.drop" : "dead.retry",
                     cli_daemon(c) ? QUND_STR("{}") : qund_buf_view(&body), &reply);
    if (rc == EXIT_FINE)
        printf("%s %lld: done\n", what, (long long)id);
    return rc;
}
