/* plugins/onebot/onebot.h - the plugin at work: channels, their connections and accounts, calls
 * under way. For this folder only; everything is the loop's.
 *
 * A channel has connections (WebSockets of either side) and accounts (ours, logged in to the
 * bridges). They meet by frames: an account speaks through whichever connection last carried it,
 * and a connection of OneBot 12 may carry several. */
#ifndef ONEBOT_ONEBOT_H
#define ONEBOT_ONEBOT_H
#include "act.h"
#include "frame.h"
#include "qund/plugin.h"

#define OB_ACCOUNTS_MAX 64u /* of a channel */
#define OB_CONNS_MAX 512u   /* of a channel */
#define OB_SEATS_MAX 16u    /* accounts of one connection */
#define OB_GROUPS_MAX 2000u /* of an account */
#define OB_CALLS_MAX 256u   /* of a connection, or of an account by HTTP */
#define OB_SPANS_MAX 8u     /* gaps of an account whose histories are still to be read */
#define OB_TICK_MS 200
#define OB_STEP_MS 200 /* between two questions about groups */

struct ob_channel_cfg {
    const char *token, *secret;
    struct qund_cfg_list connect, api, accounts;
    int64_t max_frame, members_ms, pace_ms, history, quick_ms, token_again_ms, unreached_ms;
    bool allow_private;
};
struct ob_target_cfg {
    const char *channel, *to, *account;
    int64_t max_text;
};

/* A line of the log that a peer can cause, at most one in ten seconds of each sort. */
struct ob_gate {
    int64_t next_ms, left_out;
};
enum ob_refusal {
    OB_NO_TOKEN,
    OB_NO_SIGNATURE,
    OB_NO_FRAME,
    OB_NO_ACCOUNT,
    OB_NO_EVENT,
    OB_NO_ROOM
};
#define OB_REFUSALS 6
enum ob_acted { OB_ACT_OK, OB_ACT_FAILED, OB_ACT_UNANSWERED, OB_ACT_NOT_SENT };
#define OB_ACTED 4
enum ob_sort { OB_MESSAGES, OB_NOTICES, OB_REQUESTS, OB_UNKNOWN };
#define OB_SORTS 4

struct ob_numbers {
    struct qund_gauge *accounts, *connections, *held;
    struct qund_gauge *events[OB_SORTS], *refused[OB_REFUSALS], *acted[OB_ACTED];
    struct qund_gauge *strays, *gaps, *filled, *unfilled, *snapshots, *slowed, *dials;
};

struct ob_bot {
    const struct qund_host *host;
    struct ob_channel *channels;
};

struct ob_channel {
    struct ob_bot *bot;
    struct ob_channel *next;
    const struct qund_host *host;
    struct qund_channel *channel;
    const struct ob_channel_cfg *cfg;
    char *name, *realm;
    struct ob_conn *conns;
    size_t n_conns;
    struct ob_account *accounts;
    size_t n_accounts;
    struct ob_dial *dials;
    struct ob_api *apis;
    struct ob_bridge *bridges; /* of them: `connect`, then `api` */
    struct ob_flow *flow;
    struct ob_visit *visits;
    struct qund_alarm *tick;
    struct ob_frame frame; /* the one that is being read */
    uint64_t last_conn, last_echo;
    size_t past_out;              /* messages of histories handed over and not durable yet */
    int64_t opened_ms, known_rev; /* the daemon's clock; of the list of accounts */
    struct ob_numbers numbers;
    struct ob_gate refusals[OB_REFUSALS], other, undialled, unknown;
};

struct ob_bridge { /* that we dial or ask */
    struct ob_bridge *next;
    struct ob_channel *c;
    const char *list; /* the key it stands in */
    size_t at;        /* and where there */
    bool unknown;     /* our token: what it said last about it */
    bool named;       /* as one that cannot be reached */
    int64_t since_ms; /* monotonic: since when it cannot; 0: it can, or was not tried */
    char why[128];    /* of the last try before it was named */
};

#define OB_EVENTS 1u
#define OB_ACTIONS 2u

struct ob_conn {
    struct ob_conn *next;
    struct ob_channel *c;
    struct qund_socket *s; /* NULL while it is dialled */
    struct ob_dial *dial;  /* NULL: they dialled */
    uint64_t id;
    unsigned roles;
    int version; /* 0: not known yet */
    char *self;  /* X-Self-ID; NULL: none */
    struct ob_account *seats[OB_SEATS_MAX];
    size_t n_seats;
    int64_t opened_ms, heard_ms; /* monotonic */
    int64_t beat_ms;             /* of its heartbeats; 0: none was seen */
    struct ob_call *calls;
    size_t n_calls;
    unsigned unanswered; /* calls in a row */
    int64_t probe_ms;    /* next look whether it answers again */
    int64_t ask_ms;      /* next question who it is */
    bool introduced, disagreed, closing;
};

struct ob_group {
    char *id, *name;
    int64_t members; /* as the list of groups says; 0: not said */
};
struct ob_work;
struct ob_past;
struct ob_span { /* a gap that is over */
    int64_t from_ms, to_ms;
    int64_t missed; /* groups whose history could not be read */
    bool asked;     /* its groups are in the list */
};

