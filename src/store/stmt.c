/* src/store/stmt.c - statements: prepared once, found by their text, bound by name.
 *
 * A batch of a thousand messages runs the same dozen statements thousands of times, so finding one
 * and its parameters must cost nanoseconds. Callers write string literals; a literal's address says
 * which text it is, and two small tables keyed by address remember the answer. The text is compared
 * all the same (the address of a text built on the stack says nothing), which for equal short
 * strings is a few more nanoseconds and never wrong. */
#include "core/file.h"
#include "store/internal.h"

#define NAME_SLOTS 64u /* power of two, above the number of parameters of any statement of ours */
#define STMTS_MAX 4096u

struct name_slot {
    const char *literal;
    char
        name[20]; /* our copy: SQLite's own goes when a schema change prepares the statement anew */
    int index;
};

struct qund_stmt {
    struct qund_db *db;
    sqlite3_stmt *st;
    const char *sql; /* SQLite's own copy */
    uint64_t hash;
    struct qund_stmt *next_text; /* chain of the text table */
    struct name_slot names[NAME_SLOTS];
};

struct stmt_table {
    struct qund_stmt *by_text[256];
    struct {
        const char *literal;
        struct qund_stmt *st;
    } by_address[512];
    size_t n;
};

static size_t address_slot(const char *p, size_t slots)
{
    return (size_t)(((uint64_t)(uintptr_t)p * 0x9e3779b97f4a7c15u) >> 40) & (slots - 1);
}

struct stmt_table *qund_stmts_new(void)
{
    return qund_alloc(sizeof(struct stmt_table));
}

struct stmt_table *qund_stmts_free(struct stmt_table *t)
{
    for (size_t i = 0; t && i < QUND_ARRAY_LEN(t->by_text); i++)
        for (struct qund_stmt *st = t->by_text[i], *next; st; st = next) {
            next = st->next_text;
            sqlite3_finalize(st->st);
            qund_free(st);
        }
    qund_free(t);
    return NULL;
}

static struct qund_stmt *find_text(struct qund_db *db, const char *sql)
{
    struct stmt_table *t = db->stmts;
    uint64_t hash = qund_hash64(sql, strlen(sql));
    struct qund_stmt **head = &t->by_text[hash % QUND_ARRAY_LEN(t->by_text)];
    struct qund_stmt *st;

    for (st = *head; st; st = st->next_text)
        if (st->hash == hash && strcmp(st->sql, sql) == 0)
            return st;

    st = qund_alloc(sizeof(*st));
    st->db = db;
    st->hash = hash;
    if (qund_db_rc(db, sqlite3_prepare_v3(db->h, sql, -1, SQLITE_PREPARE_PERSISTENT, &st->st,
                                          NULL)) != 0 ||
        !st->st) {
        qund_free(st);
        return NULL;
    }
    qund_assert(t->n < STMTS_MAX); /* texts are literals or name a month: a few hundred at most */
    t->n++;
    st->sql = sqlite3_sql(st->st);
    st->next_text = *head;
    *head = st;
    return st;
}

struct qund_stmt *qund_sql(struct qund_db *db, const char *sql)
{
    size_t slot = address_slot(sql, QUND_ARRAY_LEN(db->stmts->by_address));
    struct qund_stmt *st = db->stmts->by_address[slot].st;

    if (!st || db->stmts->by_address[slot].literal != sql || strcmp(st->sql, sql) != 0) {
        st = find_text(db, sql);
        if (!st)
            return NULL;
        db->stmts->by_address[slot].literal = sql;
        db->stmts->by_address[slot].st = st;
    }
    sqlite3_reset(st->st);
    /* Borrowed strings of the last use may be gone by now. */
    sqlite3_clear_bindings(st->st);
    return st;
}

int qund_sql_get(struct qund_db *db, const char *sql, struct qund_stmt **out)
{
    int rc;

    *out = qund_sql(db, sql);
    if (*out)
        return QUND_OK;
    rc = qund_db_rc(db, sqlite3_errcode(db->h));
    return rc < 0 ? rc : QUND_E_BUG;
}

