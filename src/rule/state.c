/* state.c - what rules remember: sliding windows, cooldowns, counters.
 *
 * A window is a list of marks: one row per match, at the event's own time. `count` asks how many
 * lie in (ts - within, ts]; since the rows are kept, and not a running number, an event that comes
 * late is counted where it belongs. A cooldown is the same list with one row per firing. Both
 * belong to the rule's number, which belongs to its id, so they survive edits of the rule.
 *
 * Memory holds copies of the lists that were touched; those that changed are written when the batch
 * settles, a row a list, in its transaction. A rollback drops the copies that the rolled-back items
 * changed: the next look reads the rows again (what earlier items changed is settled before
 * anything that may be rolled back alone). Without a database (backtest) memory is all there is.
 *
 * When may a row go? Not by event time: a history that is imported today has marks of last year
 * that its own later events still need. A mark lives until max(ts, now) + span + one hour of
 * lateness, in engine time. Whether it is still alive is decided by comparing `until`, not by
 * whether the sweep has deleted it yet, so the outcome does not depend on when the sweep runs. Dead
 * marks at the front leave their list when the next one joins it, as the sequence of events alone
 * decides.
 *
 * A sender can make a list grow, so its length is bounded: beyond MARKS_MAX the oldest goes. Counts
 * are asked for up to 1,000 only. */
#include "core/file.h"
#include "rule/internal.h"
#include "store/db.h"
#include <stdlib.h>

#define MARKS_MAX 4096u
/* Beyond either, all copies are dropped after a commit: few long lists hold as much as many short.
 */
#define CACHE_LISTS_MAX 16384u
#define CACHE_MARKS_MAX 262144u
#define LATE_MS QUND_HOUR_MS

struct list {
    struct list *next; /* in its bucket */
    struct qund_mark_key key;
    struct qund_mark *v; /* ascending by (ts, seq) */
    uint32_t n, cap;
    int64_t gone;       /* as its row has it; 0: no row is known */
    int64_t changed_by; /* greatest seq that changed it since the last commit */
    bool dirty;
    bool unsaved; /* changed since it was written */
};
struct hit {
    int64_t rule_no, day, seq;
};
struct qund_rule_state {
    struct qund_db *db; /* NULL: memory only */
    bool read_only;
    struct qund_rules *set; /* a reference */
    int64_t *no, *version;  /* per rule of the set */
    struct list **buckets;
    size_t n_buckets, n_lists;
    size_t n_marks;      /* read or added since all were dropped: at least as many as there are */
    struct list **dirty; /* changed since the last commit */
    size_t n_dirty, cap_dirty;
    struct hit *hits; /* since the last settle */
    size_t n_hits, cap_hits;
    struct qund_buf packing;
};

struct qund_rule_state *qund_rule_state_new(struct qund_db *db, bool read_only)
{
    struct qund_rule_state *s = qund_alloc(sizeof(*s));

    qund_assert(db || !read_only);
    s->db = db;
    s->read_only = read_only;
    s->n_buckets = 1024;
    s->buckets = qund_alloc(s->n_buckets * sizeof(struct list *));
    return s;
}

static void drop_all(struct qund_rule_state *s)
{
    size_t i;

    for (i = 0; i < s->n_buckets; i++)
        while (s->buckets[i]) {
            struct list *l = s->buckets[i];

            s->buckets[i] = l->next;
            qund_free(l->v);
            qund_free(l);
        }
    s->n_lists = 0;
    s->n_marks = 0;
    s->n_dirty = 0;
}

struct qund_rule_state *qund_rule_state_free(struct qund_rule_state *s)
{
    if (!s)
        return NULL;
    drop_all(s);
    qund_rules_unref(s->set);
    qund_free(s->no);
    qund_free(s->version);
    qund_free(s->buckets);
    qund_free(s->dirty);
    qund_free(s->hits);
    qund_buf_done(&s->packing);
    qund_free(s);
    return NULL;
}

