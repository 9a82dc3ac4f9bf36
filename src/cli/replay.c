/* src/cli/replay.c - recorded events, played again.
 *
 * Into a running daemon they go through the API like anybody's, paced by their own times when
 * --speed says so; nothing that follows from them leaves the machine without --deliver. With
 * --virtual there is no daemon: the same engine runs here on a store of its own, time is the
 * events' own, and at the end it goes on until nothing waits.
 *
 * Told to stop it ends behind the request under way, and says how far it came and how to go on. */
#include "cli/cli.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/json.h"
#include "core/zone.h"
#include "event/event.h"
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHUNK 500 /* events a request or batch */
#define CHUNK_BYTES (4u << 20)
#define TOO_OLD_HINT "; raise it, or play the file with --virtual"
#define RUN_OUT_MS (2 * QUND_DAY_MS) /* ladders end within a day */

struct play {
    struct cli *c;
    struct qund_config *cfg;
    struct qund_buf text;
    int64_t lines, done, accepted;
    struct cli_bar bar;
    double speed; /* 0: at once */
    int64_t max_gap_ms;
    int64_t chunk_line[CHUNK]; /* of each event in the request under way */
    struct cli_stop stop;
    struct cli_wait wait; /* for a daemon that is starting */
    bool asked_once;      /* the daemon has answered something */
};

static int64_t count_lines(struct qund_str text)
{
    int64_t n = 0;

    while (text.p)
        n += qund_str_trim(qund_str_split(&text, '\n')).n > 0;
    return n;
}

/* As a person calls the file, short enough to leave room for what is wrong in it. */
static const char *input_name(const struct play *p)
{
    const char *path = p->c->args[0], *slash = strrchr(path, '/');

    if (strcmp(path, "-") == 0)
        return "standard input";
    return strlen(path) > 46 && slash ? slash + 1 : path;
}

/* One line for who pressed Ctrl-C. */
static int say_stopped(const struct play *p, bool here)
{
    const char *kept = here && p->c->data_given ? "; what was played stays in " : "";

    fprintf(stderr, "qund: stopped: %lld of the %lld events of %s are %s%s%s; %s\n",
            (long long)p->done, (long long)p->lines, input_name(p), here ? "played" : "taken", kept,
            *kept ? p->c->data : "",
            here ? "play it again, into a folder that is new, to see it whole"
                 : "the same command goes on: what was taken is recognised by its id and time");
    return EXIT_WRONG;
}

/* "chat.jsonl line 7: data.items": where a line is wrong, and where in it. */
static void name_line(const struct play *p, int64_t line, const char *path, char where[96])
{
    snprintf(where, 96, "%.46s line %lld%s%.20s", input_name(p), (long long)line,
             path && *path ? ": " : "", path ? path : "");
}

int64_t cli_event_ts(struct qund_str line)
{
    struct qund_jr r;
    struct qund_jr_obj o;
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(4096);
    struct qund_str key, s;
    int64_t ts = 0;

    qund_jr_init(&r, line, arena, 32);
    if (qund_jr_obj(&r, &o) < 0)
        return 0;
    while (qund_jr_obj_next(&r, &o, &key) > 0) {
        if (!qund_str_is(key, "ts")) {
            if (qund_jr_skip(&r, NULL) < 0)
                return 0;
            continue;
        }
        if (qund_jr_peek(&r) == QUND_JT_INT)
            return qund_jr_int(&r, &ts) == 0 ? ts : 0;
        return qund_jr_str(&r, &s) == 0 && qund_iso_parse(s, &ts) == 0 ? ts : 0;
    }
    return 0;
}

/* --- in this process --- */

struct pack {
    struct play *p;
    struct qund_buf bytes;
    struct qund_str packed[CHUNK];
    size_t ends[CHUNK];
    int64_t rx[CHUNK];
    size_t n;
    int64_t now; /* virtual: the latest event's time */
};

