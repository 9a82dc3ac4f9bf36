/* command.c - what a bridge is asked to do, and what it says to that.
 *
 * Answers come in any order and are found by the command's id, which no other connection ever had.
 * A bridge that does not answer in time, or goes away in between, may have done it: for a delivery
 * that is "unknown", unless the bridge remembers the keys of what it was told (`once`), then the
 * same may be said again. A second answer, or one to nothing, is dropped. */
#include "bridge.h"
#include <stdio.h>
#include <stdlib.h>

static const struct qund_host *host_of(const struct bridge *b)
{
    return b->channel->plugin->host;
}

int bridge_command(struct bridge *b, const struct pending *what, const char *op, json_t *args,
                   int64_t timeout_ms)
{
    struct pending *p = NULL;
    char id[24], *text;
    json_t *frame;
    int rc;

    for (size_t i = 0; i < PENDING_MAX && !p; i++)
        if (b->pending[i].id == 0)
            p = &b->pending[i];
    if (!p || !b->socket || b->closing) {
        json_decref(args);
        return QUND_E_AGAIN;
    }
    *p = *what;
    p->id = ++b->channel->plugin->last_id;
    p->until_ms = host_of(b)->mono_ms(host_of(b)) + timeout_ms;
    snprintf(id, sizeof(id), "c%llx", (unsigned long long)p->id);
    frame = json_pack("{s:s,s:s,s:s,s:o}", "t", "cmd", "id", id, "op", op, "args", args);
    text = json_dumps(frame, JSON_COMPACT);
    json_decref(frame);
    rc = text ? host_of(b)->ws_send(b->socket, qund_str(text)) : QUND_E_NOMEM;
    free(text);
    if (rc < 0) {
        p->id = 0;
        return QUND_E_AGAIN;
    }
    count(b->channel, N_COMMANDS, 1);
    return QUND_OK;
}

static void forget(struct pending *p)
{
    free(p->group);
    *p = (struct pending){0};
}

void bridge_answered(struct bridge *b, struct frame *f)
{
    struct qund_str id = bridge_id(f->root, "id");
    const json_t *data = bridge_bool(f->root, "ok") ? json_object_get(f->root, "data") : NULL;
    struct pending p = {0};
    char want[24];

    for (size_t i = 0; i < PENDING_MAX; i++) {
        snprintf(want, sizeof(want), "c%llx", (unsigned long long)b->pending[i].id);
        if (b->pending[i].id != 0 && qund_str_is(id, want)) {
            p = b->pending[i];
            b->pending[i] = (struct pending){0};
        }
    }
    if (p.id == 0)
        return;
    switch (p.what) {
    case WAITS_DELIVERY:
        bridge_delivered(b, p.token, f->root);
        break;
    case WAITS_GROUPS:
        bridge_groups_told(b, data);
        break;
    case WAITS_MEMBERS:
        bridge_members_told(b, p.group, data);
        break;
    }
    forget(&p);
}

/* It may have been done, and nobody says so any more. */
static void give_up(struct bridge *b, struct pending *p, const char *why)
{
    struct pending was = *p;

    *p = (struct pending){0};
    count(b->channel, N_UNANSWERED, 1);
    if (was.what == WAITS_DELIVERY)
        host_of(b)->delivered(host_of(b), was.token, b->caps & CAP_ONCE ? QUND_RETRY : QUND_UNKNOWN,
                              qund_str(why), -1, QUND_STR_NONE);
    forget(&was);
}

void bridge_commands_tick(struct bridge *b, int64_t now_ms)
{
    for (size_t i = 0; i < PENDING_MAX; i++)
        if (b->pending[i].id != 0 && now_ms > b->pending[i].until_ms)
            give_up(b, &b->pending[i], "the bridge did not answer in time");
}

void bridge_commands_end(struct bridge *b)
{
    for (size_t i = 0; i < PENDING_MAX; i++)
        if (b->pending[i].id != 0)
            give_up(b, &b->pending[i], "the bridge went away before it answered");
}