/* --- numbers of rules --- */
static void learn(void *arg, struct qund_str id, int64_t no, int64_t version)
{
    struct qund_rule_state *s = arg;
    int at = qund_rules_find(s->set, id);

    if (at < 0)
        return; /* not in this set any more */
    s->no[at] = no;
    s->version[at] = version;
}

int qund_rule_state_bind(struct qund_rule_state *s, const struct qund_rules *r)
{
    struct qund_rules *set = qund_rules_ref(r->self);
    size_t i;
    int rc;

    qund_rules_unref(s->set);
    s->set = set;
    qund_free(s->no);
    qund_free(s->version);
    s->no = qund_alloc((set->n + 1) * sizeof(*s->no));
    s->version = qund_alloc((set->n + 1) * sizeof(*s->version));
    if (!s->db) { /* the number is made of the id, so that it outlives a reload here too */
        for (i = 0; i < set->n; i++) {
            s->no[i] = (int64_t)(qund_hash64(set->rules[i]->id.p, set->rules[i]->id.n) >> 1);
            s->version[i] = 1;
        }
        return 0;
    }
    rc = qund_rule_sql_numbers(s->db, s, learn);
    for (i = 0; rc == 0 && !s->read_only && i < set->n; i++)
        if (s->no[i] == 0)
            rc = QUND_E_NOTFOUND; /* qund_rules_store comes first */
    return rc;
}

int64_t qund_rule_state_version(const struct qund_rule_state *s, uint32_t rule)
{
    return s->version[rule];
}

struct qund_mark_key qund_mark_key(const struct qund_rule_state *s, uint32_t rule,
                                   enum qund_mark_what what, enum qund_rule_per per,
                                   const struct qund_rule_input *in)
{
    return (struct qund_mark_key){
        .rule_no = s->no[rule],
        .group_id = per == RULE_PER_CONTACT ? 0 : in->group_id,
        .contact_id = per == RULE_PER_GROUP ? 0 : in->contact_id,
        .what = (uint8_t)what,
        .per = (uint8_t)per,
    };
}

/* --- the cache --- */
static uint64_t key_hash(const struct qund_mark_key *k)
{
    uint64_t h = (uint64_t)k->rule_no * UINT64_C(0x9e3779b97f4a7c15);

    h = (h ^ (uint64_t)k->group_id) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ (h >> 29) ^ (uint64_t)k->contact_id) * UINT64_C(0x94d049bb133111eb);
    return h ^ (h >> 31) ^ ((uint64_t)k->what << 3 | k->per);
}

static bool key_eq(const struct qund_mark_key *a, const struct qund_mark_key *b)
{
    return a->rule_no == b->rule_no && a->group_id == b->group_id &&
           a->contact_id == b->contact_id && a->what == b->what && a->per == b->per;
}

static void grow_buckets(struct qund_rule_state *s)
{
    size_t n = s->n_buckets * 2, i;
    struct list **buckets = qund_alloc(n * sizeof(struct list *));

    for (i = 0; i < s->n_buckets; i++)
        while (s->buckets[i]) {
            struct list *l = s->buckets[i], **to = &buckets[key_hash(&l->key) & (n - 1)];

            s->buckets[i] = l->next;
            l->next = *to;
            *to = l;
        }
    qund_free(s->buckets);
    s->buckets = buckets;
    s->n_buckets = n;
}

/* Index of the first mark with (ts, seq) >= the given one. */
static size_t lower_bound(const struct list *l, int64_t ts, int64_t seq)
{
    size_t lo = 0, hi = l->n;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (l->v[mid].ts < ts || (l->v[mid].ts == ts && l->v[mid].seq < seq))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void insert(struct list *l, struct qund_mark m)
{
    size_t at = lower_bound(l, m.ts, m.seq);

    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 4;
        l->v = qund_realloc(l->v, l->cap * sizeof(*l->v));
    }
    memmove(&l->v[at + 1], &l->v[at], (l->n - at) * sizeof(*l->v));
    l->v[at] = m;
    l->n++;
}

