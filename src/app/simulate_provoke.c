/* src/app/simulate_provoke.c - what sets a person's run off: ten minutes after the plan was made
 * somebody joins, says the word, pays, is tagged, or whatever the template waits for. Who is to be
 * dormant was silent long enough before the start; other templates begin by themselves. */
#include "app/simulate_parts.h"
#include <stdio.h>

#define PROVOKE_MS (10 * 60000)

static struct qund_event first_customer(struct sim *s, struct sim_group *g,
                                        enum qund_event_type type)
{
    return qund_sim_event(s, g, s->now + PROVOKE_MS, type, g->customers[0].id,
                          g->customers[0].name);
}

/* Two of them, ten minutes apart: a welcome may be for both. */
static int joins(struct sim *s, struct sim_group *g)
{
    qund_sim_newcomer(s, g, s->now + PROVOKE_MS);
    qund_sim_newcomer(s, g, s->now + 2 * PROVOKE_MS);
    return 0;
}

static int says(struct sim *s, struct sim_group *g)
{
    struct qund_event ev = first_customer(s, g, QUND_EV_MESSAGE);

    ev.text = s->t->trigger_what;
    qund_sim_put_event(s, &ev);
    return 0;
}

static int pays(struct sim *s, struct sim_group *g)
{
    struct qund_event ev = first_customer(s, g, QUND_EV_ORDER_PAID);
    QUND_AUTO(qund_buf_done) struct qund_buf data = {0};

    qund_buf_printf(&data,
                    "{\"order\":\"SIM-%s-1\",\"amount_cent\":19900,\"items\":\"示例商品\","
                    "\"person\":\"%s\"}",
                    g->pid, g->customers[0].id);
    ev.data = qund_buf_view(&data);
    qund_sim_put_event(s, &ev);
    return 0;
}

/* A command about the group's first customer: {"contact":…,"<key>":"<what>"} */
static int about(struct sim *s, struct sim_group *g, const char *command, const char *key)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    struct qund_jw w = qund_jw(&body);
    int64_t id;
    int rc = qund_sim_contacts(s, g, &id, 1);

    if (rc < 0 || id == 0)
        return rc;
    qund_jw_obj(&w);
    qund_jw_kint(&w, "contact", id);
    qund_jw_kstr(&w, key, s->t->trigger_what);
    qund_jw_end_obj(&w);
    qund_sim_put_command(s, s->now + PROVOKE_MS, command, qund_buf_view(&body));
    return 0;
}

static int is_tagged(struct sim *s, struct sim_group *g)
{
    return about(s, g, "tag.add", "tag");
}

static int is_staged(struct sim *s, struct sim_group *g)
{
    return about(s, g, "lead.update", "stage");
}

int qund_sim_provoke(struct sim *s)
{
    static int (*const BY[QUND_SOP_TRIGGERS])(struct sim *, struct sim_group *) = {
        [QUND_SOP_MEMBER_JOINED] = joins,  [QUND_SOP_KEYWORD] = says,
        [QUND_SOP_TAG_ADDED] = is_tagged,  [QUND_SOP_ORDER_PAID] = pays,
        [QUND_SOP_LEAD_STAGE] = is_staged,
    };
    int rc = 0;

    for (size_t i = 0; rc == 0 && BY[s->t->trigger] && i < s->n_groups; i++)
        rc = BY[s->t->trigger](s, &s->groups[i]);
    return rc;
}
