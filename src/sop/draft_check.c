/* src/sop/draft_check.c - what is wrong with a plan before anything is sent.
 *
 * Each finding says where, what, and what to do. Problems refuse the plan; warnings are what an
 * operator should know and may want all the same: a role that nobody holds (its task will be held
 * or skipped, by the playbooks' notes), a date the calendar of holidays does not reach, a text that
 * nobody will read to its end. */
#include "sop/internal.h"

#define LATE_START_MS (5 * INT64_C(60000)) /* "now", typed a moment ago */

static void problem(struct sop_draft *d, const char *where, const char *why)
{
    qund_errs_add(&d->problems, QUND_E_INVAL, where, "%s", why);
}

/* --- when --- */

static void check_past(struct sop_draft *d, const char *what, int64_t at)
{
    QUND_AUTO(qund_buf_done) struct qund_buf when = {0};

    qund_sop_local_print(qund_sop_zone(d->s, d->n_places > 0 ? d->places[0].id : 0), at, &when);
    qund_errs_add(&d->problems, QUND_E_INVAL, what,
                  "%s lies in the past: give a later one, or leave `start` out to begin now",
                  when.p);
}

static void check_when(struct sop_draft *d)
{
    bool needed = qund_sop_needs_event(d->t);

    /* Nothing was given, and the clock of a replay stands before its first event. */
    if (d->plan.start == 0)
        problem(d, "start",
                "time has not begun: it comes with the first event; give a start, or make the plan "
                "after it");
    if (needed && d->plan.event == 0)
        problem(d, "event",
                "the steps count from an event (T-14d …) and none is given: say when it begins, "
                "e.g. event: \"2026-12-01 14:00\"");
    if (!needed && d->plan.event > 0)
        qund_errs_add(&d->warnings, QUND_E_INVAL, "event",
                      "nothing in the template counts from an event");
    if (d->plan.event > 0 && d->plan.event != d->was_event && d->plan.event < d->now)
        check_past(d, "event", d->plan.event);
    if (d->plan.start != d->was_start && d->plan.start < d->now) {
        if (d->plan.start < d->now - LATE_START_MS)
            check_past(d, "start", d->plan.start);
        d->plan.start = d->now;
    }
    if (d->plan.until > 0 && d->plan.until < d->now)
        check_past(d, "until", d->plan.until);
}

static void check_items(struct sop_draft *d)
{
    size_t past = 0;

    for (size_t i = 0; i < d->n_items; i++)
        past += d->items[i].past;
    if (past == 0 || d->edits)
        return;
    if (past == d->n_items)
        problem(d, "start", "every step lies in the past: move the event or the start");
    else
        qund_errs_add(&d->warnings, QUND_E_INVAL, "start",
                      "%zu of %zu tasks lie in the past and are skipped", past, d->n_items);
}

static void check_calendar(struct sop_draft *d)
{
    for (size_t i = 0; i < d->n_items; i++) {
        const struct sop_item *it = &d->items[i];

        if (!qund_sop_beyond_calendar(&d->places[it->place].clock, it->due))
            continue;
        qund_errs_add(&d->warnings, QUND_E_INVAL, "start",
                      "the calendar of holidays ends in %d: later days off are not known yet",
                      qund_holidays_last_year(d->s->deps.holidays));
        return;
    }
}

/* --- whom --- */

static void check_place(struct sop_draft *d, const struct sop_place *p)
{
    const struct qund_str type = d->t->group_type;

    if (p->id == 0)
        return;
    if (p->state != QUND_GROUP_ACTIVE)
        qund_errs_add(&d->problems, QUND_E_INVAL, "groups",
                      "%.*s (%lld) is %s: make it active, or leave it out",
                      QUND_STR_ARG(qund_utf8_cut(p->name, 60)), (long long)p->id,
                      qund_group_state_name(p->state));
    else if (p->internal)
        qund_errs_add(&d->problems, QUND_E_INVAL, "groups",
                      "%.*s (%lld) is a group of staff: leave it out",
                      QUND_STR_ARG(qund_utf8_cut(p->name, 60)), (long long)p->id);
    if (type.n > 0 && !qund_str_is(type, "any") && qund_group_type_parse(type) != (int)p->type)
        qund_errs_add(&d->warnings, QUND_E_INVAL, "groups",
                      "%.*s (%lld) is of type %s, the template is for %.*s",
                      QUND_STR_ARG(qund_utf8_cut(p->name, 60)), (long long)p->id,
                      qund_group_type_name(p->type), QUND_STR_ARG(type));
}

