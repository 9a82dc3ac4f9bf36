/* plugins/onebot/conn.c - one WebSocket: let in or dialled, introduced, listened to, given up.
 *
 *   OPEN    headers are checked, or our dial was answered
 *   seated  a frame, the header or an answer has named the account
 *   closed  its calls end unanswered; an account that no connection hears any more has a gap
 *
 * Which version is spoken shows in the first frame. A bridge that says nothing is asked who it is:
 * by then it is taken for 11 unless its sub-protocol said otherwise. Of two connections that the
 * same bridge opened for the same account and role the newer one stays: the older is most likely
 * dead and does not know it. */
#include "onebot.h"
#include <stdlib.h>

#define SILENT_MS 3000 /* then we speak first */
#define ASK_MS 10000   /* who are you */
#define BEATS 3        /* missed in a row */
#define BEAT_MIN_MS 30000
#define PROBE_MS 2000
#define QUEUE_BYTES ((size_t)8 << 20)
#define QUEUE_FRAMES 1024u
#define CLOSE_ACCOUNT 4403

/* --- who may --- */

static struct qund_str query_value(struct qund_str query, const char *name, struct ob_text *room)
{
    size_t n = strlen(name);

    while (query.n > 0) {
        const char *amp = memchr(query.p, '&', query.n);
        struct qund_str one = qund_str_n(query.p, amp ? (size_t)(amp - query.p) : query.n);

        query = amp ? qund_str_n(amp + 1, query.n - one.n - 1) : QUND_STR_NONE;
        if (one.n <= n || memcmp(one.p, name, n) != 0 || one.p[n] != '=')
            continue;
        for (size_t i = n + 1; i < one.n; i++) {
            char hex[3] = {0}, c = one.p[i], *end;

            if (c == '%' && i + 2 < one.n) {
                long v;

                memcpy(hex, one.p + i + 1, 2);
                v = strtol(hex, &end, 16);
                if (end == hex + 2) {
                    c = (char)v;
                    i += 2;
                }
            }
            ob_text_add(room, qund_str_n(&c, 1));
        }
        return ob_text_view(room);
    }
    return QUND_STR_NONE;
}

/* "Bearer T"; some leave the word out, some have another. */
static struct qund_str shown_token(const struct qund_request *r, struct ob_text *room)
{
    struct qund_str t = qund_request_header(r, "authorization");
    const char *blank = t.n > 0 ? memchr(t.p, ' ', t.n) : NULL;

    if (t.n == 0 || ob_same_word(t, "bearer")) /* the word alone: no token */
        return query_value(r->query, "access_token", room);
    return blank ? qund_str_n(blank + 1, t.n - (size_t)(blank + 1 - t.p)) : t;
}

bool ob_token_is_right(const struct ob_channel *c, const struct qund_request *r)
{
    struct ob_text room = {0};
    bool right = c->cfg->token && c->cfg->token[0] &&
                 qund_str_same_secret(shown_token(r, &room), qund_str(c->cfg->token));

    ob_text_done(&room);
    return right;
}

/* --- opening --- */

struct ob_conn *ob_conn_new(struct ob_channel *c, struct ob_dial *d, unsigned roles)
{
    struct ob_conn *k = ob_alloc(sizeof(*k));

    k->c = c;
    k->dial = d;
    k->roles = roles;
    k->id = ++c->last_conn;
    k->next = c->conns;
    c->conns = k;
    c->n_conns++;
    return k;
}

void ob_conn_free(struct ob_conn *k)
{
    struct ob_channel *c = k->c;
    struct ob_conn **at = &c->conns;

    while (*at != k)
        at = &(*at)->next;
    *at = k->next;
    c->n_conns--;
    ob_calls_lost(k);
    free(k->self);
    free(k);
}

