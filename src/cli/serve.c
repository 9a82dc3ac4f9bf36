/* src/cli/serve.c - the daemon in the foreground: what it is started with, and what a first start
 * tells. */
#include "app/plugins.h"
#include "app/qund.h"
#include "cli/cli.h"
#include "core/fds.h"
#include <stdio.h>
#include <unistd.h>

static int apply_options(struct cli *c, struct qund_config *cfg, struct qund_opts *o)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    const char *speed = cli_opt(c, "--virtual");
    const char *listen = cli_opt(c, "--listen");

    qund_errs_init(&errs, 4);
    if (listen && qund_config_set(cfg, "http.listen", qund_str(listen), &errs) < 0)
        return cli_usage(c, "--listen: %s", errs.n ? errs.v[0].text : "is refused");
    o->listen = listen;
    if (!speed)
        return EXIT_FINE;
    o->is_virtual = true;
    if (strcmp(speed, "max") != 0 && !cli_speed(speed, &o->speed))
        return cli_usage(c, "--virtual wants " CLI_SPEED ", or max, not '%s'", speed);
    return EXIT_FINE;
}

/* Where a client on this machine finds the API: a wildcard is not an address to connect to. */
static void put_base(struct qund_buf *out, const struct qund_config *cfg, int port)
{
    const char *host = cfg->http.listen;
    const char *colon = strrchr(host, ':');
    struct qund_str name = qund_str_n(host, colon ? (size_t)(colon - host) : strlen(host));

    if (qund_str_is(name, "0.0.0.0") || qund_str_is(name, "[::]"))
        name = QUND_STR("127.0.0.1");
    qund_buf_printf(out, "http://%.*s:%d", QUND_STR_ARG(name), port);
}

/* On a first start: the token, and a line to paste that shows the whole path at work. */
static void tell_first(const char *token, const char *base, const char *sock)
{
    if (!*token)
        return;
    printf("The admin token, shown this once (keep it; `qund token create` makes more):\n\n"
           "  %s\n\n"
           "A first event, to see it work (`qund watch` in another window shows it):\n\n"
           "  curl -H 'Authorization: Bearer %s' %s%s%s%s/api/v1/events \\\n"
           "    -d '{\"group\":\"g1\",\"group_name\":\"试一试\",\"sender\":\"u1\","
           "\"sender_name\":\"小王\",\"text\":\"橱柜多少钱一平？\"}'\n\n",
           token, token, sock ? "--unix-socket '" : "", sock ? sock : "", sock ? "' " : "",
           sock ? "http://qund" : base);
}

static void tell(const struct cli *c, const struct qund_config *cfg, const struct qund *q)
{
    QUND_AUTO(qund_buf_done) struct qund_buf base = {0};
    bool local = strncmp(cfg->http.listen, "unix:", 5) == 0;

    if (!local)
        put_base(&base, cfg, qund_port(q));
    tell_first(qund_first_token(q), base.p, local ? cfg->http.listen + 5 : NULL);
    if (local)
        printf("qund is up: %s", cfg->http.listen);
    else
        printf("qund is up: %s/ (readiness: /readyz, API: /api/v1/openapi.json)", base.p);
    printf("; data: %s\n", c->data);
    fflush(stdout);
}

int cli_serve(struct cli *c)
{
    QUND_AUTO(qund_plugins_free) struct qund_plugins *plugins = qund_plugins_usual(NULL);
    QUND_AUTO(qund_config_unref) struct qund_config *cfg = cli_config_kinds(c, plugins);
    QUND_AUTO(qund_log_free) struct qund_log *log = NULL;
    QUND_AUTO(qund_close) struct qund *q = NULL;
    struct qund_opts o = {.data = c->data, .config_path = c->config, .signals = true};
    struct qund_err err = {0};
    int rc;

    if (!cfg)
        return EXIT_WRONG;
    rc = apply_options(c, cfg, &o);
    if (rc != EXIT_FINE)
        return rc;
    log = qund_log_new(STDERR_FILENO, cfg->log.level, cfg->log.form);
    o.config = cfg;
    o.log = log;
    o.plugins = plugins;
    qund_fds_raise(qund_descriptors(cfg)); /* what is not granted is told by the daemon */
    if (qund_open(&o, &q, &err) < 0)
        return cli_fail(&err);
    tell(c, cfg, q);
    qund_serve(q);
    return EXIT_FINE;
}
