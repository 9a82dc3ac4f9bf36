/* rule_store_sql.c - the last good set as rows, and back.
 *
 * A swap writes only what differs: a rule whose digest is the stored one is touched in its rank at
 * most. A rule that changes gets the next version and keeps its number, and with it its windows and
 * counters; one that disappears is switched off and keeps them too, should it come back. Words
 * files are stored once by content, so that the last good set can be rebuilt on a machine whose
 * rule files have been broken or lost. */
#include "core/file.h"
#include "rule/internal.h"
#include "store/db.h"
#include <stdio.h>
#include <stdlib.h>

struct known {
    int64_t no, version, rank;
    char digest[65];
    bool found, active;
};
struct swap {
    struct qund_db *db;
    const struct qund_rules *set;
    struct known *known; /* per rule of the set */
    int64_t now;
    struct qund_rules_change change;
    int rc;
    int64_t no;           /* of the rule whose words are stored */
    struct qund_buf lean; /* the table of leanings, printed when the first rule needs it */
};

/* --- what is stored now --- */
static int read_known(struct swap *w)
{
    struct qund_stmt *st =
        qund_sql(w->db, "SELECT id, no, version, digest, rank, active FROM rule");
    int rc;

    if (!st)
        return QUND_E_IO;
    while ((rc = qund_step(st)) == 1) {
        int at = qund_rules_find(w->set, qund_col_str(st, 0));
        struct known *k;

        if (at < 0)
            continue;
        k = &w->known[at];
        k->no = qund_col_int(st, 1);
        k->version = qund_col_int(st, 2);
        snprintf(k->digest, sizeof(k->digest), "%.*s", QUND_STR_ARG(qund_col_str(st, 3)));
        k->rank = qund_col_int(st, 4);
        k->active = qund_col_int(st, 5) != 0;
        k->found = true;
    }
    qund_stmt_reset(st);
    return rc;
}

static int switch_off_gone(struct swap *w)
{
    struct qund_stmt *st = qund_sql(w->db, "SELECT id FROM rule WHERE active = 1");
    struct qund_stmt *off = qund_sql(w->db, "UPDATE rule SET active = 0, rank = -1"
                                            " WHERE id = :id");
    QUND_AUTO(qund_buf_done) struct qund_buf gone = {0};
    struct qund_str rest, id;
    int rc;

    if (!st || !off)
        return QUND_E_IO;
    while ((rc = qund_step(st)) == 1)
        if (qund_rules_find(w->set, qund_col_str(st, 0)) < 0) {
            qund_buf_str(&gone, qund_col_str(st, 0));
            qund_buf_char(&gone, '\n'); /* an id holds none */
        }
    qund_stmt_reset(st);
    rest = qund_buf_view(&gone);
    while (rc == 0 && rest.n > 0) {
        id = qund_str_split(&rest, '\n');
        qund_bind_str(off, ":id", id);
        rc = qund_run(off);
        w->change.removed++;
    }
    return rc;
}

/* --- one rule --- */
static void keep_bytes(struct swap *w, struct qund_str name, const char *digest,
                       struct qund_str bytes)
{
    struct qund_stmt *st = qund_sql(w->db, "INSERT INTO rule_words (digest, bytes)"
                                           " VALUES (:digest, :bytes) ON CONFLICT DO NOTHING");
    struct qund_stmt *use = qund_sql(w->db, "INSERT OR REPLACE INTO rule_words_use"
                                            " VALUES (:no, :name, :digest)");

    if (!st || !use)
        w->rc = QUND_E_IO;
    if (w->rc < 0)
        return;
    qund_bind_str(st, ":digest", qund_str(digest));
    qund_bind_str(st, ":bytes", bytes);
    w->rc = qund_run(st);
    if (w->rc < 0)
        return;
    qund_bind_int(use, ":no", w->no);
    qund_bind_str(use, ":name", name);
    qund_bind_str(use, ":digest", qund_str(digest));
    w->rc = qund_run(use);
}

static void keep_words(const struct qund_rule_words *words, void *arg)
{
    keep_bytes(arg, words->name, words->digest, words->bytes);
}

