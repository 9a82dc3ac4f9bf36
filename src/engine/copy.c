/* src/engine/copy.c - groups marked `shared`: several accounts of ours are in them, and each hands
 * over what it sees. One message then comes once per account, under an id each, and is one.
 *
 * Nothing names the copies but what they say: the same sender and text or media, from different
 * accounts, within two seconds. Never two of one account: who says "1" twice says it twice. In
 * order of time each joins the earliest of the others that is near enough and that its account is
 * not in; so of two accounts the k-th pairs with the k-th, and as many pairs are found as can be.
 * An event is a copy when with it there are no more messages than without it. How many messages
 * count is therefore the same in whatever order the copies come; which of a pair is the one that
 * was taken in is not, and does not matter, for they are equal.
 *
 * Who repeats himself so often that ROWS_MAX are reached is not paired anew each time: what comes
 * joins the first pair near enough that its account is not in, and stays there.
 *
 * A copy is stored with its own id, so that a reply to it or a revoke of it is understood, and asks
 * for nothing else. Notices of joins and leaves pair by the member, within a minute: platforms date
 * them less well. Groups that are not shared never come here. */
#include "engine/copy.h"

#define NEAR_MS 2000
#define NOTICE_NEAR_MS 60000
#define ROWS_MAX 64    /* of one key that hang together: paired anew with each that comes */
#define FLOOD_MAX 1000 /* of one key within near_ms: of more, the later are no copies */
#define OTHERS_MAX 16
#define KEEP_MS (7 * QUND_DAY_MS)
#define FORGET_ROWS 1000
#define ACCOUNTS_MAX 256

/* --- our accounts --- */

struct accounts {
    struct {
        int64_t realm;
        char *pid;
    } v[ACCOUNTS_MAX];
    size_t n;
    bool known;
};

struct accounts *qund_accounts_new(void)
{
    return qund_alloc(sizeof(struct accounts));
}

void qund_accounts_forget(struct accounts *a)
{
    for (size_t i = 0; i < a->n; i++)
        qund_free(a->v[i].pid);
    a->n = 0;
    a->known = false;
}

struct accounts *qund_accounts_free(struct accounts *a)
{
    if (a)
        qund_accounts_forget(a);
    qund_free(a);
    return NULL;
}

static int add_account(int64_t realm, struct qund_str pid, void *arg)
{
    struct accounts *a = arg;

    if (a->n == ACCOUNTS_MAX)
        return 1;
    a->v[a->n].realm = realm;
    a->v[a->n++].pid = qund_str_dup(pid);
    return 0;
}

static bool has_account(const struct accounts *a, int64_t realm, struct qund_str pid)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->v[i].realm == realm && qund_str_is(pid, a->v[i].pid))
            return true;
    return false;
}

static int note_account(struct qund_engine *e, int64_t realm, struct qund_str pid)
{
    int rc = qund_copy_sql_account(e->db, realm, pid);

    if (rc > 0)
        add_account(realm, pid, e->accounts);
    return rc < 0 ? rc : 0;
}

int qund_copy_ours(struct qund_engine *e, const struct subject *s)
{
    struct accounts *a = e->accounts;
    int rc = 0;

    if (!a->known) {
        rc = qund_copy_sql_accounts(e->db, add_account, a);
        a->known = rc == 0;
    }
    if (rc == 0 && a->n < ACCOUNTS_MAX && !has_account(a, s->row.realm, s->ev->account))
        rc = note_account(e, s->row.realm, s->ev->account);
    if (rc < 0)
        return rc;
    return s->ev->sender.n > 0 && has_account(a, s->row.realm, s->ev->sender);
}

/* --- what makes two events the same --- */

static void part(struct qund_buf *b, struct qund_str s)
{
    qund_buf_printf(b, "%zu:", s.n);
    qund_buf_str(b, s);
}

/* Of a piece of media its digest, else its name and size: addresses differ from account to account.
 */
static int media_item(struct qund_jr *r, struct qund_buf *out)
{
    struct qund_str kind = QUND_STR_NONE, name = QUND_STR_NONE, digest = QUND_STR_NONE;
    struct qund_jr_obj o;
    struct qund_str key;
    int64_t size = 0;
    int rc = qund_jr_obj(r, &o);

    while (rc == 0 && (rc = qund_jr_obj_next(r, &o, &key)) > 0) {
        bool text = qund_jr_peek(r) == QUND_JT_STR;

        if (text && qund_str_is(key, "kind"))
            rc = qund_jr_str(r, &kind);
        else if (text && qund_str_is(key, "sha256"))
            rc = qund_jr_str(r, &digest);
        else if (text && qund_str_is(key, "name"))
            rc = qund_jr_str(r, &name);
        else if (qund_str_is(key, "size") && qund_jr_peek(r) == QUND_JT_INT)
            rc = qund_jr_int(r, &size);
        else
            rc = qund_jr_skip(r, NULL);
    }
    part(out, kind);
    part(out, digest.n > 0 ? digest : name);
    if (digest.n == 0)
        qund_buf_printf(out, "%lld;", (long long)size);
    return rc;
}

static void media_parts(struct qund_engine *e, struct qund_str media, struct qund_buf *out)
{
    struct qund_jr r;
    bool first;
    int rc;

    if (!media.p)
        return;
    qund_jr_init(&r, media, e->arena, 32);
    rc = qund_jr_arr(&r, &first);
    while (rc == 0 && (rc = qund_jr_arr_next(&r, &first)) > 0)
        rc = media_item(&r, out);
}

