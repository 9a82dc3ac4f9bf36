/* src/engine/event.c - one event: who and where, stored once, then what its type asks for.
 *
 * The row is written before anything else. Its unique key says whether this is a repeat; a repeat
 * ends there and changes nothing, so every effect below happens once however often the event comes.
 * What the event is about (group, sender, the role in which he speaks) is looked up first, because
 * the row holds their numbers; looking up may create a group or a contact, which a repeat finds
 * made. */
#include "engine/sop.h"

static int look_up(struct qund_engine *e, struct subject *s)
{
    const struct qund_event *ev = s->ev;
    struct qund_crm_contact *other = NULL;
    int rc = qund_crm_realm(e->crm, ev->realm, &s->row.realm);

    if (rc == 0)
        rc = qund_crm_channel(e->crm, ev->channel, &s->row.channel);
    if (rc == 0 && ev->group.n > 0)
        rc = qund_crm_group(e->crm, ev->realm, ev->group, ev->group_name, ev->ts, &s->group);
    if (rc == 0 && ev->sender.n > 0)
        rc = qund_crm_contact(e->crm, ev->realm, ev->sender, ev->sender_name, ev->role, ev->ts,
                              &s->sender);
    if (rc < 0)
        return rc;
    if (s->sender) {
        s->own = qund_own_is(ev);
        s->role = qund_crm_role(e->crm, s->sender, s->group, ev->role);
        rc = s->group && s->group->shared && ev->account.n > 0 ? qund_copy_ours(e, s) : 0;
        if (rc < 0)
            return rc;
        if ((s->own || rc > 0) && s->role == QUND_ROLE_CUSTOMER)
            s->role = QUND_ROLE_BOT; /* an account of ours that nobody named in org.yaml */
        rc = 0;
        s->row.contact = s->sender->id;
    }
    if (s->group) {
        s->row.grp = s->group->id;
    } else if (s->sender) {
        /* A private chat is kept under the person who is not of the staff. */
        if ((s->own || s->role == QUND_ROLE_STAFF) && ev->to.n > 0)
            rc = qund_crm_contact(e->crm, ev->realm, ev->to, QUND_STR_NONE, QUND_ROLE_NONE, ev->ts,
                                  &other);
        s->row.grp = -(other ? other->id : s->sender->id);
    }
    return rc;
}

static void fill_row(struct subject *s)
{
    const struct qund_event *ev = s->ev;
    struct qund_message_row *r = &s->row;

    r->key_ts = ev->key_ts;
    r->ts = ev->ts;
    r->rx = ev->rx;
    r->type = (int)ev->type;
    r->role = (int)s->role;
    r->origin = (int)ev->origin;
    r->flags = ev->flags;
    r->recent = ev->key == QUND_KEY_RECENT;
    r->eid = ev->id;
    r->type_name = ev->type == QUND_EV_OTHER ? ev->type_name : QUND_STR_NONE;
    r->kind = qund_str_is(ev->kind, "text") ? QUND_STR_NONE : ev->kind;
    r->text = ev->text;
    r->reply_to = ev->reply_to;
    r->ref = ev->ref;
    r->mentions = ev->mentions;
    r->media = ev->media;
    /* Members are rows of their own: their lists would be the larger half of the store. */
    r->data = ev->type == QUND_EV_GROUP_MEMBERS ? QUND_STR_NONE : ev->data;
    r->account = ev->account;
    r->to = ev->to;
}

int qund_subject_look_up(struct qund_engine *e, struct subject *s)
{
    int rc = look_up(e, s);

    if (rc == 0)
        fill_row(s);
    return rc;
}

struct qund_str qund_data_str(struct qund_engine *e, struct qund_str data, const char *want)
{
    struct qund_jr r;
    struct qund_jr_obj o;
    struct qund_str key, value = QUND_STR_NONE;

    if (!data.p)
        return QUND_STR_NONE;
    qund_jr_init(&r, data, e->arena, 32);
    if (qund_jr_obj(&r, &o) < 0)
        return QUND_STR_NONE;
    while (qund_jr_obj_next(&r, &o, &key) > 0) {
        if (qund_str_is(key, want) && qund_jr_peek(&r) == QUND_JT_STR)
            return qund_jr_str(&r, &value) < 0 ? QUND_STR_NONE : value;
        if (qund_jr_skip(&r, NULL) < 0)
            break;
    }
    return QUND_STR_NONE;
}

