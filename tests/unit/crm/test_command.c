/* test_command.c - what the faces change and read. */
#include "config/config.h"
#include "crm/org.h"
#include "crm/read.h"
#include "crm_unit.h"

static int run(struct place *p, const char *name, const char *body, struct qund_err *err)
{
    QUND_AUTO(qund_buf_done) struct qund_buf reply = {0};

    assert_true(qund_crm_command_known(name));
    return qund_crm_command(p->crm, name, qund_str(body), 5000, &reply, err);
}

static void ok(struct place *p, const char *name, const char *body)
{
    struct qund_err err = {0};

    if (run(p, name, body, &err) < 0)
        fail_msg("%s: %s: %s", name, err.where, err.text);
}

static void refused(struct place *p, const char *name, const char *body, int rc, const char *where)
{
    struct qund_err err = {0};

    assert_int_equal(run(p, name, body, &err), rc);
    assert_string_equal(err.where, where);
    assert_true(err.text[0] != '\0');
}

static void list_is(struct place *p, const char *what, const struct qund_crm_query *q,
                    const char *part, bool more)
{
    QUND_AUTO(qund_db_close) struct qund_db *reader = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0}, next = {0};
    struct qund_jw w = qund_jw(&out);
    struct qund_err err = {0};

    place_commit(p);
    reader = place_handle(p, QUND_DB_READ);
    if (qund_crm_list(reader, what, q, &w, &next, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    if (!strstr(out.p, part))
        fail_msg("%s lacks %s", out.p, part);
    assert_int_equal(next.n > 0, more);
}

static void people_are_changed_by_commands(void **state)
{
    char visited[] = "visited", won[] = "won", *stages[] = {visited, won};
    struct place *p = *state;

    person(p, "u1", "A", 1000);
    ok(p, "tag.add", "{\"contact\":1,\"tag\":\"老客户\"}");
    ok(p, "tag.add", "{\"contact\":1,\"tag\":\"近期\",\"for\":\"1h\"}");
    ok(p, "tag.remove", "{\"contact\":1,\"tag\":\"近期\"}");
    ok(p, "contact.opt_out", "{\"contact\":1,\"proof\":\"电话\"}");
    ok(p, "contact.update", "{\"contact\":1,\"name\":\"王女士\"}");
    ok(p, "lead.update", "{\"contact\":1,\"stage\":\"visited\",\"score_add\":15}");
    assert_int_equal(ask(p, "SELECT count(*) FROM contact_tag"), 1);
    assert_int_equal(ask(p, "SELECT opt_out FROM contact"), 1);
    assert_int_equal(ask(p, "SELECT score FROM lead WHERE stage = 'visited'"), 15);
    person(p, "u1", "A", 4000); /* older than the person's choice */
    ask_text(p, "SELECT name FROM contact", "王女士");
    refused(p, "tag.add", "{\"contact\":99,\"tag\":\"x\"}", QUND_E_NOTFOUND, "contact");
    refused(p, "tag.add", "{\"contact\":1,\"tag\":\"a,b\"}", QUND_E_INVAL, "tag");
    refused(p, "tag.add", "{\"contact\":1,\"tag\":\"a;b\"}", QUND_E_INVAL, "tag");
    refused(p, "tag.add", "{\"contact\":1,\"tag\":\" a\"}", QUND_E_INVAL, "tag");
    refused(p, "tag.add", "{\"contact\":1,\"tga\":\"x\"}", QUND_E_INVAL, "body");
    refused(p, "tag.add", "{\"contact\":1,", QUND_E_INVAL, "body");
    refused(p, "lead.update", "{\"contact\":1,\"owner\":\"nobody\"}", QUND_E_NOTFOUND, "staff");
    qund_crm_stages(p->crm, &(struct qund_strs){.v = stages, .n = QUND_ARRAY_LEN(stages)});
    refused(p, "lead.update", "{\"contact\":1,\"stage\":\"banana\",\"score_add\":5}", QUND_E_INVAL,
            "stage");
    assert_int_equal(ask(p, "SELECT score FROM lead"), 15); /* nothing of it */
    ok(p, "lead.update", "{\"contact\":1,\"stage\":\"won\"}");
    /* What a rule has set may be set. */
    assert_int_equal(qund_db_exec(p->db, "UPDATE lead SET stage = 'measuring'"), 0);
    ok(p, "lead.update", "{\"contact\":1,\"stage\":\"measuring\"}");
    qund_crm_stages(p->crm, NULL);
    assert_false(qund_crm_command_known("contact.explode"));
    assert_false(qund_crm_command_known("import.households") &&
                 run(p, "import.households", "{}", NULL) == 0);
}

static void the_organisation_is_changed_by_commands(void **state)
{
    struct place *p = *state;
    uint64_t version = qund_crm_org_version(p->crm);

    group(p, "g1");
    person(p, "u7", "阿姨", 1000);
    ok(p, "staff.upsert",
       "{\"key\":\"lin\",\"name\":\"林\",\"realm\":\"wx\",\"id\":\"Lin\",\"push\":[\"robot:a\"]}");
    ok(p, "group.update",
       "{\"group\":1,\"type\":\"home\",\"tags\":[\"精装\",\"城西\"],\"manager\":\"lin\","
       "\"zone\":\"Asia/Shanghai\"}");
    ok(p, "role.assign", "{\"group\":1,\"role\":\"consultant\",\"staff\":\"lin\"}");
    ok(p, "role.assign", "{\"group\":1,\"role\":\"koc_fan\",\"contact\":1,\"evidence\":\"单1\"}");
    ok(p, "roster.put",
       "{\"id\":\"r1\",\"roles\":[\"consultant\"],\n\"week\":[{\"days\":\"mon-fri\",\n"
       "\"hours\":\"09:00-18:00\",\"staff\":[\"lin\"]}]}");
    ok(p, "leave.add", "{\"staff\":\"lin\",\"from\":\"2025-09-20\",\"to\":\"2025-09-21\"}");
    assert_true(qund_crm_org_version(p->crm) >= version + 6);
    assert_int_equal(group(p, "g1")->n_tags, 2);
    assert_int_equal(group(p, "g1")->manager, 1);
    assert_int_equal(ask(p, "SELECT count(*) FROM shift"), 5);
    assert_int_equal(
        qund_crm_role(p->crm, person(p, "u7", "阿姨", 2000), group(p, "g1"), QUND_ROLE_NONE),
        QUND_ROLE_KOC);
    refused(p, "role.assign", "{\"group\":1,\"role\":\"koc_fan\",\"staff\":\"lin\"}", QUND_E_INVAL,
            "staff");
    refused(p, "role.assign", "{\"group\":1,\"role\":\"koc_fan\",\"contact\":1}", QUND_E_INVAL,
            "evidence");
    refused(p, "roster.put", "{\"id\":\"r2\",\"week\":[{\"days\":\"xyz\",\"hours\":\"1\"}]}",
            QUND_E_INVAL, "rosters");
    ok(p, "role.assign", "{\"group\":1,\"role\":\"koc_fan\",\"contact\":1,\"remove\":true}");
    assert_int_equal(
        qund_crm_role(p->crm, person(p, "u7", "阿姨", 2000), group(p, "g1"), QUND_ROLE_NONE),
        QUND_ROLE_CUSTOMER);
    ok(p, "leave.remove", "{\"leave\":1}");
    ok(p, "roster.remove", "{\"id\":\"r1\"}");
}

static void what_the_file_names_is_not_edited(void **state)
{
    struct place *p = *state;
    struct qund_org *org = NULL;
    struct qund_errs errs;

    qund_errs_init(&errs, 4);
    assert_int_equal(qund_org_parse("o",
                                    QUND_STR("staff: [{id: lin}]\n"
                                             "groups: [{realm: wx, id: g1}]\n"
                                             "rosters: [{id: r}]\n"
                                             "leave: [{staff: lin, from: 2025-01-01, "
                                             "to: 2025-01-02}]\n"),
                                    &org, &errs),
                     0);
    assert_int_equal(qund_org_apply(p->crm, org, 1, NULL, NULL), 1);
    refused(p, "staff.upsert", "{\"key\":\"lin\"}", QUND_E_DENIED, "managed_by_file");
    refused(p, "group.update", "{\"group\":1,\"name\":\"x\"}", QUND_E_DENIED, "managed_by_file");
    refused(p, "role.assign", "{\"group\":1,\"role\":\"expert\",\"staff\":\"lin\"}", QUND_E_DENIED,
            "managed_by_file");
    refused(p, "roster.put", "{\"id\":\"r\"}", QUND_E_DENIED, "managed_by_file");
    refused(p, "leave.remove", "{\"leave\":1}", QUND_E_NOTFOUND, "leave");
    qund_org_free(org);
    qund_errs_done(&errs);
}

/* Refused with the key, and nothing of it is done. */
static void a_group_takes_a_name_tags_and_a_zone_whole_or_not_at_all(void **state)
{
    static const struct {
        const char *body, *where;
    } ROWS[] = {
        {"\"name\":\"甲\\n乙\"", "name"},
        {"\"name\":\"甲\\u2028乙\"", "name"},
        {"\"place\":\"上\\n海\"", "place"},
        {"\"tags\":[\"a,b\"]", "tags"},
        {"\"tags\":[\"精装\",\"c|d\"]", "tags"},
        {"\"tags\":[\" e \"]", "tags"},
        {"\"tags\":[\"\"]", "tags"},
        {"\"tags\":[\"\",\"a\"]", "tags"},
        {"\"tags\":[\"a\",\"\",\"b\"]", "tags"},
        {"\"tags\":[\"a\\nb\"]", "tags"},
        {"\"tags\":[\"a\",\"\"]", "tags"},
        {"\"zone\":\"Mars/Olympus\"", "zone"},
    };
    struct place *p = *state;
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};

    group(p, "g1");
    ok(p, "group.update", "{\"group\":1,\"name\":\"一群\",\"tags\":[\"精装\"]}");
    for (size_t i = 0; i < QUND_ARRAY_LEN(ROWS); i++) {
        qund_buf_clear(&body);
        qund_buf_printf(&body, "{\"group\":1,\"state\":\"paused\",%s}", ROWS[i].body);
        refused(p, "group.update", body.p, QUND_E_INVAL, ROWS[i].where);
    }
    qund_buf_clear(&body);
    qund_buf_printf(&body, "{\"group\":1,\"name\":\"%0257d\"}", 0);
    refused(p, "group.update", body.p, QUND_E_INVAL, "name");
    assert_int_equal(group(p, "g1")->state, QUND_GROUP_ACTIVE);
    ask_text(p, "SELECT name FROM grp", "一群");
    ask_text(p, "SELECT group_concat(tag) FROM grp_tag", "精装");
    person(p, "u1", "A", 1000);
    refused(p, "contact.update", "{\"contact\":1,\"name\":\"王\\n五\"}", QUND_E_INVAL, "name");
    refused(p, "staff.upsert", "{\"key\":\"lin\",\"name\":\"林\\n一\"}", QUND_E_INVAL, "name");
    ok(p, "group.update", "{\"group\":1,\"tags\":[]}");
    assert_int_equal(ask(p, "SELECT count(*) FROM grp_tag"), 0);
}

