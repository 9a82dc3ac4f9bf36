/* Mails and those who carry them: that a silent mail server holds up neither the thread that polls
 * nor the mails of other servers, and that what is said of a mail that was called off is true. */
#include "mailing.h"
#include <dirent.h>

#define LONG_MS 20000
#define MANY 40u
#define WAITED "it waited half of its time"

/* The i-th mail, which says so. */
static struct qund_client_call *start_at(struct mailing *f, int port, size_t i, int64_t timeout_ms)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_client_mail m = mailing_mail(port, &f->got[i]);

    qund_buf_printf(&text, "Subject: mail %zu.\r\n\r\nx\r\n", i);
    m.message = qund_buf_view(&text);
    m.n_to = 1;
    m.timeout_ms = timeout_ms;
    return mailing_start(f, &m);
}

static struct qund_client_call *start(struct mailing *f, const struct receiver *r, size_t i,
                                      int64_t timeout_ms)
{
    return start_at(f, r->port, i, timeout_ms);
}

/* Until n effects stand in the log of r; how long the longest poll took. */
static int64_t poll_until(struct mailing *f, const struct receiver *r, int n)
{
    int64_t until_ms = qund_mono_now().ms + MAILING_WAIT_MS, longest = 0;

    while (receiver_count(r, "\"effect\": true") < n) {
        int64_t from_ms = qund_mono_now().ms;

        assert_true(from_ms < until_ms);
        qund_client_poll(f->c, -1, 20);
        if (qund_mono_now().ms - from_ms > longest)
            longest = qund_mono_now().ms - from_ms;
    }
    return longest;
}