int64_t qund_data_int(struct qund_engine *e, struct qund_str data, const char *want)
{
    struct qund_jr r;
    struct qund_jr_obj o;
    struct qund_str key;
    int64_t v;

    if (!data.p)
        return 0;
    qund_jr_init(&r, data, e->arena, 32);
    if (qund_jr_obj(&r, &o) < 0)
        return 0;
    while (qund_jr_obj_next(&r, &o, &key) > 0) {
        if (qund_str_is(key, want) && qund_jr_peek(&r) == QUND_JT_INT)
            return qund_jr_int(&r, &v) < 0 ? 0 : v;
        if (qund_jr_skip(&r, NULL) < 0)
            break;
    }
    return 0;
}

static int on_dismiss(struct qund_engine *e, struct subject *s)
{
    int rc = s->group ? qund_crm_group_dismiss(e->crm, s->group, s->ev->ts) : 0;

    return rc < 0 ? rc : qund_engine_rules_for(e, s);
}

static int on_order(struct qund_engine *e, struct subject *s)
{
    struct qund_str person = qund_data_str(e, s->ev->data, "person");
    struct qund_crm_contact *c = s->sender;
    struct qund_crm_order o = {.order = qund_data_str(e, s->ev->data, "order"),
                               .amount_cent = qund_data_int(e, s->ev->data, "amount_cent"),
                               .items = qund_data_str(e, s->ev->data, "items"),
                               .paid_at = s->ev->ts,
                               .seq = s->row.seq};
    int rc = 0;

    if (person.n > 0)
        rc = qund_crm_contact(e->crm, s->ev->realm, person, QUND_STR_NONE, QUND_ROLE_NONE,
                              s->ev->ts, &c);
    o.contact = c;
    if (rc == 0 && o.order.n > 0)
        rc = qund_crm_order_add(e->crm, s->ev->realm, &o);
    return rc < 0 ? rc : qund_engine_rules_for(e, s);
}

/* What each type asks for; NULL: stored, and the rules on it run. */
static int (*const HANDLERS[])(struct qund_engine *, struct subject *) = {
    [QUND_EV_MESSAGE] = qund_engine_message,    [QUND_EV_REVOKE] = qund_engine_revoke,
    [QUND_EV_MEMBER_JOIN] = qund_engine_join,   [QUND_EV_MEMBER_LEAVE] = qund_engine_leave,
    [QUND_EV_GROUP_DISMISS] = on_dismiss,       [QUND_EV_ORDER_PAID] = on_order,
    [QUND_EV_GROUP_MEMBERS] = qund_engine_look, [QUND_EV_GAP] = qund_engine_gap,
};

int qund_engine_event(struct qund_engine *e, struct qund_str body)
{
    struct qund_entry_parts parts;
    struct qund_event ev;
    struct subject s = {.ev = &ev};
    bool copy = false;
    int rc = qund_entry_split(body, &parts);

    if (rc == 0 && parts.has_state)
        rc = qund_state_sql_keep(e->db, &parts.state);
    if (rc < 0 || !parts.event.p)
        return rc;
    rc = qund_event_unpack(parts.event, &ev);
#ifdef QUND_FAULTS
    if (rc == 0 && qund_str_starts(ev.id, "poison")) /* the event that nobody survives */
        qund_ignore(QUND_FAULT("poison"));
#endif
    if (rc == 0)
        rc = qund_subject_look_up(e, &s);
    if (rc < 0)
        return rc;
    if (qund_month_too_old(ev.key_ts, e->now, e->config->store.retention_ms)) {
        /* It waited in the queue or the spool until its month went: its place is gone. */
        e->repeat = true;
        e->tally.late++;
        return 0;
    }
    s.quiet = (ev.flags & QUND_EVF_BACKFILL) ||
              (ev.origin == QUND_ORIGIN_REPLAY && !(ev.flags & QUND_EVF_DELIVER));
    rc = qund_month_insert(e->months, &s.row);
    if (rc == QUND_E_EXISTS) {
        e->repeat = true;
        return 0;
    }
    if (rc == 0 && s.group && s.group->shared && ev.account.n > 0)
        rc = qund_copy_link(e, &s, &copy);
    if (rc < 0 || copy)
        return rc;
    rc = (size_t)ev.type < QUND_ARRAY_LEN(HANDLERS) && HANDLERS[ev.type]
             ? HANDLERS[ev.type](e, &s)
             : qund_engine_rules_for(e, &s);
    return rc < 0 ? rc : qund_engine_sop_event(e, &s);
}
