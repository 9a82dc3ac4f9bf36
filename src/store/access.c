/* access.c - bearer tokens of the API.
 *
 * A token is 256 random bits, so its plain SHA-256 is as hard to turn back as the bits are to
 * guess: no salt, no slow hash, and a lookup by hash instead of a walk over all of them. The loop
 * makes the token and shows it once; the engine, which is deterministic, only ever sees the hash.
 *
 * Rows are never deleted: an audit line says "token:7", and 7 must go on meaning what it meant. */
#include "store/access.h"
#include "core/file.h"
#include "core/json.h"

static const char *const ROLES[] = {"admin",  "manager", "operator", "staff",
                                    "viewer", "auditor", "ingest"};
_Static_assert(QUND_ARRAY_LEN(ROLES) == QUND_ACCESS_ROLES, "a name for each role");

enum { NAME_MAX_BYTES = 128, CHANNEL_MAX_BYTES = 64, BODY_DEPTH = 4 };

const char *qund_access_role_name(enum qund_access_role r)
{
    return (size_t)r < QUND_ARRAY_LEN(ROLES) ? ROLES[r] : "?";
}

int qund_access_role_parse(struct qund_str s)
{
    return qund_str_index(s, ROLES, QUND_ARRAY_LEN(ROLES));
}

void qund_token_make(char token[QUND_TOKEN_CHARS])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char bits[33] = {0}; /* 264 bits: 44 digits of 6, the last of which is left out */
    char *p = token + 5;

    memcpy(token, "qund_", 5);
    qund_random(bits, 32);
    for (size_t i = 0; i < 33; i += 3) {
        uint32_t v = (uint32_t)bits[i] << 16 | (uint32_t)bits[i + 1] << 8 | bits[i + 2];

        for (int shift = 18; shift >= 0 && p < token + QUND_TOKEN_CHARS - 1; shift -= 6)
            *p++ = digits[(v >> shift) & 63];
    }
    *p = '\0';
}

void qund_token_hash(struct qund_str token, char hash[65])
{
    qund_sha256_hex(token.p ? token.p : "", token.n, hash);
}

/* ["api","bot-1"]: what a later reader relies on. */
static int check_channels(struct qund_str json, struct qund_err *err)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(1024);
    struct qund_jr r;
    struct qund_str name;
    bool first;
    size_t n = 0;
    int more = 0, rc;

    qund_jr_init(&r, json, arena, 2);
    rc = qund_jr_arr(&r, &first);
    while (rc == 0 && (more = qund_jr_arr_next(&r, &first)) > 0) {
        rc = qund_jr_str(&r, &name);
        if (rc == 0 && (name.n == 0 || name.n > CHANNEL_MAX_BYTES || ++n > QUND_TOKEN_CHANNELS_MAX))
            rc = QUND_E_INVAL;
    }
    if (rc < 0 || more < 0 || n == 0 || qund_jr_end(&r) < 0)
        return qund_err_set(err, QUND_E_INVAL, "channels",
                            "must be an array of 1 to %d channel names", QUND_TOKEN_CHANNELS_MAX);
    return QUND_OK;
}

static int check_token(const struct qund_token *t, struct qund_err *err)
{
    if (t->hash.n != 64)
        return qund_err_set(err, QUND_E_INVAL, "hash", "must be 64 hex digits");
    if (t->name.n == 0 || t->name.n > NAME_MAX_BYTES)
        return qund_err_set(err, QUND_E_INVAL, "name", "say in 1 to %d bytes what the token is for",
                            NAME_MAX_BYTES);
    if (t->role == QUND_ACCESS_INGEST)
        return check_channels(t->channels.p ? t->channels : QUND_STR("[]"), err);
    if (t->channels.p)
        return qund_err_set(err, QUND_E_INVAL, "channels",
                            "only a token of role ingest is bound to channels");
    return QUND_OK;
}

static int count(struct qund_db *db, const char *sql, int64_t *out)
{
    struct qund_stmt *st = qund_sql(db, sql);
    int rc = qund_step(st);

    if (rc == 1)
        *out = qund_col_int(st, 0);
    qund_stmt_reset(st);
    return rc < 0 ? rc : QUND_OK;
}

