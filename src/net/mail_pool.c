/* mail_pool.c - who carries the mails: a few threads, one mail each at a time.
 *
 * libcurl moves SMTP on without blocking but for the answer to the lone dot behind a message, for
 * which it waits within the call that moves everything on. A server that takes a message and then
 * keeps silent would hold up every push of the thread that polls. So a mail is one
 * curl_easy_perform on a thread of its own kind, a carrier, and may block there as it likes.
 *
 * Carriers are made when there is a mail for them, at most CARRIERS. All that is decided is decided
 * by the thread that polls: which mail goes next, to which carrier, which one has waited too long.
 * A call belongs to that thread, then, by its carrier's mailbox, to the carrier, and by the mailbox
 * of what has ended to the polling thread again. The one word that both read and write is `marks`.
 *
 * Fairness. A server is silent while a mail to it has been in hand for PATIENCE_MS, and after one
 * that was so long in hand and ended without an answer, until the next that is answered. A silent
 * server has one carrier at a time, all silent ones together half of them, and their mails wait
 * behind those of the others. Of a server that is not known to be silent one mail begins as long as
 * a carrier is free, a second one beside it while more than half are. So nobody's mails are held up
 * by servers that have kept silent before; and of those that do so for the first time, all in one
 * moment, it takes more than half as many as there are carriers.
 *
 * Mails wait in order, half of their time at most: with less than that left, an answer that comes
 * late would be taken for none. One that has not begun by then is NOT_BEGUN, which says nothing
 * about its server.
 *
 * Called off: the progress callback ends the transfer, libcurl asks it at least once a second even
 * while it waits for the lone dot's answer. Whether the message may have been taken is never
 * guessed: the carrier marks the mail before it lets the dot go, whoever calls it off marks it too,
 * and the first of the two wins. */
#include "core/thread.h"
#include "net/client_parts.h"
#include <stdio.h>

#define CARRIERS 16u
#define HALF (CARRIERS / 2)
#define PATIENCE_MS 3000
#define SILENT_MAX 64u /* servers that are remembered; beyond it the first of them is forgotten */

enum { DOT_LEAVES = 1u, CALLED_OFF = 2u }; /* of marks */

struct carrier {
    struct mail_pool *pool;
    struct qund_mbox *in;
    pthread_t thread;
    struct qund_client_call *call; /* in hand until the polling thread has it back */
};
struct mail_pool {
    struct qund_mbox *ended;
    _Atomic bool stop;
    /* polling thread only */
    struct carrier carriers[CARRIERS];
    size_t made, busy;
    struct qund_client_call *waiting, **tail;
    char *silent[SILENT_MAX]; /* servers; owned */
    size_t n_silent;
};

/* --- the carrier's thread --- */

static struct qund_client_call *call_of(struct qund_node *n)
{
    return QUND_CONTAINER(n, struct mail, node)->call;
}

static void carry_out(struct mail_pool *p, struct qund_client_call *call)
{
    call->mail->result = curl_easy_perform(call->easy);
    curl_easy_cleanup(call->easy); /* here: what it closes may take its time */
    call->easy = NULL;
    qund_mbox_put_always(p->ended, &call->mail->node);
}

static void work(void *arg)
{
    struct carrier *k = arg;

    while (!atomic_load(&k->pool->stop)) {
        struct qund_node *n = qund_mbox_take_all(k->in);

        if (n)
            carry_out(k->pool, call_of(n));
        else
            qund_mbox_wait(k->in, -1);
    }
}

bool mail_pool_lets_dot_go(struct qund_client_call *call)
{
    return !(atomic_fetch_or(&call->mail->marks, DOT_LEAVES) & CALLED_OFF);
}

bool mail_pool_called_off(const struct qund_client_call *call)
{
    return atomic_load(&call->mail->marks) & CALLED_OFF;
}

/* --- servers that keep silent --- */

static size_t place_of(const struct mail_pool *p, const char *server)
{
    size_t i = 0;

    while (i < p->n_silent && strcmp(p->silent[i], server) != 0)
        i++;
    return i;
}

static void forget(struct mail_pool *p, size_t i)
{
    qund_free(p->silent[i]);
    memmove(&p->silent[i], &p->silent[i + 1], (--p->n_silent - i) * sizeof(p->silent[0]));
}

static bool long_in_hand(const struct mail *m, int64_t now_ms)
{
    return now_ms - m->begun_ms >= PATIENCE_MS;
}