struct ob_account {
    struct ob_account *next;
    struct ob_channel *c;
    char *id, *platform, *nickname;
    bool group_text, user_text, message_text;
    int version;
    struct ob_api *api; /* NULL: none */
    /* gap.c; the daemon's clock */
    int64_t alive_ms, saved_ms; /* last sign; what is durable of it */
    int64_t from_ms;            /* what was missed begins here; 0: nothing */
    int64_t back_ms;            /* and ended here */
    int64_t settle_ms;          /* monotonic: when the connection counts as back */
    int64_t lost_ms; /* monotonic: since when nobody hears it; 0: never heard, or heard */
    bool telling, told_open, offline, known;
    bool posts; /* its events come by HTTP: no connection to look at */
    /* rooms.c */
    struct ob_group *groups;
    size_t n_groups;
    struct ob_work *works, **works_end;
    size_t n_works;
    int64_t work_ms, look_ms; /* monotonic: next step, next round of snapshots */
    bool working, listed, no_members;
    /* past.c */
    struct ob_span spans[OB_SPANS_MAX];
    size_t n_spans;
    struct ob_past *past; /* groups to be asked */
    bool past_working, past_again, no_history;
    /* send.c */
    int64_t send_ms; /* monotonic: no message before it */
};

/* --- channel.c --- */
int64_t ob_mono(const struct ob_channel *c);
struct ob_account *ob_account_find(struct ob_channel *c, struct qund_str id);
/* Made when it is new, in place of one that nothing leads to when there are too many; NULL: not
 * among those allowed, or all of them are connected. */
struct ob_account *ob_account_of(struct ob_channel *c, struct qund_str id);
const char *ob_account_denied(const struct ob_channel *c, struct qund_str id); /* why it is NULL */
void ob_account_style(const struct ob_account *a, int version, struct ob_style *s);
/* Counts, and says it now and then. what: about the peer or the frame, for people. */
void ob_refuse(struct ob_channel *c, enum ob_refusal why, const char *what, struct qund_str peer);
bool ob_gate_open(struct ob_channel *c, struct ob_gate *g);
void ob_set(char **to, struct qund_str s); /* replaces an owned string */
extern const struct qund_cfg_table ob_channel_table;
int ob_channel_open(void *ctx, const struct qund_entry_info *info, void **channel,
                    struct qund_fault *why);
void ob_channel_close(void *channel);
void ob_channel_reload(void *channel, const void *cfg);

/* --- conn.c --- */
void ob_upgrade(void *channel, struct qund_request *r);
struct ob_conn *ob_conn_new(struct ob_channel *c, struct ob_dial *d, unsigned roles);
extern const struct qund_socket_ops ob_socket_ops;
void ob_conn_close(struct ob_conn *k, int code, const char *why);
void ob_conn_free(struct ob_conn *k); /* and what hangs on it */
/* No connection carries the account any more; one that carried nothing else is closed. */
void ob_conns_unseat(struct ob_account *a);
void ob_conns_tick(struct ob_channel *c);
/* The connection through which the account acts; NULL: none. */
struct ob_conn *ob_conn_acting(const struct ob_account *a);
bool ob_account_seated(const struct ob_account *a); /* some connection knows it, open or not */
bool ob_account_hears(const struct ob_account *a);  /* some connection brings its events */
bool ob_token_is_right(const struct ob_channel *c, const struct qund_request *r);
/* What an event teaches about its account: how ids are written. */
void ob_account_learn(struct ob_account *a, const struct ob_frame *f);

/* --- dial.c --- */
void ob_dials_open(struct ob_channel *c);
void ob_dials_changed(struct ob_channel *c); /* our token: what they said of it is void */
void ob_dials_again(struct ob_channel *c);   /* those in trouble: no wait is left */
void ob_dials_tick(struct ob_channel *c);
void ob_dials_free(struct ob_channel *c);
/* The connection ended; code as in qund_socket_ops.closed. */
void ob_dial_lost(struct ob_dial *d, int code, struct qund_str why, int64_t lived_ms);
void ob_dial_opened(struct ob_dial *d);
void ob_dial_token_refused(struct ob_dial *d);
void ob_dial_token_known(struct ob_dial *d); /* it talks to us */

/* --- hook.c --- */
void ob_request(void *channel, struct qund_request *r);
void ob_visits_free(struct ob_channel *c);
void ob_visits_tick(struct ob_channel *c);
/* True: p went into the answer to the event that it replies to, and nobody will say what became of
 * it. */
bool ob_visit_answer(struct ob_channel *c, const struct ob_push *p);

/* --- flow.c --- */
struct ob_flow *ob_flow_new(struct ob_channel *c);
void ob_flow_free(struct ob_flow *f);
/* An event of a WebSocket: c->frame, whose text is kept until it is durable. */
void ob_flow_event(struct ob_channel *c, struct ob_account *a, struct qund_str text);
void ob_flow_tick(struct ob_channel *c);
bool ob_flow_slowed(const struct ob_channel *c);
void ob_count_event(struct ob_channel *c, const struct ob_frame *f);