/* Every file the rule's meaning hangs on. */
static void keep_files(struct swap *w, const struct qund_rule *r)
{
    qund_rule_each_words(r, keep_words, w);
    if (r->n_leans == 0)
        return;
    if (w->lean.n == 0)
        qund_lean_print(w->set->lean, &w->lean);
    keep_bytes(w, QUND_STR(QUND_LEAN_FILE), w->set->lean_digest, qund_buf_view(&w->lean));
}

static int write_rule(struct swap *w, size_t at)
{
    static const char sql[] =
        "INSERT INTO rule (id, version, digest, title, owner, source, text, rank, active, "
        "loaded_at)"
        " VALUES (:id, :version, :digest, :title, :owner, :source, :text, :rank, 1, :now)"
        " ON CONFLICT (id) DO UPDATE SET version = excluded.version, digest = excluded.digest,"
        " title = excluded.title, owner = excluded.owner, source = excluded.source,"
        " text = excluded.text, rank = excluded.rank, active = 1, loaded_at = excluded.loaded_at";
    const struct qund_rule *r = w->set->rules[at];
    struct known *k = &w->known[at];
    struct qund_stmt *st = qund_sql(w->db, sql);

    if (!st)
        return QUND_E_IO;
    qund_bind_str(st, ":id", r->id);
    qund_bind_int(st, ":version", ++k->version);
    qund_bind_str(st, ":digest", qund_str(r->digest));
    qund_bind_str(st, ":title", r->title);
    qund_bind_str(st, ":owner", r->owner);
    qund_bind_str(st, ":source", r->source);
    qund_bind_str(st, ":text", r->text);
    qund_bind_int(st, ":rank", (int64_t)at);
    qund_bind_int(st, ":now", w->now);
    return qund_run(st);
}

static int write_version(struct swap *w, size_t at)
{
    const struct qund_rule *r = w->set->rules[at];
    struct known *k = &w->known[at];
    struct qund_stmt *st =
        qund_sql(w->db, "INSERT INTO rule_version VALUES (:no, :version, :digest, :text, :now)");
    struct qund_stmt *no_words = qund_sql(w->db, "DELETE FROM rule_words_use WHERE no = :no");
    int rc;

    if (!st || !no_words)
        return QUND_E_IO;
    if (!k->found)
        k->no = qund_db_last_rowid(w->db);
    qund_bind_int(st, ":no", k->no);
    qund_bind_int(st, ":version", k->version);
    qund_bind_str(st, ":digest", qund_str(r->digest));
    qund_bind_str(st, ":text", r->text);
    qund_bind_int(st, ":now", w->now);
    rc = qund_run(st);
    if (rc < 0)
        return rc;
    qund_bind_int(no_words, ":no", k->no);
    w->rc = qund_run(no_words);
    w->no = k->no;
    keep_files(w, r);
    return w->rc;
}

static int touch_rule(struct swap *w, size_t at)
{
    struct qund_stmt *st = qund_sql(w->db, "UPDATE rule SET rank = :rank, active = 1,"
                                           " source = :source WHERE no = :no");

    if (!st)
        return QUND_E_IO;
    qund_bind_int(st, ":rank", (int64_t)at);
    qund_bind_str(st, ":source", w->set->rules[at]->source);
    qund_bind_int(st, ":no", w->known[at].no);
    w->rc = qund_run(st);
    w->no = w->known[at].no;
    if (!w->known[at].active) /* it comes back: its words may have been thrown away */
        keep_files(w, w->set->rules[at]);
    return w->rc;
}

static int store_rule(struct swap *w, size_t at)
{
    const struct known *k = &w->known[at];
    int rc;

    if (k->found && strcmp(k->digest, w->set->rules[at]->digest) == 0) {
        w->change.same++;
        return k->active && k->rank == (int64_t)at ? 0 : touch_rule(w, at);
    }
    if (k->found)
        w->change.changed++;
    else
        w->change.added++;
    rc = write_rule(w, at);
    return rc < 0 ? rc : write_version(w, at);
}

