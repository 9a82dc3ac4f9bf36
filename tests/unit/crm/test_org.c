/* test_org.c - the organisation's file: reading, refusing, applying, giving back. */
#include "crm/org.h"
#include "crm/people.h"
#include "crm_unit.h"

static struct qund_org *parse(const char *text)
{
    struct qund_errs errs;
    struct qund_org *org = NULL;

    qund_errs_init(&errs, 20);
    if (qund_org_parse("org.yaml", qund_str(text), &org, &errs) < 0)
        fail_msg("%s: %s", errs.v[0].where, errs.v[0].text);
    qund_errs_done(&errs);
    return org;
}

static void apply(struct place *p, const char *text, int expected)
{
    QUND_AUTO(qund_org_free) struct qund_org *org = parse(text);

    assert_int_equal(qund_org_apply(p->crm, org, 5000, NULL, NULL), expected);
}

static void the_shipped_sample_is_valid(void **state)
{
    struct qund_errs errs;
    struct qund_org *org = NULL;

    (void)state;
    qund_errs_init(&errs, 20);
    if (qund_org_load(QUND_SOURCE_DIR "/config/org.yaml", &org, &errs) < 0)
        fail_msg("%s: %s", errs.v[0].where, errs.v[0].text);
    qund_org_free(org);
    qund_errs_done(&errs);
}

static void all_errors_come_at_once_with_their_places(void **state)
{
    static const char text[] = "staff:\n"
                               "  - {id: lin, nmae: 林}\n"
                               "  - {id: lin}\n"
                               "groups:\n"
                               "  - {realm: wx, id: g, type: hoem, manager: nobody}\n"
                               "  - {realm: wx, id: h, roles: {koc_fan: [lin], chef: [lin]}}\n"
                               "rosters:\n"
                               "  - id: r\n"
                               "    week: [{days: someday, hours: \"9-18\", staff: [lin]}]\n"
                               "leave: [{staff: lin, from: 2025-02-30, to: 2025-03-01}]\n";
    struct qund_errs errs;
    struct qund_org *org = NULL;

    (void)state;
    qund_errs_init(&errs, 20);
    assert_int_equal(qund_org_parse("o.yaml", qund_str(text), &org, &errs), QUND_E_INVAL);
    assert_null(org);
    assert_int_equal(errs.n, 9);
    assert_string_equal(errs.v[0].where, "o.yaml:2:15");
    assert_non_null(strstr(errs.v[0].text, "nearest known: 'name'"));
    assert_non_null(strstr(errs.v[1].text, "used twice"));
    assert_non_null(strstr(errs.v[4].text, "pose as customers"));
    qund_errs_done(&errs);
}

static void an_account_and_a_group_stand_there_once(void **state)
{
    static const char text[] = "staff:\n"
                               "  - id: lin\n"
                               "    ids: [{realm: wx, id: s1}, {realm: qq, id: s1}]\n"
                               "  - id: wu\n"
                               "    ids:\n"
                               "      - {realm: wx, id: s2}\n"
                               "      - {realm: wx, id: s1}\n"
                               "bots:\n"
                               "  - {realm: qq, id: s1}\n"
                               "groups:\n"
                               "  - {realm: wx, id: g, name: 甲}\n"
                               "  - {realm: wx, id: h}\n"
                               "  - {realm: wx, id: g, name: 乙}\n";
    static const char *const WHERE[] = {"o.yaml:7:9", "o.yaml:9:5", "o.yaml:13:5"};
    static const char *const TEXT[] = {"line 3 already: an account", "line 3 already: an account",
                                       "line 11 already: write"};
    struct qund_errs errs;
    struct qund_org *org = NULL;

    (void)state;
    qund_errs_init(&errs, 20);
    assert_int_equal(qund_org_parse("o.yaml", qund_str(text), &org, &errs), QUND_E_INVAL);
    assert_int_equal(errs.n, QUND_ARRAY_LEN(WHERE));
    for (size_t i = 0; i < errs.n; i++) {
        assert_string_equal(errs.v[i].where, WHERE[i]);
        assert_non_null(strstr(errs.v[i].text, TEXT[i]));
    }
    qund_errs_done(&errs);
}