/* --- call.c --- */
enum ob_call_end { OB_ANSWERED, OB_UNANSWERED };
struct ob_result {
    enum ob_call_end end;
    int version;
    bool ok;
    int64_t retcode;
    int status; /* of HTTP, when that was the failure; else 0 */
    int64_t retry_after_ms;
    struct qund_str words;
    const json_t *data; /* borrowed until done returns */
};
typedef void ob_done(void *arg, const struct ob_result *r);
/* Takes action. 0: done comes once. < 0: nothing left, *why (static) says it; no done. */
int ob_call(struct ob_account *a, json_t *action, int64_t timeout_ms, ob_done *done, void *arg,
            const char **why);
/* For a connection whose account is not known yet. */
int ob_call_conn(struct ob_conn *k, json_t *action, int64_t timeout_ms, ob_done *done, void *arg);
void ob_call_answer(struct ob_conn *k, const struct ob_frame *f);
void ob_calls_lost(struct ob_conn *k);
void ob_calls_tick(struct ob_channel *c);
bool ob_account_acts(const struct ob_account *a, const char **why);
int ob_account_version(const struct ob_account *a);
void ob_apis_open(struct ob_channel *c);
void ob_apis_again(struct ob_channel *c); /* each is asked anew whose it is */
void ob_apis_tick(struct ob_channel *c);
void ob_apis_free(struct ob_channel *c);

/* --- trouble.c --- */
/* Before those that stand before it. */
void ob_bridge_open(struct ob_bridge *b, struct ob_channel *c, const char *list, size_t at);
/* It does not know our token: the operator is told. Counted, and logged when g (NULL: always) lets
 * it. */
void ob_bridge_refuses(struct ob_bridge *b, struct ob_gate *g);
/* One action, which may be that action's alone: counted and logged. */
void ob_bridge_refuses_action(struct ob_bridge *b, struct ob_gate *g);
void ob_bridge_lets_in(struct ob_bridge *b); /* what it says shows that it knows the token */
/* A try that led to no bridge; one that lasts is named to the operator. why: of the try. */
void ob_bridge_fails(struct ob_bridge *b, struct qund_str why);
void ob_bridge_reached(struct ob_bridge *b);
void ob_bridges_tick(struct ob_channel *c);
bool ob_retcode_of_token(int64_t retcode); /* it says that it does not know it */

/* --- gap.c --- */
void ob_gaps_open(struct ob_channel *c); /* accounts of earlier lives are missed, too */
void ob_gap_restore(struct ob_account *a);
void ob_gap_remember(struct ob_account *a); /* it has a connection: its absence will be told */
void ob_gap_heard(struct ob_account *a);    /* a frame of its events came */
void ob_gap_lost(struct ob_account *a);     /* the last connection that brought them ended */
void ob_gap_back(struct ob_account *a);
void ob_gap_posted(struct ob_account *a);              /* an event came by HTTP */
void ob_gap_online(struct ob_account *a, bool online); /* as the bridge says about the platform */
void ob_gaps_tick(struct ob_channel *c);
/* The state to ride with the next event, when it is time; its strings live in pool. */
bool ob_gap_state(struct ob_account *a, struct ob_pool *pool, struct qund_state *state);
/* A gap told before, told again: of so many groups the history could not be read. False: no room.
 */
bool ob_gap_unfilled(struct ob_account *a, int64_t from_ms, int64_t to_ms, int64_t groups);

/* --- rooms.c --- */
void ob_rooms_begin(struct ob_account *a); /* it can act: learn its name and groups */
void ob_rooms_joined(struct ob_account *a, struct qund_str group); /* we came into a group */
void ob_rooms_tick(struct ob_channel *c);
void ob_rooms_free(struct ob_account *a);
bool ob_rooms_has(const struct ob_account *a, struct qund_str group);

/* --- past.c --- */
void ob_past_fill(struct ob_account *a, int64_t from_ms, int64_t to_ms); /* a gap is over */
void ob_past_listed(struct ob_account *a); /* the groups are known, or will not be */
/* Asks what is due; false: nothing is. */
bool ob_past_step(struct ob_account *a, int64_t now);
void ob_past_tick(struct ob_account *a);
void ob_past_free(struct ob_account *a);
/* The account's state: its last sign, what is to be read, and (to_ms > 0) one gap more. */
struct qund_str ob_past_print(const struct ob_account *a, struct ob_pool *pool, int64_t alive_ms,
                              int64_t from_ms, int64_t to_ms);
void ob_past_restore(struct ob_account *a, struct qund_str value);

/* --- send.c --- */
extern const struct qund_cfg_table ob_target_table;
bool ob_target_shared(const void *cfg);
bool ob_target_single(const void *cfg);
int ob_target_open(void *ctx, const struct qund_entry_info *info, void **target,
                   struct qund_fault *why);
void ob_target_close(void *target);
void ob_deliver(void *target, const struct qund_delivery *d, uint64_t token);
#endif
