/* test_crm_batches.c - one sequence of events, cut into batches at random places, with caches of
 * different size, with failing items and whole rollbacks in between: the same rows each time. */
#include "core/clock.h"
#include "crm_unit.h"

enum { EVENTS = 3000 };

/* xorshift: the sequence must be the same on every machine. */
static uint64_t roll(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

struct step {
    int what, who, where, late;
    int64_t seq, ts;
};

static void plan(struct step *v)
{
    uint64_t s = 88172645463325252u;

    for (int i = 0; i < EVENTS; i++)
        v[i] = (struct step){.what = (int)(roll(&s) % 11),
                             .who = (int)(roll(&s) % 97),
                             .where = (int)(roll(&s) % 5),
                             .late = (int)(roll(&s) % 4) == 0,
                             .seq = i + 1,
                             .ts = 1000000 + i * 50 - (int64_t)(roll(&s) % 4000)};
}

static void learn(struct place *p, const struct step *e, struct qund_crm_group *g,
                  struct qund_crm_contact *c)
{
    struct qund_crm_tag t = {.name = e->late ? QUND_STR("意向") : QUND_STR("问过"),
                             .seq = e->seq,
                             .at = e->ts,
                             .expires = e->where == 2 ? e->ts + 5000 : 0};
    struct qund_crm_signup row = {.name = QUND_STR("王"),
                                  .party = e->who % 4,
                                  .contact = c,
                                  .state = e->late ? QUND_SIGNUP_CANCELLED : QUND_SIGNUP_SIGNED};
    char room[32];
    int rc = 0;

    snprintf(room, sizeof(room), "%s%d-%s-%d01", e->late ? "二期/" : "", e->who % 3 + 1,
             e->where == 1 ? "?" : "1", e->who % 7 + 1);
    switch (e->what) {
    case 0:
        rc = qund_crm_tag_add(p->crm, c, &t);
        break;
    case 1:
        rc = qund_crm_tag_remove(p->crm, c, t.name);
        break;
    case 2:
        rc = qund_crm_room_add(p->crm, g, c, qund_str(room), true, e->seq, e->ts);
        break;
    case 3:
        rc = qund_crm_lead_score(p->crm, c, e->who % 20, QUND_STR("r1"), e->seq, e->ts);
        break;
    case 4:
        rc = qund_crm_signup_apply(p->crm, g, QUND_STR("x"), &row, 1, e->seq, e->ts);
        break;
    case 5:
        rc = qund_crm_withdraw(p->crm, e->seq - e->who % 30);
        break;
    case 6:
        rc = qund_crm_member_leave(p->crm, g, c, e->ts);
        break;
    case 7:
        rc = qund_crm_opt_out(p->crm, c, e->late, QUND_STR("t"), e->seq, e->ts);
        break;
    default: /* only spoken */
        break;
    }
    assert_true(rc >= 0);
}

static void apply(struct place *p, const struct step *e)
{
    struct qund_crm_group *g;
    struct qund_crm_contact *c;
    char pid[16], name[24];

    snprintf(pid, sizeof(pid), "g%d", e->where);
    assert_int_equal(qund_crm_group(p->crm, QUND_STR("wx"), qund_str(pid),
                                    e->who == 3 ? QUND_STR("新群名") : QUND_STR_NONE, e->ts, &g),
                     0);
    snprintf(pid, sizeof(pid), "u%d", e->who);
    snprintf(name, sizeof(name), "n%d-%d", e->who, (int)(e->seq / 700));
    assert_int_equal(qund_crm_contact(p->crm, QUND_STR("wx"), qund_str(pid), qund_str(name),
                                      e->what == 8 ? QUND_ROLE_KOC : QUND_ROLE_NONE, e->ts, &c),
                     0);
    assert_true(qund_crm_member_seen(p->crm, g, c, qund_str(name), e->ts) >= 0);
    learn(p, e, g, c);
}

/* Every row of every table of the module, as one digest. */
static void digest(struct place *p, char out[65])
{
    static const char *const queries[] = {
        "SELECT group_concat(id||realm||pid||name||name_ts||state, '|') FROM (SELECT * FROM grp "
        "ORDER BY id)",
        "SELECT "
        "group_concat(id||':'||name||':'||name_ts||':'||role||opt_out||':'||first_seen||':'||last_"
        "seen, '|') FROM (SELECT * FROM contact ORDER BY id)",
        "SELECT group_concat(realm||pid||contact||name, '|') FROM (SELECT * FROM identity ORDER BY "
        "pid)",
        "SELECT "
        "group_concat(grp||':'||contact||':'||joined||':'||ifnull(left_at,'-')||':'||state_ts||"
        "nick||nick_ts, '|') FROM (SELECT * FROM member ORDER BY grp, contact)",
        "SELECT group_concat(contact||':'||tag||':'||origin_seq||':'||at||':'||expires, '|') FROM "
        "(SELECT * FROM contact_tag ORDER BY contact, tag, origin_seq)",
        "SELECT group_concat(id||scope||zone||building||unit||room||created, '|') FROM (SELECT * "
        "FROM household ORDER BY id)",
        "SELECT "
        "group_concat(contact||':'||room||':'||grp||':'||origin_seq||':'||household||':'||at, '|') "
        "FROM (SELECT * FROM contact_room ORDER BY contact, room, grp, origin_seq)",
        "SELECT group_concat(contact||':'||score||':'||created||':'||updated, '|') FROM (SELECT * "
        "FROM lead ORDER BY contact)",
        "SELECT group_concat(contact||':'||at||':'||seq||':'||delta, '|') FROM (SELECT * FROM "
        "lead_event ORDER BY contact, seq)",
        "SELECT "
        "group_concat(grp||chain||name||room||party||state||contact||first_at||at||origin_seq, "
        "'|') FROM (SELECT * FROM signup ORDER BY grp)",
        "SELECT group_concat(contact||granted||at||seq, '|') FROM (SELECT * FROM consent ORDER BY "
        "id)",
        "SELECT group_concat(id||name, '|') FROM (SELECT * FROM tag ORDER BY id)",
    };
    QUND_AUTO(qund_buf_done) struct qund_buf all = {0};

    for (size_t i = 0; i < QUND_ARRAY_LEN(queries); i++) {
        struct qund_stmt *st = qund_sql(p->db, queries[i]);

        assert_non_null(st);
        assert_int_equal(qund_step(st), 1);
        assert_true(qund_col_str(st, 0).n > 10);
        qund_buf_str(&all, qund_col_str(st, 0));
        qund_buf_char(&all, '\n');
        qund_stmt_reset(st);
    }
    qund_sha256_hex(all.p, all.n, out);
}

/* Something half done that fails for good. */
static void fail_one(struct place *p, const struct step *e)
{
    struct step other = *e;

    other.what = (e->what + 1) % 8;
    other.ts += 100000;
    other.who = (e->who + 13) % 150;
    assert_int_equal(qund_db_save(p->db, "item"), 0);
    qund_crm_item_begin(p->crm);
    apply(p, &other);
    assert_int_equal(qund_db_rollback_to(p->db, "item"), 0);
    assert_int_equal(qund_db_release(p->db, "item"), 0);
    qund_crm_item_undo(p->crm);
}

static void run(const struct step *v, uint64_t seed, int mean, uint32_t cache, char out[65])
{
    struct qund_crm_cfg cfg = {.max_contacts = cache, .max_groups = 3};
    struct place *p = place_new(&cfg);

    for (int at = 0; at < EVENTS;) {
        int end = at + 1 + (int)(roll(&seed) % (uint64_t)mean),
            tries = roll(&seed) % 9 == 0 ? 2 : 1;

        if (end > EVENTS)
            end = EVENTS;
        while (tries--) {
            for (int i = at; i < end; i++) {
                if (roll(&seed) % 16 == 0)
                    fail_one(p, &v[i]);
                qund_crm_item_begin(p->crm);
                apply(p, &v[i]);
            }
            if (tries) { /* the disk was full: the whole batch again */
                qund_db_rollback(p->db);
                qund_crm_forget(p->crm);
                assert_int_equal(qund_db_begin(p->db), 0);
            }
        }
        place_commit(p);
        at = end;
    }
    digest(p, out);
    place_free(p);
}

static void rows_do_not_depend_on_where_a_batch_was_cut(void **state)
{
    struct step *v = qund_alloc(EVENTS * sizeof(*v));
    char first[65], other[65];

    (void)state;
    plan(v);
    run(v, 1, 1, 0, first);
    for (uint64_t i = 0; i < 4; i++) {
        run(v, 77 + i, i % 2 ? 500 : 20, i % 3 ? 0 : 10, other);
        assert_string_equal(first, other);
    }
    qund_free(v);
}

static void a_person_in_memory_costs_about_a_hundred_bytes(void **state)
{
    struct place *p = place_new(NULL);
    int n = many(30000);
    char pid[40];
    int64_t us = qund_mono_us(), hot;

    (void)state;
    for (int i = 0; i < n; i++) {
        snprintf(pid, sizeof(pid), "wmQWERTYUIOP%08d", i * 7919 % n);
        person(p, pid, "客户", 1000 + i);
        if (i % 1000 == 999)
            place_commit(p);
    }
    print_message("new people: %.0f/s\n", n * 1e6 / (double)(qund_mono_us() - us));
    /* 25 MB for 200,000; the rest is the table of memberships. */
    assert_true(qund_crm_cache_bytes(p->crm) <= (size_t)n * 110 + 3000000);
    print_message("cache: %.1f MiB\n", (double)qund_crm_cache_bytes(p->crm) / 1048576);
    hot = qund_mono_us();
    for (int i = 0; i < n; i++) {
        struct qund_crm_group *g = group(p, i % 2 ? "g1" : "g2");
        struct qund_crm_contact *c;

        qund_crm_item_begin(p->crm);
        snprintf(pid, sizeof(pid), "wmQWERTYUIOP%08d", i * 31 % 3000);
        c = person(p, pid, "客户", 500000 + i);
        assert_true(qund_crm_member_seen(p->crm, g, c, QUND_STR("客户"), 500000 + i) >= 0);
        if (i % 1000 == 999)
            place_commit(p);
    }
    print_message("words of known people: %.0f/s\n", n * 1e6 / (double)(qund_mono_us() - hot));
    place_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_do_not_depend_on_where_a_batch_was_cut),
        cmocka_unit_test(a_person_in_memory_costs_about_a_hundred_bytes),
    };

    return cmocka_run_group_tests_name("crm_batches", tests, NULL, NULL);
}
