/* src/crm/staff_sql.c - staff as the API and imports write them. Those whom org.yaml names are the
 * file's: the next start would overwrite the change, so it is refused with a name for the reason.
 */
#include "crm/internal.h"

/* EXISTS when the identity is another's, or the file's. */
static int identity_free(struct qund_crm *crm, const struct qund_crm_staff *s, int64_t realm,
                         struct qund_err *err)
{
    int64_t other;
    int rc = qund_crm_ask(
        crm->db,
        "SELECT 1 FROM actor a LEFT JOIN staff s ON s.id = a.staff WHERE "
        "a.realm = :realm AND a.pid = :pid AND "
        "(s.key IS NULL OR s.key <> :key OR a.source = 'file')",
        CRM_ARGS(CRM_INT(":realm", realm), CRM_STR(":pid", s->pid), CRM_STR(":key", s->key)),
        &other);

    if (rc == 0)
        return qund_err_set(err, QUND_E_EXISTS, "id", "this identity is somebody else's already");
    return rc == QUND_E_NOTFOUND ? QUND_OK : rc;
}

static int claim_identity(struct qund_crm *crm, const struct qund_crm_staff *s, int64_t realm,
                          int64_t id)
{
    return qund_crm_run(crm->db,
                        "INSERT INTO actor(realm, pid, role, staff) VALUES(:realm, :pid, :role, "
                        ":id) ON CONFLICT DO NOTHING",
                        CRM_ARGS(CRM_INT(":realm", realm), CRM_STR(":pid", s->pid),
                                 CRM_INT(":role", QUND_ROLE_STAFF), CRM_INT(":id", id)));
}

int qund_crm_staff_put(struct qund_crm *crm, const struct qund_crm_staff *s, int64_t *id,
                       struct qund_err *err)
{
    int64_t managed = 0, realm = 0;
    bool made;
    int rc;

    if (!s->key.n || s->key.n > CRM_PID_MAX)
        return qund_err_set(err, QUND_E_INVAL, "key", "1 to %d bytes that name the person",
                            CRM_PID_MAX);
    rc = qund_crm_ask(crm->db, "SELECT source = 'file' FROM staff WHERE key = :key",
                      CRM_ARGS(CRM_STR(":key", s->key)), &managed);
    made = rc == QUND_E_NOTFOUND;
    if (rc < 0 && !made)
        return rc;
    if (managed)
        return qund_err_set(err, QUND_E_DENIED, "managed_by_file",
                            "'%.*s' is named in org.yaml: change it there", QUND_STR_ARG(s->key));
    rc = s->pid.n ? qund_crm_realm(crm, s->realm, &realm) : QUND_OK;
    if (rc == 0 && s->pid.n)
        rc = identity_free(crm, s, realm, err);
    if (rc < 0)
        return rc;
    rc = qund_crm_run(
        crm->db,
        "INSERT INTO staff(key, name, active) VALUES(:key, CASE WHEN :name = '' THEN :key ELSE "
        ":name END, :active) ON CONFLICT(key) DO UPDATE SET active = :active, "
        "name = CASE WHEN :name = '' THEN name ELSE :name END",
        CRM_ARGS(CRM_STR(":key", s->key), CRM_STR(":name", crm_text(qund_crm_cut_name(s->name))),
                 CRM_INT(":active", s->active)));
    if (rc == 0)
        rc = qund_crm_ask(crm->db, "SELECT id FROM staff WHERE key = :key",
                          CRM_ARGS(CRM_STR(":key", s->key)), id);
    if (rc == 0 && s->pid.n)
        rc = claim_identity(crm, s, realm, *id);
    return rc < 0 ? rc : made;
}
