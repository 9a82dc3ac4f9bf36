/* fake_host.c - see fake_host.h. */
#include "fake_host.h"
#include <stdio.h>
#include <stdlib.h>

static struct fake *fake_of(const struct qund_host *h)
{
    return (struct fake *)(uintptr_t)h;
}

static struct fake *fake_of_socket(struct qund_socket *s)
{
    return (struct fake *)(void *)s;
}

static struct fake *fake_of_channel(struct qund_channel *c)
{
    return (struct fake *)(void *)c;
}

static int64_t now_ms(const struct qund_host *h)
{
    return fake_of(h)->now_ms;
}

static void say(const struct qund_host *h, enum qund_level level, const char *event,
                const struct qund_kv *kv, size_t n)
{
    (void)h, (void)level, (void)event, (void)kv, (void)n;
}

static struct qund_gauge *gauge(const struct qund_host *h, enum qund_gauge_kind kind,
                                const char *name, const char *labels, const char *help)
{
    struct fake *f = fake_of(h);

    (void)kind, (void)labels, (void)help;
    snprintf(f->names[f->n_counts], sizeof(f->names[0]), "%s", name);
    return (struct qund_gauge *)(void *)&f->counts[f->n_counts++];
}

static void gauge_add(struct qund_gauge *g, int64_t n)
{
    *(int64_t *)(void *)g += n;
}

static void gauge_set(struct qund_gauge *g, int64_t v)
{
    *(int64_t *)(void *)g = v;
}

static struct qund_alarm *alarm_new(const struct qund_host *h, void (*ring)(void *arg), void *arg)
{
    struct fake *f = fake_of(h);

    f->alarms[f->n_alarms].ring = ring;
    f->alarms[f->n_alarms].arg = arg;
    return (struct qund_alarm *)(void *)&f->alarms[f->n_alarms++];
}

static void alarm_start(struct qund_alarm *a, int64_t after_ms, int64_t every_ms)
{
    struct fake_alarm *mine = (void *)a;

    mine->left_ms = after_ms + 1; /* counted down by fake_pass */
    mine->every_ms = every_ms;
}

static void alarm_free(struct qund_alarm *a)
{
    alarm_start(a, -1, 0);
}

static int ingest(struct qund_channel *c, const struct qund_event_in *events, size_t n,
                  const struct qund_state *state, void (*done)(void *arg, int rc), void *arg,
                  struct qund_fault *why)
{
    struct fake *f = fake_of_channel(c);

    f->ingests++;
    if (f->ingest_rc < 0 && f->refuse_index < n) {
        why->index = (uint32_t)f->refuse_index;
        snprintf(why->where, sizeof(why->where), "text");
        snprintf(why->text, sizeof(why->text), "not today");
        return f->ingest_rc;
    }
    f->events += n;
    if (n > 0) {
        snprintf(f->last_type, sizeof(f->last_type), "%.*s", QUND_STR_ARG(events[n - 1].type));
        snprintf(f->last_data, sizeof(f->last_data), "%.*s", QUND_STR_ARG(events[n - 1].data));
    }
    if (state) {
        snprintf(f->state, sizeof(f->state), "%.*s", QUND_STR_ARG(state->value));
        f->rev = state->rev;
    }
    f->landing.done = done;
    f->landing.arg = arg;
    return QUND_OK;
}

static int state_get(const struct qund_host *h, struct qund_str key, struct qund_str *value,
                     int64_t *rev)
{
    struct fake *f = fake_of(h);

    (void)key;
    if (f->rev == 0)
        return QUND_E_NOTFOUND;
    *value = qund_str(f->state);
    *rev = f->rev;
    return QUND_OK;
}

static void http_reply(struct qund_request *r, int status, const char *type, struct qund_str body,
                       const struct qund_header *headers, size_t n_headers)
{
    (void)r, (void)type, (void)body, (void)headers, (void)n_headers;
    if (status != 101)
        abort(); /* these tests show the right token */
}

