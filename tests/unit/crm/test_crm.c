/* test_crm.c - people, members, tags, rooms, leads, sign-ups: one fact after another. */
#include "crm_unit.h"

static void tag(struct place *p, struct qund_crm_contact *c, const char *name, int64_t seq,
                int expected)
{
    struct qund_crm_tag t = {.name = qund_str(name), .seq = seq, .at = 1000 + seq};

    assert_int_equal(qund_crm_tag_add(p->crm, c, &t), expected);
}

static bool has(struct place *p, struct qund_crm_contact *c, const char *name)
{
    int rc = qund_crm_tag_has(p->crm, c, qund_str(name), 2000000);

    assert_true(rc >= 0);
    return rc == 1;
}

static void a_person_is_made_once_and_keeps_the_number(void **state)
{
    struct place *p = *state;
    struct qund_crm_contact *c = person(p, "u1", "张三", 5000);
    int64_t id = c->id;

    assert_true(c->created);
    assert_int_equal(person(p, "u1", "张三", 6000)->id, id);
    assert_false(person(p, "u1", "张三", 6000)->created);
    assert_int_not_equal(person(p, "u2", "张三", 6000)->id, id); /* two of one name */
    place_commit(p);
    qund_crm_forget(p->crm);
    assert_int_equal(person(p, "u1", "张三", 7000)->id, id);
    assert_int_equal(ask(p, "SELECT count(*) FROM contact"), 2);
}

static void the_name_is_that_of_the_latest_word(void **state)
{
    struct place *p = *state;

    person(p, "u1", "A", 1000);
    person(p, "u1", "B", 3000);
    person(p, "u1", "A", 2000); /* late */
    place_commit(p);
    ask_text(p, "SELECT name FROM contact", "B");
    ask_text(p, "SELECT name FROM identity", "B");
    person(p, "u1", "B", 9000);
    place_commit(p);
    person(p, "u1", "C", 8000); /* older than the last word under B */
    place_commit(p);
    ask_text(p, "SELECT name FROM contact", "B");
    assert_int_equal(ask(p, "SELECT last_seen FROM contact"), 9000);
    person(p, "u1", "B", 500);
    place_commit(p);
    assert_int_equal(ask(p, "SELECT first_seen FROM contact"), 500);
}

static void staff_comes_before_hint_and_hint_before_customer(void **state)
{
    struct place *p = *state;
    struct qund_crm_group *g = group(p, "g1");
    struct qund_crm_contact *c = person(p, "lin", "林", 1000);

    assert_int_equal(qund_crm_role(p->crm, c, g, QUND_ROLE_NONE), QUND_ROLE_CUSTOMER);
    assert_int_equal(qund_crm_role(p->crm, c, g, QUND_ROLE_BOT), QUND_ROLE_BOT);
    assert_int_equal(qund_crm_contact(p->crm, QUND_STR("wx"), QUND_STR("lin"), QUND_STR("林"),
                                      QUND_ROLE_KOC, 2000, &c),
                     0);
    assert_int_equal(qund_crm_role(p->crm, c, g, QUND_ROLE_NONE), QUND_ROLE_KOC);
    place_commit(p);
    assert_int_equal(qund_db_exec(p->db, "INSERT INTO staff(key) VALUES('lin');"
                                         "INSERT INTO actor(realm, pid, role, staff) "
                                         "SELECT realm, pid, 2, 1 FROM identity;"),
                     0);
    qund_crm_forget(p->crm);
    c = person(p, "lin", "林", 3000);
    assert_int_equal(c->role, QUND_ROLE_STAFF);
    assert_int_equal(qund_crm_role(p->crm, c, group(p, "g1"), QUND_ROLE_KOC), QUND_ROLE_STAFF);
    assert_int_equal(qund_crm_staff_of(p->crm, c), 1);
}

