/* src/cli/small.c - subcommands of a few lines: what the daemon or the store says, printed. */
#include "app/local.h"
#include "cli/cli.h"
#include "core/clock.h"
#include "core/json.h"
#include "core/zone.h"
#include "outbox/outbox.h"
#include "store/access.h"
#include "store/backup.h"
#include "store/dead.h"
#include "text/match.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int cli_compile_rules(struct cli *c)
{
    (void)c;
    return qund_match_compile_main(STDIN_FILENO, STDOUT_FILENO);
}

int cli_status(struct cli *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf answer = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf ready = {0};
    json_error_t why;
    json_t *o;
    const char *key;
    json_t *v;
    int rc = cli_ask(c, "GET", "/api/v1/status", QUND_STR_NONE, &answer);

    if (rc != EXIT_FINE)
        return rc;
    if (c->json) {
        cli_print_json(qund_buf_view(&answer));
        return EXIT_FINE;
    }
    o = json_loadb(answer.p, answer.n, 0, &why);
    json_object_foreach(o, key, v)
    {
        char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);

        printf("%-18s %s\n", key, json_is_string(v) ? json_string_value(v) : text);
        free(text);
    }
    json_decref(o);
    return EXIT_FINE;
}

/* A command on this store, by the way that is open: the daemon's API, or this process. */
static int command(struct cli *c, const char *method, const char *path, const char *name,
                   struct qund_str body, struct qund_buf *reply)
{
    QUND_AUTO(qund_local_close) struct qund_local *l = NULL;
    struct qund_err err = {0};

    if (cli_daemon(c))
        return cli_ask(c, method, path, body, reply);
    l = cli_local(c, true);
    if (!l)
        return EXIT_WRONG;
    return qund_local_command(l, name, body, qund_wall_system().ms, reply, &err) < 0
               ? cli_fail(&err)
               : EXIT_FINE;
}

/* --- dead --- */

static int print_dead(const struct qund_dead *d, void *arg)
{
    struct cli *c = arg;
    char at[25];

    qund_iso_print(d->at, at);
    if (c->json)
        printf("{\"id\":%lld,\"kind\":\"%.*s\",\"key\":\"%.*s\",\"state\":\"%s\",\"at\":\"%s\"}\n",
               (long long)d->id, QUND_STR_ARG(d->kind), QUND_STR_ARG(d->key),
               qund_dead_state_name(d->state), at);
    else
        printf("%6lld  %-8s %s  %.*s  %.*s\n", (long long)d->id, qund_dead_state_name(d->state), at,
               QUND_STR_ARG(d->key), QUND_STR_ARG(d->reason));
    return 0;
}