static unsigned roles_of(const struct qund_request *r)
{
    static const struct {
        const char *word;
        unsigned roles;
    } ROLES[] = {{"api", OB_ACTIONS}, {"event", OB_EVENTS}};
    struct qund_str role = qund_request_header(r, "x-client-role"), path = r->path;

    while (path.n > 0 && path.p[path.n - 1] == '/')
        path.n--;
    for (size_t i = 0; i < OB_LEN(ROLES); i++) {
        size_t n = strlen(ROLES[i].word);

        if (role.n > 0 ? ob_same_word(role, ROLES[i].word)
                       : path.n > n && path.p[path.n - n - 1] == '/' &&
                             memcmp(path.p + path.n - n, ROLES[i].word, n) == 0)
            return ROLES[i].roles;
    }
    return OB_EVENTS | OB_ACTIONS;
}

/* The offered sub-protocol of OneBot 12, NONE when there is none: "foo, 12.ComWechat". */
static struct qund_str twelve(struct qund_str offered)
{
    while (offered.n > 0) {
        const char *comma = memchr(offered.p, ',', offered.n);
        struct qund_str one =
            qund_str_n(offered.p, comma ? (size_t)(comma - offered.p) : offered.n);

        offered = comma ? qund_str_n(comma + 1, offered.n - one.n - 1) : QUND_STR_NONE;
        while (one.n > 0 && one.p[0] == ' ')
            one = qund_str_n(one.p + 1, one.n - 1);
        while (one.n > 0 && one.p[one.n - 1] == ' ')
            one.n--;
        if (qund_str_is(one, "12") || (qund_str_starts(one, "12.") && one.n <= 64))
            return one;
    }
    return QUND_STR_NONE;
}

static void seat(struct ob_conn *k, struct ob_account *a);

static void accept(struct ob_channel *c, struct qund_request *r)
{
    struct qund_str self = qund_request_header(r, "x-self-id");
    struct qund_str protocol = twelve(qund_request_header(r, "sec-websocket-protocol"));
    struct qund_socket_cfg cfg = {.message_max = (size_t)c->cfg->max_frame,
                                  .queue_bytes = QUEUE_BYTES,
                                  .queue_frames = QUEUE_FRAMES,
                                  .bulk = 1,
                                  .protocol = protocol};
    struct ob_conn *k = ob_conn_new(c, NULL, roles_of(r));
    struct ob_account *a;

    if (protocol.n > 0 || qund_str_is(qund_request_header(r, "x-onebot-version"), "12"))
        k->version = 12;
    if (ob_sound_id(self))
        k->self = ob_dup(self);
    if (c->host->ws_accept(r, &cfg, &ob_socket_ops, k, &k->s) < 0) {
        ob_conn_free(k);
        return;
    }
    k->opened_ms = k->heard_ms = ob_mono(c);
    if (ob_flow_slowed(c))
        c->host->ws_pause(k->s, true);
    a = k->self ? ob_account_of(c, qund_str(k->self)) : NULL;
    if (a)
        seat(k, a);
    QUND_SAY(c->host, QUND_DEBUG, "onebot.opened", QUND_KV("channel", c->name),
             QUND_KV("account", k->self), QUND_KV("roles", k->roles),
             QUND_KV("version", k->version));
}

void ob_upgrade(void *channel, struct qund_request *r)
{
    struct ob_channel *c = channel;
    struct qund_str self = qund_request_header(r, "x-self-id");
    int status = 0;

    if (!ob_token_is_right(c, r)) {
        ob_refuse(c, OB_NO_TOKEN, c->cfg->token ? "a wrong token" : "the channel has no token",
                  r->peer);
        status = 401;
    } else if (self.n > 0 && !ob_account_of(c, self)) {
        ob_refuse(c, OB_NO_ACCOUNT, ob_account_denied(c, self), r->peer);
        status = 403;
    } else if (c->n_conns >= OB_CONNS_MAX) {
        ob_refuse(c, OB_NO_ROOM, "too many connections", r->peer);
        status = 503;
    }
    if (status)
        c->host->http_reply(r, status, NULL, QUND_STR_NONE, NULL, 0);
    else
        accept(c, r);
}