static void load_mark(void *arg, const struct qund_mark *m)
{
    insert(arg, *m);
}

static int list_of(struct qund_rule_state *s, const struct qund_mark_key *k, struct list **out)
{
    struct list **bucket = &s->buckets[key_hash(k) & (s->n_buckets - 1)], *l;
    int rc = 0;

    for (l = *bucket; l; l = l->next)
        if (key_eq(&l->key, k)) {
            *out = l;
            return 0;
        }
    if (s->n_lists >= s->n_buckets) {
        grow_buckets(s);
        bucket = &s->buckets[key_hash(k) & (s->n_buckets - 1)];
    }
    l = qund_alloc(sizeof(*l));
    l->key = *k;
    if (s->db)
        rc = qund_rule_sql_marks(s->db, k, &l->gone, l, load_mark);
    if (rc < 0) {
        qund_free(l->v);
        qund_free(l);
        return rc;
    }
    l->next = *bucket;
    *bucket = l;
    s->n_lists++;
    s->n_marks += l->n;
    *out = l;
    return 0;
}

int qund_marks_count(struct qund_rule_state *s, const struct qund_mark_key *k, int64_t lo,
                     int64_t hi, int64_t now, int64_t except_seq, int64_t *out)
{
    struct list *l;
    int64_t n = 0;
    size_t i;
    int rc = list_of(s, k, &l);

    if (rc < 0)
        return rc;
    for (i = lower_bound(l, lo + 1, INT64_MIN); i < l->n && l->v[i].ts <= hi; i++)
        n += l->v[i].until > now && l->v[i].seq != except_seq;
    *out = n;
    return 0;
}

static void mark_dirty(struct qund_rule_state *s, struct list *l, int64_t seq)
{
    if (!l->dirty || seq > l->changed_by)
        l->changed_by = seq;
    if (l->dirty)
        return;
    l->dirty = true;
    if (s->n_dirty == s->cap_dirty) {
        s->cap_dirty = s->cap_dirty ? s->cap_dirty * 2 : 64;
        s->dirty = qund_realloc(s->dirty, s->cap_dirty * sizeof(struct list *));
    }
    s->dirty[s->n_dirty++] = l;
}

/* Marks whose time is over go from the front: all of them when none is alive, as if the sweep had
 * taken the row. */
static void trim(struct list *l, int64_t now)
{
    uint32_t dead = 0;

    while (dead < l->n && l->v[dead].until <= now)
        dead++;
    if (dead == 0)
        return;
    l->n -= dead;
    memmove(&l->v[0], &l->v[dead], l->n * sizeof(*l->v));
}

int qund_marks_add(struct qund_rule_state *s, const struct qund_mark_key *k, struct qund_mark m,
                   int64_t now)
{
    struct list *l;
    int rc;

    qund_assert(!s->read_only);
    rc = list_of(s, k, &l);
    if (rc < 0)
        return rc;
    m.until += (m.ts > now ? m.ts : now) + LATE_MS; /* comes as a span */
    mark_dirty(s, l, m.seq);
    l->unsaved = true;
    trim(l, now);
    if (l->n >= MARKS_MAX) {
        memmove(&l->v[0], &l->v[1], (l->n - 1) * sizeof(*l->v));
        l->n--;
    }
    insert(l, m);
    s->n_marks++;
    return 0;
}

/* --- batches --- */
static void unlink_list(struct qund_rule_state *s, struct list *l)
{
    struct list **p = &s->buckets[key_hash(&l->key) & (s->n_buckets - 1)];

    while (*p != l)
        p = &(*p)->next;
    *p = l->next;
    s->n_lists--;
    qund_free(l->v);
    qund_free(l);
}

/* Memory only: there are no rows to read again, so the marks themselves are taken back. */
static void take_back(struct list *l, int64_t from_seq)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < l->n; i++)
        if (l->v[i].seq < from_seq)
            l->v[kept++] = l->v[i];
    l->n = kept;
}