static const char FIRST[] =
    "staff:\n"
    "  - {id: lin, name: 林, ids: [{realm: wx, id: Lin}], push: [\"robot:a\", \"mail:b\"]}\n"
    "  - {id: chen, ids: [{realm: wx, id: Chen}]}\n"
    "bots: [{realm: wx, id: Bot}]\n"
    "groups:\n"
    "  - {realm: wx, id: g1, name: 云栖, type: home, tags: [精装], manager: lin,\n"
    "     roles: {consultant: [lin, chen], koc_fan: [{realm: wx, id: u7, evidence: 单 1}]}}\n";

static void the_file_makes_staff_bots_koc_and_group_types(void **state)
{
    struct place *p = *state;
    struct qund_crm_group *g;
    struct qund_crm_contact *c;

    person(p, "Lin", "林", 1000); /* known before, as a customer */
    apply(p, FIRST, 1);
    apply(p, FIRST, 0); /* the same digest */
    g = group(p, "g1");
    assert_int_equal(g->type, QUND_GROUP_HOME);
    assert_true(g->managed);
    assert_int_equal(g->n_tags, 1);
    assert_int_equal(person(p, "Lin", "林", 2000)->role, QUND_ROLE_STAFF);
    assert_int_equal(person(p, "Bot", "b", 2000)->role, QUND_ROLE_BOT);
    c = person(p, "u7", "阿姨", 2000);
    assert_int_equal(qund_crm_role(p->crm, c, g, QUND_ROLE_CUSTOMER), QUND_ROLE_KOC);
    assert_int_equal(qund_crm_member_seen(p->crm, g, c, QUND_STR("阿姨"), 2000), 1);
    assert_int_equal(qund_crm_role(p->crm, c, g, QUND_ROLE_NONE), QUND_ROLE_KOC);
    assert_int_equal(qund_crm_role(p->crm, c, group(p, "g2"), QUND_ROLE_NONE), QUND_ROLE_CUSTOMER);
}

static void the_files_name_of_a_group_stands_against_events(void **state)
{
    struct place *p = *state;
    struct qund_crm_group *g;

    apply(p, FIRST, 1);
    assert_int_equal(
        qund_crm_group(p->crm, QUND_STR("wx"), QUND_STR("g1"), QUND_STR("改名"), 9000, &g), 0);
    assert_true(qund_str_is(g->name, "云栖"));
}

static void what_left_the_file_is_switched_off_not_deleted(void **state)
{
    struct place *p = *state;

    apply(p, FIRST, 1);
    assert_int_equal(person(p, "Lin", "林", 2000)->role, QUND_ROLE_STAFF);
    apply(p, "staff: [{id: chen, ids: [{realm: wx, id: Chen}]}]\n", 1);
    assert_int_equal(ask(p, "SELECT count(*) FROM staff"), 2);
    assert_int_equal(ask(p, "SELECT active FROM staff WHERE key = 'lin'"), 0);
    assert_int_equal(ask(p, "SELECT active FROM staff WHERE key = 'chen'"), 1);
    assert_int_equal(ask(p, "SELECT count(*) FROM role_holder"), 0);
    assert_int_equal(group(p, "g1")->state, QUND_GROUP_PAUSED);
    assert_int_equal(person(p, "Lin", "林", 3000)->role, QUND_ROLE_NONE);
    assert_int_equal(
        qund_crm_role(p->crm, person(p, "u7", "阿姨", 3000), group(p, "g1"), QUND_ROLE_NONE),
        QUND_ROLE_CUSTOMER);
    apply(p, FIRST, 1);
    assert_int_equal(group(p, "g1")->state, QUND_GROUP_ACTIVE);
}

static void an_export_read_back_gives_the_same_export(void **state)
{
    struct place *p = *state, *q = place_new(NULL);
    QUND_AUTO(qund_buf_done) struct qund_buf sample = {0}, first = {0}, second = {0};

    assert_int_equal(qund_file_read(QUND_SOURCE_DIR "/config/org.yaml", 1 << 20, &sample, NULL), 0);
    apply(p, sample.p, 1);
    assert_int_equal(qund_org_export(p->db, &first), 0);
    apply(q, first.p, 1);
    assert_int_equal(qund_org_export(q->db, &second), 0);
    assert_string_equal(first.p, second.p);
    assert_non_null(strstr(first.p, "days: [mon, tue, wed, thu, fri], hours: \"09:00-18:00\""));
    assert_non_null(strstr(first.p, "koc_fan: [{realm: \"wecom-main\""));
    assert_non_null(strstr(first.p, "phone: \"13800000105\""));
    place_free(q);
}