/* What the end of its mail says about a server. */
static void judge(struct mail_pool *p, const struct qund_client_call *call)
{
    const struct mail *m = call->mail;
    bool answered = m->result == CURLE_OK || call->status >= 400;
    size_t at = place_of(p, m->server);

    if (at < p->n_silent && answered)
        forget(p, at);
    if (at < p->n_silent || answered || !long_in_hand(m, qund_mono_now().ms))
        return;
    if (p->n_silent == SILENT_MAX)
        forget(p, 0);
    p->silent[p->n_silent++] = qund_strdup(m->server);
}

static bool is_silent(const struct mail_pool *p, const char *server, int64_t now_ms)
{
    for (size_t i = 0; i < p->made; i++) {
        const struct qund_client_call *call = p->carriers[i].call;

        if (call && strcmp(call->mail->server, server) == 0 && long_in_hand(call->mail, now_ms))
            return true;
    }
    return place_of(p, server) < p->n_silent;
}

/* --- who goes next --- */

/* Mails in hand of that server, and of all that are silent. */
struct in_hand {
    size_t same, silent;
};
static struct in_hand count_in_hand(const struct mail_pool *p, const char *server, int64_t now_ms)
{
    struct in_hand n = {0};

    for (size_t i = 0; i < p->made; i++) {
        const struct qund_client_call *call = p->carriers[i].call;

        if (!call)
            continue;
        n.same += strcmp(call->mail->server, server) == 0;
        n.silent += is_silent(p, call->mail->server, now_ms);
    }
    return n;
}

static bool may_begin(const struct mail_pool *p, const char *server, bool silent, int64_t now_ms)
{
    struct in_hand n = count_in_hand(p, server, now_ms);
    size_t idle = CARRIERS - p->busy;

    if (silent)
        return n.same == 0 && n.silent < HALF && idle > 0;
    return n.same == 0 ? idle > 0 : n.same == 1 && idle > HALF;
}

static int make_carrier(struct mail_pool *p, struct carrier **out, struct qund_err *err)
{
    struct carrier *k = &p->carriers[p->made];
    int rc;

    k->pool = p;
    k->in = qund_mbox_new(1);
    rc = qund_thread_start(&k->thread, QUND_THREAD_MAIL, work, k, err);
    if (rc < 0) {
        qund_mbox_free(k->in);
        return rc;
    }
    p->made++;
    *out = k;
    return 0;
}

static int idle_carrier(struct mail_pool *p, struct carrier **out, struct qund_err *err)
{
    for (size_t i = 0; i < p->made; i++)
        if (!p->carriers[i].call) {
            *out = &p->carriers[i];
            return 0;
        }
    return make_carrier(p, out, err);
}

static void hand_over(struct mail_pool *p, struct carrier *k, struct qund_client_call *call)
{
    struct mail *m = call->mail;
    int64_t left = m->end_by_ms - qund_mono_now().ms;

    curl_easy_setopt(call->easy, CURLOPT_TIMEOUT_MS, (long)(left > 1 ? left : 1));
    m->begun_ms = qund_mono_now().ms;
    m->carrier = k;
    k->call = call;
    p->busy++;
    qund_mbox_put_always(k->in, &m->node);
}

static void wait_in_line(struct mail_pool *p, struct qund_client_call *call)
{
    call->mail->next = NULL;
    *p->tail = call;
    p->tail = &call->mail->next;
}

static void leave_line(struct mail_pool *p, struct qund_client_call **at)
{
    struct qund_client_call *call = *at;

    *at = call->mail->next;
    if (p->tail == &call->mail->next)
        p->tail = at;
}

/* Those in line whose server is silent, or those whose server is not. */
static int begin_some(struct mail_pool *p, bool silent, struct qund_err *err)
{
    struct qund_client_call **at = &p->waiting;
    int64_t now_ms = qund_mono_now().ms;
    int rc = 0;

    while (*at && p->busy < CARRIERS) {
        struct qund_client_call *call = *at;
        const char *server = call->mail->server;
        struct carrier *k = NULL;

        if (is_silent(p, server, now_ms) != silent || !may_begin(p, server, silent, now_ms)) {
            at = &call->mail->next;
            continue;
        }
        rc = idle_carrier(p, &k, err);
        if (rc < 0)
            break;
        leave_line(p, at);
        hand_over(p, k, call);
    }
    return rc;
}

/* What cannot be begun for want of a thread waits for one of those that exist. */
static int begin_those_who_may(struct mail_pool *p, struct qund_err *err)
{
    int rc = begin_some(p, false, err);

    if (rc == 0)
        rc = begin_some(p, true, err);
    return p->made > 0 ? 0 : rc;
}

