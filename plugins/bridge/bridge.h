/* bridge.h - what the files of this plugin share.
 *
 *   plugin.c   tables, entries, who may connect
 *   bridge.c   one connection: hello, time, what comes in
 *   batch.c    its events to durability and back to an ack
 *   command.c  commands and their answers
 *   members.c  who is in which group, asked after hello and every few hours
 *   target.c   a delivery becomes a command */
#ifndef BRIDGE_H
#define BRIDGE_H
#include "frame.h"
#include "qund/plugin.h"

#define BRIDGE_PROTO 1

/* Close codes of ours; docs/channels.md tells what a bridge should do. */
enum {
    CLOSE_BAD = 4400,      /* broken frames, again and again, or no hello first */
    CLOSE_TOKEN = 4401,    /* the token has changed */
    CLOSE_PROTO = 4406,    /* another version of the protocol */
    CLOSE_SILENT = 4408,   /* nothing came in time */
    CLOSE_REPLACED = 4409, /* the same account connected again */
    CLOSE_MANY = 4429      /* does not stop although its socket is not read */
};

enum {
    HELLO_MS = 10000,
    BAD_FRAMES_MAX = 100,
    BATCH_FRAMES_MAX = 512,
    BATCH_EVENTS_MAX = 900, /* the host takes 1000, a gap may come before each */
    BATCH_BYTES_MAX = 8 << 20,
    PARKED_FRAMES_MAX = 8192, /* read ahead although paused; nobody has so many in one buffer */
    PENDING_MAX = 64,         /* commands without an answer */
    STREAMS_MAX = 64,         /* accounts of one channel */
    SEEN_MAX = 1024,
    ACCOUNT_MAX = 64,
    KEY_BYTES = 121,   /* what the host takes as a key, and its end */
    MEMBERS_MAX = 5000 /* of one group */
};

enum counted {
    N_EVENTS,
    N_REPEATS,
    N_REFUSED,
    N_BAD_FRAMES,
    N_REPAIRED,
    N_GAPS,
    N_RESTARTS,
    N_REPLACED,
    N_DENIED,
    N_PAUSES,
    N_COMMANDS,
    N_UNANSWERED,
    N_CONNECTED,
    N_COUNTED
};

struct channel_cfg {
    const char *token;
    int64_t heartbeat_ms, answer_ms, members_ms, connections;
};
struct target_cfg {
    const char *channel, *to, *account;
};

struct plugin {
    const struct qund_host *host;
    struct channel *channels;
    uint64_t last_id; /* of sessions and commands */
};

/* The events of one account, numbered by its bridge; known over connections and restarts. */
struct stream {
    struct stream *next;
    char account[ACCOUNT_MAX + 1];
    char counter[ACCOUNT_MAX + 1]; /* what the bridge calls its counter; "": it does not say */
    int64_t seq;                   /* durable */
    int64_t ts;                    /* of that event */
    int64_t rev;
    struct bridge *bridge; /* connected now, or NULL */
};

/* Frames on their way to being durable. */
struct batch {
    struct frame *frames;
    size_t n, cap;
    size_t n_events, bytes;
};

enum waits_for { WAITS_DELIVERY, WAITS_GROUPS, WAITS_MEMBERS };
struct pending {
    uint64_t id; /* 0: free */
    enum waits_for what;
    uint64_t token;   /* DELIVERY */
    char *group;      /* MEMBERS */
    int64_t until_ms; /* monotonic */
};

/* One connection. */
struct bridge {
    struct bridge *next, **prev;
    struct channel *channel;
    struct qund_socket *socket; /* NULL: closed; it is freed when its batch has landed */
    struct stream *stream;      /* NULL: hello has not come */
    char name[65];
    char session[33];
    unsigned caps;
    int64_t opened_ms, heard_ms, asked_ms; /* monotonic */
    bool answers_pings, paused, closing;
    unsigned bad;
    int64_t top_seq; /* the highest number seen of its stream; -1: none */
    int64_t top_ts;
    int64_t acked; /* of this connection */
    bool ack_due;
    struct batch gathering, flying;
    size_t aboard; /* frames of flying that were handed over */
    bool landing;  /* they were, and their end is not known */
    struct pending pending[PENDING_MAX];
    /* members */
    char **groups;
    size_t n_groups, next_group;
    int64_t members_at_ms;
};

