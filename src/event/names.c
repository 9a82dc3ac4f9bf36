/* src/event/names.c - the closed lists of the event: types, roles, origins, and their names. */
#include "event/event.h"

static const char *const TYPES[] = {
    [QUND_EV_OTHER] = "?",
    [QUND_EV_MESSAGE] = "message",
    [QUND_EV_REVOKE] = "revoke",
    [QUND_EV_MEMBER_JOIN] = "member.join",
    [QUND_EV_MEMBER_LEAVE] = "member.leave",
    [QUND_EV_GROUP_UPDATE] = "group.update",
    [QUND_EV_GROUP_DISMISS] = "group.dismiss",
    [QUND_EV_CONTACT_ADD] = "contact.add",
    [QUND_EV_CONTACT_UPDATE] = "contact.update",
    [QUND_EV_CONTACT_REMOVE] = "contact.remove",
    [QUND_EV_FORM_SUBMIT] = "form.submit",
    [QUND_EV_LINK_CLICK] = "link.click",
    [QUND_EV_CODE_SCAN] = "code.scan",
    [QUND_EV_ORDER_PAID] = "order.paid",
    [QUND_EV_VISIT] = "visit",
    [QUND_EV_CHECKIN] = "checkin",
    [QUND_EV_REDEEM] = "redeem",
    [QUND_EV_TASK_DONE] = "task.done",
    [QUND_EV_GAP] = "gap",
    [QUND_EV_GROUP_MEMBERS] = "group.members",
};
static const char *const ROLES[] = {"", "customer", "staff", "bot", "koc"};
static const char *const ORIGINS[] = {"live", "backfill", "replay"};

const char *qund_event_type_name(enum qund_event_type t)
{
    return (unsigned)t < QUND_ARRAY_LEN(TYPES) ? TYPES[t] : TYPES[QUND_EV_OTHER];
}

enum qund_event_type qund_event_type_of(struct qund_str name)
{
    for (size_t i = QUND_EV_MESSAGE; i < QUND_ARRAY_LEN(TYPES); i++)
        if (qund_str_is(name, TYPES[i]))
            return (enum qund_event_type)i;
    return QUND_EV_OTHER;
}

const char *qund_role_name(enum qund_role r)
{
    return (unsigned)r < QUND_ARRAY_LEN(ROLES) ? ROLES[r] : "";
}

int qund_role_parse(struct qund_str s)
{
    return s.n > 0 ? qund_str_index(s, ROLES, QUND_ARRAY_LEN(ROLES)) : QUND_E_NOTFOUND;
}

const char *qund_origin_name(enum qund_origin o)
{
    return (unsigned)o < QUND_ARRAY_LEN(ORIGINS) ? ORIGINS[o] : "?";
}

int qund_origin_parse(struct qund_str s)
{
    return qund_str_index(s, ORIGINS, QUND_ARRAY_LEN(ORIGINS));
}