/* --- for the client; polling thread --- */

static struct mail_pool *pool_of(struct qund_client *c)
{
    if (!c->mails) {
        c->mails = qund_alloc(sizeof(*c->mails));
        c->mails->ended = qund_mbox_new(CARRIERS);
        c->mails->tail = &c->mails->waiting;
    }
    return c->mails;
}

int mail_pool_take(struct qund_client_call *call, int64_t timeout_ms, struct qund_err *err)
{
    struct mail_pool *p = pool_of(call->client);
    int64_t now_ms = qund_mono_now().ms;
    int rc;

    call->mail->call = call;
    call->mail->begin_by_ms = now_ms + timeout_ms / 2;
    call->mail->end_by_ms = now_ms + timeout_ms;
    wait_in_line(p, call);
    rc = begin_those_who_may(p, err);
    if (rc < 0) /* no carrier at all: it is alone in the line */
        leave_line(p, &p->waiting);
    else
        client_call_enter(call);
    return rc;
}

bool mail_pool_drop(struct qund_client_call *call)
{
    struct mail_pool *p = call->client->mails;

    if (call->mail->carrier) {
        client_call_leave(call); /* freed when its carrier gives it back */
        return atomic_fetch_or(&call->mail->marks, CALLED_OFF) & DOT_LEAVES;
    }
    for (struct qund_client_call **at = &p->waiting; *at; at = &(*at)->mail->next)
        if (*at == call) {
            leave_line(p, at);
            break;
        }
    client_call_free(call);
    return false;
}

static void take_ended(struct mail_pool *p)
{
    struct qund_node *next;

    for (struct qund_node *n = qund_mbox_take_all(p->ended); n; n = next) {
        struct qund_client_call *call = call_of(n);

        next = n->next;
        call->mail->carrier->call = NULL;
        p->busy--;
        judge(p, call);
        if (client_call_is_under_way(call))
            client_mail_finish(call, call->mail->result);
        else
            client_call_free(call);
    }
}

/* From the front after each one: whoever is told may start another. */
static void end_overdue(struct mail_pool *p)
{
    int64_t now_ms = qund_mono_now().ms;
    struct qund_client_call **at = &p->waiting;

    while (*at) {
        struct qund_client_call *call = *at;

        if (now_ms < call->mail->begin_by_ms) {
            at = &call->mail->next;
            continue;
        }
        leave_line(p, at);
        client_mail_not_begun(call, "it waited half of its time behind mails that have no answer "
                                    "yet");
        at = &p->waiting;
    }
}

void mail_pool_move(struct qund_client *c)
{
    if (!c->mails)
        return;
    take_ended(c->mails);
    qund_ignore(begin_those_who_may(c->mails, NULL)); /* there is a carrier, or no mail */
    end_overdue(c->mails);
}

int mail_pool_fd(const struct qund_client *c)
{
    return c->mails ? qund_mbox_fd(c->mails->ended) : -1;
}

int mail_pool_wait_ms(const struct qund_client *c, int timeout_ms)
{
    int64_t now_ms = qund_mono_now().ms, wait_ms = timeout_ms;

    for (const struct qund_client_call *w = c->mails ? c->mails->waiting : NULL; w;
         w = w->mail->next) {
        int64_t left = w->mail->begin_by_ms - now_ms;

        if (left < wait_ms)
            wait_ms = left > 0 ? left : 0;
    }
    return (int)wait_ms;
}

void mail_pool_end(struct qund_client *c)
{
    struct mail_pool *p = c->mails;

    if (!p)
        return;
    atomic_store(&p->stop, true);
    for (size_t i = 0; i < p->made; i++) {
        if (p->carriers[i].call)
            atomic_fetch_or(&p->carriers[i].call->mail->marks, CALLED_OFF);
        qund_mbox_wake(p->carriers[i].in);
    }
    for (size_t i = 0; i < p->made; i++)
        pthread_join(p->carriers[i].thread, NULL);
    /* What lies in mailboxes is in hand, too: handed over but not begun, or ended. */
    qund_mbox_take_all(p->ended);
    qund_mbox_free(p->ended);
    for (size_t i = 0; i < p->made; i++) {
        struct carrier *k = &p->carriers[i];

        qund_mbox_take_all(k->in);
        qund_mbox_free(k->in);
        if (k->call && !client_call_is_under_way(k->call))
            client_call_free(k->call);
    }
    while (p->n_silent > 0)
        forget(p, p->n_silent - 1);
    qund_free(p);
    c->mails = NULL;
}
