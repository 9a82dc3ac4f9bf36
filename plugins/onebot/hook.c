/* plugins/onebot/hook.c - events posted by HTTP.
 *
 * Answered 204 when the event is durable, and not before: it is the only transport on which the
 * bridge learns whether it was.
 *
 * A 200 is read as a quick operation. It is given where `quick_reply` says how long to wait for one
 * and the account can be reached in no other way: what a rule then answers goes into this very
 * answer. The bridge never tells what became of it, so the push awaits a person's word, or the
 * message itself coming back in the stream. Of 12 the answer is a list of actions.
 * Who may: with a `secret`, whoever signed the raw bytes with it, and a token makes up for no
 * signature, else the secret would guard nothing; without one, whoever shows the token. Version 12
 * knows no signature, so its bridges want a channel without `secret`. */
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
    bool durable;
    /* Of a message that waits for a quick reply; id NULL: it does not. */
    char *id, *group, *sender;
    int version;
    int64_t until_ms;
};

static void visit_free(struct ob_visit *v)
{
    *v->prev = v->next;
    if (v->next)
        v->next->prev = v->prev;
    free(v->id);
    free(v->group);
    free(v->sender);
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

    if (!c->cfg->secret || !c->cfg->secret[0]) {
        if (ob_token_is_right(c, r))
            return 0;
        ob_refuse(c, OB_NO_TOKEN, "a wrong token", r->peer);
        return 401;
    }
    if (shown.n > 0 && signature_is_right(c, shown, r->body))
        return 0;
    ob_refuse(c, OB_NO_SIGNATURE,
              shown.n > 0 ? "a wrong X-Signature"
                          : "no X-Signature, which the channel's `secret` asks for (12 has none: "
                            "take a channel without `secret`)",
              r->peer);
    return shown.n > 0 ? 403 : 401;
}

/* --- what it says --- */

static void durable(void *arg, int rc)
{
    struct ob_visit *v = arg;

    v->durable = true;
    if (v->request && v->id && rc == QUND_OK)
        return; /* until somebody replies, or its time is over */
    if (v->request)
        reply(v->c, v->request, rc == QUND_OK ? 204 : 503);
    visit_free(v);
}

/* --- quick replies --- */

static void wait_for_reply(struct ob_visit *v, struct ob_account *a)
{
    struct ob_channel *c = v->c;
    const struct qund_event_in *e = &c->frame.event;
    const char *why;

    if (c->cfg->quick_ms == 0 || e->type.n > 0 || qund_str_eq(e->sender, c->frame.account) ||
        ob_account_acts(a, &why))
        return;
    v->id = ob_dup(e->id);
    v->group = ob_dup(e->group);
    v->sender = ob_dup(e->sender);
    v->version = c->frame.version;
    v->until_ms = ob_mono(c) + c->cfg->quick_ms;
}

void ob_visits_tick(struct ob_channel *c)
{
    int64_t now = ob_mono(c);
    struct ob_visit *next;

    for (struct ob_visit *v = c->visits; v; v = next) {
        next = v->next;
        if (!v->durable || !v->request || now < v->until_ms)
            continue;
        reply(c, v->request, 204);
        visit_free(v);
    }
}

/* The one that waits, when the answer goes into the chat it came from. */
static struct ob_visit *waiting_for(const struct ob_channel *c, const struct ob_push *p)
{
    for (struct ob_visit *v = c->visits; v; v = v->next)
        if (v->id && v->request && qund_str_is(p->reply_to, v->id))
            return qund_str_is(p->group, v->group) &&
                           (p->group.n > 0 || qund_str_is(p->person, v->sender))
                       ? v
                       : NULL;
    return NULL;
}

bool ob_visit_answer(struct ob_channel *c, const struct ob_push *p)
{
    struct ob_visit *v = p->kind == OB_PUSH_MESSAGE ? waiting_for(c, p) : NULL;
    struct ob_account *a = v ? ob_account_find(c, ob_id_account(qund_str(v->id))) : NULL;
    struct ob_pool pool = {0};
    struct ob_style style;
    bool twelve = v && v->version == 12;
    json_t *action, *said;

    if (!a || (twelve && json_array_size(p->media) > 0))
        return false;
    ob_account_style(a, v->version, &style);
    action = ob_act_push(&style, p, NULL);
    if (twelve)
        said = json_pack("[o]", action);
    else
        said = json_pack("{s:O, s:b}", "reply",
                         json_object_get(json_object_get(action, "params"), "message"), "at_sender",
                         0);
    c->host->http_reply(v->request, 200, "application/json", ob_json_print(said, &pool), NULL, 0);
    v->request = NULL;
    if (v->durable)
        visit_free(v);
    json_decref(said);
    if (!twelve)
        json_decref(action);
    ob_pool_done(&pool);
    return true;
}

static void take_event(struct ob_channel *c, struct ob_account *a, struct qund_request *r)
{
    struct ob_visit *v = ob_alloc(sizeof(*v));
    struct qund_state state;
    bool stated;
    struct qund_fault why = {0};
    int rc;

    *v = (struct ob_visit){.next = c->visits, .prev = &c->visits, .c = c, .request = r};
    if (v->next)
        v->next->prev = &v->next;
    c->visits = v;
    wait_for_reply(v, a);
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
        ob_refuse(c, OB_NO_ACCOUNT, ob_account_denied(c, f->account), r->peer);
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
