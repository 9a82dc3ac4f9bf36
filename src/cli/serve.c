/* src/cli/serve.c - the daemon in the foreground: what it is started with, and what a first start
 * tells. */
#include "app/qund.h"
#include "cli/cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int apply_options(struct cli *c, struct qund_config *cfg, struct qund_opts *o)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    const char *speed = cli_opt(c, "--virtual");
    const char *listen = cli_opt(c, "--listen");
    char *end;

    qund_errs_init(&errs, 4);
    if (listen && qund_config_set(cfg, "http.listen", qund_str(listen), &errs) < 0)
        return cli_fail_all(&errs);
    if (!speed)
        return EXIT_FINE;
    o->is_virtual = true;
    o->speed = strcmp(speed, "max") == 0 ? 0 : strtod(speed, &end);
    if (strcmp(speed, "max") != 0 && (end == speed || *end || o->speed <= 0))
        return cli_usage(c, "--virtual wants a number above 0, or max");
    return EXIT_FINE;
}

static void tell_token(const char *token)
{
    if (!*token)
        return;
    printf(
        "The admin token, shown this once (keep it; `qund token create` makes more):\n\n  %s\n\n",
        token);
    fflush(stdout);
}

int cli_serve(struct cli *c)
{
    QUND_AUTO(qund_config_unref) struct qund_config *cfg = cli_config(c);
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
    if (qund_open(&o, &q, &err) < 0)
        return cli_fail(&err);
    tell_token(qund_first_token(q));
    if (strncmp(cfg->http.listen, "unix:", 5) != 0) {
        printf("qund is up: http://127.0.0.1:%d/ (readiness: /readyz, API: /api/v1/openapi.json)\n",
               qund_port(q));
        fflush(stdout);
    }
    qund_serve(q);
    return EXIT_FINE;
}
