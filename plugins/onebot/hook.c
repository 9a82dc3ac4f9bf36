/* plugins/onebot/hook.c - events posted by HTTP.
 *
 * Answered 204 when the event is durable, and not before: it is the only transport on which the
 * bridge learns whether it was. A 200 would be read as a quick operation, so it is never given.
 * Who may: a right signature over the raw bytes, or the token; a wrong one of either is refused
 * even when the other is right. */
#include "onebot.h"
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#define SHA1_BYTES 20u
#define SIGNATURE_CHARS (5 + 2 * SHA1_BYTES) /* "sha1=" and hex */

struct ob_visit {
    struct ob_visit *next, **prev;
    struct ob_channel *c;
    struct qund_request *request;
};

static void visit_free(struct ob_visit *v)
{
    *v->prev = v->next;
    if (v->next)
        v->next->prev = v->prev;
    free(v);
}

void ob_visits_free(struct ob_channel *c)
{
    while (c->visits)
        visit_free(c->visits);
}

static void reply(struct ob_channel *c, struct qund_request *r, int status)
{
    static const struct qund_header AGAIN = {{"Retry-After", 11}, {"1", 1}};

    c->host->http_reply(r, status, NULL, QUND_STR_NONE, &AGAIN, status == 503);
}

/* --- who it is --- */

static bool signature_is_right(const struct ob_channel *c, struct qund_str shown,
                               struct qund_str body)
{
    unsigned char mac[EVP_MAX_MD_SIZE];
    char want[SIGNATURE_CHARS + 1] = "sha1=";
    unsigned n = 0;

    if (!HMAC(EVP_sha1(), c->cfg->secret, (int)strlen(c->cfg->secret),
              (const unsigned char *)(body.p ? body.p : ""), body.n, mac, &n) ||
        n != SHA1_BYTES)
        return false;
    for (unsigned i = 0; i < n; i++)
        snprintf(want + 5 + 2 * i, 3, "%02x", mac[i]);
    return qund_str_same_secret(shown, qund_str(want));
}

/* 0, or the status that refuses. */
static int check_caller(struct ob_channel *c, const struct qund_request *r)
{
    struct qund_str shown = qund_request_header(r, "x-signature");
    bool signable = c->cfg->secret && c->cfg->secret[0];

    if (signable && shown.n > 0) {
        if (signature_is_right(c, shown, r->body))
            return 0;
        ob_refuse(c, OB_NO_SIGNATURE, "a wrong X-Signature", r->peer);
        return 403;
    }
    if (ob_token_is_right(c, r))
        return 0;
    ob_refuse(c, signable ? OB_NO_SIGNATURE : OB_NO_TOKEN,
              signable ? "neither X-Signature nor the token" : "a wrong token", r->peer);
    return 401;
}

/* --- what it says --- */

static void durable(void *arg, int rc)
{
    struct ob_visit *v = arg;

    reply(v->c, v->request, rc == QUND_OK ? 204 : 503);
    visit_free(v);
}

static void take_event(struct ob_channel *c, struct ob_account *a, struct qund_request *r)
{
    struct ob_visit *v = ob_alloc(sizeof(*v));
    struct qund_state state;
    bool stated;
    struct qund_fault why = {0};
    int rc;

    *v = (struct ob_visit){c->visits, &c->visits, c, r};
    if (v->next)
        v->next->prev = &v->next;
    c->visits = v;
    ob_count_event(c, &c->frame);
    ob_gap_posted(a);
    stated = ob_gap_state(a, &c->frame.pool, &state);
    rc = c->host->ingest(c->channel, &c->frame.event, 1, stated ? &state : NULL, durable, v, &why);
    if (rc == QUND_OK) {
        if (stated)
            a->saved_ms = state.rev;
        return;
    }
    visit_free(v);
    if (rc != QUND_E_FULL)
        ob_refuse(c, OB_NO_EVENT, why.where, r->peer);
    reply(c, r, rc == QUND_E_FULL ? 503 : 400);
}

static void take_frame(struct ob_channel *c, struct qund_request *r)
{
    struct qund_str self = qund_request_header(r, "x-self-id");
    struct ob_view view = {self, QUND_STR_NONE};
    struct ob_account *a = self.n > 0 ? ob_account_find(c, self) : NULL;
    struct ob_frame *f = &c->frame;
    enum ob_kind kind;

    if (a)
        view.nickname = qund_str(a->nickname);
    kind = ob_frame_read(f, r->body, &view);
    if (kind != OB_EVENT && kind != OB_META) {
        ob_refuse(c, OB_NO_FRAME, kind == OB_BAD ? f->why : "no event", r->peer);
        reply(c, r, 400);
        return;
    }
    a = f->account.n > 0 ? ob_account_of(c, f->account) : NULL;
    if (!a && (kind == OB_EVENT || f->account.n > 0)) {
        ob_refuse(c, OB_NO_ACCOUNT, "events of an account that is not among `accounts`", r->peer);
        reply(c, r, 403);
        return;
    }
    if (a)
        ob_account_learn(a, f);
    if (kind == OB_EVENT) {
        take_event(c, a, r);
        return;
    }
    if (a) {
        ob_gap_posted(a);
        if (f->online >= 0)
            ob_gap_online(a, f->online == 1);
    }
    reply(c, r, 204);
}

void ob_request(void *channel, struct qund_request *r)
{
    struct ob_channel *c = channel;
    int status = qund_str_is(r->method, "POST") ? check_caller(c, r) : 405;

    if (status)
        reply(c, r, status);
    else
        take_frame(c, r);
}
