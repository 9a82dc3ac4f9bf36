/* qund/plugin.h - the line between the daemon and its plugins: channels, ways to deliver, jobs.
 * The tutorial is docs/plugin-abi.md.
 *
 * Threads. Every call in both directions is made on the daemon's loop thread and returns at once:
 * nothing here waits for a disk or a peer, and a plugin that did would hold up all channels. Long
 * work is cut into pieces (later) or done by a process or thread of the plugin's own, which then
 * calls nothing here. No callback runs within a call of the host: what a call causes comes in a
 * later turn of the loop. Exceptions: qund_plugin_entry and the check of a table (cfg.h) are called
 * on the main thread before the loop turns, the entry also in a process of its own.
 *
 * Ownership. Strings and structs handed over are borrowed until the call returns, unless it says
 * otherwise; nobody frees the other's memory. Handles (channel, request, socket, alarm) are opaque;
 * each says what its last call is, and a handle is void after it. What a channel leaves behind when
 * it is closed (requests, sockets, ingests not done) and a plugin when it is stopped (alarms, HTTP
 * calls) is taken back by the host without a further call.
 *
 * Errors. Functions that can fail return 0 or a negative enum qund_rc; `why` (may be NULL) is
 * filled on failure only. Times are milliseconds, lengths bytes.
 *
 * Versions. Major: differs, and the plugin is refused. Minor: grows with each member added; the
 * host's must be at least the plugin's. New members stand at the end under a comment with their
 * minor version, so an older plugin runs in a newer host; a plugin that can do without a newer
 * service declares the older minor and asks QUND_HAS(host, member). */
#ifndef QUND_PLUGIN_H
#define QUND_PLUGIN_H
#include "qund/cfg.h"
#include "qund/event.h"
#include "qund/log.h"
#include "qund/rc.h"

#define QUND_ABI_MAJOR 1u
#define QUND_ABI_MINOR 4u
#define QUND_EXPORT __attribute__((visibility("default")))
/* Whether a struct that begins with its size has this member, and it is set. */
#define QUND_HAS(s, member) \
    ((s)->size >= offsetof(__typeof__(*(s)), member) + sizeof((s)->member) && (s)->member)

struct qund_host;
struct qund_channel; /* the host's side of an open channel */
struct qund_socket;  /* a WebSocket, either side */
struct qund_alarm;   /* a timer */
struct qund_gauge;   /* a number in /metrics */
struct qund_entry_info;

/* ---- HTTP that comes in: /hook/<channel>/… ---- */

/* Answered exactly once, with http_reply or ws_accept, at once or later; void after it. The peer
 * waits 30 s at most, then the host answers 504 in the plugin's place: its strings are gone then,
 * and the plugin's own answer, which still ends the handle, is not sent. */
struct qund_request {
    struct qund_str method; /* "POST" */
    struct qund_str path;   /* behind /hook/<channel>, as sent: "" or "/…" */
    struct qund_str query;  /* without '?', as sent; NONE: no '?' */
    const struct qund_header *headers;
    size_t n_headers;
    struct qund_str body; /* empty for an upgrade */
    struct qund_str peer; /* address of the other end, "unix" for the daemon's own socket; a proxy
                           * in between is the peer */

    /* --- 1.2 --- */

    const struct qund_entry_info *entry; /* whose request it is */
};
/* The first header of that name, ASCII case ignored; NONE when absent. */
static inline struct qund_str qund_request_header(const struct qund_request *r, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i < r->n_headers; i++) {
        struct qund_str h = r->headers[i].name;
        size_t k = 0;

        while (h.n == n && k < n && (h.p[k] | 0x20) == (name[k] | 0x20))
            k++;
        if (h.n == n && k == n)
            return r->headers[i].value;
    }
    return QUND_STR_NONE;
}

/* ---- WebSockets, either side ---- */

