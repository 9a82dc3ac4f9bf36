/* src/app/host.h - plugins at work: started, their entries opened, the services of qund/plugin.h
 * handed to them; for this folder only. Loop thread, unless said. */
#ifndef QUND_APP_HOST_H
#define QUND_APP_HOST_H
#include "app/parts.h"
#include "net/dial.h"
#include "plugin/plugin.h"

/* A list whose members need not know which it is. */
struct link {
    struct link *next, **prev;
};
static inline void link_put(struct link **list, struct link *l)
{
    l->next = *list;
    l->prev = list;
    if (l->next)
        l->next->prev = &l->next;
    *list = l;
}
static inline void link_take(struct link *l)
{
    *l->prev = l->next;
    if (l->next)
        l->next->prev = l->prev;
}

/* What comes home to the loop from other threads; open takes it. */
struct home {
    struct qund_node node;
    void (*open)(struct qund_hosts *hs, struct home *h);
};

/* One started plugin. */
struct host {
    struct qund_host api; /* first: plugins hold its address */
    struct link link;
    struct qund_hosts *all;
    struct qund_plugin_file *file;
    const struct qund_plugin *plugin;
    void *ctx;
    bool up; /* start came through */
    struct link *alarms, *laters, *asks;
    size_t n_asks, n_gauges;
    struct job *jobs;
    struct qund_log_gate gate;
};

/* One entry of channels: or targets: that a plugin serves. */
struct qund_channel {
    struct link link;
    struct host *host;
    char *name;
    bool is_channel, open;
    uint64_t life;               /* of this opening; no other has the number */
    void *handle;                /* the plugin's */
    struct qund_config *config;  /* its cfg lies in it; a reference */
    const struct qund_own *own;  /* in it */
    struct qund_entry_info info; /* what the plugin is told of it */
    struct link *requests, *sockets;
    char why[300];     /* unless open */
    char trouble[292]; /* while open, as its plugin says; "" none */
};

struct turn;
struct kept; /* a state as it is known */
struct qund_hosts {
    struct qund *q;
    struct link *hosts, *entries;
    struct qund_dialer *dialer;
    struct qund_mbox *mbox;
    struct qund_watch *watch;
    struct qund_loop_timer *tick, *soon;
    int64_t since_ms; /* what was received before is to be applied before a channel opens */
    bool opened;      /* channels and targets were */
    atomic_bool stopping;
    struct hooked *upgrading; /* the request within channel_upgrade */
    struct link *orphans;     /* sockets of stopped plugins that are still dialled */
    struct link *early, *tokens;
    struct turn *turn;
    size_t events_out; /* handed to intake, not durable yet */
    unsigned turns_out;
    struct qund_arena *arena;
    struct kept *kept;
    size_t n_kept;
    uint64_t last_ask, last_life;
    struct qund_log_gate gate;
};

/* Around every call into a plugin: what it is doing, should it end the process. */
static inline void host_enter(struct host *h, const char *what)
{
    qund_inhand_set(h->all->q->inhand, QUND_INHAND_LOOP, qund_str(what), qund_str(h->plugin->name));
}
static inline void host_leave(struct qund_hosts *hs)
{
    qund_inhand_clear(hs->q->inhand, QUND_INHAND_LOOP);
}
static inline struct host *host_of(const struct qund_host *api)
{
    return (struct host *)(uintptr_t)api;
}
/* Any thread. */
static inline void host_home(struct qund_hosts *hs, struct home *h)
{
    qund_mbox_put_always(hs->mbox, &h->node);
}
int host_fault(struct qund_fault *why, int rc, const char *where, const char *fmt, ...)
    QUND_PRINTF(4, 5);
struct qund_channel *host_entry(struct qund_hosts *hs, bool is_channel, struct qund_str name);

/* Each fills its services in, and takes back what a stopping plugin left. */
void host_basics(struct qund_host *api); /* host_basics.c: time, log, gauges, alarms, later, jobs */
void host_basics_end(struct host *h);
void host_jobs_start(struct host *h);
void host_laters_run(struct qund_hosts *hs);
void host_requests(struct qund_host *api); /* host_http.c: what comes in */
void host_requests_end(struct qund_channel *c);
void host_requests_tick(struct qund_hosts *hs);
void host_requests_hurry(struct qund_hosts *hs); /* the program stops */
void host_sockets(struct qund_host *api);        /* host_ws.c */
void host_sockets_end(struct qund_channel *c);
void host_sockets_free(struct qund_hosts *hs);
void host_asks(struct qund_host *api); /* host_ask.c: HTTP that goes out */
void host_asks_end(struct host *h);
void host_mails(struct qund_host *api);  /* host_mail.c: mail that goes out */
void host_ingest(struct qund_host *api); /* host_ingest.c: events and state */
void host_ingest_flush(void *hosts);
QUND_CHECK int host_state_read(struct qund_hosts *hs, struct qund_err *err);
void host_state_free(struct qund_hosts *hs);
void host_troubles(struct qund_host *api);   /* hosts_show.c */
void host_deliveries(struct qund_host *api); /* host_deliver.c */
void host_deliveries_begin(struct qund_hosts *hs);
void host_deliveries_free(struct qund_hosts *hs);

/* A call to the outside that a plugin asked for; host_ask.c and host_mail.c. */
struct ask {
    struct home home;
    struct link link;
    struct host *host; /* NULL: cancelled, nobody is told */
    uint64_t id;
    struct qund_errand *errand;
    void (*tell)(struct ask *a); /* what came of it, in the plugin's terms */
    union {
        void (*http)(void *arg, const struct qund_told_http *told);
        void (*smtp)(void *arg, const struct qund_told_smtp *told);
    } done;
    void *arg;
};
#define HOST_ASKS_MAX 256u /* of one plugin */
/* The errand is the ask's, and its own fields are filled in already. */
void host_ask_begin(struct host *h, struct ask *a, struct qund_errand *e, uint64_t *id);
/* What the plugin asks for (0: 10 s), within bounds. */
int64_t host_ask_timeout(int64_t ms);

/* A request that a plugin has; host_http.c and host_ws.c. */
struct hooked {
    struct qund_request pub; /* first */
    struct link link;
    struct qund_channel *channel;
    struct qund_req *req;
    int64_t deadline_ms; /* monotonic */
};
#endif