/* --- accounts of a connection --- */

static bool seated(const struct ob_conn *k, const struct ob_account *a)
{
    for (size_t i = 0; i < k->n_seats; i++)
        if (k->seats[i] == a)
            return true;
    return false;
}

static bool open_for(const struct ob_conn *k, const struct ob_account *a, unsigned role)
{
    return k->s && k->opened_ms > 0 && !k->closing && (k->roles & role) && seated(k, a);
}

bool ob_account_hears(const struct ob_account *a)
{
    for (const struct ob_conn *k = a->c->conns; k; k = k->next)
        if (open_for(k, a, OB_EVENTS))
            return true;
    return false;
}

struct ob_conn *ob_conn_acting(const struct ob_account *a)
{
    for (struct ob_conn *k = a->c->conns; k; k = k->next)
        if (open_for(k, a, OB_ACTIONS)) /* the newest stands first */
            return k;
    return NULL;
}

static void replace_older(struct ob_conn *k, struct ob_account *a)
{
    for (struct ob_conn *o = k->next; o; o = o->next)
        if (!k->dial && !o->dial && o->roles == k->roles && o->n_seats == 1 && seated(o, a))
            ob_conn_close(o, 1001, "a newer connection of this account took over");
}

static void introduce(struct ob_conn *k, struct ob_account *a)
{
    if (!(k->roles & OB_ACTIONS) || k->introduced || k->version == 0)
        return;
    k->introduced = true;
    ob_rooms_begin(a);
}

static void seat(struct ob_conn *k, struct ob_account *a)
{
    bool heard = ob_account_hears(a);

    if (seated(k, a)) {
        introduce(k, a);
        return;
    }
    if (k->n_seats == OB_SEATS_MAX)
        return;
    k->seats[k->n_seats++] = a;
    if (k->n_seats > 1)
        k->introduced = false; /* to this one */
    if (k->version)
        a->version = k->version;
    replace_older(k, a);
    if ((k->roles & OB_EVENTS) && !heard) {
        ob_gap_back(a);
        ob_gap_remember(a);
    }
    introduce(k, a);
}

void ob_account_learn(struct ob_account *a, const struct ob_frame *f)
{
    if (f->platform.n > 0)
        ob_set(&a->platform, f->platform);
    if (f->kind != OB_EVENT)
        return;
    if (f->event.group.n > 0)
        a->group_text = f->group_text;
    if (f->event.sender.n > 0)
        a->user_text = f->user_text;
    if (f->message_id.n > 0)
        a->message_text = f->message_text;
}

/* --- frames --- */

static void on_event(struct ob_conn *k, struct ob_account *a, struct qund_str message)
{
    struct ob_channel *c = k->c;
    struct ob_frame *f = &c->frame;

    ob_count_event(c, f);
    if (qund_str_is(f->event.type, "member.join") && qund_str_eq(f->event.sender, f->account))
        ob_rooms_joined(a, f->event.group);
    ob_flow_event(c, a, message);
}

static void on_meta(struct ob_conn *k, struct ob_account *a)
{
    const struct ob_frame *f = &k->c->frame;

    if (f->life == OB_LIFE_BEAT && f->interval_ms > 0)
        k->beat_ms = f->interval_ms;
    if (f->online >= 0 && a)
        ob_gap_online(a, f->online == 1);
}

