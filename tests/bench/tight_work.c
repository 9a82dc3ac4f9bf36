/* tight_work.c - the tight program's worker: claim, fold, match, one transaction, acknowledge. */
#include "tight.h"
#include <hs/hs.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <utf8proc.h>

#define COUNT "4096"
#define PEOPLE 65536u /* slots of a batch's people; a power of two */
#define CACHE_KIB 65536

struct person {
    uint64_t hash;
    const char *pid, *name;
    size_t pid_n, name_n;
    int64_t ts;
};

struct work {
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *message, *contact, *tag, *outbox;
    hs_database_t *words;
    hs_scratch_t *scratch;
    uint16_t fold[65536]; /* 0: ask the library */
    struct person people[PEOPLE];
    unsigned dirty[8192];
    size_t n_dirty;
    unsigned hit; /* of the message in hand, 0: none */
};

struct str {
    const char *p;
    size_t n;
};

/* --- opening --- */

static void exec(sqlite3 *db, const char *sql)
{
    char *why = NULL;

    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        tight_die(sql, why);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *st;

    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) != SQLITE_OK)
        tight_die(sql, sqlite3_errmsg(db));
    return st;
}

static sqlite3 *open_db(const struct tight *t)
{
    char path[600], sql[128];
    sqlite3 *db;

    snprintf(path, sizeof(path), "%s/tight.db", t->folder);
    if (sqlite3_open(path, &db) != SQLITE_OK)
        tight_die(path, sqlite3_errmsg(db));
    snprintf(sql, sizeof(sql), "PRAGMA cache_size = -%d", CACHE_KIB);
    exec(db, "PRAGMA journal_mode = WAL");
    exec(db, "PRAGMA wal_autocheckpoint = 0");
    exec(db, t->disk ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    exec(db, sql);
    return db;
}

static void open_statements(struct work *w)
{
    exec(w->db,
         "CREATE TABLE message(seq INTEGER PRIMARY KEY, ts INTEGER NOT NULL, channel INTEGER NOT "
         "NULL, msgid TEXT NOT NULL, grp TEXT NOT NULL, sender TEXT NOT NULL, text TEXT, "
         "UNIQUE(ts, channel, msgid));"
         "CREATE INDEX message_grp ON message(grp, ts);"
         "CREATE TABLE contact(pid TEXT PRIMARY KEY, name TEXT, last_seen INTEGER) WITHOUT ROWID;"
         "CREATE TABLE tag(contact TEXT, word INTEGER, seq INTEGER, ts INTEGER, PRIMARY "
         "KEY(contact, "
         "word)) WITHOUT ROWID;"
         "CREATE TABLE outbox(id INTEGER PRIMARY KEY, seq INTEGER, target TEXT, body TEXT, state "
         "INTEGER, due INTEGER);");
    w->begin = prepare(w->db, "BEGIN IMMEDIATE");
    w->commit = prepare(w->db, "COMMIT");
    w->message =
        prepare(w->db, "INSERT OR IGNORE INTO message(ts, channel, msgid, grp, sender, text)"
                       " VALUES(?1, 1, ?2, ?3, ?4, ?5)");
    w->contact = prepare(w->db, "INSERT INTO contact(pid, name, last_seen) VALUES(?1, ?2, ?3) ON "
                                "CONFLICT(pid) DO UPDATE SET name = ?2, last_seen = ?3");
    w->tag =
        prepare(w->db, "INSERT OR REPLACE INTO tag(contact, word, seq, ts) VALUES(?1, ?2, ?3, ?4)");
    w->outbox =
        prepare(w->db, "INSERT INTO outbox(seq, target, body, state, due) VALUES(?1, 'ops', "
                       "?2, 0, ?3)");
}

static void open_words(struct work *w, const char *path)
{
    static char line[65536][64];
    const char *p[65536];
    size_t len[65536];
    unsigned flags[65536], ids[65536], n = 0;
    hs_compile_error_t *why = NULL;
    FILE *f = fopen(path, "r");

    if (!f)
        tight_die(path, "cannot be read");
    while (n < 65536 && fgets(line[n], sizeof(line[n]), f)) {
        line[n][strcspn(line[n], "\n")] = '\0';
        p[n] = line[n];
        len[n] = strlen(line[n]);
        flags[n] = HS_FLAG_SINGLEMATCH;
        ids[n] = n;
        n++;
    }
    fclose(f);
    if (hs_compile_lit_multi(p, flags, ids, len, n, HS_MODE_BLOCK, NULL, &w->words, &why) !=
        HS_SUCCESS)
        tight_die("words", why->message);
    if (hs_alloc_scratch(w->words, &w->scratch) != HS_SUCCESS)
        tight_die("words", "no scratch");
}

/* NFKC and case by table where one code point becomes one. */
static void open_fold(struct work *w)
{
    for (unsigned u = 1; u < 65536; u++) {
        utf8proc_int32_t out[8];
        int bound = 0;
        utf8proc_ssize_t n;

        if (u >= 0xd800 && u < 0xe000)
            continue;
        n = utf8proc_decompose_char((utf8proc_int32_t)u, out, 8,
                                    UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_COMPOSE, &bound);
        w->fold[u] = n == 1 && out[0] < 65536 ? (uint16_t)out[0] : 0;
    }
}

void tight_open(struct tight *t)
{
    struct work *w = calloc(1, sizeof(*w));

    if (!w)
        tight_die("memory", "none");
    t->work = w;
    w->db = open_db(t);
    open_statements(w);
    open_words(w, t->words);
    open_fold(w);
}

/* --- a message --- */

static size_t fold(const struct work *w, struct str s, char *out)
{
    char *to = out;

    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        size_t k = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        unsigned u = k == 1   ? c
                     : k == 2 ? (c & 31u) << 6 | ((unsigned char)s.p[i + 1] & 63u)
                     : k == 3 ? (c & 15u) << 12 | ((unsigned char)s.p[i + 1] & 63u) << 6 |
                                    ((unsigned char)s.p[i + 2] & 63u)
                              : 0;
        unsigned f = u ? w->fold[u] : 0;

        if (f == 0 || f == u) {
            memcpy(to, s.p + i, k);
            to += k;
        } else {
            to += utf8proc_encode_char((utf8proc_int32_t)f, (utf8proc_uint8_t *)to);
        }
        i += k;
    }
    return (size_t)(to - out);
}