struct channel {
    struct channel *next, **prev;
    struct plugin *plugin;
    const char *name;
    char *realm;
    struct qund_channel *host_channel;
    const struct channel_cfg *cfg;
    struct bridge *bridges;
    size_t n_bridges, n_streams;
    struct stream *streams;
    struct qund_alarm *tick, *soon;
    struct qund_gauge *count[N_COUNTED];
    int64_t denied_said_ms, denied_unsaid;
    struct {
        uint64_t hash;
        struct stream *stream;
    } seen[SEEN_MAX]; /* which account was last seen in a conversation */
};

/* What a bridge can do, as its hello says. */
enum cap {
    CAP_SEND_TEXT = 1u,
    CAP_SEND_MEDIA = 2u,
    CAP_RECALL = 4u,
    CAP_MEMBERS = 8u,
    CAP_GROUPS = 16u,
    CAP_ONCE = 32u /* remembers the keys of what it was told to send */
};

static inline void count(const struct channel *c, enum counted which, int64_t n)
{
    c->plugin->host->gauge_add(c->count[which], n);
}

/* bridge.c */
struct bridge *bridge_new(struct channel *c);
void bridge_free(struct bridge *b);
void bridge_tick(struct bridge *b, int64_t now_ms);
void bridge_say(struct bridge *b, json_t *frame); /* takes it over */
void bridge_close(struct bridge *b, int code, const char *why);
/* Frees it when it is closed and nothing of it is under way. */
void bridge_rest(struct bridge *b);
extern const struct qund_socket_ops BRIDGE_SOCKET;

/* batch.c: takes f over */
void bridge_take(struct bridge *b, struct frame *f, size_t bytes);
void bridge_flush(struct bridge *b);
void bridge_ack(struct bridge *b);
void batch_free(struct batch *t);

/* plugin.c */
struct stream *channel_stream(struct channel *c, struct qund_str account, struct qund_fault *why);
void channel_saw(struct channel *c, struct qund_str conv, struct stream *s);
void channel_place_key(const struct channel *c, const struct stream *s, char key[static KEY_BYTES]);
bool channel_knows(const struct channel *c, struct qund_str account);
/* Whose connection speaks in a chat: that account's, or (NONE) the one that was last seen there, or
 * any. */
struct bridge *channel_bridge(struct channel *c, struct qund_str conv, struct qund_str account);

/* command.c: op's args are taken over. AGAIN: not sent, no connection or no room. */
int bridge_command(struct bridge *b, const struct pending *what, const char *op, json_t *args,
                   int64_t timeout_ms);
void bridge_answered(struct bridge *b, struct frame *f);
void bridge_commands_tick(struct bridge *b, int64_t now_ms);
void bridge_commands_end(struct bridge *b);

/* members.c */
void bridge_members_begin(struct bridge *b);
void bridge_members_tick(struct bridge *b, int64_t now_ms);
void bridge_groups_told(struct bridge *b, const json_t *data);
void bridge_members_told(struct bridge *b, const char *group, const json_t *data);
void bridge_members_end(struct bridge *b);

/* target.c */
extern const struct qund_cfg_table BRIDGE_TARGET_KEYS;
bool bridge_target_shared(const void *cfg);
bool bridge_target_single(const void *cfg);
int bridge_target_open(void *ctx, const struct qund_entry_info *info, void **target,
                       struct qund_fault *why);
void bridge_deliver(void *target, const struct qund_delivery *d, uint64_t token);
void bridge_delivered(struct bridge *b, uint64_t token, const json_t *res);
#endif
