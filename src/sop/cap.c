/* cap.c - how much marketing a group, a person and a member of staff bear.
 *
 * Each cap is a figure for a span of time around the post; a post that finds the figure reached is
 * held. No cap overrules another, so the strictest wins by itself; of several that hold the one is
 * named that holds longest, because that is what a person has to plan around.
 *
 *   group_day      posts to a group on one local day. On the two days before the plan's event, and
 *                  on its own day, group_day_last takes its place: a seat that is still free is
 * news then, and the shipped playbooks speak three times on the day itself. group_month    posts to
 * a group in a calendar month: what the platform grants. contact_week   posts to one person alone
 * in any 7 local days running. Counted in days, not in hours: "each Monday at ten" must fit, also
 * when the last one went out late. sender_day     posts of one member of staff on one local day.
 *
 * Service and safety steps are outside of all this, and so is what staff are told: a cap protects
 * customers from being advertised to, not from being answered. */
#include "sop/when.h"
#include "sop/when_parts.h"

enum { WEEK_DAYS = 7, LAST_DAYS = 2 };

/* Which caps a channel asks; what a form is, the caller's zeros say. */
enum { ASKS_GROUP = 1, ASKS_CONTACT = 2, ASKS_SENDER = 4 };
static const unsigned ASKS[] = {
    [QUND_SOP_CH_GROUP] = ASKS_GROUP | ASKS_SENDER,
    [QUND_SOP_CH_NOTICE] = ASKS_GROUP | ASKS_SENDER,
    [QUND_SOP_CH_ONE_TO_ONE] = ASKS_CONTACT | ASKS_SENDER,
    [QUND_SOP_CH_SMS] = ASKS_CONTACT | ASKS_SENDER,
    [QUND_SOP_CH_STAFF_TASK] = 0,
    [QUND_SOP_CH_FORM] = ASKS_GROUP | ASKS_CONTACT | ASKS_SENDER,
};

const char *qund_sop_cap_name(enum qund_sop_cap c)
{
    static const char *const NAMES[QUND_SOP_CAPS] = {[QUND_SOP_CAP_NONE] = "none",
                                                     [QUND_SOP_CAP_GROUP_DAY] = "group_day",
                                                     [QUND_SOP_CAP_GROUP_MONTH] = "group_month",
                                                     [QUND_SOP_CAP_CONTACT_WEEK] = "contact_week",
                                                     [QUND_SOP_CAP_SENDER_DAY] = "sender_day"};

    return (unsigned)c < QUND_SOP_CAPS ? NAMES[c] : "?";
}

void qund_sop_caps_from(const struct qund_config *config, struct qund_sop_caps *out)
{
    out->group_day = (int)config->sop.group_day; /* each within the bounds of its key */
    out->group_day_last = (int)config->sop.group_day_last;
    out->group_month = (int)config->sop.group_month;
    out->contact_week = (int)config->sop.contact_week;
    out->sender_day = (int)config->sop.sender_day;
}

static void month_span(const struct qund_zone *z, int64_t at, int64_t *from, int64_t *to)
{
    struct qund_civil w, first = {.day = 1};

    qund_zone_civil(z, at, &w);
    first.year = w.year;
    first.month = w.month;
    *from = qund_zone_utc(z, &first);
    first.year += w.month == 12;
    first.month = w.month % 12 + 1;
    *to = qund_zone_utc(z, &first);
}

void qund_sop_cap_span(const struct qund_sop_clock *c, enum qund_sop_cap cap, int64_t at,
                       int64_t *from, int64_t *to)
{
    *from = *to = at;
    switch (cap) {
    case QUND_SOP_CAP_NONE:
        return;
    case QUND_SOP_CAP_GROUP_MONTH:
        month_span(c->zone, at, from, to);
        return;
    case QUND_SOP_CAP_GROUP_DAY:
    case QUND_SOP_CAP_SENDER_DAY:
        *from = qund_zone_day_start(c->zone, at, 0);
        break;
    case QUND_SOP_CAP_CONTACT_WEEK:
        *from = qund_zone_day_start(c->zone, at, 1 - WEEK_DAYS);
        break;
    }
    *to = qund_zone_day_start(c->zone, at, 1);
}

int qund_sop_group_day(const struct qund_sop_caps *caps, int64_t day, int64_t event_day)
{
    bool last = event_day != QUND_SOP_NO_DAY && day <= event_day && day >= event_day - LAST_DAYS;

    return last ? caps->group_day_last : caps->group_day;
}

static bool full(int cap, int had)
{
    return cap > 0 && had >= cap;
}

enum qund_sop_cap qund_sop_capped(const struct qund_sop_caps *caps, const struct qund_sop_clock *c,
                                  const struct qund_sop_step *s, int64_t at,
                                  const struct qund_sop_load *had)
{
    unsigned asks = ASKS[s->say.channel];
    int64_t event_day = c->event ? qund_sop_day(c->zone, c->event, NULL) : QUND_SOP_NO_DAY;
    int group_day = qund_sop_group_day(caps, qund_sop_day(c->zone, at, NULL), event_day);

    if (s->kind != QUND_SOP_MARKETING)
        return QUND_SOP_CAP_NONE;
    if (asks & ASKS_GROUP && full(caps->group_month, had->group_month))
        return QUND_SOP_CAP_GROUP_MONTH;
    if (asks & ASKS_CONTACT && full(caps->contact_week, had->contact_week))
        return QUND_SOP_CAP_CONTACT_WEEK;
    if (asks & ASKS_GROUP && full(group_day, had->group_day))
        return QUND_SOP_CAP_GROUP_DAY;
    if (asks & ASKS_SENDER && full(caps->sender_day, had->sender_day))
        return QUND_SOP_CAP_SENDER_DAY;
    return QUND_SOP_CAP_NONE;
}