struct qund_socket_ops {
    /* A client's handshake is done. Never called for the server's side. NULL is fine. */
    void (*opened)(void *arg, struct qund_socket *s);
    /* A whole text message, valid UTF-8. Binary ones close the socket with 1003, pings are answered
     * by the host. */
    void (*text)(void *arg, struct qund_socket *s, struct qund_str message);
    /* The last call; the handle is void when it returns. Also when a client was never opened: then
     * code is the HTTP status the peer gave, or 0 when none came. code 1006: it broke off. */
    void (*closed)(void *arg, struct qund_socket *s, int code, struct qund_str why);
};
/* 0 takes the default in brackets. */
struct qund_socket_cfg {
    size_t message_max;       /* [64 KiB] longer messages close with 1009; at most 16 MiB */
    size_t queue_bytes;       /* [256 KiB] unsent; beyond it ws_send says FULL; at most 16 MiB */
    uint32_t queue_frames;    /* [64] likewise; at most 4096 */
    uint32_t bulk;            /* 1: many frames come in; takes a large read buffer */
    struct qund_str protocol; /* server: the sub-protocol chosen among those offered, NONE: none;
                               * client: what is offered */
};
struct qund_connect {
    struct qund_str url; /* wss://…; ws:// with allow_private */
    const struct qund_header *headers;
    size_t n_headers;
    int64_t timeout_ms; /* [10000] to the end of the handshake */
    bool allow_private; /* loopback and private addresses, and no TLS, are permitted */
};

/* ---- HTTP that goes out ---- */

struct qund_ask_http {
    struct qund_str method; /* "GET", "POST", "PUT", "PATCH", "DELETE" */
    struct qund_str url;    /* https://…; http:// with allow_private; no user information */
    const struct qund_header *headers;
    size_t n_headers;
    struct qund_str body;
    int64_t timeout_ms; /* [10000] from start to the last byte of the answer; at most 120000 */
    size_t answer_max;  /* [64 KiB] of its body is kept; at most 8 MiB */
    bool allow_private; /* loopback and private addresses, and http://, are permitted */
};
enum qund_http_end {
    QUND_HTTP_ANSWERED,  /* a status and its headers came */
    QUND_HTTP_NOT_SENT,  /* no byte of the request left: it may be tried again freely */
    QUND_HTTP_NO_ANSWER, /* bytes may have left, no answer came: nobody knows */
    QUND_HTTP_REFUSED    /* the address is not allowed without allow_private */
};
struct qund_told_http {
    enum qund_http_end end;
    int status;             /* 0 unless ANSWERED */
    bool whole;             /* the body came to its end within answer_max */
    int64_t retry_after_ms; /* of the header Retry-After; -1: none */
    const struct qund_header *headers;
    size_t n_headers;
    struct qund_str body;
    struct qund_str why; /* unless ANSWERED: for people */
};

/* ---- mail that goes out (1.1) ---- */

enum qund_smtp_tls {
    QUND_SMTP_STARTTLS, /* begun in the clear, refused when the server offers no TLS */
    QUND_SMTP_TLS,      /* TLS from the first byte */
    QUND_SMTP_PLAIN     /* none; with allow_private alone */
};
struct qund_ask_smtp {
    struct qund_str host; /* a name or an address, [v6] in brackets */
    uint16_t port;        /* 0: 587, 465 with TLS, 25 in the clear */
    enum qund_smtp_tls tls;
    struct qund_str user, password; /* NONE: no login. PLAIN or LOGIN, never in the clear unless
                                     * QUND_SMTP_PLAIN says so */
    struct qund_str helo;           /* how we call ourselves */
    struct qund_str from;           /* an address without brackets */
    const struct qund_str *to;      /* likewise; 1 to 50 */
    size_t n_to;
    struct qund_str message; /* headers, blank line, body, with CRLF; dots are the host's */
    int64_t timeout_ms;      /* [10000] from start to the server's last word; at most 120000 */
    bool allow_private;      /* loopback and private addresses are permitted */
};
enum qund_smtp_end {
    QUND_SMTP_TAKEN,     /* the server answers for it now */
    QUND_SMTP_LATER,     /* refused for now: 4xx */
    QUND_SMTP_NEVER,     /* refused for good: 5xx; no TLS, or no way to log in that both know */
    QUND_SMTP_NOT_SENT,  /* nothing took effect: not reached, or lost before the message's end */
    QUND_SMTP_NO_ANSWER, /* the whole message left, no answer came: nobody knows */
    QUND_SMTP_REFUSED    /* the address is not allowed without allow_private */
};
struct qund_told_smtp {
    enum qund_smtp_end end;
    int status;     /* the server's last code, 0: it never spoke */
    size_t refused; /* TAKEN: recipients it did not take all the same */
    struct qund_str
        why; /* the server's words (printable ASCII) or the reason; "" when all is well */
    /* 1.2 */
    bool not_begun; /* NOT_SENT: it waited behind other mails for half of timeout_ms, which says
                     * nothing of its server; a push ends RETURNED then */
};

/* ---- deliveries ---- */

