/* src/alert/alert_sql.c - every statement on `alert` and `alert_message`. */
#include "alert/internal.h"
#include <stdio.h>

#define TITLE_MAX 1000
#define QUOTE_MAX 2000

static int link_message(struct qund_db *db, int64_t id, int64_t seq)
{
    struct qund_stmt *st =
        qund_sql(db, "INSERT OR IGNORE INTO alert_message(seq, alert) VALUES(:seq, :alert)");
    int rc;

    if (seq == 0)
        return 1;
    qund_bind_int(st, ":seq", seq);
    qund_bind_int(st, ":alert", id);
    rc = qund_run(st);
    return rc < 0 ? rc : qund_db_changes(db) > 0;
}

static void copy(char *out, size_t size, struct qund_str s)
{
    snprintf(out, size, "%.*s", QUND_STR_ARG(s));
}

static struct qund_str role_of(const struct qund_alert_new *n)
{
    return n->to.n ? n->to : QUND_STR("manager");
}

/* What is about to be written, for whoever goes on with it: no need to read it again. */
static void row_of(const struct qund_alert_new *n, int64_t now, struct alert_row *out)
{
    *out = (struct alert_row){.grp = n->group,
                              .contact = n->contact,
                              .seq = n->seq,
                              .last_ts = n->ts,
                              .since = n->since ? n->since : n->ts,
                              .created = now};
    copy(out->level, sizeof(out->level), n->level);
    copy(out->ladder, sizeof(out->ladder), n->ladder);
    copy(out->role, sizeof(out->role), role_of(n));
}

int qund_alert_sql_insert(struct qund_db *db, const struct qund_alert_new *n, struct qund_str cause,
                          int64_t now, struct alert_row *out)
{
    struct qund_stmt *st = qund_sql(
        db, "INSERT INTO alert(cause, rule, rule_version, level, state, grp, contact, seq, role,"
            " ladder, since, title, quote, context, sender_name, group_name, first_ts, last_ts,"
            " created, changed, suggest) VALUES(:cause, :rule, :version, :level, 0, :grp, "
            ":contact, :seq,"
            " :role, :ladder, :since, :title, :quote, :context, :sender, :group, :ts, :ts, :now,"
            " :now, :suggest)");
    int rc;

    row_of(n, now, out);
    qund_bind_str(st, ":cause", cause);
    qund_bind_str(st, ":rule", n->rule);
    qund_bind_int(st, ":version", n->rule_version);
    qund_bind_str(st, ":level", n->level);
    qund_bind_int_or_null(st, ":grp", n->group);
    qund_bind_int_or_null(st, ":contact", n->contact);
    qund_bind_int_or_null(st, ":seq", n->seq);
    qund_bind_str(st, ":role", role_of(n));
    qund_bind_str(st, ":ladder", n->ladder.p ? n->ladder : QUND_STR(""));
    qund_bind_int(st, ":since", out->since);
    qund_bind_str(st, ":title", qund_utf8_cut(n->title.p ? n->title : n->rule, TITLE_MAX));
    qund_bind_str(st, ":quote", qund_utf8_cut(n->quote, QUOTE_MAX));
    qund_bind_str(st, ":suggest",
                  n->suggest.n > 0 ? qund_utf8_cut(n->suggest, QUOTE_MAX) : QUND_STR_NONE);
    qund_bind_str(st, ":context", n->context);
    qund_bind_str(st, ":sender", n->sender_name);
    qund_bind_str(st, ":group", n->group_name);
    qund_bind_int(st, ":ts", n->ts);
    qund_bind_int(st, ":now", now);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    out->id = qund_db_last_rowid(db);
    rc = link_message(db, out->id, n->seq);
    return rc < 0 ? rc : 0;
}

#define COLUMNS                                                                          \
    "id, grp, contact, seq, last_ts, since, state, step, level, ladder, role, snoozed, " \
    "rounds, by_whom, created"

