/* src/crm/command_roster_sql.c - rosters and leave, as the faces change them.
 *
 * Their body is one entry in the language of org.yaml (JSON is YAML), read by the same parser, so
 * that there is one grammar of shifts and not two. What the file names is the file's: the faces are
 * told to change it there. */
#include "crm/command_parts.h"
#include "crm/org_parts.h"

/* An org file made of the store's staff and the one entry under `section`. */
static int parse_entry(struct crm_cmd *c, const char *section, struct qund_org **org)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
    struct qund_stmt *st = qund_crm_stmt(c->crm->db,
                                         "SELECT key FROM staff WHERE active = 1 "
                                         "ORDER BY key",
                                         NULL, 0);
    struct qund_errs errs;
    struct qund_jw w;
    int rc;

    qund_buf_puts(&text, "staff:\n");
    while ((rc = qund_step(st)) == 1) {
        qund_buf_puts(&text, "  - id: ");
        w = qund_jw(&text);
        qund_jw_str(&w, qund_col_str(st, 0));
        qund_buf_char(&text, '\n');
    }
    qund_stmt_reset(st);
    if (rc < 0)
        return rc;
    qund_buf_printf(&text, "%s:\n  - ", section);
    for (size_t i = 0; i < c->body.n; i++) /* one line: YAML counts indentation, JSON does not */
        qund_buf_char(&text, strchr("\n\r\t", c->body.p[i]) ? ' ' : c->body.p[i]);
    qund_buf_char(&text, '\n');
    qund_errs_init(&errs, 4);
    rc = qund_org_parse("body", qund_buf_view(&text), org, &errs);
    if (rc < 0 && errs.n)
        rc = qund_err_set(c->err, rc, section, "%s", errs.v[0].text);
    qund_errs_done(&errs);
    return rc;
}

/* DENIED when a row of the file stands under this key. */
static int roster_free(struct crm_cmd *c, struct qund_str key)
{
    int64_t managed = 0;
    int rc = qund_crm_ask(c->crm->db, "SELECT source = 'file' FROM roster WHERE key = :key",
                          CRM_ARGS(CRM_STR(":key", key)), &managed);

    if (managed)
        return qund_err_set(c->err, QUND_E_DENIED, "managed_by_file",
                            "this roster is named in org.yaml: change it there");
    return rc == QUND_E_NOTFOUND ? QUND_OK : rc;
}

int qund_crm_cmd_roster_put(struct crm_cmd *c)
{
    QUND_AUTO(qund_org_free) struct qund_org *org = NULL;
    int rc = parse_entry(c, "rosters", &org);

    if (rc == 0 && org->n_rosters != 1)
        rc = qund_err_set(c->err, QUND_E_INVAL, "body", "one roster is expected");
    if (rc == 0)
        rc = roster_free(c, org->rosters[0].key);
    if (rc == 0)
        rc = qund_org_put_roster(c->crm, &org->rosters[0], "api", c->now);
    if (rc < 0)
        return rc;
    qund_crm_org_changed(c->crm);
    return qund_crm_cmd_answer(c, "shifts", (int64_t)org->rosters[0].n_shifts);
}

int qund_crm_cmd_roster_remove(struct crm_cmd *c)
{
    int rc = roster_free(c, crm_text(c->v[0]));

    if (rc == 0)
        rc = qund_crm_run(c->crm->db, "UPDATE roster SET active = 0 WHERE key = :key",
                          CRM_ARGS(CRM_STR(":key", crm_text(c->v[0]))));
    if (rc < 0)
        return rc;
    qund_crm_org_changed(c->crm);
    return qund_crm_cmd_answer(c, "changed", qund_db_changes(c->crm->db));
}

int qund_crm_cmd_leave_add(struct crm_cmd *c)
{
    QUND_AUTO(qund_org_free) struct qund_org *org = NULL;
    int rc = parse_entry(c, "leave", &org);

    if (rc == 0 && org->n_leave != 1)
        rc = qund_err_set(c->err, QUND_E_INVAL, "body", "one leave is expected");
    if (rc == 0)
        rc = qund_org_put_leave(c->crm, &org->leave[0], "api");
    if (rc < 0)
        return rc;
    qund_crm_org_changed(c->crm);
    return qund_crm_cmd_answer(c, "leave", qund_db_last_rowid(c->crm->db));
}

int qund_crm_cmd_leave_remove(struct crm_cmd *c)
{
    int64_t id;
    int rc = qund_crm_body_int(c->v[0], "leave", 0, &id, c->err);

    if (rc == 0)
        rc = qund_crm_run(c->crm->db, "DELETE FROM leave WHERE id = :id AND source <> 'file'",
                          CRM_ARGS(CRM_INT(":id", id)));
    if (rc < 0)
        return rc;
    if (qund_db_changes(c->crm->db) == 0)
        return qund_err_set(c->err, QUND_E_NOTFOUND, "leave",
                            "there is none of this number that the API may remove");
    qund_crm_org_changed(c->crm);
    return qund_crm_cmd_answer(c, "changed", 1);
}