static void lists_are_paged_filtered_and_masked(void **state)
{
    struct place *p = *state;
    struct qund_crm_query q = {.limit = 2, .mask = true};
    struct qund_crm_group *g = group(p, "g1");
    char pid[8];

    for (int i = 1; i <= 5; i++) {
        struct qund_crm_contact *c;

        snprintf(pid, sizeof(pid), "u%d", i);
        c = person(p, pid, pid, i);
        assert_int_equal(qund_crm_phone_add(p->crm, c, QUND_STR("13800000105"), 1, 1), 1);
        assert_int_equal(qund_crm_lead_score(p->crm, c, i % 3, QUND_STR("r"), 1, 1), 0);
        if (i % 2)
            assert_int_equal(qund_crm_member_seen(p->crm, g, c, QUND_STR(""), 1), 1);
    }
    list_is(p, "contacts", &q,
            "[{\"id\":5,\"name\":\"u5\",\"role\":\"customer\",\"phone\":\"138****0105\"", true);
    q.cursor = QUND_STR("4.0");
    list_is(p, "contacts", &q, "[{\"id\":3,", true);
    q.cursor = QUND_STR("2.0");
    list_is(p, "contacts", &q, "[{\"id\":1,", false);
    q = (struct qund_crm_query){.group = 1};
    list_is(p, "contacts", &q, "\"13800000105\"", false);
    list_is(p, "members", &q, "\"contact\":5", false);
    list_is(p, "leads", &q, "[{\"contact\":5,\"name\":\"u5\",\"score\":2", false);
    for (size_t i = 0; i < 5; i++) {
        static const char *const others[] = {"staff", "households", "signups", "rosters", "leave"};

        list_is(p, others[i], &q, "[]", false);
    }
    list_is(p, "groups", &q, "\"members\":3", false);
    list_is(p, "tags", &q, "[]", false);
}

