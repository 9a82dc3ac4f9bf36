/* Mails to a real server that answers in every way there is: what each end means, and that none of
 * them can hold the client up. */
#include "mailing.h"

#define MESSAGE "Subject: x\r\n\r\nfirst\r\n.dot\r\n..\r\nlast\r\n"

static struct qund_client_mail mail(const struct receiver *r, struct mailing_got *g)
{
    struct qund_client_mail m = mailing_mail(r->port, g);

    m.message = QUND_STR(MESSAGE);
    return m;
}

/* Sends it and waits; how long that took. */
static int64_t send_mail(struct mailing *f, const struct qund_client_mail *m, struct mailing_got *g)
{
    int64_t from_ms = qund_mono_now().ms;

    mailing_start(f, m);
    mailing_until_told(f, g);
    assert_int_equal(g->times, 1);
    return qund_mono_now().ms - from_ms;
}

static void each_end_of_a_mail_is_told_apart(void **state)
{
    static const struct {
        const char *script;
        enum qund_client_end end;
        int status;
        const char *why;
    } ENDS[] = {
        {"250", QUND_CLIENT_ANSWERED, 250, ""},
        {"451", QUND_CLIENT_ANSWERED, 451, "451 5.1.1 <b@example.com> is not wanted"},
        {"550", QUND_CLIENT_ANSWERED, 550, "550 5.1.1 <b@example.com> is not wanted"},
        {"data:451", QUND_CLIENT_ANSWERED, 451, "451 5.6.0 no"},
        {"data:554", QUND_CLIENT_ANSWERED, 554, "554 5.6.0 no"},
        {"greylist", QUND_CLIENT_ANSWERED, 421, "421 come back later"},
        {"effect", QUND_CLIENT_NO_ANSWER, 0, ""},
        {"silent", QUND_CLIENT_NO_ANSWER, 0, ""},
        {"drip", QUND_CLIENT_NO_ANSWER, 0, ""},
        {"endless", QUND_CLIENT_NO_ANSWER, 0, ""},
        {"hang", QUND_CLIENT_NOT_SENT, 0, ""},
    };
    struct mailing *f = *state;

    for (size_t i = 0; i < QUND_ARRAY_LEN(ENDS); i++) {
        const struct receiver *r = mailing_box(f, ENDS[i].script);
        struct mailing_got g;
        struct qund_client_mail m = mail(r, &g);
        int64_t ms;

        m.timeout_ms = 2000;
        ms = send_mail(f, &m, &g);
        if (g.end != ENDS[i].end || g.status != ENDS[i].status ||
            (ENDS[i].why[0] && strcmp(g.why, ENDS[i].why) != 0))
            fail_msg("%s: %s %d %s", ENDS[i].script, qund_client_end_name(g.end), g.status, g.why);
        assert_true(ms < 3000); /* deliver gives a second more */
        mailing_drop(f);
    }
}

static void a_mail_lost_before_its_end_was_not_sent(void **state)
{
    struct mailing *f = *state;
    const struct receiver *r = mailing_box(f, "drop");
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct mailing_got g;
    struct qund_client_mail m = mail(r, &g);

    for (int i = 0; i < 400000; i++) /* more than the kernel takes at once: 6 MB */
        qund_buf_puts(&text, "fifteen bytes\r\n");
    m.message = qund_buf_view(&text);
    send_mail(f, &m, &g);
    assert_int_equal(g.end, QUND_CLIENT_NOT_SENT);
    assert_int_equal(receiver_count(r, "effect"), 0);
}

static void dots_lengths_and_recipients_arrive_as_they_were_given(void **state)
{
    struct mailing *f = *state;
    const struct receiver *r = mailing_box(f, "250");
    struct mailing_got g;
    struct qund_client_mail m = mail(r, &g);

    send_mail(f, &m, &g);
    assert_int_equal(g.end, QUND_CLIENT_ANSWERED);
    assert_int_equal(receiver_count(r, "x\\r\\n\\r\\nfirst\\r\\n.dot\\r\\n..\\r\\nlast\\r\\n\""),
                     1);
    assert_int_equal(receiver_count(r, "[\"a@example.com\", \"b@example.com\"]"), 1);
    assert_int_equal(receiver_count(r, "\"helo\": \"qund.test\""), 1);
}

static void recipients_that_were_refused_are_counted(void **state)
{
    struct mailing *f = *state;
    const struct receiver *r = mailing_box(f, "first:550");
    struct mailing_got g;
    struct qund_client_mail m = mail(r, &g);

    send_mail(f, &m, &g);
    assert_int_equal(g.status, 250);
    assert_int_equal(g.refused, 1);
    assert_string_equal(g.why, "550 5.1.1 <a@example.com> is not wanted");
}

/* What is left to say after the mail is decided waits for nobody. */
static void a_server_that_does_not_say_goodbye_holds_nothing_up(void **state)
{
    struct mailing *f = *state;
    const struct receiver *r = mailing_box(f, "mute");
    struct mailing_got g;
    struct qund_client_mail m = mail(r, &g);

    assert_true(send_mail(f, &m, &g) < 2500);
    assert_int_equal(g.status, 250);
}

static void private_addresses_need_permission(void **state)
{
    struct mailing *f = *state;
    const struct receiver *r = mailing_box(f, "250");
    struct mailing_got g;
    struct qund_client_mail m = mail(r, &g);
    struct qund_client_call *call;

    m.allow_private = false;
    assert_int_equal(qund_client_start_mail(f->c, &m, &call, NULL), QUND_E_INVAL); /* plain */
    m.tls = QUND_CLIENT_STARTTLS;
    send_mail(f, &m, &g);
    assert_int_equal(g.end, QUND_CLIENT_REFUSED);
    assert_string_equal(g.why, "loopback");
}

