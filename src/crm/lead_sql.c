/* src/crm/lead_sql.c - leads and their history, consent, orders.
 *
 * A lead's score is the sum of its history, kept beside it so that a list by score is one index
 * walk. The history says when, how much and why, and from which message; a revoke takes its lines
 * and their sum away, and a lead that only that message had made. */
#include "config/config.h"
#include "crm/internal.h"

enum {
    STAGE_BYTES = 64,
    STAGES_SHOWN = 150 /* bytes of their names in a refusal */
};

int qund_crm_lead_make(struct qund_crm *crm, int64_t contact, int64_t ts)
{
    struct qund_stmt *st = qund_sql(crm->db, "INSERT INTO lead(contact, created, updated) "
                                             "VALUES(:contact, :ts, :ts) ON CONFLICT DO NOTHING");

    qund_assert(st);
    qund_bind_int(st, ":contact", contact);
    qund_bind_int(st, ":ts", ts);
    return qund_run(st);
}

static int put_event(struct qund_crm *crm, int64_t contact, int64_t delta, struct qund_str reason,
                     int64_t seq, int64_t ts)
{
    struct qund_stmt *st = qund_sql(crm->db, "INSERT INTO lead_event(contact, at, seq, delta, "
                                             "reason) VALUES(:contact, :ts, :seq, :delta, "
                                             ":reason)");

    qund_assert(st);
    qund_bind_int(st, ":contact", contact);
    qund_bind_int(st, ":ts", ts);
    qund_bind_int(st, ":seq", seq);
    qund_bind_int(st, ":delta", delta);
    qund_bind_str(st, ":reason", crm_text(qund_crm_cut_name(reason)));
    return qund_run(st);
}

int qund_crm_lead_score(struct qund_crm *crm, struct qund_crm_contact *c, int64_t delta,
                        struct qund_str reason, int64_t seq, int64_t ts)
{
    struct qund_stmt *st;
    int rc;

    if (delta > 1000000 || delta < -1000000)
        return QUND_E_INVAL;
    rc = qund_crm_lead_make(crm, c->id, ts);
    if (rc == 0)
        rc = put_event(crm, c->id, delta, reason, seq, ts);
    if (rc < 0 || delta == 0)
        return rc;
    st = qund_sql(crm->db, "UPDATE lead SET score = score + :delta, updated = max(updated, :ts) "
                           "WHERE contact = :contact");
    qund_assert(st);
    qund_bind_int(st, ":contact", c->id);
    qund_bind_int(st, ":delta", delta);
    qund_bind_int(st, ":ts", ts);
    return qund_run(st);
}

void qund_crm_stages(struct qund_crm *crm, const struct qund_strs *stages)
{
    crm->stages = stages;
}

int qund_crm_stage_check(struct qund_crm *crm, struct qund_str stage, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf names = {0};
    struct qund_stmt *st;
    int rc;

    if (stage.n > STAGE_BYTES)
        return qund_err_set(err, QUND_E_INVAL, "stage", "is longer than %d bytes", STAGE_BYTES);
    if (!crm->stages || crm->stages->n == 0)
        return QUND_OK;
    for (size_t i = 0; i < crm->stages->n; i++) {
        if (qund_str_is(stage, crm->stages->v[i]))
            return QUND_OK;
        qund_buf_printf(&names, "%s%s", i ? ", " : "", crm->stages->v[i]);
    }
    st = qund_sql(crm->db, "SELECT 1 FROM lead WHERE stage = :stage LIMIT 1");
    qund_assert(st);
    qund_bind_str(st, ":stage", stage);
    rc = qund_step(st);
    qund_stmt_reset(st);
    if (rc != 0)
        return rc < 0 ? rc : QUND_OK;
    return qund_err_set(err, QUND_E_INVAL, "stage",
                        "'%.*s' is none of leads.stages (%.*s%s): add it there, or use one",
                        QUND_STR_ARG(stage),
                        QUND_STR_ARG(qund_utf8_cut(qund_buf_view(&names), STAGES_SHOWN)),
                        names.n > STAGES_SHOWN ? "…" : "");
}

int qund_crm_lead_stage(struct qund_crm *crm, struct qund_crm_contact *c, struct qund_str stage,
                        int64_t seq, int64_t ts)
{
    QUND_AUTO(qund_buf_done) struct qund_buf reason = {0};
    struct qund_stmt *st;
    int rc;

    if (!stage.n || stage.n > STAGE_BYTES)
        return QUND_E_INVAL;
    rc = qund_crm_lead_make(crm, c->id, ts);
    if (rc < 0)
        return rc;
    st = qund_sql(crm->db, "UPDATE lead SET stage = :stage, updated = max(updated, :ts) "
                           "WHERE contact = :contact AND stage <> :stage");
    qund_assert(st);
    qund_bind_int(st, ":contact", c->id);
    qund_bind_str(st, ":stage", stage);
    qund_bind_int(st, ":ts", ts);
    rc = qund_run(st);
    if (rc < 0 || qund_db_changes(crm->db) == 0)
        return rc;
    qund_buf_printf(&reason, "stage:%.*s", QUND_STR_ARG(stage));
    rc = put_event(crm, c->id, 0, qund_buf_view(&reason), seq, ts);
    return rc < 0 ? rc : 1;
}