static void joins_and_leaves_follow_their_own_time_not_their_arrival(void **state)
{
    struct place *p = *state;
    struct qund_crm_group *g = group(p, "g1");
    struct qund_crm_contact *c = person(p, "u1", "A", 1000);

    assert_int_equal(qund_crm_member_seen(p->crm, g, c, QUND_STR("A"), 1000), 1);
    assert_int_equal(qund_crm_member_seen(p->crm, g, c, QUND_STR("A"), 1100), 0);
    assert_int_equal(qund_crm_member_leave(p->crm, g, c, 900), 0); /* older than the word */
    assert_int_equal(qund_crm_member_leave(p->crm, g, c, 2000), 1);
    assert_int_equal(qund_crm_member_leave(p->crm, g, c, 2000), 0); /* twice */
    assert_int_equal(qund_crm_member_seen(p->crm, g, c, QUND_STR("A"), 1500), 0);
    assert_int_equal(ask(p, "SELECT left_at FROM member"), 2000);
    assert_int_equal(qund_crm_member_join(p->crm, g, c, QUND_STR("新A"), 3000), 1);
    assert_int_equal(ask(p, "SELECT left_at IS NULL AND joined = 3000 FROM member"), 1);
    ask_text(p, "SELECT nick FROM member", "新A");
}

static void a_tag_stays_while_one_message_still_says_it(void **state)
{
    struct place *p = *state;
    struct qund_crm_contact *c = person(p, "u1", "A", 1000);

    tag(p, c, "意向:询价", 7, 1);
    tag(p, c, "意向:询价", 9, 0);
    assert_true(has(p, c, "意向:询价"));
    assert_int_equal(qund_crm_withdraw(p->crm, 7), 1);
    assert_true(has(p, c, "意向:询价"));
    assert_int_equal(qund_crm_withdraw(p->crm, 9), 1);
    assert_false(has(p, c, "意向:询价"));
    assert_int_equal(ask(p, "SELECT count(*) FROM contact_tag"), 0);
    tag(p, c, "老客户", 0, 1);
    assert_int_equal(qund_crm_withdraw(p->crm, 0), 0); /* 0 is no message */
    assert_int_equal(qund_crm_tag_remove(p->crm, c, QUND_STR("老客户")), 1);
    assert_int_equal(qund_crm_tag_remove(p->crm, c, QUND_STR("老客户")), 0);
}

static void a_tag_that_is_said_a_hundred_times_stays_bounded(void **state)
{
    struct place *p = *state;
    struct qund_crm_contact *c = person(p, "u1", "A", 1000);

    for (int64_t seq = 1; seq <= 100; seq++)
        tag(p, c, "意向:询价", seq, seq == 1);
    assert_int_equal(ask(p, "SELECT count(*) FROM contact_tag"), 16);
    assert_int_equal(ask(p, "SELECT min(at) FROM contact_tag"), 1001);
    assert_int_equal(ask(p, "SELECT max(origin_seq) FROM contact_tag"), 100);
}

static void an_expired_tag_is_not_held_and_can_come_back(void **state)
{
    struct place *p = *state;
    struct qund_crm_contact *c = person(p, "u1", "A", 1000);
    struct qund_crm_tag t = {.name = QUND_STR("近期"), .seq = 1, .at = 1000, .expires = 2000};

    assert_int_equal(qund_crm_tag_add(p->crm, c, &t), 1);
    assert_int_equal(qund_crm_tag_has(p->crm, c, t.name, 1999), 1);
    assert_int_equal(qund_crm_tag_has(p->crm, c, t.name, 2000), 0);
    t.seq = 2, t.at = 3000, t.expires = 4000;
    assert_int_equal(qund_crm_tag_add(p->crm, c, &t), 1);
    assert_int_equal(qund_crm_tag_has(p->crm, c, t.name, 3500), 1);
}