static int pack_flush(struct pack *k, struct qund_local *l, struct qund_err *err)
{
    int rc;

    for (size_t i = 0; i < k->n; i++) {
        size_t from = i ? k->ends[i - 1] : 0;

        k->packed[i] = qund_str_n(k->bytes.p + from, k->ends[i] - from);
    }
    rc = k->n ? qund_local_events(l, k->packed, k->rx, k->n, err) : 0;
    k->p->done += (int64_t)k->n;
    cli_bar_at(&k->p->bar, k->p->done);
    k->n = 0;
    qund_buf_clear(&k->bytes);
    return rc;
}

static int pack_line(struct pack *k, struct qund_str line, int64_t number, struct qund_arena *arena,
                     struct qund_err *err)
{
    const char *channel = cli_opt(k->p->c, "--channel");
    struct qund_event ev;
    int64_t ts = cli_event_ts(line);
    struct qund_event_ctx ctx = {.cfg = k->p->cfg,
                                 /* It arrives when it happens; a late one now. */
                                 .rx = ts > k->now ? ts : k->now,
                                 .default_channel = qund_str(channel ? channel : "replay"),
                                 .short_form = true};
    int rc = qund_event_decode(&ctx, line, (size_t)number, arena, &ev, err);

    if (rc < 0) {
        char where[96];

        name_line(k->p, number, err->where, where);
        snprintf(err->where, sizeof(err->where), "%s", where);
        return rc;
    }
    k->now = ev.rx;
    qund_event_pack(&ev, &k->bytes);
    k->ends[k->n] = k->bytes.n;
    k->rx[k->n++] = ev.rx;
    return 0;
}

static int play_lines(struct play *p, struct qund_local *l, struct qund_err *err)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(65536);
    struct pack *k = qund_alloc(sizeof(*k));
    struct qund_str text = qund_str_no_bom(qund_buf_view(&p->text));
    int64_t number = 0;
    int rc = 0;

    k->p = p;
    while (rc == 0 && text.p) {
        struct qund_str line = qund_str_trim(qund_str_split(&text, '\n'));

        number++;
        if (line.n == 0)
            continue;
        rc = pack_line(k, line, number, arena, err);
        qund_arena_reset(arena);
        if (rc == 0 && (k->n == CHUNK || k->bytes.n > CHUNK_BYTES))
            rc = pack_flush(k, l, err);
        if (cli_stopped(&p->stop))
            break;
    }
    if (rc == 0 && !p->stop.asked)
        rc = pack_flush(k, l, err);
    qund_buf_done(&k->bytes);
    qund_free(k);
    return rc;
}

static void sum_up(struct play *p, struct qund_local *l)
{
    static const struct {
        const char *name, *table; /* NULL: what became of the questions */
    } SUMS[] = {
        {"groups", "grp"},
        {"contacts", "contact"},
        {"leads", "lead"},
        {"tags", "contact_tag"},
        {"households", "household"},
        {"signups", "signup"},
        {"questions", NULL},
        {"answered", NULL},
        {"alerts", "alert"},
        {"pushes", "outbox"},
        {"dead", "dead"},
    };
    int64_t questions[2] = {0}, *next = questions;

    qund_engine_questions(l->engine, &questions[0], &questions[1]);
    printf(p->c->json ? "{\"events\":%lld" : "events %lld", (long long)p->done);
    for (size_t i = 0; i < QUND_ARRAY_LEN(SUMS); i++)
        printf(p->c->json ? ",\"%s\":%lld" : ", %s %lld", SUMS[i].name,
               (long long)(SUMS[i].table ? qund_db_rows(l->db, SUMS[i].table) : *next++));
    printf(p->c->json ? "}\n" : "\n");
}

static int play_through(struct play *p, struct qund_local *l, struct qund_err *err)
{
    int forgotten, rc = qund_local_org(l, 0, err);

    if (rc == 0)
        rc = play_lines(p, l, err);
    if (rc == 0 && !p->stop.asked)
        rc = qund_local_run_out(l, RUN_OUT_MS, err);
    if (rc == 0 && !p->stop.asked)
        rc = qund_local_index(l, err);
    forgotten = qund_local_forget_queue(l, rc < 0 ? NULL : err);
    cli_bar_end(&p->bar);
    if (rc == 0 && forgotten == 0 && !p->stop.asked)
        sum_up(p, l);
    return rc < 0 ? rc : forgotten;
}

