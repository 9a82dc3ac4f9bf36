/* src/crm/message_sql.c - message rows hold numbers; people read names.
 *
 * Names are looked up once and remembered: an export of a million messages names a few thousand
 * people. The tables forget everything when they are full, which costs a look-up and nothing else.
 */
#include "crm/message.h"
#include "event/event.h"

#define SLOTS 4096u /* a power of two, of each kind */

enum kind { KIND_REALM, KIND_CHANNEL, KIND_GROUP, KIND_CONTACT };
#define KINDS 4

struct name {
    int64_t id, realm; /* id 0: empty */
    char *pid, *name;
};
struct qund_message_view {
    struct qund_db *db;
    struct name v[KINDS][SLOTS];
    struct qund_buf hold; /* of the mark being printed */
};

struct qund_message_view *qund_message_view_new(struct qund_db *db)
{
    struct qund_message_view *v = qund_alloc(sizeof(*v));

    v->db = db;
    return v;
}

static void name_done(struct name *n)
{
    qund_free(n->pid);
    qund_free(n->name);
    *n = (struct name){0};
}

struct qund_message_view *qund_message_view_free(struct qund_message_view *v)
{
    if (!v)
        return NULL;
    for (size_t k = 0; k < KINDS; k++)
        for (size_t i = 0; i < SLOTS; i++)
            name_done(&v->v[k][i]);
    qund_buf_done(&v->hold);
    qund_free(v);
    return NULL;
}

/* The name of a number; unknown ones (erased people) are empty. realm: for contacts, whose id on
 * the platform differs from realm to realm. */
static int look_up(struct qund_message_view *v, enum kind k, int64_t id, int64_t realm,
                   const struct name **out)
{
    static const char *const SQL[KINDS] = {
        [KIND_REALM] = "SELECT '', name FROM realm WHERE id = :id AND :realm IS NOT NULL",
        [KIND_CHANNEL] = "SELECT '', name FROM channel WHERE id = :id AND :realm IS NOT NULL",
        [KIND_GROUP] = "SELECT pid, name FROM grp WHERE id = :id AND :realm IS NOT NULL",
        [KIND_CONTACT] = "SELECT pid, name FROM identity WHERE contact = :id AND realm = :realm",
    };
    struct name *n = &v->v[k][(uint64_t)(id + realm * 7919) % SLOTS];
    struct qund_stmt *st;
    int rc;

    *out = n;
    if (n->id == id && n->realm == realm)
        return 0;
    name_done(n);
    st = qund_sql(v->db, SQL[k]);
    qund_bind_int(st, ":id", id);
    qund_bind_int(st, ":realm", realm);
    rc = qund_step(st);
    if (rc >= 0) {
        n->id = id;
        n->realm = realm;
        n->pid = rc > 0 ? qund_str_dup(qund_col_str(st, 0)) : qund_strdup("");
        n->name = rc > 0 ? qund_str_dup(qund_col_str(st, 1)) : qund_strdup("");
    }
    qund_stmt_reset(st);
    return rc < 0 ? rc : 0;
}

static struct qund_str or_none(const char *z)
{
    return z && *z ? qund_str(z) : QUND_STR_NONE;
}

int qund_message_event(struct qund_message_view *v, const struct qund_message_row *row,
                       struct qund_event *e)
{
    const struct name *n;
    int rc;

    *e = (struct qund_event){.ts = row->ts,
                             .key_ts = row->key_ts,
                             .rx = row->rx,
                             .type = (enum qund_event_type)row->type,
                             .role = (enum qund_role)row->role,
                             .origin = (enum qund_origin)row->origin,
                             .flags = row->flags,
                             .id = row->eid,
                             .text = row->text,
                             .kind = row->kind,
                             .reply_to = row->reply_to,
                             .ref = row->ref,
                             .mentions = row->mentions,
                             .media = row->media,
                             .data = row->data,
                             .account = row->account,
                             .to = row->to};
    e->type_name = row->type_name.p ? row->type_name : qund_str(qund_event_type_name(e->type));
    if (!e->kind.p && e->type == QUND_EV_MESSAGE)
        e->kind = QUND_STR("text");
    rc = look_up(v, KIND_REALM, row->realm, 0, &n);
    e->realm = qund_str(n->name);
    if (rc == 0)
        rc = look_up(v, KIND_CHANNEL, row->channel, 0, &n);
    e->channel = qund_str(n->name);
    if (rc == 0 && row->grp > 0) {
        rc = look_up(v, KIND_GROUP, row->grp, 0, &n);
        e->group = or_none(n->pid);
        e->group_name = or_none(n->name);
    }
    if (rc == 0 && row->contact > 0) {
        rc = look_up(v, KIND_CONTACT, row->contact, row->realm, &n);
        e->sender = or_none(n->pid);
        e->sender_name = or_none(n->name);
    }
    return rc;
}

static void put_phones(struct qund_str phones, bool mask, struct qund_buf *out)
{
    bool inside = false;
    size_t digit = 0;

    for (size_t i = 0; i < phones.n; i++) {
        char c = phones.p[i];

        inside = c == '"' ? !inside : inside;
        digit = c == '"' ? 0 : digit + 1;
        qund_buf_char(out, mask && inside && digit >= 4 && digit <= 7 ? '*' : c);
    }
}

static void put_array(struct qund_buf *out, const char *key, struct qund_str json)
{
    qund_buf_printf(out, ",\"%s\":", key);
    qund_buf_str(out, json.n > 0 ? json : QUND_STR("[]"));
}

int qund_message_print(struct qund_message_view *v, const struct qund_message_row *row, bool mask,
                       struct qund_buf *out)
{
    static const char *const STATES[] = {"kept", "revoked", "erased"};
    struct qund_mark mark = {0};
    struct qund_event e;
    int rc = qund_message_event(v, row, &e);

    if (rc == 0)
        rc = qund_mark_get(v->db, row->seq, &v->hold, &mark);
    if (rc < 0 && rc != QUND_E_NOTFOUND)
        return rc;
    qund_event_print(&e, true, out);
    qund_buf_printf(out, ",\"seq\":%lld", (long long)row->seq);
    if (row->state != QUND_MESSAGE_KEPT)
        qund_buf_printf(out, ",\"state\":\"%s\"",
                        (size_t)row->state < QUND_ARRAY_LEN(STATES) ? STATES[row->state] : "?");
    if (row->flags & QUND_EVF_COPY)
        qund_buf_puts(out, ",\"copy\":true");
    put_array(out, "intents", mark.intents);
    put_array(out, "rooms", mark.rooms);
    qund_buf_puts(out, ",\"phones\":");
    if (mark.phones.n > 0)
        put_phones(mark.phones, mask, out);
    else
        qund_buf_puts(out, "[]");
    put_array(out, "signups", mark.signups);
    put_array(out, "rules", mark.rules);
    qund_buf_char(out, '}');
    return 0;
}