static void poll_until_told(struct mailing *f, size_t from, size_t n)
{
    for (size_t i = from; i < from + n; i++)
        mailing_until_told(f, &f->got[i]);
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

/* A thread has its name a moment after it was made. */
static void until_carriers(struct mailing *f, int n)
{
    int64_t until_ms = qund_mono_now().ms + MAILING_WAIT_MS;

    while (carriers() < n) {
        assert_true(qund_mono_now().ms < until_ms);
        qund_client_poll(f->c, -1, 10);
    }
    assert_int_equal(carriers(), n);
}

static void a_silent_server_does_not_hold_up_who_polls(void **state)
{
    static const char *const OPTIONS[] = {"--script", "x=200", NULL};
    struct mailing *f = *state;
    const struct receiver *silent = mailing_box(f, "silent");
    const struct receiver *web =
        mailing_serve(f, QUND_SOURCE_DIR "/tests/support/receiver.py", OPTIONS);
    struct qund_client_request req = {
        .method = "POST", .timeout_ms = 5000, .allow_private = true, .done = mailing_keep};
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
    struct mailing *f = *state;
    const struct receiver *silent = mailing_box(f, "silent"), *drip = mailing_box(f, "drip");
    const struct receiver *well = mailing_box(f, "250");
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
    poll_until(f, drip, 2);
    assert_int_equal(receiver_count(silent, "\"effect\": true"), 2);
    assert_int_equal(receiver_count(drip, "\"effect\": true"), 2);
    assert_int_equal(qund_client_in_flight(f->c), 12);
}

/* As many as the first of a pool would have had, and one more. */
static void five_silent_servers_leave_a_good_one_its_mails(void **state)
{
    struct mailing *f = *state;
    const struct receiver *well = mailing_box(f, "250");
    int64_t from_ms = qund_mono_now().ms;

    mailing_deaf(f, 5);
    for (size_t i = 0; i < 40; i++)
        start_at(f, f->deaf_port[i % 5], i, LONG_MS);
    for (size_t i = 40; i < 50; i++)
        start(f, well, i, LONG_MS);
    poll_until_told(f, 40, 10);
    for (size_t i = 40; i < 50; i++)
        assert_int_equal(f->got[i].status, 250);
    assert_true(qund_mono_now().ms - from_ms < 3000);
    assert_int_equal(f->got[0].times, 0);
}

/* More of them than there are threads: known by the time that the last mails had no answer. */
static void servers_known_to_be_silent_share_half_of_the_threads(void **state)
{
    struct mailing *f = *state;
    const struct receiver *well = mailing_box(f, "250");
    int64_t from_ms;

    mailing_deaf(f, MAILING_DEAF);
    for (size_t i = 0; i < MAILING_DEAF; i++) /* 16 begin; the others once those are over */
        start_at(f, f->deaf_port[i], i, i < 16 ? 4000 : 9000);
    poll_until_told(f, 0, MAILING_DEAF);
    for (size_t i = 0; i < MAILING_DEAF; i++)
        assert_int_equal(f->got[i].end, QUND_CLIENT_NOT_SENT);
    for (size_t i = 0; i < 3 * MAILING_DEAF; i++)
        start_at(f, f->deaf_port[i % MAILING_DEAF], MAILING_DEAF + i, LONG_MS);
    from_ms = qund_mono_now().ms;
    for (size_t i = 4 * MAILING_DEAF; i < 4 * MAILING_DEAF + 30; i++)
        start(f, well, i, LONG_MS);
    poll_until_told(f, 4 * MAILING_DEAF, 30);
    for (size_t i = 4 * MAILING_DEAF; i < 4 * MAILING_DEAF + 30; i++)
        assert_int_equal(f->got[i].status, 250);
    assert_true(qund_mono_now().ms - from_ms < 3000);
}

/* One at a time while it is silent, two again behind its next answer. */
static void a_server_that_answers_is_silent_no_more(void **state)
{
    struct mailing *f = *state;
    const struct receiver *moody = mailing_box(f, "silent,250,silent");

    start(f, moody, 0, 4000);
    poll_until_told(f, 0, 1);
    start(f, moody, 1, LONG_MS);
    start(f, moody, 2, LONG_MS);
    start(f, moody, 3, LONG_MS);
    poll_until_told(f, 1, 1);
    assert_int_equal(f->got[1].status, 250);
    poll_until(f, moody, 4);
    assert_int_equal(f->got[2].times + f->got[3].times, 0);
}

static void one_server_has_one_name(void **state)
{
    static const struct {
        const char *host;
        uint16_t port;
        enum qund_client_tls tls;
        const char *server;
    } CASES[] = {
        {"mail.example.com", 25, QUND_CLIENT_STARTTLS, "mail.example.com:25"},
        {"Mail.Example.COM.", 25, QUND_CLIENT_PLAIN, "mail.example.com:25"},
        {"mail.example.com", 0, QUND_CLIENT_PLAIN, "mail.example.com:25"},
        {"mail.example.com", 0, QUND_CLIENT_STARTTLS, "mail.example.com:587"},
        {"mail.example.com", 0, QUND_CLIENT_TLS, "mail.example.com:465"},
        {"localhost", 2525, QUND_CLIENT_PLAIN, "127.0.0.1:2525"},
        {"LOCALHOST.", 2525, QUND_CLIENT_PLAIN, "127.0.0.1:2525"},
        {"[::1]", 2525, QUND_CLIENT_PLAIN, "[::1]:2525"},
        {".", 25, QUND_CLIENT_PLAIN, ".:25"},
    };
    QUND_AUTO(qund_buf_done) struct qund_buf server = {0};

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(CASES); i++) {
        qund_client_mail_server(&(struct qund_client_mail){.host = CASES[i].host,
                                                           .port = CASES[i].port,
                                                           .tls = CASES[i].tls},
                                &server);
        assert_string_equal(server.p, CASES[i].server);
    }
}

static void threads_are_made_for_mails_and_sixteen_at_most(void **state)
{
    struct mailing *f = *state;

    assert_int_equal(carriers(), 0);
    mailing_deaf(f, MAILING_DEAF);
    start_at(f, f->deaf_port[0], 0, LONG_MS);
    until_carriers(f, 1);
    for (size_t i = 1; i < 2 * MAILING_DEAF; i++)
        start_at(f, f->deaf_port[i % MAILING_DEAF], i, LONG_MS);
    until_carriers(f, 16);
    qund_client_poll(f->c, -1, 100);
    assert_int_equal(carriers(), 16);
    f->c = qund_client_close(f->c);
    assert_int_equal(carriers(), 0);
    assert_int_equal(qund_client_open(NULL, &f->c, NULL), 0);
}