/* A plan that does not leave its posts to people needs a target in each of its groups. */
static void check_deliver(struct sop_draft *d, const struct sop_place *p)
{
    static const struct {
        const char *cannot, *key;
    } NEEDS[QUND_DELIVERS] = {
        [QUND_DELIVER_DIRECT] = {"nobody of ours can post", "send_through"},
        [QUND_DELIVER_CONFIRM] = {"nothing can be laid before staff", "confirm_through"},
    };
    enum qund_plan_deliver how = d->plan.deliver;

    if (how == QUND_DELIVER_PERSON || p->id == 0 ||
        qund_sop_voice(d->s->deps.config, p->realm, how).n > 0)
        return;
    qund_errs_add(&d->problems, QUND_E_INVAL, "deliver",
                  "%s in %.*s: name a `%s` for its channel in the configuration, or take deliver: "
                  "person",
                  NEEDS[how].cannot, QUND_STR_ARG(qund_utf8_cut(p->name, 60)), NEEDS[how].key);
}

static void check_whom(struct sop_draft *d)
{
    bool grouped = d->n_places > 0 && d->places[0].id > 0;

    if (!grouped && !qund_sop_personal(d->t))
        problem(d, "groups", "for which groups? Name ids, tags or types");
    else if (!grouped && d->t->scope == QUND_SOP_MEMBER)
        problem(d, "groups", "members of which groups? Name ids, tags or types");
    else if (!grouped && d->n_contacts == 0 && !d->edits && !qund_sop_listening(d->t))
        problem(d, "contacts", "for whom? Name contacts, or groups whose members it is for");
    if (!grouped && qund_sop_personal(d->t) && qund_sop_posts_in_group(d->t))
        problem(d, "groups", "some steps post in a group: name the groups");
    if (d->n_contacts > 0 && !qund_sop_personal(d->t))
        problem(d, "contacts", "this template speaks to groups, not to single persons");
    for (size_t i = 0; i < d->n_places; i++) {
        check_place(d, &d->places[i]);
        check_deliver(d, &d->places[i]);
    }
}

/* --- who speaks --- */

static const char *const UNFILLED[QUND_SOP_ROLES] = {
    [QUND_SOP_STAR] = "the consultant speaks instead",
    [QUND_SOP_EXPERT] = "the consultant speaks instead, and the manager is told",
    [QUND_SOP_KOC_FAN] = "its steps are skipped and their plan B runs",
    [QUND_SOP_LEADER] = "the manager speaks instead",
    [QUND_SOP_CONSULTANT] = "its tasks are held until somebody holds it",
    [QUND_SOP_QUESTIONER] = "its steps are skipped and their plan B runs",
    [QUND_SOP_FIRST_BUYER] = "its steps are skipped and their plan B runs",
    [QUND_SOP_STORE] = "its tasks are held until somebody holds it",
    [QUND_SOP_MANAGER] = "its tasks are held until somebody holds it",
    [QUND_SOP_SYSTEM] = NULL, /* whoever manages the group */
};

static int filled(struct sop_draft *d, const struct sop_place *p, const char *role, bool *out)
{
    struct qund_duty duty;

    qund_duty_holders(d->s->roster, p->id, qund_str(role), d->now, &duty);
    *out = duty.n > 0;
    return *out ? 0 : qund_place_sql_holds(d->s->deps.db, p->id, qund_str(role), out);
}

static int check_role(struct sop_draft *d, enum qund_sop_role r)
{
    const char *role = qund_sop_role_name(r);
    size_t empty = 0, first = 0;
    bool held;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < d->n_places; i++) {
        rc = filled(d, &d->places[i], role, &held);
        if (rc == 0 && !held && empty++ == 0)
            first = i;
    }
    if (rc < 0 || empty == 0)
        return rc;
    if (d->n_places == 1 || empty == d->n_places)
        qund_errs_add(&d->warnings, QUND_E_NOTFOUND, role, "nobody holds this role: %s",
                      UNFILLED[r]);
    else
        qund_errs_add(&d->warnings, QUND_E_NOTFOUND, role,
                      "nobody holds this role in %zu of %zu groups (%.*s …): %s", empty,
                      d->n_places, QUND_STR_ARG(qund_utf8_cut(d->places[first].name, 60)),
                      UNFILLED[r]);
    return 0;
}

static int check_roles(struct sop_draft *d)
{
    bool used[QUND_SOP_ROLES] = {false};
    int rc = 0;

    for (size_t i = 0; i < d->t->n_steps; i++)
        used[d->t->steps[i].say.role] = true;
    for (int r = 0; rc == 0 && r < (int)QUND_SOP_ROLES; r++)
        if (used[r] && UNFILLED[r])
            rc = check_role(d, (enum qund_sop_role)r);
    return rc;
}

int qund_draft_check(struct sop_draft *d)
{
    int rc;

    check_when(d);
    check_whom(d);
    rc = qund_draft_check_words(d);
    if (rc == 0)
        rc = qund_draft_check_figures(d);
    if (rc == 0)
        rc = qund_draft_make(d);
    if (rc < 0)
        return rc;
    check_items(d);
    check_calendar(d);
    return check_roles(d);
}