/* One row of the outbox, handed to a target's or a channel's deliver. Ends in exactly one
 * host->delivered(token), also from within deliver; none within timeout_ms counts as UNKNOWN. */
struct qund_delivery {
    int64_t id;           /* short, the same for every try: what a person may type */
    int64_t attempt;      /* 1 at first */
    struct qund_str key;  /* the same for every try: for peers that recognise a repeat */
    struct qund_str body; /* a JSON object, docs/deliveries.md */
    bool urgent;
    int64_t created_ms; /* UTC */
    int64_t timeout_ms; /* from now */
};
enum qund_delivered {
    QUND_SENT,            /* the peer took it */
    QUND_RETRY,           /* failed, nothing took effect: later, up to its deadline */
    QUND_LIMITED,         /* the peer's rate limit: not counted as a try, the whole target waits */
    QUND_DROP,            /* refused for good */
    QUND_UNKNOWN,         /* it may have taken effect and no answer came */
    QUND_AWAITING_PERSON, /* the peer took it; a person there must confirm */
    QUND_RETURNED, /* 1.2: it was not begun and the peer is not to blame: back to the queue, no try
                    * is counted */
};
/* What UNKNOWN means for this kind: whether the same delivery may be tried again. */
enum qund_repeat {
    QUND_REPEAT_NEVER, /* parked, a person decides (customers would see it twice) */
    QUND_REPEAT_ONCE,  /* one more try with the same id (staff robots) */
    QUND_REPEAT_SAFE   /* the peer recognises the key */
};

/* ---- what the host offers ---- */

enum qund_gauge_kind { QUND_COUNTER, QUND_GAUGE };

struct qund_host {
    uint32_t size; /* sizeof(struct qund_host) of the host */
    uint16_t abi_major, abi_minor;
    const char *version; /* of the daemon */

    /* The daemon's clock, UTC: what receipt is stamped with. Runs faster or stands under `serve
     * --virtual`. Never decreases. */
    int64_t (*now_ms)(const struct qund_host *h);
    /* The system's clock, steps included: for timestamps in signed requests. */
    int64_t (*wall_ms)(const struct qund_host *h);
    /* For measuring time that passes. */
    int64_t (*mono_ms)(const struct qund_host *h);

    /* event: a stable dotted name that begins with the plugin's ("onebot.lost"). What a peer can
     * cause is the plugin's to limit; beyond 600 lines a minute the host leaves lines out. */
    void (*log)(const struct qund_host *h, enum qund_level level, const char *event,
                const struct qund_kv *kv, size_t n);
    /* name: "qund_<plugin>_…"; labels: `account="1"` or NULL; at most 256 of a plugin, NULL beyond
     * (gauge_* take NULL). The same name and labels give the same handle. All strings are copied.
     * A handle lives as long as the daemon. */
    struct qund_gauge *(*gauge)(const struct qund_host *h, enum qund_gauge_kind kind,
                                const char *name, const char *labels, const char *help);
    void (*gauge_add)(struct qund_gauge *g, int64_t n);
    void (*gauge_set)(struct qund_gauge *g, int64_t v);

    /* A timer that is not started; real time. */
    struct qund_alarm *(*alarm_new)(const struct qund_host *h, void (*ring)(void *arg), void *arg);
    /* every_ms 0: once. Starting it again moves it. */
    void (*alarm_start)(struct qund_alarm *a, int64_t after_ms, int64_t every_ms);
    void (*alarm_stop)(struct qund_alarm *a);
    void (*alarm_free)(struct qund_alarm *a); /* NULL is fine */
    /* run(arg) in the loop's next turn. */
    void (*later)(const struct qund_host *h, void (*run)(void *arg), void *arg);

    /* n events (at most 1000) of one channel and at most one state (NULL: none), taken whole or not
     * at all; n = 0 with a state is fine. 0: done(arg, rc) comes, once: QUND_OK when all of it is
     * durable; else some may have been taken: the same again is recognised (QUND_E_FULL,
     * QUND_E_IO: later). A peer is answered after that, not before. Failures at once, nothing was
     * taken: QUND_E_INVAL or QUND_E_DENIED with why->index and why->where, QUND_E_FULL: the daemon
     * is at its bound; slow the source down (ws_pause, 503) and try again. Calls become durable and
     * are done in their order. done NULL: not told. */
    int (*ingest)(struct qund_channel *c, const struct qund_event_in *events, size_t n,
                  const struct qund_state *state, void (*done)(void *arg, int rc), void *arg,
                  struct qund_fault *why);
    /* The value last handed to ingest under this key that became durable, of this life or an
     * earlier one; borrowed until the loop's next turn. NOTFOUND: none. Known from the first
     * channel_open on: before it the host has applied what earlier lives left in the queue. */
    int (*state_get)(const struct qund_host *h, struct qund_str key, struct qund_str *value,
                     int64_t *rev);

