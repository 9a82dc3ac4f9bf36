/* plugins/onebot/call.c - actions and their answers.
 *
 * Answers overtake each other, come twice, late or never, and some belong to nobody; only the echo
 * tells which is which. An echo is "q<connection>-<number>" and is never used again, so a late
 * answer cannot meet a newer call. A call whose connection ends, or that gets no answer in time,
 * ends unanswered: what it asked for may have happened.
 *
 * Over HTTP there is no echo; one request is one call. Bridges that only post their events are
 * known here by their address, and are asked which account they are until they say it, and again
 * when the token seems to be refused. */
#include "onebot.h"
#include <stdlib.h>

#define API_AGAIN_MS 15000
#define API_ASK_MS 5000
#define ANSWER_MAX ((size_t)8 << 20)
#define HTTP_NOT_FOUND 404

struct ob_call {
    struct ob_call *next;
    struct ob_channel *c;
    struct ob_conn *k;   /* NULL: by HTTP */
    struct ob_api *api;  /* NULL: by WebSocket */
    uint64_t number;     /* of the echo */
    uint64_t http;       /* for http_cancel */
    int64_t deadline_ms; /* of a WebSocket's */
    int version;
    ob_done *done;
    void *arg;
};
struct ob_api {
    struct ob_api *next;
    struct ob_channel *c;
    char *url;
    struct ob_call *calls;
    size_t n_calls;
    struct ob_bridge bridge;
    int version; /* asked as 11 first, then as 12; right once it is known */
    bool known;
    bool doubt; /* an action was refused as if the token were wrong, or led to no bridge */
    int64_t due_ms;
};

/* --- ending --- */

static void end(struct ob_call *call, const struct ob_result *r)
{
    enum ob_acted acted = r->end == OB_UNANSWERED ? OB_ACT_UNANSWERED
                          : r->ok                 ? OB_ACT_OK
                                                  : OB_ACT_FAILED;

    call->c->host->gauge_add(call->c->numbers.acted[acted], 1);
    call->done(call->arg, r);
    free(call);
}

static void end_unanswered(struct ob_call *call, const char *why)
{
    end(call, &(struct ob_result){.end = OB_UNANSWERED,
                                  .version = call->version,
                                  .retry_after_ms = -1,
                                  .words = qund_str(why)});
}

static int not_sent(struct ob_channel *c, json_t *action, const char **why, const char *text)
{
    json_decref(action);
    c->host->gauge_add(c->numbers.acted[OB_ACT_NOT_SENT], 1);
    if (why)
        *why = text;
    return QUND_E_AGAIN;
}

/* --- WebSocket --- */

static int call_ws(struct ob_conn *k, json_t *action, int64_t timeout_ms, ob_done *done, void *arg,
                   const char **why)
{
    struct ob_channel *c = k->c;
    struct ob_pool pool = {0};
    struct ob_call *call;
    uint64_t number = ++c->last_echo;
    int rc;

    if (k->n_calls >= OB_CALLS_MAX)
        return not_sent(c, action, why, "too many actions wait for the bridge's answer");
    json_object_set_new(action, "echo",
                        ob_json_str(ob_pool_printf(&pool, "q%llu-%llu", (unsigned long long)k->id,
                                                   (unsigned long long)number)));
    rc = c->host->ws_send(k->s, ob_json_print(action, &pool));
    ob_pool_done(&pool);
    if (rc < 0)
        return not_sent(c, action, why, "the bridge does not read what is sent to it");
    json_decref(action);
    call = ob_alloc(sizeof(*call));
    *call = (struct ob_call){.next = k->calls,
                             .c = c,
                             .k = k,
                             .number = number,
                             .deadline_ms = ob_mono(c) + timeout_ms,
                             .version = k->version == 12 ? 12 : 11,
                             .done = done,
                             .arg = arg};
    k->calls = call;
    k->n_calls++;
    return QUND_OK;
}

int ob_call_conn(struct ob_conn *k, json_t *action, int64_t timeout_ms, ob_done *done, void *arg)
{
    return call_ws(k, action, timeout_ms, done, arg, NULL);
}

/* The number of an echo of ours for this connection; 0: it is not. */
static uint64_t number_of(const struct ob_conn *k, struct qund_str echo)
{
    struct ob_text prefix = {0};
    int64_t v = 0;

    ob_text_printf(&prefix, "q%llu-", (unsigned long long)k->id);
    if (!qund_str_starts(echo, prefix.p) ||
        !ob_number(qund_str_n(echo.p + prefix.n, echo.n - prefix.n), &v) || v < 0)
        v = 0;
    ob_text_done(&prefix);
    return (uint64_t)v;
}

static struct ob_call *take_call(struct ob_conn *k, uint64_t number)
{
    for (struct ob_call **at = &k->calls; *at; at = &(*at)->next)
        if ((*at)->number == number) {
            struct ob_call *call = *at;

            *at = call->next;
            k->n_calls--;
            return call;
        }
    return NULL;
}