static int on_hit(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                  void *arg)
{
    struct work *w = arg;

    (void)from;
    (void)to;
    (void)flags;
    w->hit = id + 1;
    return 0;
}

static void run(struct work *w, sqlite3_stmt *st)
{
    if (sqlite3_step(st) != SQLITE_DONE)
        tight_die("step", sqlite3_errmsg(w->db));
    sqlite3_reset(st);
}

static void bind(sqlite3_stmt *st, int i, struct str s)
{
    sqlite3_bind_text(st, i, s.p, (int)s.n, SQLITE_STATIC);
}

/* Each person once a batch, with the last name and time. */
static void note_person(struct work *w, struct str pid, struct str name, int64_t ts)
{
    uint64_t h = 1469598103934665603u;
    unsigned i;

    for (size_t k = 0; k < pid.n; k++)
        h = (h ^ (unsigned char)pid.p[k]) * 1099511628211u;
    h |= 1;
    for (i = (unsigned)h % PEOPLE; w->people[i].hash && w->people[i].hash != h;)
        i = (i + 1) % PEOPLE;
    if (!w->people[i].hash)
        w->dirty[w->n_dirty++] = i;
    w->people[i] = (struct person){h, pid.p, name.p, pid.n, name.n, ts};
}

static void write_people(struct work *w)
{
    for (size_t i = 0; i < w->n_dirty; i++) {
        struct person *x = &w->people[w->dirty[i]];

        bind(w->contact, 1, (struct str){x->pid, x->pid_n});
        bind(w->contact, 2, (struct str){x->name, x->name_n});
        sqlite3_bind_int64(w->contact, 3, x->ts);
        run(w, w->contact);
        x->hash = 0;
    }
    w->n_dirty = 0;
}

static void write_hit(struct work *w, struct str sender, struct str text, int64_t ts)
{
    int64_t seq = sqlite3_last_insert_rowid(w->db);

    bind(w->tag, 1, sender);
    sqlite3_bind_int64(w->tag, 2, w->hit);
    sqlite3_bind_int64(w->tag, 3, seq);
    sqlite3_bind_int64(w->tag, 4, ts);
    run(w, w->tag);
    sqlite3_bind_int64(w->outbox, 1, seq);
    bind(w->outbox, 2, text);
    sqlite3_bind_int64(w->outbox, 3, ts);
    run(w, w->outbox);
}

