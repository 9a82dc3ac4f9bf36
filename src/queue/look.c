/* src/queue/look.c - looking at a Redis before trusting it, and comparing it with what we remember.
 *
 * The queue's promise rests on settings that are not ours on a given Redis: an eviction policy may
 * drop unread entries, no AOF or `everysec` may lose acknowledged ones, and an emptied AOF starts
 * silently empty. So the settings are read at start (and by push.c with each connection), what can
 * lose entries by design is refused with the command that mends it, and the stream's last id is
 * compared with the ids the store knows. CONFIG may be forbidden to our user: then INFO must do and
 * what stays unknown is warned about. */
#include "core/zone.h"
#include "queue/internal.h"
#include <stdio.h>
#include <time.h>

enum { LOOK_MS = 3000, LOADING_PAUSE_MS = 50 };

static const struct {
    const char *word;
    int rc;
} ERRORS[] = {
    {"OOM", QUND_E_FULL},
    {"LOADING", QUND_E_AGAIN},
    {"BUSY ", QUND_E_AGAIN},
    {"MASTERDOWN", QUND_E_AGAIN},
    {"TRYAGAIN", QUND_E_AGAIN},
    {"NOAUTH", QUND_E_DENIED},
    {"WRONGPASS", QUND_E_DENIED},
    {"NOPERM", QUND_E_DENIED},
    {"MISCONF", QUND_E_IO},
    {"READONLY", QUND_E_IO},
    {"NOREPLICAS", QUND_E_IO},
    {"EXECABORT", QUND_E_AGAIN},
    {"NOGROUP", QUND_E_NOTFOUND},
    {"BUSYGROUP", QUND_E_EXISTS},
    {"ERR no such key", QUND_E_NOTFOUND},
    {"ERR invalid password", QUND_E_DENIED},
    {"ERR max number of clients", QUND_E_AGAIN},
};

int qund_reply_rc(const redisReply *r)
{
    struct qund_str s = qund_reply_str(r);

    if (!r || r->type != REDIS_REPLY_ERROR)
        return QUND_OK;
    for (size_t i = 0; i < QUND_ARRAY_LEN(ERRORS); i++)
        if (qund_str_starts(s, ERRORS[i].word))
            return ERRORS[i].rc;
    return QUND_E_PROTO;
}

const redisReply *qund_reply_get(const redisReply *map, const char *name)
{
    if (!map || map->type != REDIS_REPLY_ARRAY)
        return NULL;
    for (size_t i = 0; i + 1 < map->elements; i += 2)
        if (qund_str_is(qund_reply_str(map->element[i]), name))
            return map->element[i + 1];
    return NULL;
}

static int64_t integer(const redisReply *r, int64_t otherwise)
{
    return r && r->type == REDIS_REPLY_INTEGER ? (int64_t)r->integer : otherwise;
}

void qund_keys_init(struct qund_keys *k, const struct qund_queue_addr *addr)
{
    snprintf(k->stream, sizeof(k->stream), "%sevents", addr->prefix);
    snprintf(k->lease, sizeof(k->lease), "%slease", addr->prefix);
}

void qund_look_stream(const redisReply *r, struct qund_queue_info *out)
{
    struct qund_str last = qund_reply_str(qund_reply_get(r, "last-generated-id"));

    if (last.n == 0 || qund_entry_id_parse(last, &out->last_id) < 0)
        return;
    out->exists = true;
    out->length = integer(qund_reply_get(r, "length"), 0);
    out->waiting = out->length; /* until a group says it better */
}

/* Redis 7 knows the lag, but not surely: what it counts as read is written down when it rewrites
 * its file and not moved on when it reads the commands behind that (a claim says the last id, not
 * the number), so after a restart the lag may be too large for ever. Nothing waits behind the last
 * id, and never more than is there. Without a lag (6.2, or after trimming past the group) every
 * entry counts, which is a node of leftovers too many at most. */
