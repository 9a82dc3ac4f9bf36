/* src/cli/token.c - who may use the API. A token is shown once, where it is made: by the daemon
 * when one runs (it works from that moment on), else here, the engine in this process storing its
 * hash.
 */
#include "cli/cli.h"
#include "core/json.h"
#include "core/zone.h"
#include "store/access.h"
#include <jansson.h>
#include <stdio.h>

static void print_json(const struct qund_token *t)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    struct qund_jw w = qund_jw(&out);

    qund_jw_obj(&w);
    qund_jw_kint(&w, "id", t->id);
    qund_jw_kz(&w, "role", qund_access_role_name(t->role));
    qund_jw_kts(&w, "created", t->created);
    if (t->expires > 0)
        qund_jw_kts(&w, "expires", t->expires);
    qund_jw_kstr(&w, "name", t->name);
    if (t->channels.p) {
        qund_jw_key(&w, "channels");
        qund_jw_raw(&w, t->channels);
    }
    qund_jw_end_obj(&w);
    cli_print_json(qund_buf_view(&out));
}

struct list {
    const struct cli *c;
    struct qund_zone *zone;
};

static int token_each(const struct qund_token *t, void *arg)
{
    const struct list *l = arg;

    if (l->c->json) {
        print_json(t);
        return 0;
    }
    printf("%4lld  %-9s ", (long long)t->id, qund_access_role_name(t->role));
    cli_print_time(l->zone, t->created);
    fputs("  ", stdout);
    cli_print_text(t->name);
    if (t->channels.p)
        printf("  %.*s", QUND_STR_ARG(t->channels));
    putchar('\n');
    return 0;
}

static int token_list(struct cli *c)
{
    QUND_AUTO(qund_db_close) struct qund_db *db = cli_db(c);
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = NULL;
    struct list l = {.c = c};
    struct qund_err err = {0};
    int rc;

    if (!db)
        return EXIT_WRONG;
    l.zone = zone = cli_zone(c);
    rc = qund_token_each(db, false, token_each, &l);
    if (rc < 0)
        qund_err_set(&err, rc, "store", "%s", qund_db_error(db));
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
    const char *secret;
    json_error_t why;
    json_t *o;
    int rc;

    if (!role)
        return cli_usage(c, "create wants --role");
    qund_jw_obj(&w);
    qund_jw_kz(&w, "role", role);
    qund_jw_kz(&w, "name", name ? name : role);
    if (channels || strcmp(role, "ingest") == 0)
        put_channels(&w, channels ? channels : "api");
    if (!daemon) {
        qund_token_make(token);
        qund_token_hash(qund_str(token), hash);
        qund_jw_kz(&w, "hash", hash);
        qund_jw_kz(&w, "by", "cli");
    }
    qund_jw_end_obj(&w);
    rc = cli_command(c, "POST", "/api/v1/tokens", "token.add", qund_buf_view(&body), &reply);
    if (rc != EXIT_FINE)
        return rc;
    o = json_loadb(reply.p, reply.n, 0, &why);
    secret = daemon ? json_string_value(json_object_get(o, "token")) : token;
    if (c->json)
        printf("{\"id\":%lld,\"token\":\"%s\"}\n",
               (long long)json_integer_value(json_object_get(o, "id")), secret ? secret : "");
    else
        printf("%s\n", secret ? secret : "");
    json_decref(o);
    return EXIT_FINE;
}

int cli_token(struct cli *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf path = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf reply = {0};
    int64_t id;
    int rc;

    if (strcmp(c->args[0], "create") == 0 && c->n_args == 1)
        return token_create(c);
    if (strcmp(c->args[0], "list") == 0 && c->n_args == 1)
        return token_list(c);
    if (strcmp(c->args[0], "revoke") != 0 || c->n_args != 2 ||
        qund_str_int(qund_str(c->args[1]), &id) < 0)
        return cli_usage(c, "create, list or revoke ID");
    qund_buf_printf(&path, "/api/v1/tokens/%lld", (long long)id);
    qund_buf_printf(&body, "{\"id\":%lld,\"by\":\"cli\"}", (long long)id);
    rc = cli_command(c, "DELETE", path.p, "token.revoke",
                     cli_daemon(c) ? QUND_STR_NONE : qund_buf_view(&body), &reply);
    if (rc == EXIT_FINE)
        printf("revoked %lld\n", (long long)id);
    return rc;
}