static void what_cannot_stand_in_a_command_is_refused_at_once(void **state)
{
    static const struct {
        const char *host, *helo, *from, *to, *user, *where;
    } BAD[] = {
        {"h/x", "q", "a@b", "c@d", NULL, "host"},
        {"", "q", "a@b", "c@d", NULL, "host"},
        {"u@h", "q", "a@b", "c@d", NULL, "host"},
        {"h", "q\r\nRSET", "a@b", "c@d", NULL, "helo"},
        {"h", "q", "a@b>\r\nRCPT TO:<x@y", "c@d", NULL, "from"},
        {"h", "q", "a", "c@d", NULL, "from"},
        {"h", "q", "a@b", "c@d> <e@f", NULL, "to"},
        {"h", "q", "a@b", "c d@e", NULL, "to"},
        {"h", "q", "a@b", "张@e", NULL, "to"},
        {"h", "q", "a@b", "@d", NULL, "to"},
        {"h", "q", "a@b", "c@d", "x\n", "user"},
    };
    struct mailing *f = *state;

    for (size_t i = 0; i < QUND_ARRAY_LEN(BAD); i++) {
        struct qund_client_call *call;
        struct qund_err err = {0};
        struct qund_client_mail m = {.host = BAD[i].host,
                                     .helo = BAD[i].helo,
                                     .from = BAD[i].from,
                                     .to = &BAD[i].to,
                                     .n_to = 1,
                                     .user = BAD[i].user,
                                     .message = QUND_STR("x"),
                                     .timeout_ms = 100};

        assert_int_equal(qund_client_start_mail(f->c, &m, &call, &err), QUND_E_INVAL);
        assert_string_equal(err.where, BAD[i].where);
    }
}

static void make_cert(const struct mailing *f, char cert[128])
{
    char command[1024];

    snprintf(cert, 128, "%s/cert.pem", f->dir);
    snprintf(command, sizeof(command),
             "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "
             "/CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout '%s' -out '%s.crt' "
             "2>/dev/null && cat '%s.crt' >> '%s'",
             cert, cert, cert, cert);
    if (system(command) != 0)
        skip(); /* no openssl program here */
}

static void with_cert(struct mailing *f, const char *ca_file)
{
    qund_client_close(f->c);
    assert_int_equal(qund_client_open(&(struct qund_client_opts){.ca_file = ca_file}, &f->c, NULL),
                     0);
}

static void tls_and_login_in_both_ways(void **state)
{
    struct mailing *f = *state;
    char cert[128];
    const char *const STARTTLS[] = {"--tls", cert, "--login", "bot:geheim", NULL};
    const char *const SMTPS[] = {"--tls", cert, "--login", "bot:geheim", "--smtps", NULL};

    make_cert(f, cert);
    for (int smtps = 0; smtps < 2; smtps++) {
        const struct receiver *r = mailing_serve(f, MAILING_BOX, smtps ? SMTPS : STARTTLS);
        struct mailing_got g;
        struct qund_client_mail m = mail(r, &g);

        with_cert(f, cert);
        m.tls = smtps ? QUND_CLIENT_TLS : QUND_CLIENT_STARTTLS;
        m.user = "bot";
        m.password = "geheim";
        send_mail(f, &m, &g);
        assert_int_equal(g.status, 250);
        assert_int_equal(receiver_count(r, "\"tls\": true, \"user\": \"bot\""), 1);
        m.password = "wrong";
        g.times = 0;
        send_mail(f, &m, &g);
        assert_int_equal(g.end, QUND_CLIENT_ANSWERED);
        assert_int_equal(g.status, 535);
        with_cert(f, NULL); /* a certificate nobody vouches for */
        g.times = 0;
        send_mail(f, &m, &g);
        assert_int_equal(g.end, QUND_CLIENT_NOT_SENT);
    }
}

static void no_mail_leaves_in_the_clear_when_tls_is_wanted(void **state)
{
    struct mailing *f = *state;
    const struct receiver *r = mailing_box(f, "250");
    struct mailing_got g;
    struct qund_client_mail m = mail(r, &g);

    m.tls = QUND_CLIENT_STARTTLS;
    send_mail(f, &m, &g);
    assert_int_equal(g.end, QUND_CLIENT_UNFIT);
    assert_int_equal(receiver_count(r, "effect"), 0);
}

static void a_cancelled_mail_is_not_told(void **state)
{
    struct mailing *f = *state;
    const struct receiver *r = mailing_box(f, "hang");
    struct qund_client_call *call;
    struct mailing_got g;
    struct qund_client_mail m = mail(r, &g);

    assert_int_equal(qund_client_start_mail(f->c, &m, &call, NULL), 0);
    qund_client_poll(f->c, -1, 50);
    assert_false(qund_client_cancel(call));
    assert_int_equal(qund_client_in_flight(f->c), 0);
    assert_int_equal(g.times, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, mailing_set_up, mailing_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(each_end_of_a_mail_is_told_apart),
        CASE(a_mail_lost_before_its_end_was_not_sent),
        CASE(dots_lengths_and_recipients_arrive_as_they_were_given),
        CASE(recipients_that_were_refused_are_counted),
        CASE(a_server_that_does_not_say_goodbye_holds_nothing_up),
        CASE(private_addresses_need_permission),
        CASE(what_cannot_stand_in_a_command_is_refused_at_once),
        CASE(tls_and_login_in_both_ways),
        CASE(no_mail_leaves_in_the_clear_when_tls_is_wanted),
        CASE(a_cancelled_mail_is_not_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