/* Half of a file is no store to keep; one in a folder that somebody else made is his to remove. */
static void drop_half(const char *folder, bool ours, bool theirs)
{
    if (ours)
        qund_ignore(qund_dir_remove(folder, NULL)); /* a left-over folder there harms nobody */
    else if (theirs)
        fprintf(stderr,
                "qund: %s now holds what was played before that; play the mended file into "
                "a folder that is new\n",
                folder);
}

static int play_here(struct play *p)
{
    const char *given = p->c->data_given ? p->c->data : NULL;
    bool fresh = given && access(given, F_OK) < 0 && errno == ENOENT;
    struct qund_local *l = NULL;
    struct qund_err err = {0};
    QUND_AUTO(qund_free_str) char *made = given ? NULL : qund_dir_temp("qund-replay", &err);
    bool opened;
    int rc;

    if (!given && !made)
        return cli_fail(&err);
    rc = qund_local_open(&(struct qund_local_opts){.data = given ? given : made,
                                                   .config = p->cfg,
                                                   .log = cli_log(p->c),
                                                   .own_log = true,
                                                   .is_virtual = true,
                                                   .outbox = true,
                                                   .rules = true},
                         &l, &err);
    if (rc == 0)
        rc = play_through(p, l, &err);
    opened = l != NULL;
    qund_local_close(l);
    if (rc < 0)
        cli_fail(&err);
    /* Not opened because it EXISTS: somebody else was faster, and it is his. */
    if (!given || rc < 0)
        drop_half(given ? given : made, !given || (fresh && (opened || rc != QUND_E_EXISTS)),
                  opened);
    if (rc < 0)
        return EXIT_WRONG;
    return p->stop.asked ? say_stopped(p, true) : EXIT_FINE;
}

/* --- into a running daemon --- */

/* The daemon names the event by its place in the request; a person wants its line. */
static int refused(const struct play *p, struct qund_str answer, struct qund_err *err)
{
    json_error_t why;
    json_t *o = json_loadb(answer.p, answer.n, 0, &why);
    const json_t *e = json_object_get(o, "error"), *d = json_object_get(e, "details");
    const char *text = json_string_value(json_object_get(e, "message"));
    const char *path = json_string_value(json_object_get(d, "path"));
    int64_t index = json_integer_value(json_object_get(d, "index"));
    char where[96];
    int rc;

    name_line(p, p->chunk_line[index >= 0 && index < CHUNK ? index : 0], path, where);
    rc = text
             ? qund_err_set(err, QUND_E_INVAL, where, "%s%s (%lld events before it were taken)",
                            text,
                            strstr(text, "too_old") && !strstr(text, "seconds") ? TOO_OLD_HINT : "",
                            (long long)p->done)
             : qund_err_set(err, QUND_E_PROTO, where, "%.*s", QUND_STR_ARG(answer));
    json_decref(o);
    return rc;
}

static int send_chunk(struct play *p, struct qund_ask *a, struct qund_str lines, int64_t n,
                      struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf path = {0};
    const char *channel = cli_opt(p->c, "--channel");
    int64_t wait_ms = 200;

    qund_buf_printf(&path, "/api/v1/events?origin=replay%s&channel=",
                    cli_opt(p->c, "--deliver") ? "&deliver=1" : "");
    qund_ask_escape(&path, qund_str(channel ? channel : "replay"));
    for (int tries = 0; tries < 100; tries++) {
        QUND_AUTO(qund_buf_done) struct qund_buf answer = {0};
        int status = 0;
        int rc = qund_ask(
            a,
            &(struct qund_question){
                .method = "POST", .path = path.p, .type = "application/x-ndjson", .body = lines},
            &status, &answer, err);

        if (rc == QUND_E_AGAIN && !p->asked_once && cli_wait_daemon(p->c, &p->wait, &p->stop)) {
            tries--; /* it is starting, which is no try */
            continue;
        }
        if (rc < 0)
            return rc;
        p->asked_once = true;
        if (status == 202) {
            p->done += n;
            cli_bar_at(&p->bar, p->done);
            return 0;
        }
        if (status != 429 && status != 503)
            return refused(p, qund_buf_view(&answer), err);
        if (tries == 3)
            fprintf(stderr, "qund: the daemon takes no events just now (`qund status` says why); "
                            "waiting\n");
        if (cli_stop_wait(&p->stop, wait_ms)) /* pushed back: a moment, then again */
            return 0;
        wait_ms = wait_ms < 2000 ? 2 * wait_ms : 2000;
    }
    return qund_err_set(err, QUND_E_FULL, "events", "the daemon takes nothing more; see /readyz");
}

