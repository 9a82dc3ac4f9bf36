/* src/cli/common.c - errors, the way to a daemon or to the store, progress. */
#include "app/plugins.h"
#include "cli/cli.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/zone.h"
#include "deliver/deliver.h"
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ERRORS_MAX 50
#define FILE_MAX (1u << 30)
#define BAR_CELLS 30
#define BAR_EVERY_MS 100

int cli_fail(const struct qund_err *err)
{
    fprintf(stderr, "qund: %s%s%s\n", err->where, err->where[0] ? ": " : "", err->text);
    return EXIT_WRONG;
}

int cli_fail_all(const struct qund_errs *errs)
{
    for (size_t i = 0; i < errs->n; i++)
        fprintf(stderr, "%s: %s\n", errs->v[i].where, errs->v[i].text);
    if (errs->dropped > 0)
        fprintf(stderr, "… and %zu more\n", errs->dropped);
    return EXIT_WRONG;
}

int cli_output_end(int code)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    if (poll(&out, 1, 0) > 0 && (out.revents & POLLERR)) /* nobody reads any more */
        return code;
    fprintf(stderr, "qund: standard output could not be written in full; is its disk full?\n");
    return code == EXIT_FINE ? EXIT_WRONG : code;
}

int cli_usage(const struct cli *c, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "qund %s: ", c->cmd->name);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fprintf(stderr, "\nusage: qund %s%s%s%s (more: qund %s --help)\n", c->cmd->name,
            c->cmd->n_opts ? " [options]" : "", *c->cmd->usage ? " " : "", c->cmd->usage,
            c->cmd->name);
    return EXIT_USAGE;
}

struct qund_config *cli_config(const struct cli *c)
{
    return cli_config_kinds(c, NULL);
}

struct qund_config *cli_config_kinds(const struct cli *c, struct qund_plugins *plugins)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    struct qund_config_kinds kinds = qund_plugin_kinds(plugins);
    struct qund_config *cfg;

    qund_errs_init(&errs, ERRORS_MAX);
    if (qund_config_load_kinds(c->config, plugins ? &kinds : NULL, &cfg, &errs) == 0) {
        if (qund_deliver_check(cfg, &errs) == 0)
            return cfg;
        qund_config_unref(cfg);
    }
    cli_fail_all(&errs);
    return NULL;
}

int cli_read(const char *name, struct qund_buf *out, struct qund_err *err)
{
    char piece[65536];
    size_t n;

    if (strcmp(name, "-") != 0)
        return qund_pipe_read(name, FILE_MAX, out, err);
    while ((n = fread(piece, 1, sizeof(piece), stdin)) > 0) {
        qund_buf_add(out, piece, n);
        if (out->n > FILE_MAX)
            return qund_err_set(err, QUND_E_FULL, "standard input", "more than 1 GiB");
    }
    return ferror(stdin) ? qund_err_set(err, QUND_E_IO, "standard input", "cannot be read: %s",
                                        strerror(errno))
                         : 0;
}

struct qund_log *cli_log(const struct cli *c)
{
    return qund_log_new(STDERR_FILENO, QUND_WARN, c->json ? QUND_LOG_JSON : QUND_LOG_LOGFMT);
}

static char *sock_of(const struct cli *c)
{
    return qund_path_join(c->data, "qund.sock");
}

bool cli_daemon(const struct cli *c)
{
    QUND_AUTO(qund_free_str) char *sock = sock_of(c);
    QUND_AUTO(qund_ask_close) struct qund_ask *a = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf answer = {0};
    int status = 0;

    if (access(sock, F_OK) < 0 || qund_ask_open(sock, &a, NULL) < 0)
        return false;
    return qund_ask(a, &(struct qund_question){.method = "GET", .path = "/healthz"}, &status,
                    &answer, NULL) == 0 &&
           status == 200;
}

#define STARTING_MS 5000 /* who holds the folder longer without an answer is not starting */

bool cli_wait_daemon(const struct cli *c, struct cli_wait *w, struct cli_stop *stop)
{
    QUND_AUTO(qund_free_str) char *lock = qund_path_join(c->data, "lock");
    int64_t now = qund_mono_now().ms;

    if (qund_lock_holder(lock) == 0 || (w->since_ms > 0 && now - w->since_ms > STARTING_MS))
        return false;
    if (w->since_ms == 0) {
        w->since_ms = now;
        fprintf(stderr, "qund: the daemon does not answer yet; waiting for it\n");
    }
    return !cli_stop_wait(stop, 100);
}