static void on_named(struct ob_conn *k, struct qund_str message)
{
    struct ob_channel *c = k->c;
    struct ob_frame *f = &c->frame;
    struct ob_account *a = f->account.n > 0 ? ob_account_of(c, f->account) : NULL;

    if (f->account.n > 0 && !a) {
        ob_refuse(c, OB_NO_ACCOUNT, ob_account_denied(c, f->account), QUND_STR_NONE);
        return;
    }
    if (k->self && a && strcmp(k->self, a->id) != 0 && f->version == 11 && !k->disagreed) {
        k->disagreed = true; /* the events are right */
        QUND_SAY(c->host, QUND_WARN, "onebot.self_id", QUND_KV("channel", c->name),
                 QUND_KV("header", k->self), QUND_KV("account", a->id));
    }
    if (a) {
        ob_account_learn(a, f);
        seat(k, a);
        if (k->roles & OB_EVENTS)
            ob_gap_heard(a);
    }
    if (f->kind == OB_META)
        on_meta(k, a);
    else
        on_event(k, a, message);
}

static void on_text(void *arg, struct qund_socket *s, struct qund_str message)
{
    struct ob_conn *k = arg;
    struct ob_channel *c = k->c;
    struct ob_account *a = k->n_seats == 1 ? k->seats[0] : NULL;
    struct ob_view view = {a ? qund_str(a->id) : qund_str(k->self),
                           a ? qund_str(a->nickname) : QUND_STR_NONE};
    struct ob_frame *f = &c->frame;

    (void)s;
    if (k->closing)
        return;
    k->heard_ms = ob_mono(c);
    ob_frame_read(f, message, &view);
    if (f->version && f->kind != OB_BAD)
        k->version = f->version;
    switch (f->kind) {
    case OB_BAD:
        ob_refuse(c, OB_NO_FRAME, f->why, QUND_STR_NONE);
        return;
    case OB_ANSWER:
        if (k->dial && f->echo.n == 0 && ob_retcode_of_token(f->retcode)) {
            ob_dial_token_refused(k->dial);
            ob_conn_close(k, 1000, "the token was refused");
            return;
        }
        if (k->dial && (f->ok || (f->echo.n > 0 && !ob_retcode_of_token(f->retcode))))
            ob_dial_token_known(k->dial);
        ob_call_answer(k, f);
        return;
    case OB_META:
    case OB_EVENT:
        if (k->dial)
            ob_dial_token_known(k->dial);
        on_named(k, message);
        return;
    }
}

/* --- the end --- */

void ob_conn_close(struct ob_conn *k, int code, const char *why)
{
    struct ob_account *heard[OB_SEATS_MAX];
    size_t n = 0;

    if (k->closing)
        return;
    for (size_t i = 0; i < k->n_seats; i++)
        if (open_for(k, k->seats[i], OB_EVENTS))
            heard[n++] = k->seats[i];
    k->closing = true;
    for (size_t i = 0; i < n; i++)
        if (!ob_account_hears(heard[i]))
            ob_gap_lost(heard[i]);
    if (k->s)
        k->c->host->ws_close(k->s, code, why);
}

bool ob_account_seated(const struct ob_account *a)
{
    for (const struct ob_conn *k = a->c->conns; k; k = k->next)
        if (seated(k, a))
            return true;
    return false;
}

void ob_conns_unseat(struct ob_account *a)
{
    for (struct ob_conn *k = a->c->conns; k; k = k->next) {
        size_t n = 0;

        if (!seated(k, a))
            continue;
        for (size_t i = 0; i < k->n_seats; i++)
            if (k->seats[i] != a)
                k->seats[n++] = k->seats[i];
        k->n_seats = n;
        if (n == 0)
            ob_conn_close(k, CLOSE_ACCOUNT, "the account is no longer among `accounts`");
    }
}

/* What the host closes for. */
static const struct {
    int code;
    const char *what;
} FAULTS[] = {{1003, "a binary frame"}, {1007, "not UTF-8"}, {1009, "longer than max_frame"}};