/* As a store of before may hold them. */
static void names_of_two_lines_are_exported_as_one(void **state)
{
    struct place *p = *state, *q = place_new(NULL);
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};

    apply(p, FIRST, 1);
    assert_int_equal(qund_db_exec(p->db, "UPDATE grp SET name = '一' || char(10) || '群', "
                                         "place = '上' || char(10) || '海'; "
                                         "UPDATE staff SET name = '林' || char(10) || '一'; "
                                         "UPDATE role_holder SET evidence = evidence || char(10)"),
                     0);
    assert_int_equal(qund_org_export(p->db, &out), 0);
    assert_non_null(strstr(out.p, "name: \"一 群\""));
    assert_non_null(strstr(out.p, "place: \"上 海\""));
    assert_non_null(strstr(out.p, "name: \"林 一\""));
    apply(q, out.p, 1);
    place_free(q);
}

/* However it is written, as one form; with the person it goes. */
static void a_phone_is_a_mobile_number_in_one_form(void **state)
{
    static const struct {
        const char *said, *kept;
    } CASES[] = {
        {"13800000105", "13800000105"},
        {"\"138 0000 0105\"", "13800000105"},
        {"+86 138-0000-0105", "13800000105"},
        {"\"+852 9123 4567\"", "+85291234567"},
        {"1380000010", NULL},
        {"23800000105", NULL},
        {"138000001051234567", NULL},
        {"+86", NULL},
        {"138+0000105", NULL},
        {"\"138x0000105\"", NULL},
        {"\"-\"", NULL},
    };
    struct place *p = *state;

    for (size_t i = 0; i < QUND_ARRAY_LEN(CASES); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf text = {0}, kept = {0};
        struct qund_errs errs;
        struct qund_org *org = NULL;
        int64_t id;

        qund_errs_init(&errs, 4);
        qund_buf_printf(&text, "staff: [{id: lin, phone: %s}]\n", CASES[i].said);
        if (qund_org_parse("o.yaml", qund_buf_view(&text), &org, &errs) !=
            (CASES[i].kept ? 0 : QUND_E_INVAL))
            fail_msg("%s: %s", CASES[i].said, errs.n ? errs.v[0].text : "taken");
        qund_org_free(org);
        if (CASES[i].kept) {
            apply(p, text.p, 1);
            assert_int_equal(qund_crm_staff_find(p->db, QUND_STR("lin"), &id), 0);
            assert_int_equal(qund_crm_staff_phone(p->db, id, &kept), 0);
            assert_string_equal(kept.p, CASES[i].kept);
        } else {
            assert_non_null(strstr(errs.v[0].text, "a mobile number like 13800000105"));
        }
        qund_errs_done(&errs);
    }
}

static void a_failed_apply_leaves_roles_as_they_were(void **state)
{
    struct place *p = *state;

    apply(p, FIRST, 1);
    person(p, "Lin", "林", 2000);
    assert_int_equal(qund_db_save(p->db, "item"), 0);
    qund_crm_item_begin(p->crm);
    apply(p, "staff: []\n", 1);
    assert_int_equal(person(p, "Lin", "林", 3000)->role, QUND_ROLE_NONE);
    assert_int_equal(qund_db_rollback_to(p->db, "item"), 0);
    qund_crm_item_undo(p->crm);
    assert_int_equal(person(p, "Lin", "林", 3000)->role, QUND_ROLE_STAFF);
    assert_int_equal(group(p, "g1")->state, QUND_GROUP_ACTIVE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
        cmocka_unit_test(the_shipped_sample_is_valid),
        cmocka_unit_test(all_errors_come_at_once_with_their_places),
        cmocka_unit_test(an_account_and_a_group_stand_there_once),
        T(the_file_makes_staff_bots_koc_and_group_types),
        T(the_files_name_of_a_group_stands_against_events),
        T(what_left_the_file_is_switched_off_not_deleted),
        T(an_export_read_back_gives_the_same_export),
        T(names_of_two_lines_are_exported_as_one),
        T(a_phone_is_a_mobile_number_in_one_form),
        T(a_failed_apply_leaves_roles_as_they_were),
    };

    return cmocka_run_group_tests_name("org", tests, NULL, NULL);
}
