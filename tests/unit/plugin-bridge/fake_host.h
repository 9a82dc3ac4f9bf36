/* fake_host.h - a host that does what a test says, and remembers what it was asked for. One plugin,
 * one socket; time stands until the test moves it. */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H
#include "qund/plugin.h"

struct fake_alarm {
    void (*ring)(void *arg);
    void *arg;
    int64_t left_ms, every_ms; /* left 0: stopped */
};
struct fake_ended {
    uint64_t token;
    enum qund_delivered how;
    char detail[200], their_id[100];
    int64_t retry_ms;
};
struct fake {
    struct qund_host api; /* first */
    int64_t now_ms;
    char sent[64][4096]; /* what went to the bridge */
    size_t n_sent;
    int send_rc, ingest_rc;
    size_t refuse_index; /* with ingest_rc < 0 */
    int closed_with;     /* 0: open */
    bool paused;
    struct { /* the ingest that waits to be told */
        void (*done)(void *arg, int rc);
        void *arg;
    } landing;
    size_t events, ingests;
    char last_type[64], last_data[256], state[256];
    int64_t rev;
    struct fake_ended ended[32];
    size_t n_ended;
    const struct qund_socket_ops *ops;
    void *socket_arg;
    struct fake_alarm alarms[8];
    size_t n_alarms;
    int64_t counts[32];
    char names[32][64];
    size_t n_counts;
};

void fake_init(struct fake *f);
/* Time passes; alarms ring. */
void fake_pass(struct fake *f, int64_t ms);
/* The ingest under way ends so. */
void fake_land(struct fake *f, int rc);
void fake_say(struct fake *f, const char *text);
int64_t fake_count(const struct fake *f, const char *name);
/* Whether something that holds this text was sent since the last call with it. */
bool fake_heard(struct fake *f, const char *text);
#endif
