/* src/crm/import_sql.c - chunks of imported rows.
 *
 * A chunk is one command, so it is applied whole or not at all; a row that is refused is told with
 * its line and does not hold up the others. Of a chunk that was applied already (the job's line
 * lies behind it) the refused rows alone are tried again, which are remembered by their lines: what
 * refused them may have been put right meanwhile (a lead's owner), and to take the others twice
 * would double who is known by nothing but a room. A dry run is a real one, taken back. */
#include "crm/body.h"
#include "crm/import_parts.h"

enum { REASON_MAX = 320 };

static int read_head(struct import_chunk *ch, struct qund_str body, struct qund_err *err)
{
    struct qund_jr jr;
    struct qund_jr_obj o;
    struct qund_str key;
    int rc;

    qund_jr_init(&jr, body, ch->arena, 8);
    rc = qund_jr_obj(&jr, &o);
    while (rc == 0 && (rc = qund_jr_obj_next(&jr, &o, &key)) == 1) {
        if (qund_str_is(key, "job"))
            rc = qund_jr_str(&jr, &ch->job);
        else if (qund_str_is(key, "realm"))
            rc = qund_jr_str(&jr, &ch->realm);
        else if (qund_str_is(key, "source"))
            rc = qund_jr_str(&jr, &ch->source);
        else if (qund_str_is(key, "dry_run"))
            rc = qund_jr_bool(&jr, &ch->dry_run);
        else if (qund_str_is(key, "done"))
            rc = qund_jr_bool(&jr, &ch->done);
        else if (qund_str_is(key, "first_line"))
            rc = qund_jr_int(&jr, &ch->first_line);
        else if (qund_str_is(key, "next_line"))
            rc = qund_jr_int(&jr, &ch->next_line);
        else
            rc = qund_jr_skip(&jr, &ch->rows);
    }
    if (rc < 0 || !ch->rows.p || !ch->job.n || ch->job.n > 64)
        return qund_err_set(err, QUND_E_INVAL, "body", "%s",
                            jr.why ? jr.why : "an import has job and rows");
    return QUND_OK;
}

static void refuse(struct import_chunk *ch, struct qund_jw *w, int64_t line,
                   const struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf reason = {0};

    if (err->where[0])
        qund_buf_printf(&reason, "%s: ", err->where);
    qund_buf_puts(&reason, err->text);
    qund_jw_obj(w);
    qund_jw_kint(w, "line", line);
    qund_jw_kstr(w, "reason", qund_utf8_cut(qund_buf_view(&reason), REASON_MAX));
    qund_jw_end_obj(w);
    ch->errors++;
}

/* One {"line", "row" | "error"}. *ok: a row to apply. */
static int read_row(struct qund_jr *jr, struct import_chunk *ch, struct import_row *r,
                    int64_t *line, struct qund_err *err)
{
    const char *names[COL_COUNT];
    struct qund_jr_obj o;
    struct qund_str key, reason = QUND_STR_NONE;
    int rc = qund_jr_obj(jr, &o), form = QUND_OK;

    memset(r, 0, sizeof(*r));
    for (size_t i = 0; i < COL_COUNT; i++)
        names[i] = qund_column_name((enum qund_column)i);
    while (rc == 0 && (rc = qund_jr_obj_next(jr, &o, &key)) == 1) {
        struct qund_str raw;
        struct qund_jr own;

        if (qund_str_is(key, "line")) {
            rc = qund_jr_int(jr, line);
        } else if (qund_str_is(key, "error")) {
            rc = qund_jr_str(jr, &reason);
        } else {
            rc = qund_jr_skip(jr, &raw);
            qund_jr_init(&own, rc == 0 ? raw : QUND_STR(""), ch->arena, 4);
            form = rc == 0 ? qund_crm_body_read(&own, ch->arena, names, COL_COUNT, r->v, err) : rc;
        }
    }
    if (rc < 0)
        return rc;
    if (reason.p)
        return qund_err_set(err, QUND_E_INVAL, "", "%.*s", QUND_STR_ARG(reason));
    return form;
}