static void one_household_per_flat_and_zones_tell_apart_where_named(void **state)
{
    struct place *p = *state;
    struct qund_crm_group *g = group(p, "g1");
    struct qund_crm_contact *a = person(p, "a", "A", 1), *b = person(p, "b", "B", 1);
    struct qund_crm_contact *c = person(p, "c", "C", 1), *d = person(p, "d", "D", 1);

    assert_int_equal(qund_crm_room_add(p->crm, g, a, QUND_STR("6-1-801"), true, 1, 10), 1);
    assert_int_equal(qund_crm_room_add(p->crm, g, a, QUND_STR("6-1-801"), true, 2, 11), 0);
    assert_int_equal(qund_crm_room_add(p->crm, g, b, QUND_STR("二期/6-1-801"), true, 3, 12), 1);
    assert_int_equal(ask(p, "SELECT count(*) FROM household"), 1);
    ask_text(p, "SELECT zone FROM household", "二期");
    assert_int_equal(qund_crm_room_add(p->crm, g, c, QUND_STR("一期/6-1-801"), true, 4, 13), 1);
    assert_int_equal(ask(p, "SELECT count(*) FROM household"), 2);
    assert_int_equal(qund_crm_room_add(p->crm, g, d, QUND_STR("6-1-801"), true, 5, 14), 1);
    assert_int_equal(ask(p, "SELECT count(*) FROM household"), 3); /* whose? nobody knows */
    assert_int_equal(qund_crm_room_add(p->crm, g, d, QUND_STR("9-1-101"), false, 6, 15), 1);
    assert_int_equal(ask(p, "SELECT count(*) FROM household"), 3); /* somebody else's */
    assert_int_equal(ask(p, "SELECT count(*) FROM household_member"), 4);
}

static void an_unknown_unit_is_completed_by_the_same_person_only(void **state)
{
    struct place *p = *state;
    struct qund_crm_group *g = group(p, "g1");
    struct qund_crm_contact *a = person(p, "a", "A", 1), *b = person(p, "b", "B", 1);

    assert_int_equal(qund_crm_room_add(p->crm, g, a, QUND_STR("3-?-1502"), true, 1, 10), 1);
    assert_int_equal(qund_crm_room_add(p->crm, g, b, QUND_STR("3-1-1502"), true, 2, 11), 1);
    assert_int_equal(ask(p, "SELECT count(*) FROM household"), 2);
    assert_int_equal(qund_crm_room_add(p->crm, g, a, QUND_STR("3-2-1502"), true, 3, 12), 1);
    assert_int_equal(ask(p, "SELECT count(*) FROM household"), 2);
    assert_int_equal(ask(p, "SELECT count(*) FROM household WHERE unit = '2'"), 1);
}

static void a_revoke_takes_rooms_phones_and_score_of_that_message(void **state)
{
    struct place *p = *state;
    struct qund_crm_group *g = group(p, "g1");
    struct qund_crm_contact *c = person(p, "u1", "A", 1000);

    assert_int_equal(qund_crm_phone_add(p->crm, c, QUND_STR("13800000105"), 5, 10), 1);
    assert_int_equal(qund_crm_phone_add(p->crm, c, QUND_STR("13800000105"), 6, 11), 0);
    assert_int_equal(qund_crm_room_add(p->crm, g, c, QUND_STR("3-2-1502"), true, 5, 10), 1);
    assert_int_equal(qund_crm_lead_score(p->crm, c, 10, QUND_STR("price_question"), 5, 10), 0);
    assert_int_equal(qund_crm_lead_score(p->crm, c, 30, QUND_STR("purchase_intent"), 6, 11), 0);
    assert_int_equal(qund_crm_withdraw(p->crm, 5), 3);
    assert_int_equal(ask(p, "SELECT score FROM lead"), 30);
    assert_int_equal(ask(p, "SELECT count(*) FROM contact_phone"), 1);
    assert_int_equal(ask(p, "SELECT count(*) FROM household"), 0);
    assert_int_equal(qund_crm_withdraw(p->crm, 6), 2);
    assert_int_equal(ask(p, "SELECT count(*) FROM lead"), 0); /* only those messages had made it */
}

static void signup(struct place *p, struct qund_crm_group *g, const char *name, int64_t party,
                   enum qund_signup_state s, int64_t seq, int64_t ts, int expected)
{
    struct qund_crm_signup row = {.name = qund_str(name), .party = party, .state = s};

    assert_int_equal(qund_crm_signup_apply(p->crm, g, QUND_STR("团购"), &row, 1, seq, ts),
                     expected);
}

