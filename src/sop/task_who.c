/* src/sop/task_who.c - who does a task: the roles of a template are parts, and not every house has
 * somebody for each.
 *
 * A part that nobody holds goes to whoever the playbooks name: the star's to the consultant, the
 * expert's, too, but the manager is to know that no expert spoke; leader's and store's to the
 * manager. `koc_fan` and `first_buyer` are real customers who were invited with evidence: where
 * nobody was, the step is skipped and its plan B runs, and staff are never put in their place. The
 * one exception is a first buyer's step that may announce the true number of orders: staff say that
 * as staff. `questioner` is a host who asks for the members, shown as one.
 *
 * An invited customer has no card: the consultant is told, and asks him. */
#include "sop/task_parts.h"

struct stand_in {
    enum qund_sop_role role, then, last; /* last == then: nobody else */
};
static const struct stand_in STAND_INS[] = {
    {QUND_SOP_STAR, QUND_SOP_CONSULTANT, QUND_SOP_CONSULTANT},
    {QUND_SOP_EXPERT, QUND_SOP_CONSULTANT, QUND_SOP_CONSULTANT},
    {QUND_SOP_LEADER, QUND_SOP_MANAGER, QUND_SOP_MANAGER},
    {QUND_SOP_STORE, QUND_SOP_MANAGER, QUND_SOP_MANAGER},
    {QUND_SOP_SYSTEM, QUND_SOP_MANAGER, QUND_SOP_LEADER},
    {QUND_SOP_MANAGER, QUND_SOP_LEADER, QUND_SOP_LEADER},
    {QUND_SOP_CONSULTANT, QUND_SOP_CONSULTANT, QUND_SOP_CONSULTANT},
};

void qund_sop_role_holders(const struct qund_sop *s, int64_t grp, struct qund_str role, int64_t t,
                           struct qund_duty *out)
{
    *out = (struct qund_duty){.how = QUND_DUTY_NOBODY};
    if (!s->roster)
        return;
    qund_duty_at(s->roster, grp, role, t, out);
    if (out->n ==
        0) /* nobody serves at that hour: whoever holds the role does it in his own time */
        qund_duty_holders(s->roster, grp, role, t, out);
}

static bool try_role(const struct qund_sop *s, const struct task_all *a, enum qund_sop_role role,
                     int64_t now, struct task_who *out)
{
    struct qund_duty d;

    qund_sop_role_holders(s, a->t.grp, qund_str(qund_sop_role_name(role)), now, &d);
    if (d.n == 0)
        return false;
    out->how = TASK_FILLED;
    out->role = role;
    out->staff = d.staff[0];
    out->stands_for = d.stands_for[0];
    return true;
}

static int by_customer(struct qund_sop *s, const struct task_all *a, enum qund_sop_role role,
                       int64_t now, struct task_who *out)
{
    const struct qund_sop_role_use *use = &a->tpl->roles[role];
    int rc = qund_crm_invited(s->deps.db, a->t.grp, qund_str(qund_sop_role_name(role)), 0);

    if (rc < 0)
        return rc;
    out->true_count = rc == 0 && role == QUND_SOP_FIRST_BUYER && use->staff_true_count;
    out->how = TASK_NO_ACTOR;
    if (rc == 0 && !out->true_count)
        return 0;
    if (!try_role(s, a, QUND_SOP_CONSULTANT, now, out) &&
        !try_role(s, a, QUND_SOP_MANAGER, now, out))
        out->how = TASK_NOBODY;
    out->role = out->true_count ? QUND_SOP_CONSULTANT : role;
    return 0;
}

static void by_staff(struct qund_sop *s, const struct task_all *a, enum qund_sop_role role,
                     int64_t now, struct task_who *out)
{
    if (try_role(s, a, role, now, out))
        return;
    for (size_t i = 0; i < QUND_ARRAY_LEN(STAND_INS); i++) {
        const struct stand_in *in = &STAND_INS[i];

        if (in->role != role)
            continue;
        if (try_role(s, a, in->then, now, out) || try_role(s, a, in->last, now, out))
            out->how = role == QUND_SOP_EXPERT ? TASK_FILLED_EXPERT : TASK_FILLED;
        return;
    }
}

int qund_task_who(struct qund_sop *s, const struct task_all *a, int64_t now, struct task_who *out)
{
    enum qund_sop_role role = a->say->role;
    int rc;

    *out = (struct task_who){.how = TASK_NOBODY, .role = role};
    if (a->t.staff > 0) { /* a person said who does it */
        rc = qund_crm_staff_active(s->deps.db, a->t.staff);
        if (rc < 0)
            return rc;
        if (rc > 0) {
            *out = (struct task_who){
                .how = TASK_FILLED, .role = (enum qund_sop_role)a->t.role, .staff = a->t.staff};
            return 0;
        }
    }
    if (role == QUND_SOP_KOC_FAN || role == QUND_SOP_FIRST_BUYER)
        return by_customer(s, a, role, now, out);
    by_staff(s, a, role, now, out);
    if (role == QUND_SOP_QUESTIONER && out->how == TASK_NOBODY)
        out->how = TASK_NO_ACTOR;
    return 0;
}
