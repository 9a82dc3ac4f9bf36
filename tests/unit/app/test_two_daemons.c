/* test_two_daemons.c - the proof of "no hidden globals": two daemons in one process, each with its
 * data folder, redis-server, clock, threads and port, at work at the same time, know nothing of
 * each other. Both are opened and closed by one thread and serve on threads of their own. */
#include "app/qund.h"
#include "config/config.h"
#include "core/clock.h"
#include "core/file.h"
#include "core/log.h"
#include "store/db.h"
#include "unit.h"
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 40, DEADLINE_MS = 20000 };

static const char RULES[] = "rules:\n  - id: price\n    when: {any: [多少钱]}\n"
                            "    then: [{intent: needs_reply}, {tag: 意向:询价}]\n";

struct house {
    char *dir;
    char data[512], rules[512];
    struct qund_config *config;
    struct qund_log *log;
    struct qund *q;
    pthread_t thread;
    const char *group;
};

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static void open_house(struct house *h, const char *group)
{
    struct qund_errs errs;
    struct qund_err err = {0};
    char text[1200];

    *h = (struct house){.dir = unit_tmpdir(), .group = group};
    if (getenv("UNIT_LOG"))
        h->log = qund_log_new(2, QUND_DEBUG, QUND_LOG_LOGFMT);
    snprintf(h->data, sizeof(h->data), "%s/data", h->dir);
    snprintf(h->rules, sizeof(h->rules), "%s/rules.yaml", h->dir);
    write_file(h->rules, RULES);
    snprintf(text, sizeof(text),
             "http: {listen: '127.0.0.1:0'}\nstore: {reserve: 0}\nrules: {dirs: ['%s']}\n", h->dir);
    qund_errs_init(&errs, 8);
    if (qund_config_parse("test.yaml", NULL, qund_str(text), &h->config, &errs) < 0)
        fail_msg("%s: %s", errs.v[0].where, errs.v[0].text);
    qund_errs_done(&errs);
    if (qund_open(&(struct qund_opts){.data = h->data,
                                      .config = h->config,
                                      .is_virtual = true,
                                      .speed = 1,
                                      .log = h->log},
                  &h->q, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
}

static void *serve(void *arg)
{
    struct house *h = arg;

    qund_serve(h->q);
    return NULL;
}

static void close_house(struct house *h)
{
    qund_close(h->q);
    qund_config_unref(h->config);
    qund_log_free(h->log);
    qund_ignore(qund_dir_remove(h->dir, NULL));
    free(h->dir);
}

/* The status line's number of one request on a connection of its own. */
static int post(struct house *h, const char *body)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)qund_port(h->q))};
    struct timeval limit = {.tv_sec = 10};
    char text[2048];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), status = 0;
    int n = snprintf(text, sizeof(text),
                     "POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                     "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     qund_first_token(h->q), strlen(body), body);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(write(fd, text, (size_t)n), n);
    n = (int)read(fd, text, sizeof(text) - 1);
    assert_true(n > 0);
    text[n] = '\0';
    assert_int_equal(sscanf(text, "HTTP/1.1 %d", &status), 1);
    close(fd);
    return status;
}

static void *send_events(void *arg)
{
    struct house *h = arg;
    char body[400];
    intptr_t taken = 0;

    for (int i = 0; i < EVENTS; i++) {
        snprintf(body, sizeof(body),
                 "{\"id\":\"%s-%d\",\"ts\":%lld,\"group\":\"%s\",\"sender\":\"u%d\","
                 "\"text\":\"多少钱\"}",
                 h->group, i, (long long)(1757894400000 + i * 1000), h->group, i % 5);
        taken += post(h, body) == 202;
    }
    return (void *)taken;
}

/* -1 while the table is not there. */
static int64_t ask(struct house *h, const char *sql)
{
    QUND_AUTO(qund_db_close) struct qund_db *db = NULL;
    struct qund_err err;
    struct qund_stmt *st;
    char path[600];
    int64_t v = -1;

    snprintf(path, sizeof(path), "%s/qund.db", h->data);
    assert_int_equal(
        qund_db_open(&(struct qund_db_cfg){.path = path}, QUND_DB_READ, NULL, &db, &err), 0);
    st = qund_sql(db, sql);
    if (st && qund_step(st) > 0)
        v = qund_col_int(st, 0);
    if (st)
        qund_stmt_reset(st);
    return v;
}

static void wait_for(struct house *h, const char *sql, int64_t want)
{
    int64_t until = qund_mono_now().ms + DEADLINE_MS;

    while (ask(h, sql) != want && qund_mono_now().ms < until)
        poll(NULL, 0, 20);
    assert_int_equal(ask(h, sql), want);
}

static void two_daemons_of_one_process_keep_to_themselves(void **state)
{
    static const char COUNT[] = "SELECT count(*) FROM message_202509";
    struct house h[2];
    pthread_t sender[2];

    (void)state;
    open_house(&h[0], "east");
    open_house(&h[1], "west");
    assert_int_not_equal(qund_port(h[0].q), qund_port(h[1].q));
    assert_string_not_equal(qund_first_token(h[0].q), qund_first_token(h[1].q));
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&h[i].thread, NULL, serve, &h[i]), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&sender[i], NULL, send_events, &h[i]), 0);
    for (int i = 0; i < 2; i++) {
        void *taken = NULL;

        assert_int_equal(pthread_join(sender[i], &taken), 0);
        assert_int_equal((intptr_t)taken, EVENTS);
    }
    for (int i = 0; i < 2; i++) {
        char sql[200];

        wait_for(&h[i], COUNT, EVENTS);
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM grp WHERE pid <> '%s'", h[i].group);
        assert_int_equal(ask(&h[i], sql), 0);
        assert_int_equal(ask(&h[i], "SELECT count(*) FROM question"), EVENTS);
    }
    /* One leaves; the other goes on. */
    qund_stop(h[0].q);
    assert_int_equal(pthread_join(h[0].thread, NULL), 0);
    close_house(&h[0]);
    assert_int_equal(post(&h[1], "{\"id\":\"last\",\"ts\":1757894500000,\"group\":\"west\","
                                 "\"sender\":\"u1\",\"text\":\"hi\"}"),
                     202);
    wait_for(&h[1], COUNT, EVENTS + 1);
    qund_stop(h[1].q);
    assert_int_equal(pthread_join(h[1].thread, NULL), 0);
    close_house(&h[1]);
}

static void a_folder_in_use_is_refused_also_within_one_process(void **state)
{
    struct house h;
    struct qund *second = NULL;
    struct qund_err err = {0};

    (void)state;
    open_house(&h, "east");
    assert_int_equal(
        qund_open(&(struct qund_opts){.data = h.data, .config = h.config, .is_virtual = true},
                  &second, &err),
        QUND_E_EXISTS);
    assert_non_null(strstr(err.text, "in use by process"));
    close_house(&h); /* never served: closes all the same */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_daemons_of_one_process_keep_to_themselves),
        cmocka_unit_test(a_folder_in_use_is_refused_also_within_one_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