static int read_one(struct qund_stmt *st, struct alert_row *out)
{
    int rc = qund_step(st);

    if (rc > 0) {
        *out = (struct alert_row){.id = qund_col_int(st, 0),
                                  .grp = qund_col_int(st, 1),
                                  .contact = qund_col_int(st, 2),
                                  .seq = qund_col_int(st, 3),
                                  .last_ts = qund_col_int(st, 4),
                                  .since = qund_col_int(st, 5),
                                  .state = (enum qund_alert_state)qund_col_int(st, 6),
                                  .step = (int)qund_col_int(st, 7)};
        copy(out->level, sizeof(out->level), qund_col_str(st, 8));
        copy(out->ladder, sizeof(out->ladder), qund_col_str(st, 9));
        copy(out->role, sizeof(out->role), qund_col_str(st, 10));
        out->snoozed = qund_col_int(st, 11);
        out->rounds = (int)qund_col_int(st, 12);
        copy(out->by, sizeof(out->by), qund_col_str(st, 13));
        out->created = qund_col_int(st, 14);
    }
    qund_stmt_reset(st);
    return rc > 0 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

int qund_alert_sql_get(struct qund_db *db, int64_t id, struct alert_row *out)
{
    struct qund_stmt *st = qund_sql(db, "SELECT " COLUMNS " FROM alert WHERE id = :id");

    qund_bind_int(st, ":id", id);
    return read_one(st, out);
}

int qund_alert_sql_open(struct qund_db *db, struct qund_str cause, struct alert_row *out)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT " COLUMNS " FROM alert WHERE cause = :cause AND state < 2");

    qund_bind_str(st, ":cause", cause);
    return read_one(st, out);
}

int qund_alert_sql_fold(struct qund_db *db, int64_t id, int64_t seq, int64_t ts, int64_t now)
{
    struct qund_stmt *st;
    int rc = link_message(db, id, seq);

    if (rc <= 0)
        return rc; /* counted before */
    st = qund_sql(db, "UPDATE alert SET n = n + 1, last_ts = max(last_ts, :ts), changed = :now"
                      " WHERE id = :id");
    qund_bind_int(st, ":ts", ts);
    qund_bind_int(st, ":now", now);
    qund_bind_int(st, ":id", id);
    return qund_run(st);
}

int qund_alert_sql_part(struct qund_db *db, int64_t id)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE alert SET cause = cause || '#' || id WHERE id = :id");

    qund_bind_int(st, ":id", id);
    return qund_run(st);
}

int qund_alert_sql_step(struct qund_db *db, int64_t id, int step)
{
    struct qund_stmt *st = qund_sql(db, "UPDATE alert SET step = :step WHERE id = :id");

    qund_bind_int(st, ":step", step);
    qund_bind_int(st, ":id", id);
    return qund_run(st);
}

int qund_alert_sql_set(struct qund_db *db, int64_t id, enum qund_alert_state to, struct qund_str by,
                       struct qund_str note, int64_t now)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE alert SET state = :state, by_whom = :by, snoozed = 0, relevant = 1,"
                     " proof = NULL, number = NULL, note = coalesce(:note, note), changed = :now"
                     " WHERE id = :id");

    qund_bind_int(st, ":state", to);
    qund_bind_str(st, ":by", by);
    qund_bind_str(st, ":note", qund_utf8_cut(note, TITLE_MAX));
    qund_bind_int(st, ":now", now);
    qund_bind_int(st, ":id", id);
    return qund_run(st);
}

/* Empty is the same as not given, whoever asks: a form, a word in a chat, the API. */
static struct qund_str given(struct qund_str s)
{
    return s.n > 0 ? s : QUND_STR_NONE;
}

int qund_alert_sql_end(struct qund_db *db, int64_t id, const struct qund_alert_end *end)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE alert SET relevant = :relevant, proof = :proof, number = :number"
                     " WHERE id = :id");

    qund_bind_int(st, ":relevant", !end->irrelevant);
    qund_bind_str(st, ":proof", given(qund_utf8_cut(end->proof, TITLE_MAX)));
    qund_bind_str(st, ":number", given(end->number));
    qund_bind_int(st, ":id", id);
    return qund_run(st);
}