void qund_look_groups(const redisReply *r, struct qund_queue_info *out)
{
    if (!r || r->type != REDIS_REPLY_ARRAY)
        return;
    for (size_t i = 0; i < r->elements; i++) {
        const redisReply *g = r->element[i];
        int64_t lag = integer(qund_reply_get(g, "lag"), -1);
        int64_t pending = integer(qund_reply_get(g, "pending"), 0);
        struct qund_entry_id read = {0};

        if (!qund_str_is(qund_reply_str(qund_reply_get(g, "name")), QUND_GROUP))
            continue;
        if (qund_entry_id_parse(qund_reply_str(qund_reply_get(g, "last-delivered-id")), &read) ==
                0 &&
            qund_entry_id_cmp(read, out->last_id) >= 0)
            lag = 0;
        if (lag >= 0 && pending + lag < out->length)
            out->waiting = pending + lag;
    }
}

const char *qund_fsync_name(enum qund_fsync f)
{
    static const char *const NAMES[] = {"unknown", "always", "everysec", "no"};

    return (size_t)f < QUND_ARRAY_LEN(NAMES) ? NAMES[f] : "?";
}

struct look {
    struct qund_rconn conn;
    struct qund_mono until;
    const struct qund_queue_opts *o;
    struct qund_keys keys;
    struct qund_err *err;
    char where[160];
};

/* What Redis says, and what to set so that it no longer does. */
static int refuses(struct look *l, int rc, struct qund_str why)
{
    if (qund_str_find(why, 0, QUND_STR("DB index")) >= 0)
        return qund_err_set(l->err, rc, l->where,
                            "Redis refuses us (%.*s): it has no database %d; name one that it has "
                            "at the end of queue.url",
                            QUND_STR_ARG(why), l->o->addr->db);
    return qund_err_set(l->err, rc, l->where,
                        "Redis refuses us (%.*s): set queue.password, or user:password@ in "
                        "queue.url",
                        QUND_STR_ARG(why));
}

static int ask(struct look *l, size_t argc, const struct qund_str *argv, redisReply **out)
{
    int rc = qund_rconn_call(&l->conn, l->until, argc, argv, out);

    if (rc == QUND_E_DENIED)
        return refuses(l, rc, qund_str(l->conn.why));
    if (rc < 0)
        return qund_err_set(l->err, rc, l->where,
                            "Redis does not answer (%s): is it running, and may we connect?",
                            l->conn.why);
    return QUND_OK;
}

/* "name:value\r\n" lines of INFO */
static struct qund_str info_value(const redisReply *r, const char *name)
{
    struct qund_str all = qund_reply_str(r);

    while (all.p) {
        struct qund_str line = qund_str_trim(qund_str_split(&all, '\n'));

        if (qund_str_starts(line, name) && line.n > strlen(name) && line.p[strlen(name)] == ':')
            return qund_str_n(line.p + strlen(name) + 1, line.n - strlen(name) - 1);
    }
    return QUND_STR_NONE;
}

static void copy(char *out, size_t cap, struct qund_str s)
{
    snprintf(out, cap, "%.*s", QUND_STR_ARG(s));
}

void qund_look_settings(const redisReply *r, struct qund_queue_info *out)
{
    copy(out->version, sizeof(out->version), info_value(r, "redis_version"));
    copy(out->policy, sizeof(out->policy), info_value(r, "maxmemory_policy"));
    out->aof = qund_str_is(info_value(r, "aof_enabled"), "1");
    if (qund_str_int(info_value(r, "maxmemory"), &out->maxmemory) < 0)
        out->maxmemory = 0;
}

void qund_look_fsync(const redisReply *r, struct qund_queue_info *out)
{
    struct qund_str v = qund_reply_str(qund_reply_get(r, "appendfsync"));

    for (enum qund_fsync f = QUND_FSYNC_ALWAYS; f <= QUND_FSYNC_NO; f++)
        if (qund_str_is(v, qund_fsync_name(f)))
            out->fsync = f;
}