static int64_t key_hash(struct qund_engine *e, const struct subject *s)
{
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    const struct qund_event *ev = s->ev;
    struct qund_str member = QUND_STR_NONE;
    uint64_t hash = 0;
    char hex[65];

    qund_buf_printf(&b, "%d;", (int)ev->type);
    if (ev->type == QUND_EV_MESSAGE) {
        part(&b, ev->sender);
        part(&b, ev->kind);
        part(&b, ev->text);
        media_parts(e, ev->media, &b);
    } else {
        member = qund_data_str(e, ev->data, "member");
        part(&b, member.n > 0 ? member : ev->sender);
    }
    qund_sha256_hex(b.p, b.n, hex);
    for (size_t i = 0; i < 15; i++) /* 60 bits: a positive number */
        hash = hash << 4 | (uint64_t)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
    return (int64_t)hash;
}

/* --- pairing --- */

/* Gives each row the index of its first in lead; `without`: a row left aside, or n. Returns how
 * many messages there are. */
static size_t pair_up(const struct copy_row *v, size_t n, size_t without, int64_t near_ms,
                      size_t *lead)
{
    size_t messages = 0;

    for (size_t i = 0; i < n; i++) {
        size_t at = i;

        if (i == without)
            continue;
        for (size_t k = 0; k < i && at == i; k++) {
            bool open = k != without && lead[k] == k && v[k].ts + near_ms >= v[i].ts;

            for (size_t j = k; open && j < i; j++)
                open = j == without || lead[j] != k || !qund_str_eq(v[j].account, v[i].account);
            if (open)
                at = k;
        }
        lead[i] = at;
        messages += at == i;
    }
    return messages;
}

static int keep_pairs(struct qund_engine *e, const struct copy_row *v, size_t n, const size_t *lead)
{
    int64_t least[ROWS_MAX];
    int rc = 0;

    for (size_t i = 0; i < n; i++)
        if (lead[i] == i || v[i].seq < least[lead[i]])
            least[lead[i]] = v[i].seq;
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (v[i].pair != least[lead[i]])
            rc = qund_copy_sql_pair(e->db, v[i].seq, least[lead[i]]);
    return rc;
}

static int join_first(struct qund_engine *e, const struct copy_row *own, int64_t near_ms,
                      bool *copy)
{
    int64_t pair = 0;
    int rc = qund_copy_sql_open(e->db, own, near_ms, FLOOD_MAX, &pair);

    *copy = rc > 0;
    return rc > 0 ? qund_copy_sql_pair(e->db, own->seq, pair) : rc;
}

static int link_copy(struct qund_engine *e, const struct subject *s, bool *copy)
{
    int64_t near_ms = s->ev->type == QUND_EV_MESSAGE ? NEAR_MS : NOTICE_NEAR_MS;
    struct copy_row own = {.seq = s->row.seq,
                           .grp = s->row.grp,
                           .hash = key_hash(e, s),
                           .ts = s->ev->ts,
                           .account = s->ev->account};
    struct copy_row *v = qund_arena_alloc(e->arena, ROWS_MAX * sizeof(*v));
    size_t lead[ROWS_MAX], at = 0, n;
    int rc = qund_copy_sql_put(e->db, &own);

    if (rc == 0)
        rc = qund_copy_sql_around(e->db, e->arena, &own, near_ms, v, ROWS_MAX);
    if (rc < 0)
        return rc;
    n = (size_t)rc;
    if (n == ROWS_MAX)
        return join_first(e, &own, near_ms, copy);
    while (v[at].seq != own.seq)
        at++;
    *copy = pair_up(v, n, n, near_ms, lead) <= pair_up(v, n, at, near_ms, lead);
    (void)pair_up(v, n, n, near_ms, lead);
    return n > 1 ? keep_pairs(e, v, n, lead) : 0;
}

int qund_copy_link(struct qund_engine *e, struct subject *s, bool *copy)
{
    int rc = 0;

    *copy = false;
    if (s->ev->type != QUND_EV_MESSAGE && s->ev->type != QUND_EV_MEMBER_JOIN &&
        s->ev->type != QUND_EV_MEMBER_LEAVE)
        return 0;
    rc = link_copy(e, s, copy);
    if (rc < 0 || !*copy)
        return rc;
    e->tally.copies++;
    s->row.flags |= QUND_EVF_COPY;
    rc = qund_month_flag(e->months, s->row.month, s->row.seq, QUND_EVF_COPY);
    if (rc == 0 && s->own)
        rc = qund_own_met(e, s);
    if (rc == 0 && s->ev->type == QUND_EV_MESSAGE)
        rc = qund_revoke_meets(e, s);
    return rc;
}

int qund_copy_each(struct qund_engine *e, int64_t seq,
                   int (*each)(struct qund_engine *e, int64_t seq))
{
    int64_t others[OTHERS_MAX];
    int n = qund_copy_sql_others(e->db, seq, others, OTHERS_MAX), rc = 0;

    for (int i = 0; rc == 0 && i < n; i++)
        rc = each(e, others[i]);
    return n < 0 ? n : rc;
}

int qund_copy_sweep(struct qund_engine *e)
{
    return qund_copy_sql_forget(e->db, e->now - KEEP_MS, FORGET_ROWS);
}
