/* Mails and those who carry them: that a silent mail server holds up neither the thread that polls
 * nor the mails of other servers, and that what is said of a mail that was called off is true. */
#include "core/clock.h"
#include "core/file.h"
#include "net/client.h"
#include "receiver.h"
#include "unit.h"
#include <dirent.h>

#define WAIT_MS 30000
#define LONG_MS 20000
#define SERVERS 4u
#define MAILS_MAX 40u
#define WAITED "it waited half of its time"

struct got {
    int times;
    enum qund_client_end end;
    int status;
    int64_t at_ms;
    char why[128];
};
struct fixture {
    char *dir;
    struct receiver servers[SERVERS];
    size_t n_servers;
    struct qund_client *c;
    struct got got[MAILS_MAX];
};

static int set_up(void **state)
{
    struct fixture *f = qund_alloc(sizeof(*f));

    f->dir = unit_tmpdir();
    assert_int_equal(qund_client_open(NULL, &f->c, NULL), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    qund_client_close(f->c);
    while (f->n_servers > 0)
        receiver_stop(&f->servers[--f->n_servers]);
    assert_int_equal(qund_dir_remove(f->dir, NULL), 0);
    free(f->dir);
    qund_free(f);
    return 0;
}

static struct receiver *serve(struct fixture *f, const char *program, const char *script)
{
    const char *const options[] = {"--script", script, NULL};
    struct receiver *r = &f->servers[f->n_servers];
    char dir[128];

    snprintf(dir, sizeof(dir), "%.100s/%zu", f->dir, f->n_servers++);
    assert_int_equal(qund_dir_make(dir, 0700, NULL), 0);
    receiver_start_as(r, program, dir, options);
    return r;
}

static struct receiver *mailbox(struct fixture *f, const char *script)
{
    return serve(f, QUND_SOURCE_DIR "/tests/support/mailbox.py", script);
}

static void keep(void *arg, const struct qund_client_answer *a)
{
    struct got *g = arg;

    g->times++;
    g->end = a->end;
    g->status = a->status;
    g->at_ms = qund_mono_now().ms;
    snprintf(g->why, sizeof(g->why), "%s", a->why ? a->why : "");
}

/* The i-th mail, which says so. */
static struct qund_client_call *start(struct fixture *f, const struct receiver *r, size_t i,
                                      int64_t timeout_ms)
{
    static const char *const TO[] = {"a@example.com"};
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_client_call *call = NULL;
    struct qund_err err = {0};
    struct qund_client_mail m = {.host = "127.0.0.1",
                                 .port = (uint16_t)r->port,
                                 .tls = QUND_CLIENT_PLAIN,
                                 .helo = "qund.test",
                                 .from = "bot@example.com",
                                 .to = TO,
                                 .n_to = 1,
                                 .timeout_ms = timeout_ms,
                                 .allow_private = true,
                                 .done = keep,
                                 .arg = &f->got[i]};

    qund_buf_printf(&text, "Subject: mail %zu.\r\n\r\nx\r\n", i);
    m.message = qund_buf_view(&text);
    if (qund_client_start_mail(f->c, &m, &call, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    return call;
}

/* Until n effects stand in the log of r; how long the longest poll took. */
static int64_t poll_until(struct fixture *f, const struct receiver *r, int n)
{
    int64_t until_ms = qund_mono_now().ms + WAIT_MS, longest = 0;

    while (receiver_count(r, "\"effect\": true") < n) {
        int64_t from_ms = qund_mono_now().ms;

        assert_true(from_ms < until_ms);
        qund_client_poll(f->c, -1, 20);
        if (qund_mono_now().ms - from_ms > longest)
            longest = qund_mono_now().ms - from_ms;
    }
    return longest;
}

static void poll_until_told(struct fixture *f, size_t from, size_t n)
{
    int64_t until_ms = qund_mono_now().ms + WAIT_MS;

    for (size_t i = from; i < from + n; i++)
        while (f->got[i].times == 0) {
            assert_true(qund_mono_now().ms < until_ms);
            qund_client_poll(f->c, -1, 100);
        }
}

/* Threads of this process that carry mails. */
static int carriers(void)
{
    DIR *d = opendir("/proc/self/task");
    struct dirent *e;
    int n = 0;

    assert_non_null(d);
    while ((e = readdir(d))) {
        char path[300], name[32] = "";
        FILE *comm;

        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", e->d_name);
        comm = e->d_name[0] == '.' ? NULL : fopen(path, "r");
        if (!comm)
            continue;
        n += fgets(name, sizeof(name), comm) && strcmp(name, "qund-mail\n") == 0;
        fclose(comm);
    }
    closedir(d);
    return n;
}

static void a_silent_server_does_not_hold_up_who_polls(void **state)
{
    struct fixture *f = *state;
    const struct receiver *silent = mailbox(f, "silent");
    const struct receiver *web = serve(f, QUND_SOURCE_DIR "/tests/support/receiver.py", "x=200");
    struct qund_client_request req = {
        .method = "POST", .timeout_ms = 5000, .allow_private = true, .done = keep};
    struct qund_client_call *call;
    char url[64];
    int64_t from_ms;

    start(f, silent, 0, LONG_MS);
    assert_true(poll_until(f, silent, 1) < 1000);
    from_ms = qund_mono_now().ms;
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/x", web->port);
    req.url = url;
    req.arg = &f->got[1];
    assert_int_equal(qund_client_start(f->c, &req, &call, NULL), 0);
    poll_until_told(f, 1, 1);
    assert_int_equal(f->got[1].status, 200);
    assert_true(f->got[1].at_ms - from_ms < 1000);
    assert_int_equal(f->got[0].times, 0);
}

static void two_bad_servers_leave_room_for_the_mails_of_others(void **state)
{
    struct fixture *f = *state;
    const struct receiver *silent = mailbox(f, "silent"), *drip = mailbox(f, "drip");
    const struct receiver *well = mailbox(f, "250");
    int64_t from_ms = qund_mono_now().ms;

    for (size_t i = 0; i < 6; i++)
        start(f, silent, i, LONG_MS);
    for (size_t i = 6; i < 12; i++)
        start(f, drip, i, LONG_MS);
    for (size_t i = 12; i < 20; i++)
        start(f, well, i, LONG_MS);
    poll_until_told(f, 12, 8);
    for (size_t i = 12; i < 20; i++)
        assert_int_equal(f->got[i].status, 250);
    assert_true(qund_mono_now().ms - from_ms < 3000);
    poll_until(f, silent, 2);
    poll_until(f, drip, 1);
    assert_int_equal(receiver_count(silent, "\"effect\": true"), 2);
    assert_int_equal(receiver_count(drip, "\"effect\": true"), 1);
    assert_int_equal(qund_client_in_flight(f->c), 12);
}

static void threads_are_made_for_mails_and_four_at_most(void **state)
{
    struct fixture *f = *state;
    const struct receiver *boxes[SERVERS];

    assert_int_equal(carriers(), 0);
    for (size_t i = 0; i < SERVERS; i++)
        boxes[i] = mailbox(f, "silent");
    start(f, boxes[0], 0, LONG_MS);
    poll_until(f, boxes[0], 1);
    assert_int_equal(carriers(), 1);
    for (size_t i = 1; i < 16; i++)
        start(f, boxes[i % SERVERS], i, LONG_MS);
    for (size_t i = 0; i < SERVERS; i++)
        poll_until(f, boxes[i], 1);
    assert_int_equal(carriers(), 4);
    f->c = qund_client_close(f->c);
    assert_int_equal(carriers(), 0);
    assert_int_equal(qund_client_open(NULL, &f->c, NULL), 0);
}

static void many_mails_to_one_server_leave_once_each(void **state)
{
    struct fixture *f = *state;
    const struct receiver *well = mailbox(f, "250");

    for (size_t i = 0; i < MAILS_MAX; i++)
        start(f, well, i, LONG_MS);
    assert_int_equal(qund_client_in_flight(f->c), MAILS_MAX);
    poll_until_told(f, 0, MAILS_MAX);
    for (size_t i = 0; i < MAILS_MAX; i++) {
        char words[32];

        snprintf(words, sizeof(words), "Subject: mail %zu.", i);
        assert_int_equal(f->got[i].times, 1);
        assert_int_equal(f->got[i].status, 250);
        assert_int_equal(receiver_count(well, words), 1);
    }
    assert_int_equal(qund_client_in_flight(f->c), 0);
}

/* And what it waited is part of its time. */
static void a_mail_that_waited_half_of_its_time_was_not_sent(void **state)
{
    struct fixture *f = *state;
    const struct receiver *silent = mailbox(f, "silent");
    int64_t from_ms = qund_mono_now().ms;

    for (size_t i = 0; i < 3; i++)
        start(f, silent, i, i < 2 ? LONG_MS : 2000);
    for (int64_t until_ms = from_ms + WAIT_MS; f->got[2].times == 0;) {
        assert_true(qund_mono_now().ms < until_ms);
        qund_client_poll(f->c, -1, WAIT_MS); /* it wakes by itself */
    }
    assert_int_equal(f->got[2].end, QUND_CLIENT_NOT_SENT);
    assert_int_equal(strncmp(f->got[2].why, WAITED, strlen(WAITED)), 0);
    assert_in_range(f->got[2].at_ms - from_ms, 990, 2500);
    assert_int_equal(receiver_count(silent, "mail 2."), 0);
    assert_int_equal(qund_client_in_flight(f->c), 2);
}

static void what_waits_begins_when_a_thread_is_free_and_its_time_runs_on(void **state)
{
    struct fixture *f = *state;
    const struct receiver *silent = mailbox(f, "silent");
    int64_t from_ms = qund_mono_now().ms;

    for (size_t i = 0; i < 3; i++)
        start(f, silent, i, i < 2 ? 1000 : 4000);
    poll_until_told(f, 0, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(f->got[i].end, QUND_CLIENT_NO_ANSWER);
    assert_int_equal(receiver_count(silent, "mail 2."), 1);
    assert_in_range(f->got[2].at_ms - from_ms, 3500, 5500); /* not 1000 + 4000 later */
}

/* Two at a time: one may end while the other still waits for its server. */
static void called_off_behind_its_dot_it_may_have_been_taken(void **state)
{
    static const char *const SCRIPTS[] = {"silent", "drip"};
    struct fixture *f = *state;

    for (size_t i = 0; i < QUND_ARRAY_LEN(SCRIPTS); i++) {
        const struct receiver *r = mailbox(f, SCRIPTS[i]);
        struct qund_client_call *first = start(f, r, 2 * i, LONG_MS), *second;
        int64_t from_ms;

        poll_until(f, r, 1);
        qund_client_poll(f->c, -1, 300); /* their slices of a second do not end together */
        second = start(f, r, 2 * i + 1, LONG_MS);
        poll_until(f, r, 2);
        from_ms = qund_mono_now().ms;
        assert_true(qund_client_cancel(second));
        assert_true(qund_client_cancel(first));
        assert_int_equal(qund_client_in_flight(f->c), 0);
        f->c = qund_client_close(f->c);
        if (qund_mono_now().ms - from_ms > 1900)
            fail_msg("%s: the end took %lld ms", SCRIPTS[i],
                     (long long)(qund_mono_now().ms - from_ms));
        assert_int_equal(qund_client_open(NULL, &f->c, NULL), 0);
        assert_int_equal(f->got[2 * i].times + f->got[2 * i + 1].times, 0);
    }
}

/* Its thread carries the next one, a second later at the latest. */
static void called_off_before_its_dot_it_was_not_sent(void **state)
{
    struct fixture *f = *state;
    const struct receiver *hang = mailbox(f, "hang,hang,250");
    struct qund_client_call *calls[4];

    for (size_t i = 0; i < QUND_ARRAY_LEN(calls); i++)
        calls[i] = start(f, hang, i, LONG_MS);
    qund_client_poll(f->c, -1, 50);
    assert_false(qund_client_cancel(calls[0]));
    assert_false(qund_client_cancel(calls[1]));
    assert_false(qund_client_cancel(calls[2])); /* which waits */
    poll_until_told(f, 3, 1);
    assert_int_equal(f->got[3].status, 250);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(f->got[i].times, 0);
    assert_int_equal(receiver_count(hang, "\"effect\": true"), 1);
}

/* At every instant of its way: what is called not sent never arrives. */
static void what_is_said_of_a_mail_called_off_is_true(void **state)
{
    struct fixture *f = *state;
    const struct receiver *well = mailbox(f, "250");
    bool taken[MAILS_MAX - 1], some = false;

    for (size_t i = 0; i < QUND_ARRAY_LEN(taken); i++) {
        struct qund_client_call *call = start(f, well, i, LONG_MS);

        for (size_t turn = 0; turn < i / 2 && f->got[i].times == 0; turn++)
            qund_client_poll(f->c, -1, 1);
        taken[i] = f->got[i].times > 0 || qund_client_cancel(call);
        some = some || taken[i];
    }
    start(f, well, MAILS_MAX - 1, LONG_MS);
    poll_until_told(f, MAILS_MAX - 1, 1);
    f->c = qund_client_close(f->c);
    assert_int_equal(qund_client_open(NULL, &f->c, NULL), 0);
    assert_true(some);
    assert_false(taken[0]);
    for (size_t i = 0; i < QUND_ARRAY_LEN(taken); i++) {
        char words[32];

        snprintf(words, sizeof(words), "Subject: mail %zu.", i);
        if (receiver_count(well, words) > (taken[i] ? 1 : 0))
            fail_msg("mail %zu arrived", i);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_silent_server_does_not_hold_up_who_polls),
        CASE(two_bad_servers_leave_room_for_the_mails_of_others),
        CASE(threads_are_made_for_mails_and_four_at_most),
        CASE(many_mails_to_one_server_leave_once_each),
        CASE(a_mail_that_waited_half_of_its_time_was_not_sent),
        CASE(what_waits_begins_when_a_thread_is_free_and_its_time_runs_on),
        CASE(called_off_behind_its_dot_it_may_have_been_taken),
        CASE(called_off_before_its_dot_it_was_not_sent),
        CASE(what_is_said_of_a_mail_called_off_is_true),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