enum qund_queue_risk qund_look_risk(const struct qund_queue_info *i, bool to_disk)
{
    if (i->policy[0] && strcmp(i->policy, "noeviction") != 0)
        return QUND_RISK_EVICTS;
    if (i->version[0] && !i->aof)
        return QUND_RISK_NO_AOF;
    if (i->fsync == QUND_FSYNC_NO && to_disk)
        return QUND_RISK_NO_FSYNC;
    return i->fsync == QUND_FSYNC_EVERYSEC ? QUND_RISK_EVERYSEC : QUND_RISK_NONE;
}

const char *qund_queue_risk_text(enum qund_queue_risk r)
{
    static const char *const TEXTS[] = {
        [QUND_RISK_NONE] = "",
        [QUND_RISK_EVICTS] =
            "Redis may drop events nobody has read (maxmemory-policy): events go to the spool "
            "until somebody runs redis-cli CONFIG SET maxmemory-policy noeviction",
        [QUND_RISK_NO_AOF] = "Redis keeps no file, its restart loses acknowledged events: run "
                             "redis-cli CONFIG SET appendonly yes",
        [QUND_RISK_EVERYSEC] = "Redis answers up to 2 s before it writes (appendfsync everysec), a "
                               "kill or power cut then loses acknowledged events: run redis-cli "
                               "CONFIG SET appendfsync always",
        [QUND_RISK_NO_FSYNC] = "Redis leaves writing to the system (appendfsync no), a power cut "
                               "then loses acknowledged events: run redis-cli CONFIG SET "
                               "appendfsync always, or say queue.durability: os",
    };

    return (size_t)r < QUND_ARRAY_LEN(TEXTS) ? TEXTS[r] : "?";
}

/* The first word with Redis; a Redis that is still loading its file gets the rest of our time. */
static int look_version(struct look *l, struct qund_queue_info *out)
{
    QUND_AUTO(qund_reply_free) redisReply *r = NULL;
    int rc = ask(l, 2, (const struct qund_str[]){QUND_STR("INFO"), QUND_STR("all")}, &r);
    int major = 0, minor = 0;

    if (rc < 0)
        return rc;
    rc = qund_reply_rc(r);
    if (rc < 0)
        return refuses(l, rc, qund_reply_str(r));
    qund_look_settings(r, out);
    if (qund_str_is(info_value(r, "loading"), "1"))
        return QUND_E_AGAIN;
    if (sscanf(out->version, "%d.%d", &major, &minor) != 2 || major < 6 ||
        (major == 6 && minor < 2))
        return qund_err_set(l->err, QUND_E_ABI, l->where, "Redis %s is too old: 6.2 is needed",
                            out->version);
    return QUND_OK;
}

static int look_fsync(struct look *l, struct qund_queue_info *out)
{
    QUND_AUTO(qund_reply_free) redisReply *r = NULL;
    int rc =
        ask(l, 3,
            (const struct qund_str[]){QUND_STR("CONFIG"), QUND_STR("GET"), QUND_STR("appendfsync")},
            &r);

    if (rc < 0)
        return rc;
    qund_look_fsync(r, out);
    return QUND_OK;
}

static int look_keys(struct look *l, struct qund_queue_info *out)
{
    static const char *const SUB[] = {"STREAM", "GROUPS"};

    for (size_t i = 0; i < QUND_ARRAY_LEN(SUB); i++) {
        QUND_AUTO(qund_reply_free) redisReply *r = NULL;
        int rc = ask(l, 3,
                     (const struct qund_str[]){QUND_STR("XINFO"), qund_str(SUB[i]),
                                               qund_str(l->keys.stream)},
                     &r);

        if (rc == 0 && qund_reply_rc(r) < 0 && qund_reply_rc(r) != QUND_E_NOTFOUND)
            rc = qund_err_set(l->err, qund_reply_rc(r), l->where, "key %s: %.*s", l->keys.stream,
                              QUND_STR_ARG(qund_reply_str(r)));
        if (rc < 0)
            return rc;
        if (i == 0)
            qund_look_stream(r, out);
        else
            qund_look_groups(r, out);
    }
    return QUND_OK;
}