/* --- what was refused --- */

int qund_import_refused_line(struct qund_db *db, const char *job, int64_t *line)
{
    return qund_crm_ask(db, "SELECT ifnull(min(line), 0) FROM import_refused WHERE job = :job",
                        CRM_ARGS(CRM_STR(":job", qund_str(job))), line);
}

/* 1: to be tried, 0: it was taken before. */
static int wanted(const struct import_chunk *ch, int64_t line)
{
    int64_t n = 1;
    int rc = 0;

    if (ch->again)
        rc = qund_crm_ask(ch->crm->db,
                          "SELECT count(*) FROM import_refused WHERE job = :job AND line = :line",
                          CRM_ARGS(CRM_STR(":job", ch->job), CRM_INT(":line", line)), &n);
    return rc < 0 ? rc : n > 0;
}

static int remember(const struct import_chunk *ch, int64_t line, bool refused)
{
    if (ch->dry_run || (!refused && !ch->again))
        return 0;
    return qund_crm_run(ch->crm->db,
                        refused ? "INSERT OR IGNORE INTO import_refused(job, line) "
                                  "VALUES(:job, :line)"
                                : "DELETE FROM import_refused WHERE job = :job AND line = :line",
                        CRM_ARGS(CRM_STR(":job", ch->job), CRM_INT(":line", line)));
}

/* --- rows --- */

static int apply_rows(struct import_chunk *ch, struct qund_jw *w, struct qund_err *err)
{
    struct qund_jr jr;
    bool first;
    int rc;

    qund_jr_init(&jr, ch->rows, ch->arena, 8);
    rc = qund_jr_arr(&jr, &first);
    while (rc == 0 && (rc = qund_jr_arr_next(&jr, &first)) == 1) {
        struct qund_err why = {0};
        struct import_row r;
        int64_t line = 0;
        int done = read_row(&jr, ch, &r, &line, &why);

        if (jr.why)
            break;
        rc = wanted(ch, line);
        if (rc == 0)
            continue;
        ch->n_rows += rc > 0;
        if (rc < 0)
            done = rc;
        if (done == 0)
            done = qund_import_judge(ch, &r, &why);
        if (done == 0)
            done = qund_import_write(ch, &r, &why);
        rc = 0;
        if (done == QUND_E_INVAL || done == QUND_E_DENIED || done == QUND_E_EXISTS)
            refuse(ch, w, line, &why);
        else if (done < 0)
            return qund_err_set(err, done, "import", "line %lld: %s", (long long)line,
                                qund_db_error(ch->crm->db));
        else if (done == 1)
            ch->created++;
        else
            ch->updated++;
        rc = remember(ch, line, done < 0);
    }
    return jr.why ? qund_err_set(err, QUND_E_INVAL, "rows", "%s", jr.why) : rc;
}

/* The job's line stands where it stood. */
static int note_again(const struct import_chunk *ch)
{
    return qund_crm_run(
        ch->crm->db,
        "UPDATE import_job SET created = created + :created, updated = updated + :updated, "
        "errors = errors - :created - :updated, at = :now WHERE id = :id",
        CRM_ARGS(CRM_INT(":created", ch->created), CRM_INT(":updated", ch->updated),
                 CRM_INT(":now", ch->now), CRM_STR(":id", ch->job)));
}