int qund_token_add(struct qund_db *db, const struct qund_token *t, int64_t *id,
                   struct qund_err *err)
{
    struct qund_stmt *st;
    int64_t alive = 0;
    int rc = check_token(t, err);

    if (rc == 0)
        rc = count(db, "SELECT count(*) FROM token WHERE revoked IS NULL", &alive);
    if (rc < 0)
        return rc;
    if (alive >= QUND_TOKENS_MAX)
        return qund_err_set(err, QUND_E_FULL, "tokens", "%d tokens are alive; revoke some first",
                            QUND_TOKENS_MAX);
    st = qund_sql(db, "INSERT INTO token(hash, role, channels, name, created, by_whom, expires) "
                      "VALUES(:hash, :role, :channels, :name, :created, :by, :expires)");
    qund_bind_str(st, ":hash", t->hash);
    qund_bind_str(st, ":role", qund_str(qund_access_role_name(t->role)));
    qund_bind_str(st, ":channels", t->channels);
    qund_bind_str(st, ":name", t->name);
    qund_bind_int(st, ":created", t->created);
    qund_bind_str(st, ":by", t->by.p ? t->by : QUND_STR(""));
    if (t->expires > 0)
        qund_bind_int(st, ":expires", t->expires);
    else
        qund_bind_null(st, ":expires");
    rc = qund_run(st);
    if (rc == 0 && id)
        *id = qund_db_last_rowid(db);
    return rc;
}

/* 1: it is the only admin token that is alive. One that is none can always go. */
static int last_admin(struct qund_db *db, int64_t id, int64_t now)
{
    struct qund_stmt *st =
        qund_sql(db, "SELECT count(*) = 1 AND max(id) = :id FROM token WHERE revoked IS NULL "
                     "AND role = 'admin' AND (expires IS NULL OR expires > :now)");
    int rc;

    qund_bind_int(st, ":id", id);
    qund_bind_int(st, ":now", now);
    rc = qund_step(st);
    if (rc == 1)
        rc = qund_col_int(st, 0) != 0;
    qund_stmt_reset(st);
    return rc;
}

int qund_token_revoke(struct qund_db *db, int64_t id, int64_t now, struct qund_err *err)
{
    struct qund_stmt *st;
    int rc = last_admin(db, id, now);

    if (rc < 0)
        return rc;
    if (rc == 1)
        return qund_err_set(err, QUND_E_INVAL, "id",
                            "the last admin token cannot be revoked; make another one first");
    st = qund_sql(db, "UPDATE token SET revoked = :now WHERE id = :id AND revoked IS NULL");
    qund_bind_int(st, ":now", now);
    qund_bind_int(st, ":id", id);
    rc = qund_run(st);
    if (rc == 0 && qund_db_changes(db) == 0)
        return qund_err_set(err, QUND_E_NOTFOUND, "id", "no token %lld is alive", (long long)id);
    return rc;
}

int qund_token_each(struct qund_db *db, bool all,
                    int (*each)(const struct qund_token *t, void *arg), void *arg)
{
    struct qund_stmt *st = qund_sql(
        db, "SELECT id, hash, role, channels, name, created, by_whom, expires, revoked FROM token "
            "WHERE :all OR revoked IS NULL ORDER BY id");
    int rc, stop = 0;

    qund_bind_int(st, ":all", all);
    while ((rc = qund_step(st)) == 1 && stop == 0) {
        int role = qund_access_role_parse(qund_col_str(st, 2));
        struct qund_token t = {.id = qund_col_int(st, 0),
                               .hash = qund_col_str(st, 1),
                               .channels = qund_col_str(st, 3),
                               .name = qund_col_str(st, 4),
                               .created = qund_col_int(st, 5),
                               .by = qund_col_str(st, 6),
                               .expires = qund_col_int(st, 7),
                               .revoked = qund_col_int(st, 8)};

        if (role < 0)
            continue; /* a role of a later program: may do nothing here */
        t.role = (enum qund_access_role)role;
        stop = each(&t, arg);
    }
    qund_stmt_reset(st);
    return stop != 0 ? stop : rc;
}