    /* type NULL: no body. Headers are copied. Never fails: a peer that is gone is not told. */
    void (*http_reply)(struct qund_request *r, int status, const char *type, struct qund_str body,
                       const struct qund_header *headers, size_t n_headers);
    /* From within channel_upgrade only; the request is void after it. INVAL: the request was no
     * sound handshake, FULL: too many sockets; it was answered. */
    int (*ws_accept)(struct qund_request *r, const struct qund_socket_cfg *cfg,
                     const struct qund_socket_ops *ops, void *arg, struct qund_socket **out);
    /* 0: opened or closed comes. Trying again after closed is the plugin's, with its own wait. */
    int (*ws_connect)(struct qund_channel *c, const struct qund_connect *to,
                      const struct qund_socket_cfg *cfg, const struct qund_socket_ops *ops,
                      void *arg, struct qund_socket **out, struct qund_fault *why);
    /* FULL: the peer does not keep up, nothing was taken. DENIED: not open (any more). The text is
     * UTF-8 and is copied. */
    int (*ws_send)(struct qund_socket *s, struct qund_str text);
    /* Reads no further until it is called with false: the peer is slowed down. */
    void (*ws_pause)(struct qund_socket *s, bool on);
    /* closed() still comes, also for one that was not open yet. code 1000 sends first what waits.
     * Text that comes in the meantime is not handed on. */
    void (*ws_close)(struct qund_socket *s, int code, const char *reason);

    /* 0: done(arg, answer) comes, once, also after the entry it was made for is closed: what it
     * needs is its own, or it is cancelled. FULL: 256 of this plugin are under way. *id (may be
     * NULL) is for http_cancel. */
    int (*http)(const struct qund_host *h, const struct qund_ask_http *ask,
                void (*done)(void *arg, const struct qund_told_http *told), void *arg, uint64_t *id,
                struct qund_fault *why);
    /* done does not come any more; whether the request took effect is not known. */
    void (*http_cancel)(const struct qund_host *h, uint64_t id);

    /* How the delivery with this token ended. detail: for people, at most 190 bytes are kept.
     * retry_after_ms: RETRY and LIMITED, -1: the daemon's own wait. their_id: the message's id at
     * the peer, NONE: not known; by it a recall or the message coming back is matched. A token
     * that is not open (any more) is counted and changes nothing. */
    void (*delivered)(const struct qund_host *h, uint64_t token, enum qund_delivered how,
                      struct qund_str detail, int64_t retry_after_ms, struct qund_str their_id);

    /* --- 1.1 --- */

    /* Sends one mail; as http in every other respect, and http_cancel ends it, too. */
    int (*smtp)(const struct qund_host *h, const struct qund_ask_smtp *ask,
                void (*done)(void *arg, const struct qund_told_smtp *told), void *arg, uint64_t *id,
                struct qund_fault *why);

    /* --- 1.4 --- */

    /* What keeps an open channel from its source until a person acts (the other side refuses its
     * token), and what to do: said by /readyz, `qund status` and `qund doctor` until NONE is said
     * or the channel is closed. Copied; at most 290 bytes of UTF-8 are kept; the last one counts.
     * Never a token or an address with one in it. */
    void (*channel_trouble)(struct qund_channel *c, struct qund_str why);
};