static void a_signup_is_what_the_latest_message_says(void **state)
{
    struct place *p = *state;
    struct qund_crm_group *g = group(p, "g1");

    signup(p, g, "小王", 2, QUND_SIGNUP_SIGNED, 1, 100, 1);
    signup(p, g, "小王", 3, QUND_SIGNUP_SIGNED, 3, 300, 1);
    signup(p, g, "小王", 1, QUND_SIGNUP_CANCELLED, 2, 200, 0); /* late, and no longer true */
    assert_int_equal(ask(p, "SELECT party FROM signup"), 3);
    assert_true(qund_crm_withdraw(p->crm, 3) > 0);
    assert_int_equal(ask(p, "SELECT state FROM signup"), QUND_SIGNUP_CANCELLED);
    assert_true(qund_crm_withdraw(p->crm, 2) > 0);
    assert_int_equal(ask(p, "SELECT party FROM signup"), 2);
    assert_true(qund_crm_withdraw(p->crm, 1) > 0);
    assert_int_equal(ask(p, "SELECT count(*) FROM signup"), 0);
}

static void a_renamed_signup_row_is_one_row(void **state)
{
    struct place *p = *state;
    struct qund_crm_group *g = group(p, "g1");
    struct qund_crm_signup row = {.name = QUND_STR("王女士"),
                                  .room = QUND_STR("3-2-1502"),
                                  .was_name = QUND_STR("小王"),
                                  .party = 2};

    signup(p, g, "小王", 2, QUND_SIGNUP_SIGNED, 1, 100, 1);
    assert_true(qund_crm_signup_apply(p->crm, g, QUND_STR("团购"), &row, 1, 2, 200) > 0);
    assert_int_equal(ask(p, "SELECT count(*) FROM signup"), 1);
    ask_text(p, "SELECT name FROM signup", "王女士");
    assert_true(qund_crm_withdraw(p->crm, 2) > 0);
    ask_text(p, "SELECT name FROM signup", "小王");
}

static void who_stands_in_a_signup_is_known_until_he_cancels(void **state)
{
    struct place *p = *state;
    struct qund_crm_group *g = group(p, "g1");
    struct qund_crm_contact nobody = {.id = 999};
    struct qund_str name = QUND_STR("小王");

    signup(p, g, "小王", 2, QUND_SIGNUP_SIGNED, 1, 100, 1);
    assert_int_equal(qund_crm_signup_stands(p->crm, g, &nobody, name, 0, 200), 1);
    assert_int_equal(qund_crm_signup_stands(p->crm, g, &nobody, QUND_STR("老李"), 0, 200), 0);
    assert_int_equal(qund_crm_signup_stands(p->crm, g, &nobody, name, 150, 200), 0);
    assert_int_equal(qund_crm_signup_stands(p->crm, g, &nobody, name, 0, 50), 0);
    signup(p, g, "小王", 2, QUND_SIGNUP_CANCELLED, 2, 150, 1);
    assert_int_equal(qund_crm_signup_stands(p->crm, g, &nobody, name, 0, 200), 0);
}

static void the_chain_lists_around_a_late_one_are_found(void **state)
{
    struct place *p = *state;
    struct qund_crm_group *g = group(p, "g1");
    QUND_AUTO(qund_buf_done) struct qund_buf list = {0};
    int64_t seq = 0;

    for (int64_t i = 1; i <= 40; i++)
        assert_int_equal(qund_crm_chain_put(p->crm, g, QUND_STR(""), QUND_STR("1. a"), i, i * 10),
                         0);
    assert_int_equal(ask(p, "SELECT count(*) FROM chain_list"), 16);
    assert_int_equal(qund_crm_chain_prev(p->crm, g, QUND_STR(""), 355, &list, &seq), 0);
    assert_int_equal(seq, 35);
    assert_int_equal(qund_crm_chain_next(p->crm, g, QUND_STR(""), 355, &list, &seq), 0);
    assert_int_equal(seq, 36);
    assert_int_equal(qund_crm_chain_prev(p->crm, g, QUND_STR(""), 100, &list, &seq),
                     QUND_E_NOTFOUND);
}

