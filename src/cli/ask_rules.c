/* src/cli/ask_rules.c - explain and backtest: why a rule fires, and how often it would have.
 *
 * Both run the engine in this process. Beside a running daemon they work on a copy of its store,
 * made from one snapshot, so that neither is in the other's way. */
#include "app/ruleset.h"
#include "cli/cli.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/zone.h"
#include "event/event.h"
#include "store/backup.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct bench {
    struct qund_local *l;
    char made[40]; /* the copy's folder; "" when there is none */
};

static void bench_close(struct bench *b)
{
    qund_local_close(b->l);
    if (b->made[0])
        qund_ignore(qund_dir_remove(b->made, NULL)); /* a left-over copy in /tmp harms nobody */
}

/* The store as it is now, in a folder of its own. */
static int copy_store(struct cli *c, struct bench *b, struct qund_err *err)
{
    QUND_AUTO(qund_vault_close) struct qund_vault *v = NULL;
    QUND_AUTO(qund_db_close) struct qund_db *db = NULL;
    QUND_AUTO(qund_free_str) char *path = NULL;
    QUND_AUTO(qund_free_str) char *to = NULL;
    int rc = qund_vault_look(c->data, &v, err);

    snprintf(b->made, sizeof(b->made), "/tmp/qund-copy-XXXXXX");
    if (rc == 0 && !mkdtemp(b->made))
        rc = qund_err_set(err, QUND_E_IO, "/tmp", "cannot make a folder there");
    if (rc == 0)
        rc = qund_db_open(&(struct qund_db_cfg){.path = v->store, .busy_ms = 2000}, QUND_DB_READ,
                          NULL, &db, err);
    if (rc == 0)
        rc = qund_backup_run(db, b->made, qund_wall_system().ms, NULL, NULL, &path, err);
    if (rc < 0)
        return rc;
    to = qund_path_join(b->made, "qund.db");
    return rename(path, to) == 0 ? 0 : qund_err_set(err, QUND_E_IO, to, "cannot rename the copy");
}

static int bench_open(struct cli *c, struct bench *b)
{
    struct cli copy = *c;
    struct qund_err err = {0};

    *b = (struct bench){0};
    if (cli_daemon(c)) {
        if (copy_store(c, b, &err) < 0)
            return cli_fail(&err);
        copy.data = b->made;
    }
    b->l = cli_local(&copy, true);
    return b->l ? EXIT_FINE : EXIT_WRONG;
}

/* "#17" or a number: a stored message; {…}: an event; else a platform id. */
static int find_event(struct cli *c, struct qund_local *l, int64_t *seq, struct qund_buf *packed,
                      struct qund_err *err)
{
    struct qund_str what = qund_str(c->args[0]);
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(16384);
    struct qund_event ev;
    int rc;

    *seq = 0;
    if (qund_str_starts(what, "#"))
        what = qund_str_n(what.p + 1, what.n - 1);
    if (qund_str_int(what, seq) == 0)
        return 0;
    if (!qund_str_starts(what, "{"))
        return qund_local_find(l, what, seq, err);
    rc = qund_event_decode(&(struct qund_event_ctx){.cfg = l->config,
                                                    .rx = qund_wall_system().ms,
                                                    .default_channel = QUND_STR("replay"),
                                                    .short_form = true},
                           what, 0, arena, &ev, err);
    if (rc == 0)
        qund_event_pack(&ev, packed);
    return rc;
}

int cli_explain(struct cli *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf packed = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf lines = {0};
    struct qund_err err = {0};
    struct bench b;
    int64_t seq;
    int code = bench_open(c, &b);
    int rc = 0;

    if (code == EXIT_FINE) {
        rc = find_event(c, b.l, &seq, &packed, &err);
        if (rc == 0)
            rc = qund_engine_explain(b.l->engine, seq, qund_buf_view(&packed), qund_str(c->args[1]),
                                     &json, &lines, &err);
        if (rc == 0)
            cli_print_json(qund_buf_view(c->json ? &json : &lines));
    }
    bench_close(&b);
    return rc < 0 ? cli_fail(&err) : code;
}

static void print_days(const struct qund_backtest *t, bool json)
{
    printf(json ? "{\"events\":%lld,\"matches\":%lld,\"fires\":%lld,\"days\":["
                : "%lld events, %lld matches, %lld outside the cooldown\n",
           (long long)t->events, (long long)t->matches, (long long)t->fires);
    for (size_t i = 0; i < t->n_days; i++) {
        char at[25];

        qund_iso_print(t->days[i].day * QUND_DAY_MS, at);
        printf(json ? "%s{\"day\":\"%.10s\",\"events\":%lld,\"matches\":%lld,\"fires\":%lld}"
                    : "%s%.10s  events %6lld  matches %5lld  fires %5lld\n",
               json && i ? "," : "", at, (long long)t->days[i].events,
               (long long)t->days[i].matches, (long long)t->days[i].fires);
    }
    printf(json ? "],\"samples\":[" : "first hits:\n");
    for (size_t i = 0; i < t->n_samples; i++)
        printf(json ? "%s%lld" : "%s  #%lld\n", json && i ? "," : "", (long long)t->samples[i].seq);
    if (json)
        printf("]}\n");
}

/* A file: its one rule beside the shipped ones; else the id of a rule in force. */
static int load_candidate(struct cli *c, struct qund_local *l, struct qund_rules **rules,
                          struct qund_buf *id)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    struct qund_rules_source src = {.name = c->args[0]};
    struct qund_rule_info info;

    qund_buf_puts(id, c->args[0]);
    if (access(c->args[0], R_OK) < 0)
        return EXIT_FINE;
    qund_errs_init(&errs, 20);
    if (qund_rules_parse(&src, 1, &(struct qund_rules_opts){.fold = l->fold}, rules, &errs) < 0)
        return cli_fail_all(&errs);
    qund_rules_info(*rules, 0, &info);
    qund_buf_clear(id);
    qund_buf_str(id, info.id);
    return EXIT_FINE;
}

int cli_backtest(struct cli *c)
{
    QUND_AUTO(qund_buf_done) struct qund_buf id = {0};
    QUND_AUTO(qund_rules_unref) struct qund_rules *rules = NULL;
    struct qund_backtest *t = qund_alloc(sizeof(*t));
    struct qund_err err = {0};
    struct bench b;
    int64_t days = 30;
    int code, rc = 0;

    if (cli_opt(c, "--days") &&
        (qund_str_int(qund_str(cli_opt(c, "--days")), &days) < 0 || days < 1 || days > 400)) {
        qund_free(t);
        return cli_usage(c, "--days wants a number from 1 to 400");
    }
    code = bench_open(c, &b);
    if (code == EXIT_FINE)
        code = load_candidate(c, b.l, &rules, &id);
    if (code == EXIT_FINE) {
        rc = qund_engine_backtest(b.l->engine, rules, qund_buf_view(&id), (int)days, t, &err);
        if (rc >= 0)
            print_days(t, c->json);
    }
    bench_close(&b);
    qund_free(t);
    return rc < 0 ? cli_fail(&err) : code;
}