static int note_job(const struct import_chunk *ch)
{
    if (ch->again)
        return note_again(ch);
    return qund_crm_run(
        ch->crm->db,
        "INSERT INTO import_job(id, kind, next_line, rows, created, updated, errors, done, at) "
        "VALUES(:id, :kind, :next, :rows, :created, :updated, :errors, :done, :now) "
        "ON CONFLICT DO UPDATE SET next_line = :next, rows = rows + :rows, "
        "created = created + :created, updated = updated + :updated, errors = errors + :errors, "
        "done = :done, at = :now",
        CRM_ARGS(CRM_STR(":id", ch->job), CRM_STR(":kind", qund_str(qund_table_name(ch->table))),
                 CRM_INT(":next", ch->next_line), CRM_INT(":rows", ch->n_rows),
                 CRM_INT(":created", ch->created), CRM_INT(":updated", ch->updated),
                 CRM_INT(":errors", ch->errors), CRM_INT(":done", ch->done),
                 CRM_INT(":now", ch->now)));
}

static int apply_chunk(struct import_chunk *ch, struct qund_jw *w, struct qund_err *err)
{
    int rc, undone;

    if (!ch->dry_run) {
        rc = apply_rows(ch, w, err);
        if (rc == 0 && ch->table == QUND_TABLE_STAFF)
            qund_crm_org_changed(ch->crm);
        return rc < 0 ? rc : note_job(ch);
    }
    rc = qund_db_save(ch->crm->db, "dry_run");
    if (rc < 0)
        return rc;
    rc = apply_rows(ch, w, err);
    undone = qund_db_rollback_to(ch->crm->db, "dry_run");
    if (undone == 0)
        undone = qund_db_release(ch->crm->db, "dry_run");
    qund_crm_item_undo(ch->crm);
    return rc < 0 ? rc : undone;
}

int qund_crm_import_apply(struct qund_crm *crm, enum qund_table t, struct qund_str body,
                          int64_t now, struct qund_buf *reply, struct qund_err *err)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(64u << 10);
    struct import_chunk ch = {.crm = crm,
                              .arena = arena,
                              .table = t,
                              .now = now,
                              .realm = QUND_STR("import"),
                              .source = QUND_STR("import")};
    QUND_AUTO(qund_free_str) char *job = NULL;
    struct qund_jw w = qund_jw(reply);
    int64_t line = 0, refused = 0;
    bool done, repeat;
    int rc;

    if (!qund_import_takes(t))
        return qund_err_set(err, QUND_E_INVAL, qund_table_name(t), "this table is export only");
    rc = read_head(&ch, body, err);
    if (rc < 0)
        return rc;
    job = qund_str_dup(ch.job);
    rc = qund_import_done_line(crm->db, job, &line, &done);
    if (rc == 0)
        rc = qund_import_refused_line(crm->db, job, &refused);
    if (rc < 0)
        return rc;
    repeat = !ch.dry_run && (line > ch.first_line || done);
    ch.again = repeat;
    qund_jw_obj(&w);
    qund_jw_kstr(&w, "job", ch.job);
    qund_jw_key(&w, "errors");
    qund_jw_arr(&w);
    rc = repeat && refused == 0 ? QUND_OK : apply_chunk(&ch, &w, err);
    qund_jw_end_arr(&w);
    qund_jw_kint(&w, "rows", ch.n_rows);
    qund_jw_kint(&w, "created", ch.created);
    qund_jw_kint(&w, "updated", ch.updated);
    qund_jw_kint(&w, "next_line", repeat ? line : ch.next_line);
    qund_jw_kbool(&w, "repeated", repeat);
    qund_jw_kbool(&w, "dry_run", ch.dry_run);
    qund_jw_kbool(&w, "done", ch.done);
    qund_jw_end_obj(&w);
    return rc;
}

int qund_import_done_line(struct qund_db *db, const char *job, int64_t *line, bool *done)
{
    struct qund_stmt *st =
        qund_crm_stmt(db, "SELECT next_line, done FROM import_job WHERE id = :id",
                      CRM_ARGS(CRM_STR(":id", qund_str(job))));
    int rc = qund_step(st);

    *line = rc == 1 ? qund_col_int(st, 0) : 0;
    *done = rc == 1 && qund_col_int(st, 1) != 0;
    qund_stmt_reset(st);
    return rc < 0 ? rc : QUND_OK;
}
