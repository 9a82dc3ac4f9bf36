/* host_mail.c - mail that plugins ask for: an errand of deliver's, told on the loop. What may
 * stand in an SMTP command is checked here already, so that a plugin hears of a wrong address at
 * once. */
#include "app/host.h"

static void tell(struct ask *a)
{
    static const enum qund_smtp_end ENDS[] = {
        [QUND_CLIENT_NOT_SENT] = QUND_SMTP_NOT_SENT,  [QUND_CLIENT_NO_ANSWER] = QUND_SMTP_NO_ANSWER,
        [QUND_CLIENT_REFUSED] = QUND_SMTP_REFUSED,    [QUND_CLIENT_UNFIT] = QUND_SMTP_NEVER,
        [QUND_CLIENT_NOT_BEGUN] = QUND_SMTP_NOT_SENT, /* what a plugin of 1.1 knows */
    };
    const struct qund_client_answer *got = &a->errand->answer;
    struct qund_told_smtp told = {.status = got->status,
                                  .refused = got->refused,
                                  .why = qund_str(got->why),
                                  .not_begun = got->end == QUND_CLIENT_NOT_BEGUN};

    if (got->end != QUND_CLIENT_ANSWERED) {
        told.end = ENDS[got->end];
    } else if (got->status < 400) {
        told.end = QUND_SMTP_TAKEN;
        if (got->refused == 0)
            told.why = QUND_STR("");
    } else {
        told.end = got->status < 500 ? QUND_SMTP_LATER : QUND_SMTP_NEVER;
    }
    a->done.smtp(a->arg, &told);
}

static char *dup_or_null(struct qund_str s)
{
    return s.p ? qund_str_dup(s) : NULL;
}

static struct qund_errand *errand_of(const struct qund_ask_smtp *ask)
{
    static const enum qund_client_tls TLS[] = {[QUND_SMTP_STARTTLS] = QUND_CLIENT_STARTTLS,
                                               [QUND_SMTP_TLS] = QUND_CLIENT_TLS,
                                               [QUND_SMTP_PLAIN] = QUND_CLIENT_PLAIN};
    struct qund_errand *e = qund_alloc(sizeof(*e));
    struct qund_errand_mail *m = e->mail = qund_alloc(sizeof(*m));

    m->host = qund_str_dup(ask->host);
    m->port = ask->port;
    m->tls = TLS[ask->tls];
    m->user = dup_or_null(ask->user);
    m->password = dup_or_null(ask->password);
    m->helo = qund_str_dup(ask->helo);
    m->from = qund_str_dup(ask->from);
    for (; m->n_to < ask->n_to; m->n_to++)
        m->to[m->n_to] = qund_str_dup(ask->to[m->n_to]);
    e->body = qund_str_dup(ask->message);
    e->body_n = ask->message.n;
    e->timeout_ms = host_ask_timeout(ask->timeout_ms);
    e->allow_private = ask->allow_private;
    return e;
}

static int smtp(const struct qund_host *api, const struct qund_ask_smtp *ask,
                void (*done)(void *arg, const struct qund_told_smtp *told), void *arg, uint64_t *id,
                struct qund_fault *why)
{
    struct host *h = host_of(api);
    struct qund_err err = {0};
    struct qund_errand *e;
    struct ask *a;

    if (h->n_asks >= HOST_ASKS_MAX)
        return host_fault(why, QUND_E_FULL, "smtp", "%u requests are under way", HOST_ASKS_MAX);
    if (!ask->host.p || !ask->helo.p || !ask->from.p || ask->n_to > QUND_MAIL_TO_MAX ||
        (unsigned)ask->tls > QUND_SMTP_PLAIN)
        return host_fault(why, QUND_E_INVAL, "smtp",
                          "host, helo, from and at most %u recipients are wanted",
                          QUND_MAIL_TO_MAX);
    e = errand_of(ask);
    if (qund_errand_check_mail(e, &err) < 0) {
        qund_errand_free(e);
        return host_fault(why, QUND_E_INVAL, err.where, "%s", err.text);
    }
    a = qund_alloc(sizeof(*a));
    a->tell = tell;
    a->done.smtp = done;
    a->arg = arg;
    host_ask_begin(h, a, e, id);
    return QUND_OK;
}

void host_mails(struct qund_host *api)
{
    api->smtp = smtp;
}
