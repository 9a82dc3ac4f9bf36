/* src/sop/template_sql.c - versions of templates as rows.
 *
 * A version is made when the digest of the canonical text is another than the latest one's, and
 * never changes. A template whose file went is marked, not deleted: plans pin its versions. */
#include "sop/internal.h"

int qund_sop_version_sql_last(struct qund_db *db, struct qund_str id, struct sop_version *out)
{
    struct qund_stmt *st = qund_sql(db, "SELECT version, digest, source, gone FROM sop_template"
                                        " WHERE id = :id ORDER BY version DESC LIMIT 1");
    int rc;

    qund_assert(st);
    qund_bind_str(st, ":id", id);
    rc = qund_step(st);
    if (rc == 1) {
        out->version = qund_col_int(st, 0);
        snprintf(out->digest, sizeof(out->digest), "%.*s", QUND_STR_ARG(qund_col_str(st, 1)));
        out->file = qund_str_is(qund_col_str(st, 2), "file");
        out->gone = qund_col_int(st, 3) != 0;
    }
    qund_stmt_reset(st);
    return rc == 1 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

int qund_sop_version_sql_put(struct qund_db *db, const struct qund_sop_template *t, int64_t version,
                             bool file, int64_t now)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT INTO sop_template(id, version, digest, title, body, source, at)"
                     " VALUES(:id, :version, :digest, :title, :body, :source, :at)");

    qund_assert(st);
    qund_bind_str(st, ":id", t->id);
    qund_bind_int(st, ":version", version);
    qund_bind_str(st, ":digest", qund_str(t->digest));
    qund_bind_str(st, ":title", t->title.n > 0 ? t->title : t->id);
    qund_bind_str(st, ":body", t->text);
    qund_bind_str(st, ":source", file ? QUND_STR("file") : QUND_STR("api"));
    qund_bind_int(st, ":at", now);
    return qund_run(st);
}

int qund_sop_version_sql_gone(struct qund_db *db, struct qund_str id, bool gone)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE sop_template SET gone = :gone WHERE id = :id AND gone <> :gone");

    qund_assert(st);
    qund_bind_str(st, ":id", id);
    qund_bind_int(st, ":gone", gone);
    return qund_run(st);
}

int qund_sop_version_sql_each(struct qund_db *db, bool file,
                              int (*each)(void *arg, struct qund_str id), void *arg)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT id FROM sop_template t WHERE gone = 0"
                     " AND version = (SELECT max(version) FROM sop_template WHERE id = t.id)"
                     " AND (:file = 0 OR source = 'file') ORDER BY id");
    QUND_AUTO(qund_buf_done) struct qund_buf ids = {0};
    struct qund_str rest;
    int rc;

    qund_assert(st);
    qund_bind_int(st, ":file", file);
    while ((rc = qund_step(st)) == 1) {
        qund_buf_str(&ids, qund_col_str(st, 0));
        qund_buf_char(&ids, '\n'); /* an id holds none */
    }
    qund_stmt_reset(st);
    rest = qund_buf_view(&ids);
    while (rc == 0 && rest.n > 0)
        rc = each(arg, qund_str_split(&rest, '\n'));
    return rc;
}

int qund_sop_version_sql_body(struct qund_db *db, struct qund_str id, int64_t version,
                              struct qund_buf *body)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT body FROM sop_template WHERE id = :id AND version = :version");
    int rc;

    qund_assert(st);
    qund_bind_str(st, ":id", id);
    qund_bind_int(st, ":version", version);
    rc = qund_step(st);
    if (rc == 1)
        qund_buf_str(body, qund_col_str(st, 0));
    qund_stmt_reset(st);
    return rc == 1 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

/* --- for the faces: any handle --- */

static void print(struct qund_stmt *st, bool body, struct qund_jw *w)
{
    qund_jw_obj(w);
    qund_jw_kstr(w, "id", qund_col_str(st, 0));
    qund_jw_kint(w, "version", qund_col_int(st, 1));
    qund_jw_kstr(w, "title", qund_col_str(st, 2));
    qund_jw_kstr(w, "source", qund_col_str(st, 3));
    qund_jw_kts(w, "at", qund_col_int(st, 4));
    qund_jw_kstr(w, "digest", qund_col_str(st, 5));
    qund_jw_kbool(w, "gone", qund_col_int(st, 6) != 0);
    qund_jw_kint(w, "plans", qund_col_int(st, 7));
    if (body) {
        qund_jw_key(w, "template");
        qund_jw_raw(w, qund_col_str(st, 8));
    }
    qund_jw_end_obj(w);
}

#define SHOWN                                               \
    "SELECT id, version, title, source, at, digest, gone, " \
    "(SELECT count(*) FROM plan WHERE template = t.id AND state < 2), body FROM sop_template t "

int qund_sop_template_list(struct qund_db *db, struct qund_buf *json)
{
    struct qund_stmt *st =
        qund_sql(db, SHOWN "WHERE version = (SELECT max(version) FROM sop_template WHERE id = t.id)"
                           " ORDER BY gone, id");
    int n = 0, rc;

    if (!st)
        return QUND_E_IO;
    while ((rc = qund_step(st)) == 1) {
        struct qund_jw w = qund_jw(json);

        if (n++ > 0)
            qund_buf_char(json, ',');
        print(st, false, &w);
    }
    qund_stmt_reset(st);
    return rc < 0 ? rc : n;
}

int qund_sop_template_show(struct qund_db *db, struct qund_str id, int64_t version,
                           struct qund_buf *json)
{
    struct qund_stmt *st = qund_sql(db, SHOWN "WHERE id = :id AND (:version = 0 OR"
                                              " version = :version) ORDER BY version DESC LIMIT 1");
    struct qund_jw w = qund_jw(json);
    int rc;

    if (!st)
        return QUND_E_IO;
    qund_bind_str(st, ":id", id);
    qund_bind_int(st, ":version", version);
    rc = qund_step(st);
    if (rc == 1)
        print(st, true, &w);
    qund_stmt_reset(st);
    return rc == 1 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}