static void bind_deed(struct qund_stmt *st, const struct qund_alert_deed *d, int64_t now)
{
    qund_bind_str(st, ":by", d->by);
    qund_bind_str(st, ":note", qund_utf8_cut(d->note, TITLE_MAX));
    qund_bind_int(st, ":now", now);
    qund_bind_int(st, ":id", d->id);
}

int qund_alert_sql_snooze(struct qund_db *db, const struct qund_alert_deed *d, int64_t until,
                          int64_t now)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE alert SET snoozed = :until, by_whom = :by,"
                     " note = coalesce(:note, note), changed = :now WHERE id = :id");

    bind_deed(st, d, now);
    qund_bind_int(st, ":until", until);
    return qund_run(st);
}

int qund_alert_sql_wake(struct qund_db *db, int64_t id, int64_t since, int64_t now)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE alert SET snoozed = 0, rounds = rounds + 1, since = :since,"
                     " changed = :now WHERE id = :id");

    qund_bind_int(st, ":since", since);
    qund_bind_int(st, ":now", now);
    qund_bind_int(st, ":id", id);
    return qund_run(st);
}

int qund_alert_sql_hand(struct qund_db *db, const struct qund_alert_deed *d, struct qund_str role,
                        int64_t now)
{
    struct qund_stmt *st =
        qund_sql(db, "UPDATE alert SET state = 0, snoozed = 0, step = 0, rounds = rounds + 1,"
                     " since = :now, role = :role, by_whom = :by, note = coalesce(:note, note),"
                     " changed = :now WHERE id = :id");

    bind_deed(st, d, now);
    qund_bind_str(st, ":role", role);
    return qund_run(st);
}

static int read_ids(struct qund_stmt *st, int64_t *ids)
{
    int n = 0;
    int rc;

    while ((rc = qund_step(st)) > 0)
        ids[n++] = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc < 0 ? rc : n;
}

int qund_alert_sql_open_of(struct qund_db *db, int64_t seq, int64_t *ids, size_t max)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT id FROM alert WHERE seq = :seq AND state < 2 LIMIT :max");

    qund_bind_int(st, ":seq", seq);
    qund_bind_int(st, ":max", (int64_t)max);
    return read_ids(st, ids);
}

int qund_alert_sql_settled_of(struct qund_db *db, int64_t seq, struct qund_str note, int64_t *ids,
                              size_t max)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT id FROM alert WHERE seq = :seq AND state = 2 AND note = :note"
                     " ORDER BY id DESC LIMIT :max");

    qund_bind_int(st, ":seq", seq);
    qund_bind_str(st, ":note", note);
    qund_bind_int(st, ":max", (int64_t)max);
    return read_ids(st, ids);
}

int qund_alert_marked(struct qund_db *db, int64_t id, struct qund_alert_mark *out)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT rule, relevant, first_ts, grp, snoozed, state, by_whom FROM alert"
                     " WHERE id = :id");
    int rc;

    qund_bind_int(st, ":id", id);
    rc = qund_step(st);
    if (rc > 0) {
        copy(out->rule, sizeof(out->rule), qund_col_str(st, 0));
        out->relevant = qund_col_int(st, 1) != 0;
        out->first_ts = qund_col_int(st, 2);
        out->group = qund_col_int(st, 3);
        out->snoozed = qund_col_int(st, 4);
        out->state = (enum qund_alert_state)qund_col_int(st, 5);
        copy(out->by, sizeof(out->by), qund_col_str(st, 6));
    }
    qund_stmt_reset(st);
    return rc > 0 ? 0 : rc < 0 ? rc : QUND_E_NOTFOUND;
}

int qund_alert_of_message(struct qund_db *db, int64_t seq)
{
    struct qund_stmt *st = qund_sql(db, "SELECT 1 FROM alert_message WHERE seq = :seq LIMIT 1");

    qund_bind_int(st, ":seq", seq);
    return qund_any(st);
}