/* QUND_SAY(host, QUND_WARN, "onebot.lost", QUND_KV("wait_ms", ms)); at most 16 pairs. */
#define QUND_SAY(host, level, event, ...)                                                   \
    (host)->log((host), (level), (event), (const struct qund_kv[]){{0}, ##__VA_ARGS__} + 1, \
                sizeof((const struct qund_kv[]){{0}, ##__VA_ARGS__}) / sizeof(struct qund_kv) - 1)

/* ---- what a plugin is ---- */

/* An entry of channels: or targets: whose kind is this plugin. Borrowed until it is closed, cfg
 * until a reload hands over another. */
struct qund_entry_info {
    const char *name;             /* of the entry */
    const char *realm;            /* channels: the world in which ids are unique; else NULL */
    struct qund_channel *channel; /* channels: for ingest; else NULL */
    const void *cfg;              /* the struct of the plugin's table, filled */

    /* --- 1.2 --- */

    const struct qund_host *host;
};

/* Work that comes again by itself. */
struct qund_plugin_job {
    const char *name, *help;
    int64_t every_ms; /* at least 1000; the first time after every_ms */
    void (*run)(void *ctx);
};

struct qund_plugin {
    uint32_t size; /* sizeof(struct qund_plugin), as the plugin was compiled */
    uint16_t abi_major, abi_minor;
    const char *name; /* that of its file, <name>.so: a-z, 0-9 and '-', at most 40 */
    const char *version, *license;

    /* Once, before the first of its entries is opened, and only when there is one. *ctx is the
     * plugin's for all of its state, so that it can be started twice. Failing: the plugin is
     * refused with *why, the daemon runs without it and says so. The host is valid until stop
     * returns. */
    int (*start)(const struct qund_host *host, void **ctx, struct qund_fault *why);
    /* After all entries are closed. Nothing is called after it. Start and stop may both be NULL
     * from 1.2 on: nothing is shared, ctx is NULL. */
    void (*stop)(void *ctx);

    /* Channels. NULL table: it is none. */
    const struct qund_cfg_table *channel_keys;
    /* Failing: the channel is down, says /readyz; the others go on. */
    int (*channel_open)(void *ctx, const struct qund_entry_info *info, void **channel,
                        struct qund_fault *why);
    /* Nothing of it is called after it: its requests are answered 503, its sockets closed with
     * 1001, ingests not told. Alarms and HTTP calls that know of it are the plugin's to end. Open
     * and close may both be NULL from 1.2 on: the channel is its qund_entry_info. */
    void (*channel_close)(void *channel);
    /* Keys with QUND_CFG_RELOAD changed; the old struct is gone when it returns. NULL: the channel
     * is closed and opened again. From 1.4 on also when nothing changed, with the same struct,
     * while a trouble of the channel stands: it may be mended on the other side. */
    void (*channel_reload)(void *channel, const void *cfg);
    /* A request below /hook/<channel>, its body read: at most the entry's hook_body, what is larger
     * was answered 413. NULL: 404. Nobody has checked who sends it: token or signature are the
     * plugin's. */
    void (*channel_request)(void *channel, struct qund_request *r);
    /* An upgrade to a WebSocket below /hook/<channel>: its headers are there; ends in ws_accept or
     * http_reply before it returns. NULL: 404. */
    void (*channel_upgrade)(void *channel, struct qund_request *r);

    /* Targets. NULL table: it delivers nothing. Opened after the channels. */
    const struct qund_cfg_table *target_keys;
    int (*target_open)(void *ctx, const struct qund_entry_info *info, void **target,
                       struct qund_fault *why);
    void (*target_close)(void *target); /* after a reload that changed it, too: then reopened */
    /* Paced by the daemon: rate, order, retries, breaker and deadline of the entry are its. */
    void (*deliver)(void *target, const struct qund_delivery *d, uint64_t token);
    enum qund_repeat repeat;

    const struct qund_plugin_job *jobs;
    size_t n_jobs;

    /* --- 1.1 --- */

    /* How many deliveries a minute the peer of this entry takes: the entry's `rate` where the
     * configuration names none. 0: no limit. NULL: the daemon's default. Main thread. */
    int64_t (*target_rate)(const void *cfg);

    /* --- 1.2 --- */

    /* Whether several people read what is delivered to this entry: then nothing of one person's own
     * (`link`) is in it, unless the configuration says `shared: false`. NULL: no. Main thread. */
    bool (*target_shared)(const void *cfg);

    /* --- 1.3 --- */

    /* Whether all that is delivered to this entry arrives at one and the same person's, whomever it
     * is for (a mail address, a private chat). When a second person is told through it, too, `link`
     * stays out as above. NULL: no; each finds his own place, or nobody knows. Main thread. */
    bool (*target_single)(const void *cfg);

    /* --- 1.4 --- */

    /* Whether words for a chat have their way through this entry: said there, or laid before the
     * person who is to post them. No: a channel that names it in `send_through` or
     * `confirm_through` is refused with the configuration. NULL: they have. Main thread. */
    bool (*target_speaks)(const void *cfg);
};

/* The one symbol a plugin exports. Static; the same at every call. A plugin that cannot do with
 * this host may return NULL. */
QUND_EXPORT const struct qund_plugin *qund_plugin_entry(uint16_t host_major, uint16_t host_minor);
#endif