static int note_set(struct swap *w)
{
    struct qund_stmt *st =
        qund_sql(w->db, "INSERT OR REPLACE INTO rule_set VALUES (1, :digest, :now)");
    struct qund_stmt *unused =
        qund_sql(w->db, "DELETE FROM rule_words WHERE digest NOT IN"
                        " (SELECT u.digest FROM rule_words_use u JOIN rule r ON r.no = u.no"
                        " WHERE r.active = 1)");
    int rc;

    if (!st || !unused)
        return QUND_E_IO;
    qund_bind_str(st, ":digest", qund_str(w->set->digest));
    qund_bind_int(st, ":now", w->now);
    rc = qund_run(st);
    return rc < 0 ? rc : qund_run(unused);
}

int qund_rules_store(struct qund_db *db, const struct qund_rules *r, int64_t now,
                     struct qund_rules_change *out)
{
    QUND_AUTO(qund_free) void *known = qund_alloc((r->n + 1) * sizeof(struct known));
    struct swap w = {.db = db, .set = r, .known = known, .now = now};
    size_t i;
    int rc = read_known(&w);

    if (rc == 0)
        rc = switch_off_gone(&w);
    for (i = 0; rc == 0 && i < r->n; i++)
        rc = store_rule(&w, i);
    if (rc == 0)
        rc = note_set(&w);
    qund_buf_done(&w.lean);
    if (rc == 0 && out)
        *out = w.change;
    return rc;
}

/* --- and back --- */
static int get_words(void *arg, const char *beside, struct qund_str name, struct qund_buf *bytes,
                     struct qund_buf *path, struct qund_err *err)
{
    struct qund_stmt *st =
        qund_sql(arg, "SELECT w.bytes, w.digest FROM rule r JOIN rule_words_use u ON u.no = r.no"
                      " JOIN rule_words w ON w.digest = u.digest WHERE r.id = :id"
                      " AND u.name = :name");
    int rc;

    if (!st)
        return qund_err_set(err, QUND_E_IO, beside, "%s", qund_db_error(arg));
    qund_bind_str(st, ":id", qund_str(beside));
    qund_bind_str(st, ":name", name);
    rc = qund_step(st);
    if (rc == 1) {
        qund_buf_str(bytes, qund_col_str(st, 0));
        qund_buf_str(path, qund_col_str(st, 1));
        qund_buf_char(path, '/');
        qund_buf_str(path, name);
    }
    qund_stmt_reset(st);
    if (rc == 1)
        return 0;
    return qund_err_set(err, rc < 0 ? rc : QUND_E_NOTFOUND, beside,
                        "the stored set has no words file %.*s", QUND_STR_ARG(name));
}

static int read_set(struct qund_db *db, struct qund_arena *arena, struct qund_rule_stored **v,
                    size_t *n)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT id, text, source FROM rule WHERE active = 1 ORDER BY rank");
    size_t cap = 0;
    int rc;

    if (!st)
        return QUND_E_IO;
    while ((rc = qund_step(st)) == 1) {
        if (*n == cap) {
            cap = cap ? cap * 2 : 64;
            *v = qund_realloc(*v, cap * sizeof(**v));
        }
        (*v)[*n].id = qund_arena_str(arena, qund_col_str(st, 0)).p;
        (*v)[*n].text = qund_arena_str(arena, qund_col_str(st, 1));
        (*v)[*n].source = qund_arena_str(arena, qund_col_str(st, 2));
        (*n)++;
    }
    qund_stmt_reset(st);
    return rc;
}

static int ever_stored(struct qund_db *db)
{
    struct qund_stmt *st = qund_sql(db, "SELECT 1 FROM rule_set");

    if (!st)
        return QUND_E_IO;
    return qund_any(st);
}

int qund_rules_from_store(struct qund_db *db, const struct qund_rules_opts *opts,
                          struct qund_rules **out, struct qund_errs *errs)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new((size_t)64 << 10);
    const struct qund_rule_words_from from = {get_words, db};
    struct qund_rule_stored *v = NULL;
    size_t n = 0;
    int rc = ever_stored(db);

    if (rc == 0)
        return QUND_E_NOTFOUND;
    if (rc > 0)
        rc = read_set(db, arena, &v, &n);
    if (rc < 0)
        qund_errs_add(errs, rc, "store", "the last good rules cannot be read: %s",
                      qund_db_error(db));
    else
        rc = qund_rules_from_texts(v, n, &from, opts, out, errs);
    qund_free(v);
    return rc;
}