/* Until line i is due: a real wait of its gap through speed, cut to max_gap. */
static void pace(struct play *p, int64_t *last_ts, int64_t ts)
{
    int64_t gap = *last_ts > 0 && ts > *last_ts ? (int64_t)((double)(ts - *last_ts) / p->speed) : 0;

    if (ts > *last_ts)
        *last_ts = ts;
    if (p->max_gap_ms > 0 && gap > p->max_gap_ms)
        gap = p->max_gap_ms;
    if (gap > 0)
        qund_ignore(cli_stop_wait(&p->stop, gap)); /* who sends asks about it */
}

static int play_there(struct play *p)
{
    QUND_AUTO(qund_free_str) char *sock = qund_path_join(p->c->data, "qund.sock");
    QUND_AUTO(qund_ask_close) struct qund_ask *a = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf chunk = {0};
    struct qund_str text = qund_str_no_bom(qund_buf_view(&p->text));
    struct qund_err err = {0};
    int64_t last_ts = 0, n = 0, number = 0;
    int rc = qund_ask_open(sock, &a, &err);

    while (rc == 0 && text.p && !cli_stopped(&p->stop)) {
        struct qund_str line = qund_str_trim(qund_str_split(&text, '\n'));

        number++;
        if (line.n == 0)
            continue;
        p->chunk_line[n] = number;
        if (p->speed > 0)
            pace(p, &last_ts, cli_event_ts(line));
        if (p->stop.asked)
            break;
        qund_buf_str(&chunk, line);
        qund_buf_char(&chunk, '\n');
        if (++n < CHUNK && chunk.n < CHUNK_BYTES && p->speed <= 0)
            continue;
        rc = send_chunk(p, a, qund_buf_view(&chunk), n, &err);
        qund_buf_clear(&chunk);
        n = 0;
    }
    if (rc == 0 && n > 0 && !p->stop.asked)
        rc = send_chunk(p, a, qund_buf_view(&chunk), n, &err);
    cli_bar_end(&p->bar);
    /* Also when it broke off: whoever starts it again knows how many lines are safe. */
    if (rc == 0 || p->asked_once)
        printf(p->c->json ? "{\"accepted\":%lld}\n" : "accepted %lld\n", (long long)p->done);
    if (p->stop.asked)
        return say_stopped(p, false);
    return rc < 0 ? cli_fail_daemon(p->c, &err) : EXIT_FINE;
}

static int options(struct play *p)
{
    const char *speed = cli_opt(p->c, "--speed"), *gap = cli_opt(p->c, "--max-gap");

    if (speed && !cli_speed(speed, &p->speed))
        return cli_usage(p->c, "--speed wants " CLI_SPEED ", not '%s'", speed);
    if (gap && qund_str_duration(qund_str(gap), &p->max_gap_ms) < 0)
        return cli_usage(p->c, "--max-gap wants a duration such as 2s");
    return EXIT_FINE;
}

int cli_replay(struct cli *c)
{
    QUND_AUTO(qund_config_unref) struct qund_config *cfg = cli_config(c);
    struct play p = {.c = c, .cfg = cfg};
    struct qund_err err = {0};
    int rc;

    if (!cfg)
        return EXIT_WRONG;
    rc = options(&p);
    if (rc != EXIT_FINE)
        return rc;
    if (cli_read(c->args[0], &p.text, &err) < 0) {
        qund_buf_done(&p.text);
        return cli_fail(&err);
    }
    p.lines = count_lines(qund_buf_view(&p.text));
    cli_stop_begin(&p.stop);
    cli_bar_begin(&p.bar, "replay", p.lines);
    rc = cli_opt(c, "--virtual") ? play_here(&p) : play_there(&p);
    qund_buf_done(&p.text);
    return rc;
}