int cli_fail_daemon(const struct cli *c, struct qund_err *err)
{
    QUND_AUTO(qund_free_str) char *lock = qund_path_join(c->data, "lock");
    long pid = err->rc == QUND_E_AGAIN ? qund_lock_holder(lock) : 0;

    if (pid != 0)
        qund_err_set(err, QUND_E_AGAIN, c->data,
                     "process %ld holds it and does not answer yet: it is starting or stopping, or "
                     "a command at work; try again in a moment",
                     pid);
    return cli_fail(err);
}

bool cli_print_problems(const json_t *found)
{
    const json_t *problems = json_object_get(found, "problems"), *p;
    size_t i;

    json_array_foreach((json_t *)(uintptr_t)problems, i, p)
    {
        const char *where = json_string_value(json_object_get(p, "where"));
        const char *text = json_string_value(json_object_get(p, "text"));

        fprintf(stderr, "qund: %s%s%s\n", where ? where : "", where ? ": " : "", text ? text : "?");
    }
    return json_array_size(problems) > 0;
}

/* {"error":{"code","message","details"}} as a line; of a plan that is refused, every reason. */
static void print_refusal(int status, struct qund_str answer)
{
    json_error_t why;
    json_t *o = json_loadb(answer.p, answer.n, 0, &why);
    const json_t *e = json_object_get(o, "error");
    const json_t *details = json_object_get(e, "details");
    const char *text = json_string_value(json_object_get(e, "message"));
    const char *where = json_string_value(json_object_get(details, "where"));

    if (!where)
        where = json_string_value(json_object_get(details, "path"));
    if (text && !cli_print_problems(json_object_get(details, "found")))
        fprintf(stderr, "qund: %s%s%s\n", where ? where : "", where ? ": " : "", text);
    else if (!text)
        fprintf(stderr, "qund: the daemon answered %d: %.*s\n", status, QUND_STR_ARG(answer));
    json_decref(o);
}

int cli_ask(const struct cli *c, const char *method, const char *path, struct qund_str body,
            struct qund_buf *answer)
{
    QUND_AUTO(qund_free_str) char *sock = sock_of(c);
    QUND_AUTO(qund_ask_close) struct qund_ask *a = NULL;
    struct qund_err err = {0};
    int status = 0;
    int rc = qund_ask_open(sock, &a, &err);

    if (rc == 0)
        rc = qund_ask(a,
                      &(struct qund_question){
                          .method = method, .path = path, .body = body, .timeout_ms = 600000},
                      &status, answer, &err);
    if (rc < 0)
        return cli_fail_daemon(c, &err);
    if (status < 400)
        return EXIT_FINE;
    print_refusal(status, qund_buf_view(answer));
    return EXIT_WRONG;
}

/* What the daemon says of itself may differ from what this command line would configure. */
static struct qund_zone *daemon_zone(const struct cli *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf answer = {0};
    struct qund_zone *z = NULL;
    const char *name;
    json_error_t why;
    json_t *o;

    if (!cli_daemon(c) || cli_ask(c, "GET", "/api/v1/status", QUND_STR_NONE, &answer) != EXIT_FINE)
        return NULL;
    o = json_loadb(answer.p, answer.n, 0, &why);
    name = json_string_value(json_object_get(o, "zone"));
    if (name && qund_zone_load(NULL, name, &z, NULL) < 0)
        z = NULL;
    json_decref(o);
    return z;
}

struct qund_zone *cli_zone(const struct cli *c)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    QUND_AUTO(qund_config_unref) struct qund_config *cfg = NULL;
    struct qund_zone *z = daemon_zone(c);
    int rc;

    if (z)
        return z;
    qund_errs_init(&errs, 1);
    if (qund_config_load(c->config, &cfg, &errs) == 0 &&
        qund_zone_load(NULL, cfg->time.zone, &z, NULL) == 0)
        return z;
    rc = qund_zone_load(NULL, "Asia/Shanghai", &z, NULL);
    qund_assert(rc == 0); /* built in */
    return z;
}