int qund_token_first(struct qund_db *db, int64_t now, char token[QUND_TOKEN_CHARS],
                     struct qund_err *err)
{
    char hash[65];
    int64_t made = 0;
    int rc = qund_db_begin(db);

    if (rc < 0)
        return rc;
    rc = count(db, "SELECT count(*) FROM token WHERE role = 'admin'", &made);
    if (rc == 0 && made == 0) {
        qund_token_make(token);
        qund_token_hash(qund_str(token), hash);
        rc = qund_token_add(db,
                            &(struct qund_token){.hash = qund_str(hash),
                                                 .role = QUND_ACCESS_ADMIN,
                                                 .name = QUND_STR("first start"),
                                                 .by = QUND_STR("first start"),
                                                 .created = now},
                            NULL, err);
    }
    if (rc == 0)
        rc = qund_db_commit(db);
    if (rc < 0) {
        qund_db_rollback(db);
        return rc;
    }
    return made == 0 ? 1 : 0;
}

int qund_token_first_undo(struct qund_db *db)
{
    return qund_db_exec(db, "DELETE FROM token WHERE role = 'admin' AND name = 'first start'");
}

/* --- commands --- */

struct command {
    struct qund_str hash, role, channels, name, by;
    int64_t expires, id;
};

static int read_field(struct qund_jr *r, struct qund_str key, struct command *c)
{
    if (qund_str_is(key, "hash"))
        return qund_jr_str(r, &c->hash);
    if (qund_str_is(key, "role"))
        return qund_jr_str(r, &c->role);
    if (qund_str_is(key, "name"))
        return qund_jr_str(r, &c->name);
    if (qund_str_is(key, "by"))
        return qund_jr_str(r, &c->by);
    if (qund_str_is(key, "channels"))
        return qund_jr_skip(r, &c->channels);
    if (qund_str_is(key, "expires"))
        return qund_jr_int(r, &c->expires);
    if (qund_str_is(key, "id"))
        return qund_jr_int(r, &c->id);
    return qund_jr_skip(r, NULL);
}

static int read_command(struct qund_str body, struct qund_arena *arena, struct command *c,
                        struct qund_err *err)
{
    struct qund_jr r;
    struct qund_jr_obj o;
    struct qund_str key;
    int more = 0, rc;

    qund_jr_init(&r, body, arena, BODY_DEPTH);
    rc = qund_jr_obj(&r, &o);
    while (rc == 0 && (more = qund_jr_obj_next(&r, &o, &key)) > 0)
        rc = read_field(&r, key, c);
    if (rc == 0 && more < 0)
        rc = more;
    if (rc == 0)
        rc = qund_jr_end(&r);
    return rc < 0 ? qund_err_set(err, QUND_E_INVAL, "body", "%s", r.why ? r.why : "not an object")
                  : QUND_OK;
}

bool qund_token_command_known(const char *name)
{
    return strcmp(name, "token.add") == 0 || strcmp(name, "token.revoke") == 0;
}

int qund_token_command(struct qund_db *db, const char *name, struct qund_str body, int64_t now,
                       struct qund_buf *reply, struct qund_err *err)
{
    QUND_AUTO(qund_arena_free) struct qund_arena *arena = qund_arena_new(1024);
    struct command c = {0};
    int rc = read_command(body, arena, &c, err);

    if (rc < 0)
        return rc;
    if (strcmp(name, "token.add") == 0) {
        int role = qund_access_role_parse(c.role);
        struct qund_token t = {.hash = c.hash,
                               .channels = c.channels,
                               .name = c.name,
                               .by = c.by,
                               .created = now,
                               .expires = c.expires};

        if (role < 0)
            return qund_err_set(
                err, QUND_E_INVAL, "role",
                "must be admin, manager, operator, staff, viewer, auditor or ingest");
        t.role = (enum qund_access_role)role;
        rc = qund_token_add(db, &t, &c.id, err);
    } else {
        rc = qund_token_revoke(db, c.id, now, err);
    }
    if (rc == 0)
        qund_buf_printf(reply, "{\"id\":%lld}", (long long)c.id);
    return rc;
}
