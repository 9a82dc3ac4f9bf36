/* src/cli/ask_rules.c - explain and backtest: why a rule fires, and how often it would have.
 *
 * Both run the engine in this process. Beside a running daemon they work on a copy of its store,
 * made from one snapshot, so that neither is in the other's way. */
#include "app/ruleset.h"
#include "cli/cli.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/json.h"
#include "core/zone.h"
#include "event/event.h"
#include "store/backup.h"
#include "store/month.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NAMES_MAX 512   /* among which the nearest is looked for */
#define SAMPLE_CHARS 60 /* of a hit's text */

struct bench {
    struct qund_local *l;
    char *made; /* the copy's folder; NULL when there is none */
};

static void bench_close(struct bench *b)
{
    qund_local_close(b->l);
    if (b->made)
        qund_ignore(qund_dir_remove(b->made, NULL)); /* a left-over copy there harms nobody */
    qund_free(b->made);
}

/* The store as it is now, in a folder of its own. */
static int copy_store(struct cli *c, struct bench *b, struct qund_err *err)
{
    QUND_AUTO(qund_vault_close) struct qund_vault *v = NULL;
    QUND_AUTO(qund_db_close) struct qund_db *db = NULL;
    QUND_AUTO(qund_free_str) char *path = NULL;
    QUND_AUTO(qund_free_str) char *to = NULL;
    int rc = qund_vault_look(c->data, &v, err);

    if (rc == 0 && !(b->made = qund_dir_temp("qund-copy", err)))
        rc = err->rc;
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
    b->l = cli_local(&copy, CLI_MUST_EXIST | CLI_RULES);
    return b->l ? EXIT_FINE : EXIT_WRONG;
}

/* Whether there is such a rule; when not, the nearest name is shown. */
static int check_rule(struct qund_local *l, const char *id)
{
    const struct qund_rules *rules = qund_engine_rules(l->engine);
    char *names[NAMES_MAX];
    struct qund_rule_info info;
    struct qund_err err = {0};
    const char *near;
    size_t n = 0;

    if (qund_rules_find(rules, qund_str(id)) >= 0)
        return EXIT_FINE;
    for (; n < qund_rules_count(rules) && n < NAMES_MAX; n++) {
        qund_rules_info(rules, n, &info);
        names[n] = qund_str_dup(info.id);
    }
    near = qund_str_nearest(qund_str(id), (const char *const *)names, n);
    qund_err_set(&err, QUND_E_NOTFOUND, "rule", "there is no rule '%s'%s%s", id,
                 near ? "; nearest known: " : "", near ? near : "");
    for (size_t i = 0; i < n; i++)
        qund_free(names[i]);
    return cli_fail(&err);
}

/* "#17" or a number: a stored message; {…}: an event; else a platform id. */
static int find_event(struct cli *c, struct qund_local *l, int64_t *seq, struct qund_buf *packed,
                      struct qund_err *err)
{
    struct qund_str what = qund_str(c->args[0]);
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(16384);
    struct qund_event ev;
    int64_t ts;
    int rc;