void qund_rule_state_forget(struct qund_rule_state *s, int64_t from_seq)
{
    size_t kept = 0, i;

    for (i = 0; i < s->n_dirty; i++) {
        struct list *l = s->dirty[i];

        if (l->changed_by < from_seq || !s->db)
            s->dirty[kept++] = l;
        if (l->changed_by < from_seq)
            continue;
        if (s->db)
            unlink_list(s, l);
        else
            take_back(l, from_seq);
    }
    s->n_dirty = kept;
    for (i = 0, kept = 0; i < s->n_hits; i++)
        if (s->hits[i].seq < from_seq)
            s->hits[kept++] = s->hits[i];
    s->n_hits = kept;
}

void qund_rule_state_hit(struct qund_rule_state *s, uint32_t rule, const struct qund_rule_input *in)
{
    if (!s->db)
        return;
    if (s->n_hits == s->cap_hits) {
        s->cap_hits = s->cap_hits ? s->cap_hits * 2 : 64;
        s->hits = qund_realloc(s->hits, s->cap_hits * sizeof(*s->hits));
    }
    s->hits[s->n_hits++] = (struct hit){s->no[rule], qund_rule_day(in), in->seq};
}

static int by_rule_day(const void *a, const void *b)
{
    const struct hit *x = a, *y = b;

    if (x->rule_no != y->rule_no)
        return x->rule_no < y->rule_no ? -1 : 1;
    return (x->day > y->day) - (x->day < y->day);
}

static int by_key(const void *a, const void *b)
{
    const struct qund_mark_key *x = &(*(struct list *const *)a)->key;
    const struct qund_mark_key *y = &(*(struct list *const *)b)->key;

    if (x->rule_no != y->rule_no)
        return x->rule_no < y->rule_no ? -1 : 1;
    if (x->group_id != y->group_id)
        return x->group_id < y->group_id ? -1 : 1;
    return (x->contact_id > y->contact_id) - (x->contact_id < y->contact_id);
}

/* In the order of their rows: neighbours share a page, and a page is found once. */
static int save_lists(struct qund_rule_state *s)
{
    if (s->n_dirty > 1)
        qsort(s->dirty, s->n_dirty, sizeof(struct list *), by_key);
    for (size_t i = 0; i < s->n_dirty; i++) {
        struct list *l = s->dirty[i];
        int rc = l->unsaved
                     ? qund_rule_sql_marks_put(s->db, &l->key, l->v, l->n, &l->gone, &s->packing)
                     : 0;

        if (rc < 0)
            return rc;
        l->unsaved = false;
    }
    return 0;
}

int qund_rule_state_settle(struct qund_rule_state *s)
{
    size_t i, j;
    int rc = s->db ? save_lists(s) : 0;

    if (s->n_hits > 1)
        qsort(s->hits, s->n_hits, sizeof(*s->hits), by_rule_day);
    for (i = 0; rc == 0 && i < s->n_hits; i = j) {
        for (j = i + 1; j < s->n_hits && by_rule_day(&s->hits[i], &s->hits[j]) == 0; j++)
            ;
        rc = qund_rule_sql_hits(s->db, s->hits[i].rule_no, s->hits[i].day, (int64_t)(j - i));
    }
    if (rc == 0)
        s->n_hits = 0;
    return rc;
}

void qund_rule_state_committed(struct qund_rule_state *s)
{
    size_t i;

    for (i = 0; i < s->n_dirty; i++)
        s->dirty[i]->dirty = false;
    s->n_dirty = 0;
    if (s->db && (s->n_lists > CACHE_LISTS_MAX || s->n_marks > CACHE_MARKS_MAX))
        drop_all(s);
}

int qund_rule_state_meet(struct qund_rule_state *s, const struct qund_rules *r)
{
    if (s->read_only)
        drop_all(s);
    return s->set == r ? 0 : qund_rule_state_bind(s, r);
}

int qund_rule_state_sweep(struct qund_rule_state *s, int64_t now, size_t max)
{
    return s->db ? qund_rule_sql_sweep(s->db, now, max) : 0;
}