sqlite3_stmt *qund_stmt_raw(struct qund_stmt *st)
{
    return st->st;
}

static int param(struct qund_stmt *st, const char *name)
{
    struct name_slot *s = &st->names[address_slot(name, NAME_SLOTS)];
    size_t n;

    if (s->literal == name && strcmp(s->name, name) == 0)
        return s->index;
    s->index = sqlite3_bind_parameter_index(st->st, name);
    qund_assert(s->index > 0); /* the statement has no such parameter: a bug of ours */
    n = strlen(name);
    s->literal = n < sizeof(s->name) ? name : NULL; /* too long to remember: looked up each time */
    memcpy(s->name, name, n < sizeof(s->name) ? n + 1 : 0);
    return s->index;
}

/* Binding fails only when memory is out or the statement is in use: the first is SQLite's to report
 * at the next step, the second a bug of ours. */
static void bound(int src)
{
    qund_assert(src == SQLITE_OK || src == SQLITE_NOMEM || src == SQLITE_TOOBIG);
}

void qund_bind_int(struct qund_stmt *st, const char *name, int64_t v)
{
    bound(sqlite3_bind_int64(st->st, param(st, name), v));
}

void qund_bind_str(struct qund_stmt *st, const char *name, struct qund_str v)
{
    bound(sqlite3_bind_text64(st->st, param(st, name), v.p, v.n, SQLITE_STATIC, SQLITE_UTF8));
}

void qund_bind_blob(struct qund_stmt *st, const char *name, const void *p, size_t n)
{
    bound(sqlite3_bind_blob64(st->st, param(st, name), p ? p : "", n, SQLITE_STATIC));
}

void qund_bind_int_or_null(struct qund_stmt *st, const char *name, int64_t v)
{
    if (v)
        qund_bind_int(st, name, v);
    else
        qund_bind_null(st, name);
}

void qund_bind_null(struct qund_stmt *st, const char *name)
{
    bound(sqlite3_bind_null(st->st, param(st, name)));
}

void qund_bind_real(struct qund_stmt *st, const char *name, double v)
{
    bound(sqlite3_bind_double(st->st, param(st, name), v));
}

int qund_step(struct qund_stmt *st)
{
    int src = sqlite3_step(st->st);
    int rc;

    if (src == SQLITE_ROW)
        return 1;
    if (src == SQLITE_DONE)
        return 0;
    rc = qund_db_rc(st->db, src);
    sqlite3_reset(st->st); /* keeps the handle's error text, ends the read */
    return rc;
}

int qund_run(struct qund_stmt *st)
{
    int rc;

    do
        rc = qund_step(st);
    while (rc > 0);
    sqlite3_reset(st->st);
    return rc;
}

int qund_any(struct qund_stmt *st)
{
    int rc = qund_step(st);

    sqlite3_reset(st->st);
    return rc;
}

int qund_take_ids(struct qund_stmt *st, int64_t *ids, size_t max)
{
    size_t n = 0;
    int rc = 0;

    while (n < max && (rc = qund_step(st)) > 0)
        ids[n++] = qund_col_int(st, 0);
    sqlite3_reset(st->st);
    return rc < 0 ? rc : (int)n;
}

void qund_stmt_reset(struct qund_stmt *st)
{
    sqlite3_reset(st->st);
}

int64_t qund_col_int(struct qund_stmt *st, int col)
{
    return sqlite3_column_int64(st->st, col);
}

struct qund_str qund_col_str(struct qund_stmt *st, int col)
{
    /* The pointer first: asking for it may convert the value, and with it the length. An empty blob
     * has no pointer but is not absent. */
    const void *p = sqlite3_column_blob(st->st, col);
    int n = sqlite3_column_bytes(st->st, col);

    if (!p)
        return qund_col_null(st, col) ? QUND_STR_NONE : QUND_STR("");
    return qund_str_n(p, (size_t)n);
}

bool qund_col_null(struct qund_stmt *st, int col)
{
    return sqlite3_column_type(st->st, col) == SQLITE_NULL;
}

double qund_col_real(struct qund_stmt *st, int col)
{
    return sqlite3_column_double(st->st, col);
}