static int ws_accept(struct qund_request *r, const struct qund_socket_cfg *cfg,
                     const struct qund_socket_ops *ops, void *arg, struct qund_socket **out)
{
    struct fake *f = (struct fake *)(uintptr_t)r->peer.p;

    (void)cfg;
    f->ops = ops;
    f->socket_arg = arg;
    f->closed_with = 0;
    *out = (struct qund_socket *)(void *)f;
    return QUND_OK;
}

static int ws_send(struct qund_socket *s, struct qund_str text)
{
    struct fake *f = fake_of_socket(s);

    if (f->send_rc < 0)
        return f->send_rc;
    if (f->n_sent < 64)
        snprintf(f->sent[f->n_sent++], sizeof(f->sent[0]), "%.*s", QUND_STR_ARG(text));
    return QUND_OK;
}

static void ws_pause(struct qund_socket *s, bool on)
{
    fake_of_socket(s)->paused = on;
}

static void ws_close(struct qund_socket *s, int code, const char *reason)
{
    (void)reason;
    fake_of_socket(s)->closed_with = code;
}

static void delivered(const struct qund_host *h, uint64_t token, enum qund_delivered how,
                      struct qund_str detail, int64_t retry_after_ms, struct qund_str their_id)
{
    struct fake *f = fake_of(h);
    struct fake_ended *e = &f->ended[f->n_ended++ % 32];

    e->token = token;
    e->how = how;
    e->retry_ms = retry_after_ms;
    snprintf(e->detail, sizeof(e->detail), "%.*s", QUND_STR_ARG(detail));
    snprintf(e->their_id, sizeof(e->their_id), "%.*s", QUND_STR_ARG(their_id));
}

void fake_init(struct fake *f)
{
    *f = (struct fake){.now_ms = 1000000};
    f->api = (struct qund_host){.size = sizeof(struct qund_host),
                                .abi_major = QUND_ABI_MAJOR,
                                .abi_minor = QUND_ABI_MINOR,
                                .now_ms = now_ms,
                                .wall_ms = now_ms,
                                .mono_ms = now_ms,
                                .log = say,
                                .gauge = gauge,
                                .gauge_add = gauge_add,
                                .gauge_set = gauge_set,
                                .alarm_new = alarm_new,
                                .alarm_start = alarm_start,
                                .alarm_free = alarm_free,
                                .ingest = ingest,
                                .state_get = state_get,
                                .http_reply = http_reply,
                                .ws_accept = ws_accept,
                                .ws_send = ws_send,
                                .ws_pause = ws_pause,
                                .ws_close = ws_close,
                                .delivered = delivered};
}

void fake_pass(struct fake *f, int64_t ms)
{
    for (int64_t i = 0; i <= ms; i += 10) {
        f->now_ms += ms > 0 ? 10 : 0;
        for (size_t k = 0; k < f->n_alarms; k++) {
            if (f->alarms[k].left_ms <= 0)
                continue;
            f->alarms[k].left_ms -= 10;
            if (f->alarms[k].left_ms > 0)
                continue;
            f->alarms[k].left_ms = f->alarms[k].every_ms;
            f->alarms[k].ring(f->alarms[k].arg);
        }
    }
}

void fake_land(struct fake *f, int rc)
{
    void (*done)(void *arg, int rc) = f->landing.done;

    if (!done)
        abort();
    f->landing.done = NULL;
    done(f->landing.arg, rc);
}

void fake_say(struct fake *f, const char *text)
{
    f->ops->text(f->socket_arg, (struct qund_socket *)(void *)f, qund_str(text));
}

int64_t fake_count(const struct fake *f, const char *name)
{
    for (size_t i = 0; i < f->n_counts; i++)
        if (strcmp(f->names[i], name) == 0)
            return f->counts[i];
    return -1;
}

bool fake_heard(struct fake *f, const char *text)
{
    for (size_t i = 0; i < f->n_sent; i++)
        if (strstr(f->sent[i], text)) {
            f->sent[i][0] = '\0';
            return true;
        }
    return false;
}
