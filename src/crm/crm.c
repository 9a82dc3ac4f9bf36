/* src/crm/crm.c - people and places: the module's life, its batch and its names.
 *
 * A community is seen through many channels, and the same person sits in several groups. This
 * module keeps one row per person (contact), however many identities they have, one per group, and
 * hangs everything learnt on them: tags, rooms, phones, score, sign-ups, consent. It is the only
 * writer of those tables and is itself called by one thread.
 *
 * Two promises shape it. First, rows depend on the sequence of events alone: numbers are given at
 * first sight, times are maxima, a name is that of the latest ts, and ties go to the later event in
 * the sequence. What a batch postpones (last_seen) is a maximum too, so where the batch ends does
 * not matter. Second, everything taken from a message names it (origin seq), so that a revoke or an
 * erase finds it again; two messages that say the same are two witnesses, and one may go.
 *
 * What lies where: contact_cache.c and group_cache.c hold what the hot path needs in memory; the
 * *_sql.c files own the statements: group_sql (realms, channels, groups), contact_sql (people,
 * roles, members), tag_sql, room_sql (rooms, phones, households), lead_sql (score, consent,
 * orders), signup_sql, org_sql, roster_sql, import_sql, export_sql, read_sql. */
#include "core/file.h"
#include "crm/internal.h"

enum { DEFAULT_CONTACTS = 200000, DEFAULT_GROUPS = 20000 };

int qund_crm_open(struct qund_db *db, const struct qund_crm_cfg *cfg, struct qund_log *log,
                  struct qund_crm **out, struct qund_err *err)
{
    struct qund_crm *crm;

    if (!qund_crm_tables_there(db))
        return qund_err_set(err, QUND_E_ABI, "store", "the tables of people are missing: %s",
                            qund_db_error(db));
    crm = qund_alloc(sizeof(*crm));
    crm->db = db;
    crm->log = log;
    crm->item = crm->batch_item = 1;
    crm->contacts.max = cfg && cfg->max_contacts ? cfg->max_contacts : DEFAULT_CONTACTS;
    crm->groups.max = cfg && cfg->max_groups ? cfg->max_groups : DEFAULT_GROUPS;
    crm->members = qund_alloc(CRM_MEMBER_SLOTS * sizeof(*crm->members));
    *out = crm;
    return QUND_OK;
}

struct qund_crm *qund_crm_close(struct qund_crm *crm)
{
    if (!crm)
        return NULL;
    qund_crm_forget(crm);
    qund_free(crm->members);
    qund_free(crm);
    return NULL;
}

int qund_crm_flush(struct qund_crm *crm)
{
    struct qund_crm_contacts *cc = &crm->contacts;

    for (uint32_t i = 0; i < cc->n_pending; i++) {
        struct qund_crm_entry *e;
        int rc;

        if (cc->pending[i] == QUND_INDEX_NONE)
            continue;
        e = qund_crm_entry_at(cc, cc->pending[i]);
        rc = qund_crm_contact_write_times(crm, e);
        if (rc < 0)
            return rc;
        e->dirty = 0;
    }
    cc->n_pending = 0;
    cc->n_saved = 0;
    crm->batch_item = ++crm->item;
    if (crm->item > UINT32_MAX / 2) { /* some days of full load: begin counting anew */
        qund_crm_forget(crm);
        crm->item = crm->batch_item = 1;
    }
    return QUND_OK;
}

void qund_crm_forget(struct qund_crm *crm)
{
    qund_crm_contacts_clear(crm);
    qund_crm_groups_clear(crm);
    qund_crm_members_clear(crm);
    qund_crm_names_clear(&crm->realms);
    qund_crm_names_clear(&crm->channels);
    qund_crm_names_clear(&crm->tags);
    crm->org_version++; /* what snapshots were made from may be gone as well */
    crm->batch_item = ++crm->item;
}

void qund_crm_item_begin(struct qund_crm *crm)
{
    crm->contacts.n_saved = 0;
    crm->item++;
}

void qund_crm_item_undo(struct qund_crm *crm)
{
    qund_crm_contacts_undo(crm);
    qund_crm_groups_undo(crm);
    qund_crm_members_undo(crm);
    qund_crm_names_undo(crm, &crm->realms);
    qund_crm_names_undo(crm, &crm->channels);
    qund_crm_names_undo(crm, &crm->tags);
    qund_crm_org_changed(crm);
    crm->item++;
}

void qund_crm_org_changed(struct qund_crm *crm)
{
    crm->org_version++;
    qund_crm_contacts_stale_roles(crm);
    qund_crm_members_clear(crm);
}

uint64_t qund_crm_org_version(const struct qund_crm *crm)
{
    return crm->org_version;
}

size_t qund_crm_cache_bytes(const struct qund_crm *crm)
{
    return qund_crm_contacts_bytes(crm) + CRM_MEMBER_SLOTS * sizeof(*crm->members);
}

uint32_t qund_crm_hash_text(struct qund_str s)
{
    uint64_t h = qund_hash64(s.p, s.n);

    return (uint32_t)(h ^ (h >> 32));
}

struct qund_str qund_crm_cut_name(struct qund_str s)
{
    return s.p ? qund_utf8_cut(s, CRM_NAME_MAX) : s;
}

/* --- words of the glossary and their numbers in rows --- */

static const char *const GROUP_TYPES[] = {"other", "home", "ecommerce", "course", "ticketing"};
static const char *const GROUP_STATES[] = {"active", "paused", "closed"};
static const char *const SIGNUP_STATES[] = {"signed", "maybe", "confirmed", "cancelled", "deposit"};

static const char *word(const char *const *words, size_t n, unsigned i)
{
    return i < n ? words[i] : "?";
}

const char *qund_group_type_name(enum qund_group_type t)
{
    return word(GROUP_TYPES, QUND_ARRAY_LEN(GROUP_TYPES), (unsigned)t);
}

int qund_group_type_parse(struct qund_str s)
{
    return qund_str_index(s, GROUP_TYPES, QUND_ARRAY_LEN(GROUP_TYPES));
}

const char *qund_group_state_name(enum qund_group_state s)
{
    return word(GROUP_STATES, QUND_ARRAY_LEN(GROUP_STATES), (unsigned)s);
}

int qund_group_state_parse(struct qund_str s)
{
    return qund_str_index(s, GROUP_STATES, QUND_ARRAY_LEN(GROUP_STATES));
}

const char *qund_signup_state_name(enum qund_signup_state s)
{
    return word(SIGNUP_STATES, QUND_ARRAY_LEN(SIGNUP_STATES), (unsigned)s);
}