static int look_lease(struct look *l, struct qund_queue_info *out)
{
    QUND_AUTO(qund_reply_free) redisReply *who = NULL;
    QUND_AUTO(qund_reply_free) redisReply *left = NULL;
    struct qund_str key = qund_str(l->keys.lease);
    int rc = ask(l, 2, (const struct qund_str[]){QUND_STR("GET"), key}, &who);

    if (rc == 0)
        rc = ask(l, 2, (const struct qund_str[]){QUND_STR("PTTL"), key}, &left);
    if (rc < 0)
        return rc;
    if (who->type == REDIS_REPLY_STRING) {
        copy(out->lease_holder, sizeof(out->lease_holder), qund_reply_str(who));
        out->lease_ms = integer(left, 0);
    }
    return QUND_OK;
}

/* What was read against what the promise needs. */
static int judge(struct look *l, const struct qund_queue_info *i)
{
    if (i->policy[0] && strcmp(i->policy, "noeviction") != 0)
        return qund_err_set(l->err, QUND_E_INVAL, l->where,
                            "maxmemory-policy is %s, under which Redis may drop events nobody has "
                            "read. Run: redis-cli CONFIG SET maxmemory-policy noeviction",
                            i->policy);
    if (l->o->instance && !l->o->addr->managed && i->lease_holder[0] &&
        strcmp(i->lease_holder, l->o->instance) != 0)
        return qund_err_set(l->err, QUND_E_DENIED, l->where,
                            "another qund (%s) consumes %s; its lease ends in %lld ms unless it "
                            "renews it. Stop it, or give this one another queue.prefix",
                            i->lease_holder, l->keys.stream, (long long)i->lease_ms);
    if (!i->aof)
        qund_log(l->o->log, QUND_WARN, "queue.no_aof", QUND_KV("address", l->where),
                 QUND_KV("todo", "redis-cli CONFIG SET appendonly yes: without it a restart of "
                                 "Redis loses acknowledged events"));
    else if (i->fsync == QUND_FSYNC_EVERYSEC)
        qund_log(l->o->log, QUND_WARN, "queue.everysec", QUND_KV("address", l->where),
                 QUND_KV("todo", "redis-cli CONFIG SET appendfsync always: with everysec Redis "
                                 "answers up to 2 s before it writes, a kill or power cut then "
                                 "loses acknowledged events"));
    else if (i->fsync == QUND_FSYNC_NO && l->o->addr->to_disk)
        qund_log(l->o->log, QUND_WARN, "queue.no_fsync", QUND_KV("address", l->where),
                 QUND_KV("todo", "redis-cli CONFIG SET appendfsync always, or queue.durability: "
                                 "os: with appendfsync no a power cut loses acknowledged events"));
    else if (i->fsync == QUND_FSYNC_UNKNOWN)
        qund_log(l->o->log, QUND_WARN, "queue.fsync_unknown", QUND_KV("address", l->where),
                 QUND_KV("todo", "allow our user CONFIG GET, or make sure that appendfsync is "
                                 "always"));
    return QUND_OK;
}

static int look_once(struct look *l, struct qund_queue_info *out)
{
    int rc = qund_rconn_open(&l->conn, l->o->addr);

    *out = (struct qund_queue_info){0};
    if (rc < 0)
        return qund_err_set(l->err, rc, l->where, "no connection to Redis (%s): is it running?",
                            l->conn.why);
    rc = look_version(l, out);
    if (rc == 0)
        rc = look_fsync(l, out);
    if (rc == 0)
        rc = look_keys(l, out);
    if (rc == 0)
        rc = look_lease(l, out);
    return rc;
}