    *seq = 0;
    if (qund_str_starts(what, "#"))
        what = qund_str_n(what.p + 1, what.n - 1);
    if (qund_str_int(what, seq) == 0)
        return *seq > 0
                   ? 0
                   : qund_err_set(err, QUND_E_NOTFOUND, "message",
                                  "there is no message %s: they are numbered from 1", c->args[0]);
    if (!qund_str_starts(what, "{"))
        return qund_local_find(l, what, seq, err);
    ts = cli_event_ts(what); /* judged as when it happened, not refused for its age */
    if (!ts && (rc = qund_local_time(l->db, &ts, err)) < 0)
        return rc;
    rc = qund_event_decode(
        &(struct qund_event_ctx){
            .cfg = l->config, .rx = ts, .default_channel = QUND_STR("replay"), .short_form = true},
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

    if (code == EXIT_FINE)
        code = check_rule(b.l, c->args[1]);
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

static void print_day(int64_t day, char out[11])
{
    int y, m, d;

    qund_civil_from_days(day, &y, &m, &d);
    snprintf(out, 11, "%04u-%02u-%02u", (unsigned)y % 10000, (unsigned)m % 100, (unsigned)d % 100);
}

static void print_json(const struct qund_backtest *t)
{
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    struct qund_jw w = qund_jw(&out);
    char day[11];

    qund_jw_obj(&w);
    qund_jw_kint(&w, "events", t->events);
    qund_jw_kint(&w, "matches", t->matches);
    qund_jw_kint(&w, "fires", t->fires);
    qund_jw_key(&w, "says");
    qund_jw_obj(&w);
    for (int a = 0; a < (int)QUND_RULE_ACTS; a++)
        if (t->says[a] > 0)
            qund_jw_kint(&w, qund_rule_act_name((enum qund_rule_act)a), t->says[a]);
    qund_jw_end_obj(&w);
    qund_jw_kint(&w, "silent", t->silent);
    qund_jw_key(&w, "days");
    qund_jw_arr(&w);
    for (size_t i = 0; i < t->n_days; i++) {
        print_day(t->days[i].day, day);
        qund_jw_obj(&w);
        qund_jw_kz(&w, "day", day);
        qund_jw_kint(&w, "events", t->days[i].events);
        qund_jw_kint(&w, "matches", t->days[i].matches);
        qund_jw_kint(&w, "fires", t->days[i].fires);
        qund_jw_end_obj(&w);
    }
    qund_jw_end_arr(&w);
    qund_jw_key(&w, "samples");
    qund_jw_arr(&w);
    for (size_t i = 0; i < t->n_samples; i++)
        qund_jw_int(&w, t->samples[i].seq);
    qund_jw_end_arr(&w);
    qund_jw_end_obj(&w);
    cli_print_json(qund_buf_view(&out));
}

/* The first hits with their words: a count says whether a rule is loud, only reading says whether
 * it is right. */
static int print_samples(const struct cli *c, struct qund_db *db, const struct qund_backtest *t)
{
    struct qund_months *m = qund_months_new(db);
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = cli_zone(c);
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < t->n_samples; i++) {
        struct qund_message_row row;

        rc = qund_month_get(m, t->samples[i].seq, &row);
        if (rc < 0)
            break;
        printf("  #%-7lld ", (long long)row.seq);
        cli_print_time(zone, row.ts);
        fputs("  ", stdout);
        cli_print_text(qund_utf8_cut_chars(row.text, SAMPLE_CHARS));
        putchar('\n');
    }
    qund_months_free(m);
    return rc;
}

static int print_result(const struct cli *c, struct qund_db *db, const struct qund_backtest *t)
{
    char day[11];

    if (c->json) {
        print_json(t);
        return 0;
    }
    printf("%lld events, %lld matches, %lld outside the cooldown\n", (long long)t->events,
           (long long)t->matches, (long long)t->fires);
    for (int a = 0; a < (int)QUND_RULE_ACTS; a++)
        if (t->says[a] > 0)
            printf("would %s %lld times%s\n", qund_rule_act_name((enum qund_rule_act)a),
                   (long long)t->says[a],
                   a == QUND_ACT_REPLY ? ", caps and quiet hours aside" : "");
    if (t->silent > 0)
        printf("of the replies %lld are kept back: the message complains or the like\n",
               (long long)t->silent);
    for (size_t i = 0; i < t->n_days; i++) {
        print_day(t->days[i].day, day);
        printf("%s  events %6lld  matches %5lld  fires %5lld\n", day, (long long)t->days[i].events,
               (long long)t->days[i].matches, (long long)t->days[i].fires);
    }
    if (t->n_samples > 0)
        printf("the first hits:\n");
    return print_samples(c, db, t);
}

/* A file: its one rule beside the shipped ones; else the id of a rule in force. */
static int load_candidate(struct cli *c, struct qund_local *l, struct qund_rules **rules,
                          struct qund_buf *id)
{
    QUND_AUTO(qund_errs_done) struct qund_errs errs = {0};
    struct qund_rules_source src = {.name = c->args[0]};
    struct qund_rules_opts opts = {.fold = l->fold};
    struct qund_rule_info info;

    qund_buf_puts(id, c->args[0]);
    if (!strchr(c->args[0], '/') && access(c->args[0], R_OK) < 0)
        return check_rule(l, c->args[0]);
    qund_errs_init(&errs, 20);
    opts.lean = qund_rules_lean(qund_engine_rules(l->engine));
    if (qund_rules_parse(&src, 1, &opts, rules, &errs) < 0)
        return cli_fail_all(&errs);
    if (qund_rules_count(*rules) != 1) {
        struct qund_err err = {0};

        qund_err_set(&err, QUND_E_INVAL, c->args[0], "holds %zu rules; one is wanted here",
                     qund_rules_count(*rules));
        return cli_fail(&err);
    }
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
            rc = print_result(c, b.l->db, t);
    }
    bench_close(&b);
    qund_free(t);
    return rc < 0 ? cli_fail(&err) : code;
}
