/* plugins/onebot/trouble.c - bridges that we dial or ask, and what keeps us from them.
 *
 * A bridge that refuses our token brings nothing until somebody acts, so it is named to the
 * operator until it lets us in. What it says to get_login_info counts, or at the handshake: a
 * gateway may refuse one action alone. One that cannot be reached is tried again by itself, and
 * bridges restart: only when it lasts is it named, and behind those that refuse us. */
#include "onebot.h"
#include <stdio.h>

void ob_bridge_open(struct ob_bridge *b, struct ob_channel *c, const char *list, size_t at)
{
    *b = (struct ob_bridge){.next = c->bridges, .c = c, .list = list, .at = at};
    c->bridges = b;
}

static void tell_unreached(const struct ob_channel *c, struct ob_text *why)
{
    const struct ob_bridge *first = NULL;
    size_t n = 0;

    for (const struct ob_bridge *b = c->bridges; b; b = b->next)
        if (b->named && n++ == 0)
            first = b;
    if (!first)
        return;
    ob_text_printf(why, "the bridge at %s[%zu] cannot be reached: %s", first->list, first->at,
                   first->why);
    if (n > 1)
        ob_text_printf(why, " (one of %zu that cannot)", n);
    ob_text_printf(why, "; look whether it runs and at the address; it is tried again by itself");
}

static void tell(const struct ob_channel *c)
{
    const struct ob_bridge *first = NULL;
    struct ob_text why = {0};
    size_t n = 0;

    if (!QUND_HAS(c->host, channel_trouble))
        return;
    for (const struct ob_bridge *b = c->bridges; b; b = b->next)
        if (b->unknown && n++ == 0)
            first = b;
    if (!first)
        tell_unreached(c, &why);
    if (first)
        ob_text_printf(&why, "the bridge at %s[%zu] does not know our token", first->list,
                       first->at);
    if (n > 1)
        ob_text_printf(&why, " (one of %zu that do not)", n);
    if (first)
        ob_text_printf(&why, "; write the same `token` here and there, and reload; it is tried "
                             "again by itself every few minutes");
    c->host->channel_trouble(c->channel, ob_text_view(&why));
    ob_text_done(&why);
}

/* g NULL: always logged. */
static void count_refusal(struct ob_channel *c, struct ob_gate *g, const char *what)
{
    c->host->gauge_add(c->numbers.refused[OB_NO_TOKEN], 1);
    if (g && !ob_gate_open(c, g))
        return;
    QUND_SAY(c->host, QUND_ERROR, "onebot.token", QUND_KV("channel", c->name),
             QUND_KV("what", what), QUND_KV("left_out", g ? g->left_out : 0));
    if (g)
        g->left_out = 0;
}

void ob_bridge_refuses(struct ob_bridge *b, struct ob_gate *g)
{
    bool new = !b->unknown;

    ob_bridge_reached(b);
    b->unknown = true;
    count_refusal(b->c, g,
                  "a bridge does not know our token: /readyz says which; tried again by itself, "
                  "and by a reload");
    if (new)
        tell(b->c);
}

void ob_bridge_refuses_action(struct ob_bridge *b, struct ob_gate *g)
{
    count_refusal(b->c, g,
                  "a bridge refuses an action as one without the right token; it is asked by "
                  "get_login_info whether it knows the token, and /readyz says when it does not");
}

void ob_bridge_lets_in(struct ob_bridge *b)
{
    bool new = b->unknown;

    ob_bridge_reached(b);
    b->unknown = false;
    if (new)
        tell(b->c);
}

void ob_bridge_reached(struct ob_bridge *b)
{
    bool named = b->named;

    b->since_ms = 0;
    b->named = false;
    if (named)
        tell(b->c);
}

void ob_bridge_fails(struct ob_bridge *b, struct qund_str why)
{
    if (b->since_ms == 0)
        b->since_ms = ob_mono(b->c);
    why = ob_cut(why, sizeof(b->why) - 1);
    if (!b->named)
        snprintf(b->why, sizeof(b->why), "%.*s", QUND_STR_ARG(why));
}

void ob_bridges_tick(struct ob_channel *c)
{
    int64_t now = ob_mono(c);
    bool new = false;

    for (struct ob_bridge *b = c->bridges; b; b = b->next)
        if (b->since_ms > 0 && !b->named && now - b->since_ms >= c->cfg->unreached_ms)
            new = b->named = true;
    if (new)
        tell(c);
}

bool ob_retcode_of_token(int64_t retcode)
{
    return retcode == 1401 || retcode == 1403;
}