int qund_crm_lead_unscore(struct qund_crm *crm, int64_t seq)
{
    struct qund_stmt *st = qund_sql(
        crm->db, "UPDATE lead SET score = score - (SELECT sum(delta) FROM lead_event e WHERE "
                 "e.seq = :seq AND e.seq > 0 AND e.contact = lead.contact) WHERE contact IN "
                 "(SELECT contact FROM lead_event WHERE seq = :seq AND seq > 0)");
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":seq", seq);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    st = qund_sql(crm->db, "DELETE FROM lead WHERE contact IN (SELECT contact FROM lead_event "
                           "WHERE seq = :seq AND seq > 0) AND stage = 'new' AND owner = 0 AND "
                           "NOT EXISTS (SELECT 1 FROM lead_event e WHERE e.contact = lead.contact "
                           "AND e.seq <> :seq)");
    qund_assert(st);
    qund_bind_int(st, ":seq", seq);
    return qund_run(st);
}

/* --- consent --- */

int qund_crm_opt_out(struct qund_crm *crm, struct qund_crm_contact *c, bool on,
                     struct qund_str proof, int64_t seq, int64_t ts)
{
    uint32_t i = qund_crm_contact_find_id(crm, c->id);
    struct qund_stmt *st;
    int rc;

    qund_assert(i != QUND_INDEX_NONE);
    if (c->opt_out == on)
        return 0;
    st = qund_sql(crm->db, "UPDATE contact SET opt_out = :on WHERE id = :id");
    qund_assert(st);
    qund_bind_int(st, ":on", on);
    qund_bind_int(st, ":id", c->id);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    st = qund_sql(crm->db, "INSERT INTO consent(contact, kind, granted, at, seq, proof) "
                           "VALUES(:id, 'marketing', :granted, :ts, :seq, :proof)");
    qund_assert(st);
    qund_bind_int(st, ":id", c->id);
    qund_bind_int(st, ":granted", !on);
    qund_bind_int(st, ":ts", ts);
    qund_bind_int(st, ":seq", seq);
    qund_bind_str(st, ":proof", crm_text(qund_crm_cut_name(proof)));
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    qund_crm_contact_touch(crm, i);
    qund_crm_entry_at(&crm->contacts, i)->pub.opt_out = on;
    return 1;
}

/* --- orders --- */

int qund_crm_order_add(struct qund_crm *crm, struct qund_str realm, const struct qund_crm_order *o)
{
    struct qund_stmt *st;
    int64_t realm_id, old = 0;
    int rc;

    if (!o->order.n || o->order.n > CRM_PID_MAX)
        return QUND_E_INVAL;
    rc = qund_crm_realm(crm, realm, &realm_id);
    if (rc < 0)
        return rc;
    st = qund_sql(crm->db, "SELECT id FROM shop_order WHERE realm = :realm AND number = :number");
    qund_assert(st);
    qund_bind_int(st, ":realm", realm_id);
    qund_bind_str(st, ":number", o->order);
    rc = qund_step(st);
    if (rc == 1)
        old = qund_col_int(st, 0);
    qund_stmt_reset(st);
    if (rc < 0)
        return rc;
    st = qund_sql(
        crm->db, "INSERT INTO shop_order(realm, number, contact, phone, amount_cent, paid_at, "
                 "items, seq) VALUES(:realm, :number, :contact, :phone, :amount, :paid, :items, "
                 ":seq) ON CONFLICT(realm, number) DO UPDATE SET "
                 "contact = CASE WHEN excluded.contact > 0 THEN excluded.contact ELSE contact END, "
                 "phone = CASE WHEN excluded.phone <> '' THEN excluded.phone ELSE phone END, "
                 "amount_cent = excluded.amount_cent, paid_at = excluded.paid_at, "
                 "items = CASE WHEN excluded.items <> '' THEN excluded.items ELSE items END");
    qund_assert(st);
    qund_bind_int(st, ":realm", realm_id);
    qund_bind_str(st, ":number", o->order);
    qund_bind_int(st, ":contact", o->contact ? o->contact->id : 0);
    qund_bind_str(st, ":phone", crm_text(o->phone));
    qund_bind_int(st, ":amount", o->amount_cent);
    qund_bind_int(st, ":paid", o->paid_at);
    qund_bind_str(st, ":items", crm_text(o->items));
    qund_bind_int(st, ":seq", o->seq);
    rc = qund_run(st);
    return rc < 0 ? rc : old ? 0 : 1;
}