int qund_queue_inspect(const struct qund_queue_opts *o, struct qund_queue_info *out,
                       struct qund_err *err)
{
    struct look l = {.conn = {.fd = -1}, .o = o, .err = err};
    int rc;

    l.until.ms = qund_mono_now().ms + LOOK_MS;
    qund_keys_init(&l.keys, o->addr);
    if (o->addr->unix_path[0])
        snprintf(l.where, sizeof(l.where), "unix:%.*s", (int)sizeof(l.where) - 6,
                 o->addr->unix_path);
    else
        snprintf(l.where, sizeof(l.where), "redis://%.*s:%d", 128, o->addr->host, o->addr->port);
    for (;;) {
        struct timespec pause = {.tv_nsec = LOADING_PAUSE_MS * 1000000L};

        rc = look_once(&l, out);
        qund_rconn_close(&l.conn);
        if (rc != QUND_E_AGAIN || qund_mono_now().ms >= l.until.ms)
            break;
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL); /* it is starting or loading */
    }
    return rc < 0 ? rc : judge(&l, out);
}

static void say_time(struct qund_buf *text, struct qund_entry_id id)
{
    char iso[25];

    qund_iso_print((int64_t)id.ms, iso);
    qund_buf_printf(text, id.ms > 0 ? " (%s)" : " (none)", iso);
}

static void say_gap(const struct qund_queue_info *info, const struct qund_queue_known *known,
                    struct qund_buf *text)
{
    const struct {
        const char *before;
        struct qund_entry_id id;
    } parts[] = {{"it ends at ", info->last_id},
                 {"; the store knows as last applied ", known->applied},
                 {", as last answered ", known->pushed}};
    struct qund_entry_id from =
        qund_entry_id_cmp(info->last_id, known->applied) > 0 ? info->last_id : known->applied;
    char id[QUND_ENTRY_ID_CHARS], iso[25];

    qund_buf_printf(text, "the queue was %s: ", info->last_id.ms == 0 ? "emptied" : "cut");
    for (size_t i = 0; i < QUND_ARRAY_LEN(parts); i++) {
        qund_entry_id_print(parts[i].id, id);
        qund_buf_printf(text, "%s%s", parts[i].before, id);
        say_time(text, parts[i].id);
    }
    qund_entry_id_print(from, id);
    qund_buf_printf(text, "; what was accepted after %s", id);
    say_time(text, from);
    qund_iso_print(known->now, iso);
    qund_buf_printf(text, " and before this start (%s) is unknown: compare with its source", iso);
}

/* An entry is acknowledged after the commit that says so in the store. */
static bool strange(const struct qund_queue_info *info, const struct qund_queue_known *known)
{
    bool taken = info->last_id.ms > 0 && (info->waiting == 0 || info->waiting < info->length);

    return taken && known->applied.ms == 0 && known->pushed.ms == 0;
}

static void say_strange(const struct qund_queue_info *info, struct qund_buf *text)
{
    char id[QUND_ENTRY_ID_CHARS];

    qund_entry_id_print(info->last_id, id);
    qund_buf_printf(text, "the queue was used before, its last entry is %s", id);
    say_time(text, info->last_id);
    qund_buf_puts(text, ", and this store has applied none of it: if another store has, put that "
                        "one back or run `qund restore DIR`; for a new installation give a "
                        "queue.prefix of its own");
}

enum qund_queue_gap qund_queue_compare(const struct qund_queue_info *info,
                                       const struct qund_queue_known *known, struct qund_buf *text)
{
    if (strange(info, known)) {
        if (text)
            say_strange(info, text);
        return QUND_QUEUE_STRANGE;
    }
    if (!known->mended && qund_entry_id_cmp(info->last_id, known->applied) >= 0 &&
        qund_entry_id_cmp(info->last_id, known->pushed) >= 0)
        return QUND_QUEUE_WHOLE;
    if (text)
        say_gap(info, known, text);
    return info->last_id.ms == 0 ? QUND_QUEUE_EMPTIED : QUND_QUEUE_CUT;
}