void ob_call_answer(struct ob_conn *k, const struct ob_frame *f)
{
    struct ob_call *call = take_call(k, number_of(k, f->echo));

    if (!call) {
        k->c->host->gauge_add(k->c->numbers.strays, 1);
        return;
    }
    k->unanswered = 0;
    end(call, &(struct ob_result){.end = OB_ANSWERED,
                                  .version = call->version,
                                  .ok = f->ok,
                                  .retcode = f->retcode,
                                  .retry_after_ms = -1,
                                  .words = f->message,
                                  .data = f->data});
}

void ob_calls_lost(struct ob_conn *k)
{
    while (k->calls) {
        struct ob_call *call = k->calls;

        k->calls = call->next;
        k->n_calls--;
        end_unanswered(call, "the connection ended before the answer");
    }
}

static void expire(struct ob_conn *k, int64_t now)
{
    struct ob_call **at = &k->calls;

    while (*at) {
        struct ob_call *call = *at;

        if (now < call->deadline_ms) {
            at = &call->next;
            continue;
        }
        *at = call->next;
        k->n_calls--;
        k->unanswered++;
        end_unanswered(call, "no answer in time");
        at = &k->calls; /* the end may have made new ones */
    }
}

void ob_calls_tick(struct ob_channel *c)
{
    int64_t now = ob_mono(c);

    for (struct ob_conn *k = c->conns; k; k = k->next)
        expire(k, now);
}

/* --- HTTP --- */

static void take_http(struct ob_call *call)
{
    for (struct ob_call **at = &call->api->calls; *at; at = &(*at)->next)
        if (*at == call) {
            *at = call->next;
            call->api->n_calls--;
            return;
        }
}

static ob_done on_api_who;

/* What an answer says about our token, and whether a bridge is there. That of one action may be
 * refused for what it is; who it is, a bridge tells everybody that has the token. */
static void judge(const struct ob_call *call, const struct ob_result *r)
{
    struct ob_api *api = call->api;
    bool refused = r->status == 401 || r->status == 403 ||
                   (r->end == OB_ANSWERED && ob_retcode_of_token(r->retcode));
    struct ob_pool pool = {0};

    if (refused && call->done != on_api_who) {
        ob_bridge_refuses_action(&api->bridge, &api->c->unknown);
        api->doubt = true;
    } else if (refused) {
        ob_bridge_refuses(&api->bridge, &api->c->unknown);
        api->known = api->doubt = false;
        api->due_ms = ob_mono(api->c) + api->c->cfg->token_again_ms;
    } else if (r->end == OB_ANSWERED && r->status == 0) {
        if (api->bridge.unknown)
            api->due_ms = 0; /* whose it is was not heard */
        api->doubt = false;
        ob_bridge_lets_in(&api->bridge);
    } else if (call->done == on_api_who) {
        ob_bridge_fails(&api->bridge, r->status >= 100 && r->words.n == 0
                                          ? ob_pool_printf(&pool, "HTTP %d", r->status)
                                          : r->words);
    } else {
        api->doubt = true;
    }
    ob_pool_done(&pool);
}

static void on_http(void *arg, const struct qund_told_http *told)
{
    static const struct ob_view NOBODY = {{NULL, 0}, {NULL, 0}};
    struct ob_call *call = arg;
    struct ob_frame f = {0};
    struct ob_result r = {.end = OB_ANSWERED,
                          .version = call->version,
                          .retcode = -1,
                          .status = told->status,
                          .retry_after_ms = told->retry_after_ms,
                          .words = told->why};

    take_http(call);
    if (told->end == QUND_HTTP_NO_ANSWER)
        r.end = OB_UNANSWERED;
    else if (told->end != QUND_HTTP_ANSWERED)
        r.status = 503; /* nothing left: later */
    else if (told->status == 200 && told->whole &&
             ob_frame_read(&f, told->body, &NOBODY) == OB_ANSWER) {
        r.status = 0;
        r.ok = f.ok;
        r.retcode = f.retcode;
        r.words = f.message;
        r.data = f.data;
    } else if (told->status == 200) {
        r.end = OB_UNANSWERED; /* whatever answered there, it did not say how it ended */
        r.words = QUND_STR("the answer is no OneBot answer");
    }
    judge(call, &r);
    end(call, &r);
    ob_frame_done(&f);
}

/* 11: the action is the path, the parameters the body. 12: all of it is the body. */
static struct qund_str http_url(const struct ob_api *api, int version, const json_t *action,
                                struct ob_pool *pool)
{
    struct qund_str base = qund_str(api->url);

    while (base.n > 0 && base.p[base.n - 1] == '/')
        base.n--;
    return version == 12 ? ob_pool_printf(pool, "%.*s/", QUND_STR_ARG(base))
                         : ob_pool_printf(pool, "%.*s/%.*s", QUND_STR_ARG(base),
                                          QUND_STR_ARG(ob_get_text(action, "action")));
}