bool cli_speed(const char *word, double *out)
{
    char *end;

    /* Digits alone: strtod also reads nan, inf and 0x1p3. */
    if (!*word || word[strspn(word, "0123456789.")] != '\0')
        return false;
    *out = strtod(word, &end);
    return *end == '\0' && *out >= 0.001 && *out <= 1e6;
}

void cli_print_time(const struct qund_zone *z, int64_t utc_ms)
{
    struct qund_civil t;

    qund_zone_civil(z, utc_ms, &t);
    printf("%04d-%02d-%02d %02d:%02d", t.year, t.month, t.day, t.hour, t.minute);
}

void cli_print_text(struct qund_str s)
{
    QUND_AUTO(qund_buf_done) struct qund_buf line = {0};
    ptrdiff_t bad = qund_utf8_check(s);

    qund_buf_line(&line, bad < 0 ? s : qund_str_n(s.p, (size_t)bad));
    if (bad >= 0)
        qund_buf_char(&line, '?');
    if (line.n > 0)
        fwrite(line.p, 1, line.n, stdout);
}

struct qund_local *cli_local(const struct cli *c, unsigned how)
{
    QUND_AUTO(qund_config_unref) struct qund_config *cfg = cli_config(c);
    struct qund_local *l = NULL;
    struct qund_err err = {0};

    if (!cfg)
        return NULL;
    if (qund_local_open(&(struct qund_local_opts){.data = c->data,
                                                  .config = cfg,
                                                  .log = cli_log(c),
                                                  .own_log = true,
                                                  .must_exist = (how & CLI_MUST_EXIST) != 0,
                                                  .rules = (how & CLI_RULES) != 0,
                                                  .outbox = true},
                        &l, &err) < 0)
        cli_fail(&err);
    return l;
}

struct qund_db *cli_db(const struct cli *c)
{
    QUND_AUTO(qund_vault_close) struct qund_vault *v = NULL;
    struct qund_db *db = NULL;
    struct qund_err err = {0};
    int rc = qund_vault_look(c->data, &v, &err);

    if (rc == 0)
        rc = qund_db_open(&(struct qund_db_cfg){.path = v->store, .busy_ms = 2000}, QUND_DB_READ,
                          NULL, &db, &err);
    if (rc < 0)
        cli_fail(&err);
    return rc < 0 ? NULL : db;
}

int cli_command(const struct cli *c, const char *method, const char *path, const char *name,
                struct qund_str body, struct qund_buf *reply)
{
    QUND_AUTO(qund_local_close) struct qund_local *l = NULL;
    struct qund_err err = {0};
    int64_t now;
    int rc;

    if (cli_daemon(c))
        return cli_ask(c, method, path, body, reply);
    l = cli_local(c, CLI_MUST_EXIST);
    if (!l)
        return EXIT_WRONG;
    rc = qund_local_time(l->db, &now, &err);
    if (rc == 0)
        rc = qund_local_command(l, name, body, now, reply, &err);
    return rc < 0 ? cli_fail(&err) : EXIT_FINE;
}

void cli_print_json(struct qund_str json)
{
    fwrite(json.p, 1, json.n, stdout);
    if (json.n == 0 || json.p[json.n - 1] != '\n')
        putchar('\n');
}

void cli_bar_begin(struct cli_bar *b, const char *what, int64_t total)
{
    *b = (struct cli_bar){.what = what, .total = total, .on = isatty(STDERR_FILENO)};
}

void cli_bar_at(struct cli_bar *b, int64_t done)
{
    int64_t now = qund_mono_now().ms;
    int cells;

    if (!b->on || (now - b->shown_ms < BAR_EVERY_MS && done < b->total))
        return;
    b->shown_ms = now;
    cells = b->total > 0 ? (int)(done * BAR_CELLS / b->total) : 0;
    if (cells > BAR_CELLS)
        cells = BAR_CELLS;
    fprintf(stderr, "\r%s [%.*s%*s] %lld/%lld", b->what, cells, "##############################",
            BAR_CELLS - cells, "", (long long)done, (long long)b->total);
}

void cli_bar_end(struct cli_bar *b)
{
    if (b->on)
        fprintf(stderr, "\r%*s\r", (int)strlen(b->what) + BAR_CELLS + 30, "");
}