static void many_mails_to_one_server_leave_once_each(void **state)
{
    struct mailing *f = *state;
    const struct receiver *well = mailing_box(f, "250");

    for (size_t i = 0; i < MANY; i++)
        start(f, well, i, LONG_MS);
    assert_int_equal(qund_client_in_flight(f->c), MANY);
    assert_int_equal(qund_client_mails(f->c), MANY);
    poll_until_told(f, 0, MANY);
    for (size_t i = 0; i < MANY; i++) {
        char words[32];

        snprintf(words, sizeof(words), "Subject: mail %zu.", i);
        assert_int_equal(f->got[i].times, 1);
        assert_int_equal(f->got[i].status, 250);
        assert_int_equal(receiver_count(well, words), 1);
    }
    assert_int_equal(qund_client_in_flight(f->c), 0);
    assert_int_equal(qund_client_mails(f->c), 0);
}

/* And what it waited is part of its time. */
static void a_mail_that_waited_half_of_its_time_was_not_begun(void **state)
{
    struct mailing *f = *state;
    const struct receiver *silent = mailing_box(f, "silent");
    int64_t from_ms = qund_mono_now().ms;

    for (size_t i = 0; i < 3; i++)
        start(f, silent, i, i < 2 ? LONG_MS : 2000);
    for (int64_t until_ms = from_ms + MAILING_WAIT_MS; f->got[2].times == 0;) {
        assert_true(qund_mono_now().ms < until_ms);
        qund_client_poll(f->c, -1, MAILING_WAIT_MS); /* it wakes by itself */
    }
    assert_int_equal(f->got[2].end, QUND_CLIENT_NOT_BEGUN);
    assert_int_equal(strncmp(f->got[2].why, WAITED, strlen(WAITED)), 0);
    assert_in_range(f->got[2].at_ms - from_ms, 990, 2500);
    assert_int_equal(receiver_count(silent, "mail 2."), 0);
    assert_int_equal(qund_client_in_flight(f->c), 2);
}

static void what_waits_begins_when_a_thread_is_free_and_its_time_runs_on(void **state)
{
    struct mailing *f = *state;
    const struct receiver *silent = mailing_box(f, "silent");
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
    struct mailing *f = *state;

    for (size_t i = 0; i < QUND_ARRAY_LEN(SCRIPTS); i++) {
        const struct receiver *r = mailing_box(f, SCRIPTS[i]);
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
    struct mailing *f = *state;
    const struct receiver *hang = mailing_box(f, "hang,hang,250");
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
    struct mailing *f = *state;
    const struct receiver *well = mailing_box(f, "250");
    bool taken[MANY - 1], some = false;

    for (size_t i = 0; i < QUND_ARRAY_LEN(taken); i++) {
        struct qund_client_call *call = start(f, well, i, LONG_MS);

        for (size_t turn = 0; turn < i / 2 && f->got[i].times == 0; turn++)
            qund_client_poll(f->c, -1, 1);
        taken[i] = f->got[i].times > 0 || qund_client_cancel(call);
        some = some || taken[i];
    }
    start(f, well, MANY - 1, LONG_MS);
    poll_until_told(f, MANY - 1, 1);
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
#define CASE(name) cmocka_unit_test_setup_teardown(name, mailing_set_up, mailing_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_silent_server_does_not_hold_up_who_polls),
        CASE(two_bad_servers_leave_room_for_the_mails_of_others),
        CASE(five_silent_servers_leave_a_good_one_its_mails),
        CASE(servers_known_to_be_silent_share_half_of_the_threads),
        CASE(a_server_that_answers_is_silent_no_more),
        CASE(one_server_has_one_name),
        CASE(threads_are_made_for_mails_and_sixteen_at_most),
        CASE(many_mails_to_one_server_leave_once_each),
        CASE(a_mail_that_waited_half_of_its_time_was_not_begun),
        CASE(what_waits_begins_when_a_thread_is_free_and_its_time_runs_on),
        CASE(called_off_behind_its_dot_it_may_have_been_taken),
        CASE(called_off_before_its_dot_it_was_not_sent),
        CASE(what_is_said_of_a_mail_called_off_is_true),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
