/* tests/support/mailing.h - what tests of outgoing mail stand on: a client, mail servers of their
 * own (mailbox.py), mails, and what was told of each. */
#ifndef QUND_TEST_MAILING_H
#define QUND_TEST_MAILING_H
#include "core/clock.h"
#include "core/file.h"
#include "net/client.h"
#include "receiver.h"
#include "unit.h"
#include <netinet/in.h>
#include <sys/socket.h>

#define MAILING_WAIT_MS 30000
#define MAILING_SERVERS 4u
#define MAILING_DEAF 20u
#define MAILING_MAX 120u
#define MAILING_BOX QUND_SOURCE_DIR "/tests/support/mailbox.py"

struct mailing_got {
    int times;
    enum qund_client_end end;
    int status;
    size_t refused;
    int64_t at_ms;
    char why[256];
};
struct mailing {
    char *dir;
    struct receiver servers[MAILING_SERVERS];
    size_t n_servers, made;
    int deaf[MAILING_DEAF], deaf_port[MAILING_DEAF]; /* they take connections and say nothing */
    size_t n_deaf;
    struct qund_client *c;
    struct mailing_got got[MAILING_MAX];
};

static inline int mailing_set_up(void **state)
{
    struct mailing *f = qund_alloc(sizeof(*f));

    f->dir = unit_tmpdir();
    assert_int_equal(qund_client_open(NULL, &f->c, NULL), 0);
    *state = f;
    return 0;
}

/* The newest server goes. */
static inline void mailing_drop(struct mailing *f)
{
    receiver_stop(&f->servers[--f->n_servers]);
}

static inline int mailing_tear_down(void **state)
{
    struct mailing *f = *state;

    qund_client_close(f->c);
    while (f->n_servers > 0)
        mailing_drop(f);
    while (f->n_deaf > 0)
        close(f->deaf[--f->n_deaf]);
    assert_int_equal(qund_dir_remove(f->dir, NULL), 0);
    free(f->dir);
    qund_free(f);
    return 0;
}

/* Another server, with a log of its own; the program is mailbox.py or receiver.py. */
static inline const struct receiver *mailing_serve(struct mailing *f, const char *program,
                                                   const char *const *options)
{
    struct receiver *r = &f->servers[f->n_servers];
    char dir[128];

    assert_true(f->n_servers < MAILING_SERVERS);
    f->n_servers++;
    snprintf(dir, sizeof(dir), "%.100s/%zu", f->dir, f->made++);
    assert_int_equal(qund_dir_make(dir, 0700, NULL), 0);
    receiver_start_as(r, program, dir, options);
    return r;
}

static inline const struct receiver *mailing_box(struct mailing *f, const char *script)
{
    const char *const options[] = {"--script", script, NULL};

    return mailing_serve(f, MAILING_BOX, options);
}

static inline void mailing_deaf(struct mailing *f, size_t n)
{
    for (; f->n_deaf < n; f->n_deaf++) {
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (const struct sockaddr *)&a, len), 0);
        assert_int_equal(listen(fd, 64), 0);
        assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
        f->deaf[f->n_deaf] = fd;
        f->deaf_port[f->n_deaf] = ntohs(a.sin_port);
    }
}

static inline void mailing_keep(void *arg, const struct qund_client_answer *a)
{
    struct mailing_got *g = arg;

    g->times++;
    g->end = a->end;
    g->status = a->status;
    g->refused = a->refused;
    g->at_ms = qund_mono_now().ms;
    snprintf(g->why, sizeof(g->why), "%s", a->why ? a->why : "");
}

/* A mail to that port, in the clear, told to g; the message is the caller's to set. */
static inline struct qund_client_mail mailing_mail(int port, struct mailing_got *g)
{
    static const char *const TO[] = {"a@example.com", "b@example.com"};

    memset(g, 0, sizeof(*g));
    return (struct qund_client_mail){.host = "127.0.0.1",
                                     .port = (uint16_t)port,
                                     .tls = QUND_CLIENT_PLAIN,
                                     .helo = "qund.test",
                                     .from = "bot@example.com",
                                     .to = TO,
                                     .n_to = QUND_ARRAY_LEN(TO),
                                     .timeout_ms = 10000,
                                     .allow_private = true,
                                     .done = mailing_keep,
                                     .arg = g};
}

static inline struct qund_client_call *mailing_start(struct mailing *f,
                                                     const struct qund_client_mail *m)
{
    struct qund_client_call *call = NULL;
    struct qund_err err = {0};

    if (qund_client_start_mail(f->c, m, &call, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    return call;
}

static inline void mailing_until_told(struct mailing *f, const struct mailing_got *g)
{
    int64_t until_ms = qund_mono_now().ms + MAILING_WAIT_MS;

    while (g->times == 0) {
        assert_true(qund_mono_now().ms < until_ms);
        qund_client_poll(f->c, -1, 100);
    }
}
#endif