static int call_http(struct ob_api *api, int version, json_t *action, int64_t timeout_ms,
                     ob_done *done, void *arg, const char **why)
{
    struct ob_channel *c = api->c;
    struct ob_pool pool = {0};
    struct qund_str token = ob_pool_printf(&pool, "Bearer %s", c->cfg->token ? c->cfg->token : "");
    struct qund_header headers[] = {{QUND_STR("Content-Type"), QUND_STR("application/json")},
                                    {QUND_STR("Authorization"), token}};
    struct qund_ask_http ask = {
        .method = QUND_STR("POST"),
        .url = http_url(api, version, action, &pool),
        .headers = headers,
        .n_headers = c->cfg->token ? 2 : 1,
        .body = ob_json_print(version == 12 ? action : json_object_get(action, "params"), &pool),
        .timeout_ms = timeout_ms,
        .answer_max = ANSWER_MAX,
        .allow_private = c->cfg->allow_private};
    struct ob_call *call = ob_alloc(sizeof(*call));
    int rc;

    *call = (struct ob_call){
        .next = api->calls, .c = c, .api = api, .version = version, .done = done, .arg = arg};
    rc = api->n_calls < OB_CALLS_MAX
             ? c->host->http(c->host, &ask, on_http, call, &call->http, NULL)
             : QUND_E_FULL;
    ob_pool_done(&pool);
    if (rc < 0) {
        free(call);
        return not_sent(c, action, why, "too many actions are under way, or the address is wrong");
    }
    json_decref(action);
    api->calls = call;
    api->n_calls++;
    return QUND_OK;
}

static void on_api_who(void *arg, const struct ob_result *r)
{
    struct ob_api *api = arg;
    struct ob_pool pool = {0};
    struct qund_str id = ob_get_id(r->data, "user_id", &pool, NULL);
    struct ob_account *a = r->end == OB_ANSWERED && r->ok ? ob_account_of(api->c, id) : NULL;

    if (a && !(api->known && a->api == api)) {
        api->known = true;
        a->api = api;
        a->version = api->version;
        ob_rooms_begin(a);
    } else if (!a && !api->known && (r->status == HTTP_NOT_FOUND || r->status == 405)) {
        api->version = api->version == 11 ? 12 : 11;
        api->due_ms = api->version == 12 ? 0 : api->due_ms;
    }
    ob_pool_done(&pool);
}

void ob_apis_open(struct ob_channel *c)
{
    for (size_t i = c->cfg->api.n; i > 0; i--) {
        struct ob_api *api = ob_alloc(sizeof(*api));

        *api = (struct ob_api){
            .next = c->apis, .c = c, .url = ob_dup(qund_str(c->cfg->api.v[i - 1])), .version = 11};
        c->apis = api;
        ob_bridge_open(&api->bridge, c, "api", i - 1);
    }
}

void ob_apis_again(struct ob_channel *c)
{
    for (struct ob_api *api = c->apis; api; api = api->next) {
        api->known = false;
        api->due_ms = 0;
    }
}

static bool is_asked(const struct ob_api *api)
{
    for (const struct ob_call *call = api->calls; call; call = call->next)
        if (call->done == on_api_who)
            return true;
    return false;
}

void ob_apis_tick(struct ob_channel *c)
{
    int64_t now = ob_mono(c);

    for (struct ob_api *api = c->apis; api; api = api->next) {
        struct ob_style style = {.version = api->version};
        const char *why = NULL;

        if ((api->known && !api->doubt) || is_asked(api) || now < api->due_ms)
            continue;
        api->due_ms = now + API_AGAIN_MS;
        if (call_http(api, api->version, ob_act_plain(&style, ob_act_who_am_i(&style)), API_ASK_MS,
                      on_api_who, api, &why) < 0)
            ob_bridge_fails(&api->bridge, qund_str(why));
    }
}

void ob_apis_free(struct ob_channel *c)
{
    while (c->apis) {
        struct ob_api *api = c->apis;

        c->apis = api->next;
        while (api->calls) {
            struct ob_call *call = api->calls;

            api->calls = call->next;
            c->host->http_cancel(c->host, call->http);
            end_unanswered(call, "the channel was closed before the answer");
        }
        free(api->url);
        free(api);
    }
}

/* --- an account's way out --- */

int ob_account_version(const struct ob_account *a)
{
    const struct ob_conn *k = ob_conn_acting(a);
    int version = k ? k->version : a->api ? a->api->version : a->version;

    return version == 12 ? 12 : 11;
}

bool ob_account_acts(const struct ob_account *a, const char **why)
{
    const struct ob_conn *k = ob_conn_acting(a);

    *why = "the account has no connection for actions";
    if (!k)
        return a->api != NULL;
    *why = "the bridge left actions unanswered and is asked for a sign of life";
    return k->unanswered < 2;
}

int ob_call(struct ob_account *a, json_t *action, int64_t timeout_ms, ob_done *done, void *arg,
            const char **why)
{
    struct ob_conn *k = ob_conn_acting(a);

    if (!ob_account_acts(a, why))
        return not_sent(a->c, action, NULL, NULL);
    return k ? call_ws(k, action, timeout_ms, done, arg, why)
             : call_http(a->api, a->api->version, action, timeout_ms, done, arg, why);
}