static int dead_look(struct cli *c, int64_t id)
{
    QUND_AUTO(qund_config_unref) struct qund_config *cfg = cli_config(c);
    QUND_AUTO(qund_vault_close) struct qund_vault *v = NULL;
    QUND_AUTO(qund_db_close) struct qund_db *db = NULL;
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(4096);
    struct qund_err err = {0};
    struct qund_dead d;
    int rc = cfg ? qund_vault_look(c->data, &v, &err) : QUND_E_INVAL;

    if (!cfg)
        return EXIT_WRONG;
    if (rc == 0)
        rc = qund_db_open(&(struct qund_db_cfg){.path = v->store, .busy_ms = 2000}, QUND_DB_READ,
                          NULL, &db, &err);
    if (rc == 0 && id == 0)
        rc = qund_dead_list(db, false, 0, 1000, print_dead, c);
    else if (rc == 0)
        rc = qund_dead_get(db, id, arena, &d);
    if (rc == QUND_E_NOTFOUND && !err.text[0])
        qund_err_set(&err, rc, "dead", "no dead letter with id %lld", (long long)id);
    if (rc < 0)
        return cli_fail(&err);
    if (id != 0) {
        print_dead(&d, c);
        printf("%zu bytes: ", d.body.n);
        for (size_t i = 0; i < d.body.n && i < 2000; i++)
            putchar((unsigned char)d.body.p[i] < 32 || (unsigned char)d.body.p[i] == 127
                        ? '.'
                        : d.body.p[i]);
        putchar('\n');
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
    rc = command(c, "POST", path.p, strcmp(what, "drop") == 0 ? "dead.drop" : "dead.retry",
                 cli_daemon(c) ? QUND_STR("{}") : qund_buf_view(&body), &reply);
    if (rc == EXIT_FINE)
        printf("%s %lld: done\n", what, (long long)id);
    return rc;
}

/* --- token --- */

static int token_each(const struct qund_token *t, void *arg)
{
    const struct cli *c = arg;
    char at[25];

    qund_iso_print(t->created, at);
    printf(c->json ? "{\"id\":%lld,\"role\":\"%s\",\"created\":\"%s\",\"name\":\"%.*s\"}\n"
                   : "%4lld  %-9s %s  %.*s\n",
           (long long)t->id, qund_access_role_name(t->role), at, QUND_STR_ARG(t->name));
    return 0;
}

static int token_list(struct cli *c)
{
    QUND_AUTO(qund_vault_close) struct qund_vault *v = NULL;
    QUND_AUTO(qund_db_close) struct qund_db *db = NULL;
    struct qund_err err = {0};
    int rc = qund_vault_look(c->data, &v, &err);

    if (rc == 0)
        rc = qund_db_open(&(struct qund_db_cfg){.path = v->store, .busy_ms = 2000}, QUND_DB_READ,
                          NULL, &db, &err);
    if (rc == 0)
        rc = qund_token_each(db, false, token_each, c);
    return rc < 0 ? cli_fail(&err) : EXIT_FINE;
}

static void put_channels(struct qund_jw *w, const char *list)
{
    struct qund_str rest = qund_str(list);

    qund_jw_key(w, "channels");
    qund_jw_arr(w);
    while (rest.p) {
        struct qund_str name = qund_str_trim(qund_str_split(&rest, ','));

        if (name.n > 0)
            qund_jw_str(w, name);
    }
    qund_jw_end_arr(w);
}

static int token_create(struct cli *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf reply = {0};
    const char *role = cli_opt(c, "--role"), *name = cli_opt(c, "--name");
    const char *channels = cli_opt(c, "--channel");
    char token[QUND_TOKEN_CHARS], hash[65];
    bool daemon = cli_daemon(c);
    struct qund_jw w = qund_jw(&body);
    json_error_t why;
    json_t *o;
    int rc;

    if (!role)
        return cli_usage(c, "create wants --role");
    qund_jw_obj(&w);
    qund_jw_kz(&w, "role", role);
    qund_jw_kz(&w, "name", name ? name : role);
    if (strcmp(role, "ingest") == 0)
        put_channels(&w, channels ? channels : "api");
    if (!daemon) {
        qund_token_make(token);
        qund_token_hash(qund_str(token), hash);
        qund_jw_kz(&w, "hash", hash);
        qund_jw_kz(&w, "by", "cli");
    }
    qund_jw_end_obj(&w);
    rc = command(c, "POST", "/api/v1/tokens", "token.add", qund_buf_view(&body), &reply);
    if (rc != EXIT_FINE)
        return rc;
    if (!daemon) {
        printf("%s\n", token);
        return EXIT_FINE;
    }
    o = json_loadb(reply.p, reply.n, 0, &why);
    printf("%s\n", json_string_value(json_object_get(o, "token")));
    json_decref(o);
    return EXIT_FINE;
}

int cli_token(struct cli *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf path = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf reply = {0};
    int64_t id;

    if (strcmp(c->args[0], "create") == 0 && c->n_args == 1)
        return token_create(c);
    if (strcmp(c->args[0], "list") == 0 && c->n_args == 1)
        return token_list(c);
    if (strcmp(c->args[0], "revoke") != 0 || c->n_args != 2 ||
        qund_str_int(qund_str(c->args[1]), &id) < 0)
        return cli_usage(c, "create, list or revoke ID");
    qund_buf_printf(&path, "/api/v1/tokens/%lld", (long long)id);
    qund_buf_printf(&body, "{\"id\":%lld,\"by\":\"cli\"}", (long long)id);
    return command(c, "DELETE", path.p, "token.revoke",
                   cli_daemon(c) ? QUND_STR_NONE : qund_buf_view(&body), &reply);
}

/* --- backup, restore --- */

static int bar_progress(int64_t done, int64_t total, void *arg)
{
    struct cli_bar *bar = arg;

    bar->total = total;
    cli_bar_at(bar, done);
    return 0;
}

/* A reader's handle is all it takes, daemon or not: the copy is one snapshot. */
int cli_backup(struct cli *c)
{
    QUND_AUTO(qund_vault_close) struct qund_vault *v = NULL;
    QUND_AUTO(qund_db_close) struct qund_db *db = NULL;
    QUND_AUTO(qund_free_str) char *path = NULL;
    struct qund_err err = {0};
    struct cli_bar bar;
    int rc = qund_vault_look(c->data, &v, &err);

    cli_bar_begin(&bar, "backup", 0);
    if (rc == 0)
        rc = qund_db_open(&(struct qund_db_cfg){.path = v->store, .busy_ms = 2000}, QUND_DB_READ,
                          NULL, &db, &err);
    if (rc == 0)
        rc =
            qund_backup_run(db, c->args[0], qund_wall_system().ms, bar_progress, &bar, &path, &err);
    cli_bar_end(&bar);
    if (rc < 0)
        return cli_fail(&err);
    printf(c->json ? "{\"path\":\"%s\"}\n"
                   : "%s (the key file is not in it: keep that elsewhere)\n",
           path);
    return EXIT_FINE;
}

int cli_restore(struct cli *c)
{
    size_t n_hooks;
    const struct qund_restore_hook *hooks = qund_outbox_restored(&n_hooks);
    QUND_AUTO(qund_vault_close) struct qund_vault *v = NULL;
    QUND_AUTO(qund_log_free) struct qund_log *log = cli_log(c);
    struct qund_restored out;
    struct qund_err err = {0};
    char at[25];
    int rc = qund_vault_open(c->data, &v, &err);

    if (rc == 0)
        rc = qund_restore_run(c->args[0], v->dir, qund_wall_system().ms, hooks, n_hooks, log, &out,
                              &err);
    if (rc < 0)
        return cli_fail(&err);
    qund_iso_print(out.engine_time, at);
    printf("restored %s\nlast entry applied in it: %s (%s); what came after is in the queue or "
           "unknown\npushes held for review: %lld (see the outbox)\n",
           out.from, out.applied_id, at, (long long)out.parked);
    if (out.key_missing)
        printf("the key file is not part of a backup and there is none here: put yours into %s\n",
               v->dir);
    return EXIT_FINE;
}