static void one_person_is_shown_with_all_that_hangs_on_them(void **state)
{
    struct place *p = *state;
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    struct qund_jw w = qund_jw(&out);
    struct qund_crm_contact *c = person(p, "u1", "A", 1000);

    assert_int_equal(qund_crm_room_add(p->crm, group(p, "g1"), c, QUND_STR("3-2-1502"), true, 1, 1),
                     1);
    assert_int_equal(qund_crm_phone_add(p->crm, c, QUND_STR("13800000105"), 1, 1), 1);
    assert_int_equal(qund_crm_show(p->db, "contact", c->id, true, &w, NULL), 0);
    assert_non_null(strstr(out.p, "\"identities\":[{\"realm\":\"wx\",\"id\":\"u1\""));
    assert_non_null(strstr(out.p, "\"room\":\"3-2-1502\",\"self\":true"));
    assert_non_null(strstr(out.p, "138****0105"));
    qund_buf_clear(&out);
    w = qund_jw(&out);
    assert_int_equal(qund_crm_show(p->db, "contact", 99, true, &w, NULL), QUND_E_NOTFOUND);
    qund_buf_clear(&out);
    w = qund_jw(&out);
    assert_int_equal(qund_crm_show(p->db, "group", 1, true, &w, NULL), 0);
    assert_non_null(strstr(out.p, "\"type\":\"other\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
        T(people_are_changed_by_commands),
        T(the_organisation_is_changed_by_commands),
        T(a_group_takes_a_name_tags_and_a_zone_whole_or_not_at_all),
        T(what_the_file_names_is_not_edited),
        T(lists_are_paged_filtered_and_masked),
        T(one_person_is_shown_with_all_that_hangs_on_them),
    };

    return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
