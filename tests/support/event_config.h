/* tests/support/event_config.h - the few settings that decoding looks at, without a file. */
#ifndef QUND_TEST_EVENT_CONFIG_H
#define QUND_TEST_EVENT_CONFIG_H
#include "config/config.h"
#include "event/event.h"

struct event_config {
    struct qund_config cfg;
    struct qund_channel_cfg channels[4]; /* sorted by name */
    char names[4][2][16];
};

#define EVENT_CONFIG_DAY INT64_C(86400000)

/* api: live, roles not trusted; back: not live; group: live, trusted, its realm shared; loose: its
 * ts is not stable. */
static inline void event_config_init(struct event_config *c)
{
    static const struct {
        const char *name, *realm;
        bool trust, live, stable;
    } ROWS[4] = {{"api", "api", false, true, true},
                 {"back", "back", false, false, true},
                 {"group", "wecom", true, true, true},
                 {"loose", "loose", false, true, false}};

    memset(c, 0, sizeof(*c));
    for (size_t i = 0; i < 4; i++) {
        strcpy(c->names[i][0], ROWS[i].name);
        strcpy(c->names[i][1], ROWS[i].realm);
        c->channels[i] = (struct qund_channel_cfg){.name = c->names[i][0],
                                                   .realm = c->names[i][1],
                                                   .trust_roles = ROWS[i].trust,
                                                   .live = ROWS[i].live,
                                                   .ts_stable = ROWS[i].stable,
                                                   .lateness_ms = -1};
    }
    c->cfg.channels = c->channels;
    c->cfg.n_channels = 4;
    c->cfg.store.retention_ms = 400 * EVENT_CONFIG_DAY;
    c->cfg.time.backfill_after_ms = 3600000;
}

static inline struct qund_event_ctx event_config_ctx(const struct event_config *c, int64_t rx)
{
    return (struct qund_event_ctx){
        .cfg = &c->cfg, .rx = rx, .default_channel = QUND_STR("api"), .token_id = QUND_STR("7")};
}
#endif