static void on_closed(void *arg, struct qund_socket *s, int code, struct qund_str why)
{
    struct ob_conn *k = arg;
    struct ob_channel *c = k->c;
    struct ob_dial *d = k->dial;
    int64_t lived = k->opened_ms > 0 ? ob_mono(c) - k->opened_ms : -1;

    (void)s;
    k->s = NULL;
    for (size_t i = 0; i < k->n_seats; i++)
        if ((k->roles & OB_EVENTS) && !k->closing && !ob_account_hears(k->seats[i]))
            ob_gap_lost(k->seats[i]);
    if (ob_gate_open(c, &c->other)) {
        QUND_SAY(c->host, QUND_INFO, "onebot.closed", QUND_KV("channel", c->name),
                 QUND_KV("account", k->n_seats ? k->seats[0]->id : ""), QUND_KV("code", code),
                 QUND_KV("why", why), QUND_KV("lived_ms", lived),
                 QUND_KV("left_out", c->other.left_out));
        c->other.left_out = 0;
    }
    for (size_t i = 0; i < OB_LEN(FAULTS); i++)
        if (code == FAULTS[i].code)
            ob_refuse(c, OB_NO_FRAME, FAULTS[i].what, QUND_STR_NONE);
    ob_conn_free(k);
    if (d)
        ob_dial_lost(d, code, why, lived);
}

static void on_opened(void *arg, struct qund_socket *s)
{
    struct ob_conn *k = arg;

    k->opened_ms = k->heard_ms = ob_mono(k->c);
    ob_dial_opened(k->dial); /* only those we dial are told of */
    if (ob_flow_slowed(k->c))
        k->c->host->ws_pause(s, true);
}

const struct qund_socket_ops ob_socket_ops = {on_opened, on_text, on_closed};

/* --- time --- */

static void on_who(void *arg, const struct ob_result *r)
{
    struct ob_conn *k = arg;
    struct ob_pool pool = {0};
    struct qund_str id = ob_get_id(r->data, "user_id", &pool, NULL);
    struct ob_account *a = r->end == OB_ANSWERED && r->ok ? ob_account_of(k->c, id) : NULL;

    if (a)
        seat(k, a);
    ob_pool_done(&pool);
}

/* Nothing came by itself: an API connection, or a bridge that waits for us. */
static void ask_who(struct ob_conn *k)
{
    struct ob_style style = {.version = k->version ? k->version : 11};

    k->version = style.version;
    if (k->n_seats > 0) { /* by its header */
        for (size_t i = 0; i < k->n_seats; i++)
            seat(k, k->seats[i]);
        return;
    }
    (void)ob_call_conn(k, ob_act_plain(&style, ob_act_who_am_i(&style)), ASK_MS, on_who, k);
}

static void on_probe(void *arg, const struct ob_result *r)
{
    (void)arg; /* that an answer came is all */
    (void)r;
}

static void look_after(struct ob_conn *k, int64_t now)
{
    int64_t beats = k->beat_ms * BEATS > BEAT_MIN_MS ? k->beat_ms * BEATS : BEAT_MIN_MS;
    struct ob_style style = {.version = k->version};

    if (k->beat_ms > 0 && now - k->heard_ms > beats && !ob_flow_slowed(k->c)) {
        ob_conn_close(k, 1001, "no heartbeat");
        return;
    }
    if (!(k->roles & OB_ACTIONS))
        return;
    if (!k->introduced && k->n_calls == 0 && now - k->opened_ms > SILENT_MS && now > k->ask_ms) {
        k->ask_ms = now + ASK_MS;
        ask_who(k);
    }
    if (k->unanswered > 1 && now > k->probe_ms) {
        k->probe_ms = now + PROBE_MS;
        (void)ob_call_conn(k, ob_act_plain(&style, "get_status"), PROBE_MS, on_probe, k);
    }
}

void ob_conns_tick(struct ob_channel *c)
{
    int64_t now = ob_mono(c);

    for (struct ob_conn *k = c->conns, *next; k; k = next) {
        next = k->next;
        if (k->s && k->opened_ms > 0 && !k->closing)
            look_after(k, now);
    }
}