static void an_opt_out_outlives_the_revoke_of_its_message(void **state)
{
    struct place *p = *state;
    struct qund_crm_contact *c = person(p, "u1", "A", 1000);

    assert_int_equal(qund_crm_opt_out(p->crm, c, true, QUND_STR("退订"), 4, 1000), 1);
    assert_int_equal(qund_crm_opt_out(p->crm, c, true, QUND_STR("退订"), 5, 1001), 0);
    assert_true(c->opt_out);
    assert_int_equal(qund_crm_withdraw(p->crm, 4), 0);
    assert_int_equal(ask(p, "SELECT opt_out FROM contact"), 1);
    assert_int_equal(ask(p, "SELECT granted FROM consent"), 0);
}

static void an_item_that_fails_gives_back_only_what_it_changed(void **state)
{
    struct place *p = *state;
    struct qund_crm_contact *c;

    qund_crm_item_begin(p->crm);
    person(p, "u1", "A", 5000);
    c = person(p, "u2", "B", 5000);
    tag(p, c, "好", 1, 1);
    assert_int_equal(qund_db_save(p->db, "item"), 0);
    qund_crm_item_begin(p->crm);
    person(p, "u1", "Z", 9000);
    person(p, "u3", "C", 9000);
    c = person(p, "u2", "B", 9000);
    tag(p, c, "坏", 2, 1);
    assert_int_equal(qund_crm_opt_out(p->crm, c, true, QUND_STR(""), 2, 9000), 1);
    group(p, "g9");
    assert_int_equal(qund_db_rollback_to(p->db, "item"), 0);
    qund_crm_item_undo(p->crm);
    assert_int_equal(qund_db_release(p->db, "item"), 0);
    c = person(p, "u2", "B", 6000);
    assert_false(c->opt_out);
    assert_true(has(p, c, "好"));
    assert_false(has(p, c, "坏"));
    person(p, "u4", "D", 7000);
    place_commit(p);
    ask_text(p, "SELECT group_concat(name || last_seen, ' ') FROM contact ORDER BY id",
             "A5000 B6000 D7000");
    assert_int_equal(ask(p, "SELECT count(*) FROM grp"), 0);
}

static void a_small_cache_gives_the_same_rows_as_a_large_one(void **state)
{
    struct qund_crm_cfg cfg = {.max_contacts = 8, .max_groups = 2};
    struct place *p = place_new(&cfg);
    char pid[16];

    (void)state;
    for (int i = 0; i < 12000; i++) {
        snprintf(pid, sizeof(pid), "u%d", i * 7 % 61);
        person(p, pid, pid, 1000 + i);
        snprintf(pid, sizeof(pid), "g%d", i % 9);
        group(p, pid);
        if (i % 5 == 0)
            place_commit(p);
    }
    place_commit(p);
    assert_int_equal(ask(p, "SELECT count(*) FROM contact"), 61);
    assert_int_equal(ask(p, "SELECT count(*) FROM grp"), 9);
    assert_int_equal(ask(p, "SELECT max(last_seen) FROM contact"), 12999);
    assert_int_equal(ask(p, "SELECT min(last_seen) FROM contact"), 12939);
    place_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
        T(a_person_is_made_once_and_keeps_the_number),
        T(the_name_is_that_of_the_latest_word),
        T(staff_comes_before_hint_and_hint_before_customer),
        T(joins_and_leaves_follow_their_own_time_not_their_arrival),
        T(a_tag_stays_while_one_message_still_says_it),
        T(a_tag_that_is_said_a_hundred_times_stays_bounded),
        T(an_expired_tag_is_not_held_and_can_come_back),
        T(one_household_per_flat_and_zones_tell_apart_where_named),
        T(an_unknown_unit_is_completed_by_the_same_person_only),
        T(a_revoke_takes_rooms_phones_and_score_of_that_message),
        T(a_signup_is_what_the_latest_message_says),
        T(a_renamed_signup_row_is_one_row),
        T(who_stands_in_a_signup_is_known_until_he_cancels),
        T(the_chain_lists_around_a_late_one_are_found),
        T(an_opt_out_outlives_the_revoke_of_its_message),
        T(an_item_that_fails_gives_back_only_what_it_changed),
        cmocka_unit_test(a_small_cache_gives_the_same_rows_as_a_large_one),
    };

    return cmocka_run_group_tests_name("crm", tests, NULL, NULL);
}