static int64_t apply(struct tight *t, struct str body)
{
    struct work *w = t->work;
    struct str f[FIELDS] = {{0}};
    char folded[4096];
    const char *p = body.p + 16;
    int64_t ts, rx;
    size_t n;

    memcpy(&ts, body.p, 8);
    memcpy(&rx, body.p + 8, 8);
    for (size_t i = 0; i < FIELDS; i++) {
        f[i] = (struct str){p + 2, (size_t)((unsigned char)p[0] | (unsigned char)p[1] << 8)};
        p += 2 + f[i].n;
    }
    sqlite3_bind_int64(w->message, 1, ts);
    bind(w->message, 2, f[F_ID]);
    bind(w->message, 3, f[F_GROUP]);
    bind(w->message, 4, f[F_SENDER]);
    bind(w->message, 5, f[F_TEXT]);
    run(w, w->message);
    if (sqlite3_changes(w->db) == 0)
        return rx; /* a repeat */
    note_person(w, f[F_SENDER], f[F_SENDER_NAME], ts);
    n = fold(w, f[F_TEXT], folded);
    w->hit = 0;
    hs_scan(w->words, folded, (unsigned)n, 0, w->scratch, on_hit, w);
    if (w->hit) {
        write_hit(w, f[F_SENDER], f[F_TEXT], ts);
        atomic_fetch_add(&t->hits, 1);
    }
    return rx;
}

/* --- batches --- */

static void ask(redisContext *redis)
{
    redisAppendCommand(redis, "XREADGROUP GROUP g c COUNT " COUNT " BLOCK 100 STREAMS s >");
}

static void acknowledge(redisContext *redis, redisReply *entries, unsigned *owed)
{
    static const char *argv[3 + 4096] = {"XACK", "s", "g"};
    static size_t lens[3 + 4096] = {4, 1, 1};
    size_t n = entries->elements;
    redisReply *last = entries->element[n - 1]->element[0];
    int done = 0;

    for (size_t i = 0; i < n; i++) {
        argv[3 + i] = entries->element[i]->element[0]->str;
        lens[3 + i] = entries->element[i]->element[0]->len;
    }
    for (; *owed > 0; --*owed) { /* the answers to the last batch's */
        void *r;

        if (redisGetReply(redis, &r) != REDIS_OK)
            tight_die("XACK", redis->errstr);
        freeReplyObject(r);
    }
    redisAppendCommandArgv(redis, (int)(3 + n), argv, lens);
    redisAppendCommand(redis, "XTRIM s MINID ~ %b LIMIT 0", last->str, last->len);
    *owed = 2;
    while (!done && redisBufferWrite(redis, &done) == REDIS_OK)
        ;
}

static void apply_batch(struct tight *t, redisReply *entries, int64_t *rx)
{
    struct work *w = t->work;
    int64_t now;

    run(w, w->begin);
    for (size_t i = 0; i < entries->elements; i++) {
        redisReply *body = entries->element[i]->element[1]->element[1];

        rx[i] = apply(t, (struct str){body->str, body->len});
    }
    write_people(w);
    run(w, w->commit);
    now = now_us();
    for (size_t i = 0; i < entries->elements; i++)
        hist_add(&t->commit, now - rx[i]);
    atomic_fetch_add(&t->applied, (long long)entries->elements);
}

void *tight_work(void *arg)
{
    static int64_t rx[4096];
    struct tight *t = arg;
    redisContext *claim = tight_redis(t), *ack = tight_redis(t);
    unsigned owed = 0;

    ask(claim);
    while (!atomic_load(&t->stop)) {
        redisReply *r = NULL;
        int done = 0;

        if (redisGetReply(claim, (void **)&r) != REDIS_OK)
            tight_die("XREADGROUP", claim->errstr);
        ask(claim); /* sent ahead: Redis works while we do */
        while (!done && redisBufferWrite(claim, &done) == REDIS_OK)
            ;
        if (r->type == REDIS_REPLY_ARRAY && r->elements == 1) {
            redisReply *entries = r->element[0]->element[1];

            apply_batch(t, entries, rx);
            acknowledge(ack, entries, &owed);
        }
        freeReplyObject(r);
    }
    redisFree(claim);
    redisFree(ack);
    return NULL;
}

/* PASSIVE, four times a second: never in the way of the worker. */
void *tight_checkpoint(void *arg)
{
    struct tight *t = arg;
    sqlite3 *db = open_db(t);

    while (!atomic_load(&t->stop)) {
        int log = 0, done = 0;

        usleep(250000);
        sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, &done);
    }
    sqlite3_close(db);
    return NULL;
}
