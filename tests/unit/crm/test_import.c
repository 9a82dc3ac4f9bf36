/* test_import.c - CSV, imports in chunks, exports that import again. */
#include "config/config.h"
#include "core/clock.h"
#include "crm/import.h"
#include "crm_unit.h"

/* --- CSV --- */

static void rows_of(struct qund_str text, const char *expected)
{
    QUND_AUTO(qund_buf_done) struct qund_buf got = {0};
    struct qund_csv c;
    struct qund_err err;
    int rc;

    qund_csv_init(&c, text);
    while ((rc = qund_csv_next(&c, &err)) != 0) {
        qund_buf_printf(&got, "%lld", (long long)c.line);
        for (size_t i = 0; rc == 1 && i < c.n; i++)
            qund_buf_printf(&got, "[%.*s]", QUND_STR_ARG(c.field[i]));
        if (rc < 0)
            qund_buf_puts(&got, "!");
    }
    qund_buf_char(&got, '\0');
    assert_string_equal(got.p, expected);
    qund_csv_done(&c);
}

static void rows_are(const char *text, const char *expected)
{
    rows_of(qund_str(text), expected);
}

static void quotes_breaks_and_separators_are_read(void **state)
{
    (void)state;
    rows_are("a,b\r\n1,2\r\n", "1[a][b]2[1][2]");
    rows_are("\xef\xbb\xbf"
             "a;b\n1;2",
             "1[a][b]2[1][2]");
    rows_are("a\tb\n\n\n1\t2\n", "1[a][b]4[1][2]");
    rows_are("a,b\n\"x\ny\",\"say \"\"hi\"\"\"\nz,\n", "1[a][b]2[x\ny][say \"hi\"]4[z][]");
    rows_are("a,b\n\"open,1\nc,d\n", "1[a][b]2!3[c][d]");
    rows_are("a\n\"x\"y\nb\n", "1[a]2!3[b]");
    rows_are("a\n\xff\xfe\nb\n", "1[a]2!3[b]");
    rows_of(qund_str_n("a\nb\0c\nd\n", 8), "1[a]2!3[d]"); /* JSON cannot carry it */
    rows_are("", "");
}

static void formulas_are_disarmed_and_come_back_as_they_were(void **state)
{
    static const char *const texts[] = {"=1+1", "+86", "-x", "@a", "普通", "a,b", "\"q\"", "'s"};
    QUND_AUTO(qund_buf_done) struct qund_buf out = {0};
    struct qund_csv c;

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(texts); i++)
        qund_csv_put(&out, qund_str(texts[i]), i == 0);
    qund_csv_end(&out);
    assert_int_equal(strncmp(out.p, "\"'=1+1\",\"'+86\"", 14), 0);
    qund_csv_init(&c, qund_buf_view(&out));
    assert_int_equal(qund_csv_next(&c, NULL), 1);
    assert_int_equal(c.n, QUND_ARRAY_LEN(texts));
    for (size_t i = 0; i < c.n; i++)
        assert_true(qund_str_is(qund_csv_plain(c.field[i]), texts[i]));
    qund_csv_done(&c);
}

/* --- import --- */

/* Applies a file; at most `chunks` chunks (0: all). Returns the last answer. */
static char *import(struct place *p, enum qund_table t, const char *text,
                    enum qund_import_form form, bool dry_run, int chunks)
{
    struct qund_import_opt opt = {.form = form, .dry_run = dry_run, .realm = QUND_STR("wx")};
    QUND_AUTO(qund_import_close) struct qund_import *im = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0}, reply = {0};
    struct qund_err err = {0};
    int64_t line = 0;
    bool done = false;

    if (qund_import_open(t, &opt, qund_str(text), 0, &im, &err) < 0)
        fail_msg("%s: %s", err.where, err.text);
    assert_int_equal(qund_import_done_line(p->db, qund_import_job(im), &line, &done), 0);
    if (done)
        assert_int_equal(qund_import_refused_line(p->db, qund_import_job(im), &line), 0);
    if (line > 0) {
        char *job = qund_strdup(qund_import_job(im));

        qund_import_close(im);
        assert_int_equal(qund_import_open(t, &opt, qund_str(text), line, &im, &err), 0);
        assert_string_equal(job, qund_import_job(im));
        qund_free(job);
    }
    for (int n = 1; qund_import_next(im, &body) == 1; n++) {
        qund_buf_clear(&reply);
        qund_crm_item_begin(p->crm);
        if (qund_crm_command(p->crm, qund_import_command(t), qund_buf_view(&body), 9000, &reply,
                             &err) < 0)
            fail_msg("%s: %s", err.where, err.text);
        place_commit(p);
        if (n == chunks)
            break;
    }
    qund_buf_char(&reply, '\0');
    return qund_buf_take(&reply);
}

static void import_ok(struct place *p, enum qund_table t, const char *text)
{
    char *reply = import(p, t, text, QUND_IMPORT_CSV, false, 0);

    if (!strstr(reply, "\"errors\":[]"))
        fail_msg("%s", reply);
    qund_free(reply);
}

/* The number that the imported rows name. */
static void with_phone(struct place *p, struct qund_crm_contact *c)
{
    assert_int_equal(qund_crm_phone_add(p->crm, c, QUND_STR("13800000105"), 5, 1000), 1);
}

static void people_are_found_by_identity_then_phone(void **state)
{
    struct place *p = *state;
    struct qund_crm_contact *c = person(p, "u1", "张三", 1000);

    with_phone(p, c);
    import_ok(p, QUND_TABLE_CONTACTS,
              "realm,id,name,phone,room,group,tags,opt_out\n"
              "wx,u1,别名,,3-2-1502,g1,老客户;装修,\n"
              ",,,138 0000 0105,,,复购,TRUE\n"
              "wx,u2,李四,13900000000,,,,\n");
    assert_int_equal(ask(p, "SELECT count(*) FROM contact"), 2);
    ask_text(p, "SELECT name FROM contact WHERE id = 1", "张三"); /* known from her own words */
    assert_int_equal(ask(p, "SELECT count(*) FROM contact_tag WHERE contact = 1"), 3);
    assert_int_equal(ask(p, "SELECT opt_out FROM contact WHERE id = 1"), 1);
    assert_int_equal(ask(p, "SELECT count(*) FROM household"), 1);
}

/* A couple on one number, an old number given anew: another id in the same realm is another person.
 */
static void a_phone_merges_nobody_who_has_another_id_in_the_realm(void **state)
{
    struct place *p = *state;

    with_phone(p, person(p, "u1", "张三", 1));
    import_ok(p, QUND_TABLE_CONTACTS,
              "realm,id,name,phone\n"
              "wx,u2,李四,13800000105\n"
              "wx,u2,李四,13800000105\n");
    assert_int_equal(ask(p, "SELECT count(*) FROM contact"), 2);
    assert_int_equal(ask(p, "SELECT count(*) FROM contact_phone"), 2);
    ask_text(p, "SELECT name FROM contact WHERE id = 2", "李四");
    assert_int_equal(ask(p, "SELECT contact FROM identity WHERE pid = 'u2'"), 2);
}

static void a_phone_merges_across_realms(void **state)
{
    struct place *p = *state;

    with_phone(p, person(p, "u1", "张三", 1));
    import_ok(p, QUND_TABLE_CONTACTS, "realm,id,name,phone\nwecom,wm1,老张,13800000105\n");
    assert_int_equal(ask(p, "SELECT count(*) FROM contact"), 1);
    assert_int_equal(ask(p, "SELECT contact FROM identity WHERE pid = 'wm1'"),
                     ask(p, "SELECT contact FROM identity WHERE pid = 'u1'"));
}

static void bad_rows_are_named_by_line_and_the_rest_is_taken(void **state)
{
    struct place *p = *state;
    char *reply;

    person(p, "a", "A", 1);
    assert_int_equal(
        qund_crm_phone_add(p->crm, person(p, "a", "A", 1), QUND_STR("13800000001"), 1, 1), 1);
    assert_int_equal(
        qund_crm_phone_add(p->crm, person(p, "b", "B", 1), QUND_STR("13800000001"), 1, 1), 1);
    reply = import(p, QUND_TABLE_CONTACTS,
                   "id,name,phone\n"
                   "u1,甲,12345\n"
                   "u2,\"乙\n乙\",\n"
                   ",丙,13800000001\n"
                   ",丁,\n"
                   "u5,戊,,extra\n"
                   "u6,\"己\n",
                   QUND_IMPORT_CSV, false, 0);
    assert_non_null(strstr(reply, "\"line\":2,\"reason\":\"phone: "));
    assert_non_null(strstr(reply, "\"line\":5,\"reason\":\"phone: belongs to several"));
    assert_non_null(strstr(reply, "\"line\":6,\"reason\":\"row: needs"));
    assert_non_null(strstr(reply, "\"line\":7,\"reason\":\"the row has 4 fields, the header 3"));
    assert_non_null(strstr(reply, "\"line\":8,\"reason\":\"a quoted field"));
    assert_non_null(strstr(reply, "\"rows\":6,\"created\":1"));
    assert_int_equal(ask(p, "SELECT count(*) FROM identity WHERE pid LIKE 'u%'"), 1);
    qund_free(reply);
}

static void a_room_is_read_as_in_a_chat_and_what_is_none_is_refused(void **state)
{
    struct place *p = *state;
    static const char file[] = "id,name,room,group\n"
                               "u1,甲,哈哈,g1\n"
                               "u2,乙,３栋２单元１５０２,g1\n"
                               "u3,丙,3-2-1502,g1\n"
                               "u4,丁\n"
                               "u5,戊,别墅12号,g1\n"
                               "u6,己,,g1\n";

    for (int dry = 1; dry >= 0; dry--) {
        char *reply = import(p, QUND_TABLE_CONTACTS, file, QUND_IMPORT_CSV, dry, 0);

        assert_non_null(
            strstr(reply, "\"line\":2,\"reason\":\"room: '哈哈' is no room; write 3-2"));
        assert_non_null(
            strstr(reply, "\"line\":5,\"reason\":\"the row has 2 fields, the header 4"));
        assert_non_null(strstr(reply, "\"rows\":6,\"created\":4"));
        qund_free(reply);
    }
    assert_int_equal(ask(p, "SELECT count(*) FROM household"), 2); /* 3-2-1502 once, the villa */
    assert_int_equal(ask(p, "SELECT count(*) FROM contact"), 4);
}

static void tags_and_times_that_are_none_are_refused_not_cut(void **state)
{
    struct place *p = *state;
    char *reply = import(p, QUND_TABLE_CONTACTS,
                         "id,tags,first_seen\n"
                         "u1,\"a,b;c\",\n"
                         "u2,,yesterday\n"
                         "u3,老客户;装修,2025-09-15T08:30:00+08:00\n",
                         QUND_IMPORT_CSV, false, 0);

    assert_non_null(strstr(reply, "\"line\":2,\"reason\":\"tags: 'a,b' is no tag"));
    assert_non_null(strstr(reply, "\"line\":3,\"reason\":\"first_seen: 'yesterday' is no time"));
    assert_non_null(strstr(reply, "\"rows\":3,\"created\":1"));
    qund_free(reply);
    assert_int_equal(ask(p, "SELECT count(*) FROM tag"), 2);
    reply = import(p, QUND_TABLE_ORDERS, "order,paid_at\nA1,1757896365\nA2,1757896365000\n",
                   QUND_IMPORT_CSV, false, 0);
    assert_non_null(strstr(reply,
                           "paid_at: 1757896365 looks like seconds, milliseconds are wanted: "
                           "1757896365000"));
    assert_non_null(strstr(reply, "\"rows\":2,\"created\":1"));
    qund_free(reply);
}

static void an_unknown_column_is_refused_with_the_nearest(void **state)
{
    struct qund_import_opt opt = {.form = QUND_IMPORT_CSV};
    struct qund_import *im = NULL;
    struct qund_err err = {0};

    (void)state;
    assert_int_equal(
        qund_import_open(QUND_TABLE_CONTACTS, &opt, QUND_STR("id,phon\n1,2\n"), 0, &im, &err),
        QUND_E_INVAL);
    assert_non_null(strstr(err.text, "nearest known: 'phone'"));
}

static void a_dry_run_reports_and_keeps_nothing(void **state)
{
    struct place *p = *state;
    char *reply;

    person(p, "u1", "张三", 1000);
    reply = import(p, QUND_TABLE_CONTACTS, "id,name,tags\nu1,A,新\nu9,B,新\nu8,C,\n",
                   QUND_IMPORT_CSV, true, 0);
    assert_non_null(strstr(reply, "\"created\":2,\"updated\":1"));
    qund_free(reply);
    assert_int_equal(ask(p, "SELECT count(*) FROM contact"), 1);
    assert_int_equal(ask(p, "SELECT count(*) FROM tag"), 0);
    assert_int_equal(ask(p, "SELECT count(*) FROM import_job"), 0);
    assert_int_equal(qund_crm_tag_has(p->crm, person(p, "u1", "张三", 2000), QUND_STR("新"), 1), 0);
}

static void a_repeat_goes_on_where_the_job_stopped(void **state)
{
    struct place *p = *state;
    QUND_AUTO(qund_buf_done) struct qund_buf file = {0};

    qund_buf_puts(&file, "id,name,phone\n");
    for (int i = 0; i < 1700; i++)
        qund_buf_printf(&file, "u%d,n%d,138%08d\n", i, i, i);
    qund_free(import(p, QUND_TABLE_CONTACTS, file.p, QUND_IMPORT_CSV, false, 2));
    assert_int_equal(ask(p, "SELECT count(*) FROM contact"), 1000);
    assert_int_equal(ask(p, "SELECT next_line FROM import_job"), 1002);
    qund_free(import(p, QUND_TABLE_CONTACTS, file.p, QUND_IMPORT_CSV, false, 0));
    assert_int_equal(ask(p, "SELECT count(*) FROM contact"), 1700);
    assert_int_equal(ask(p, "SELECT rows FROM import_job"), 1700); /* none twice */
    assert_int_equal(ask(p, "SELECT done FROM import_job"), 1);
}

static void a_chunk_that_comes_twice_changes_nothing(void **state)
{
    struct place *p = *state;
    static const char body[] = "{\"job\":\"j\",\"rows\":[{\"line\":2,\"row\":{\"id\":\"x\","
                               "\"score\":5}}],\"first_line\":2,\"next_line\":3,\"done\":true}";
    QUND_AUTO(qund_buf_done) struct qund_buf reply = {0};

    assert_int_equal(qund_crm_command(p->crm, "import.leads", qund_str(body), 1, &reply, NULL), 0);
    qund_buf_clear(&reply);
    assert_int_equal(qund_crm_command(p->crm, "import.leads", qund_str(body), 2, &reply, NULL), 0);
    assert_non_null(strstr(reply.p, "\"repeated\":true"));
    assert_int_equal(ask(p, "SELECT score FROM lead"), 5);
    assert_int_equal(ask(p, "SELECT count(*) FROM lead_event"), 1);
}

static void a_repeat_tries_what_was_refused_and_that_alone(void **state)
{
    struct place *p = *state;
    /* Who has nothing but a room would be there twice, if taken twice. */
    static const char leads[] = "id,group,room,score,owner\n"
                                "u1,,,5,xia\n"
                                ",g1,3-2-1502,1,\n"
                                "u2,,,7,xia\n"
                                "u3,,,1,nobody\n";
    char *reply = import(p, QUND_TABLE_LEADS, leads, QUND_IMPORT_CSV, false, 0);

    assert_non_null(strstr(reply, "\"rows\":4,\"created\":1"));
    qund_free(reply);
    assert_int_equal(ask(p, "SELECT errors FROM import_job"), 3);
    import_ok(p, QUND_TABLE_STAFF, "key,name\nxia,夏\n");
    reply = import(p, QUND_TABLE_LEADS, leads, QUND_IMPORT_CSV, false, 0);
    assert_non_null(strstr(reply, "\"line\":5,\"reason\":\"owner: "));
    assert_non_null(strstr(reply, "\"rows\":3,\"created\":2"));
    qund_free(reply);
    assert_int_equal(ask(p, "SELECT count(*) FROM lead"), 3);
    assert_int_equal(ask(p, "SELECT count(*) FROM lead WHERE owner > 0"), 2);
    assert_int_equal(ask(p, "SELECT errors FROM import_job WHERE kind = 'leads'"), 1);
    assert_int_equal(ask(p, "SELECT line FROM import_refused"), 5);
    reply = import(p, QUND_TABLE_LEADS, leads, QUND_IMPORT_CSV, false, 0);
    assert_non_null(strstr(reply, "\"rows\":1,\"created\":0"));
    qund_free(reply);
    assert_int_equal(ask(p, "SELECT count(*) FROM contact"), 3);
}

static void job_of(const struct qund_import_opt *opt, char job[65])
{
    QUND_AUTO(qund_import_close) struct qund_import *im = NULL;

    assert_int_equal(
        qund_import_open(QUND_TABLE_CONTACTS, opt, QUND_STR("id,name\nu1,A\n"), 0, &im, NULL), 0);
    snprintf(job, 65, "%s", qund_import_job(im));
}

static void form_realm_and_source_belong_to_the_job(void **state)
{
    static const struct qund_import_opt OPTS[] = {
        {.realm = QUND_STR("wx")},
        {.realm = QUND_STR("wx"), .form = QUND_IMPORT_JSONL},
        {.realm = QUND_STR("wecom")},
        {.realm = QUND_STR("wx"), .source = QUND_STR("fair")},
        {.realm = QUND_STR("wx"), .dry_run = true}};
    char job[QUND_ARRAY_LEN(OPTS)][65], again[65];

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(OPTS); i++) {
        job_of(&OPTS[i], job[i]);
        job_of(&OPTS[i], again);
        assert_string_equal(again, job[i]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(job[k], job[i]);
    }
}

static void json_lines_staff_leads_and_orders_are_taken(void **state)
{
    char fresh[] = "new", won[] = "won", *stages[] = {fresh, won};
    struct place *p = *state;
    char *reply = import(p, QUND_TABLE_STAFF,
                         "{\"key\":\"lin\",\"name\":\"林\",\"id\":\"Lin\",\"push\":[\"a\",\"b\"]}\n"
                         "{\"key\":\"x\",\"id\":\"Lin\"}\n{bad\n",
                         QUND_IMPORT_JSONL, false, 0);

    assert_non_null(strstr(reply, "\"line\":2,\"reason\":\"id: this identity"));
    assert_non_null(strstr(reply, "\"line\":3"));
    qund_free(reply);
    assert_int_equal(ask(p, "SELECT count(*) FROM staff"), 1);
    assert_int_equal(ask(p, "SELECT count(*) FROM staff_push"), 2);
    assert_int_equal(person(p, "Lin", "林", 1)->role, QUND_ROLE_STAFF);
    import_ok(p, QUND_TABLE_LEADS, "id,score,stage,owner\nu1,42,visited,lin\n");
    import_ok(p, QUND_TABLE_LEADS, "id,score,stage,owner\nu1,50,,\n");
    qund_crm_stages(p->crm, &(struct qund_strs){.v = stages, .n = QUND_ARRAY_LEN(stages)});
    reply = import(p, QUND_TABLE_LEADS, "id,score,stage\nu1,50,banana\nu2,1,won\n", QUND_IMPORT_CSV,
                   false, 0);
    assert_non_null(strstr(
        reply, "\"line\":2,\"reason\":\"stage: 'banana' is none of leads.stages (new, won)"));
    qund_free(reply);
    assert_int_equal(ask(p, "SELECT count(*) FROM lead WHERE stage = 'won'"), 1);
    assert_int_equal(qund_db_exec(p->db, "DELETE FROM lead WHERE stage = 'won'"), 0);
    qund_crm_stages(p->crm, NULL);
    assert_int_equal(ask(p, "SELECT score FROM lead"), 50);
    ask_text(p, "SELECT stage FROM lead", "visited");
    import_ok(p, QUND_TABLE_ORDERS,
              "order,id,amount_cent,paid_at,items\nA1,u1,19900,2025-09-15T08:30:00+08:00,瓷砖\n");
    assert_int_equal(ask(p, "SELECT amount_cent FROM shop_order WHERE contact > 0"), 19900);
}

static int collect(void *arg, struct qund_str piece)
{
    qund_buf_str(arg, piece);
    return 0;
}

static void export(struct place *p, enum qund_table t, enum qund_export_form form, bool mask,
                   struct qund_buf *out)
{
    struct qund_export_opt opt = {form, mask};
    int64_t rows;

    assert_int_equal(qund_export(p->db, t, &opt, collect, out, &rows, NULL), 0);
    qund_buf_char(out, '\0');
    out->n--;
}

static void an_export_imports_into_another_store(void **state)
{
    struct place *p = *state, *q = place_new(NULL);
    QUND_AUTO(qund_buf_done) struct qund_buf a = {0}, b = {0}, masked = {0}, lines = {0};

    import_ok(p, QUND_TABLE_CONTACTS,
              "id,name,phone,room,group,tags\n"
              "u1,=HYPERLINK(1),13800000105,3-2-1502,g1,老客户;装修\n"
              "u2,\"逗,号\",,二期/6-1-801,g1,\n");
    export(p, QUND_TABLE_CONTACTS, QUND_EXPORT_CSV, false, &a);
    assert_non_null(strstr(a.p, "\"'=HYPERLINK(1)\""));
    import_ok(q, QUND_TABLE_CONTACTS, a.p);
    export(q, QUND_TABLE_CONTACTS, QUND_EXPORT_CSV, false, &b);
    assert_string_equal(a.p, b.p);
    export(p, QUND_TABLE_CONTACTS, QUND_EXPORT_CSV, true, &masked);
    assert_non_null(strstr(masked.p, "138****0105"));
    assert_null(strstr(masked.p, "13800000105"));
    export(p, QUND_TABLE_HOUSEHOLDS, QUND_EXPORT_JSONL, false, &lines);
    assert_non_null(strstr(lines.p, "\"zone\":\"二期\",\"building\":\"6\""));
    place_free(q);
}

static void a_large_file_is_imported_whole(void **state)
{
    struct place *p = *state;
    QUND_AUTO(qund_buf_done) struct qund_buf file = {0};
    int n = many(10000);
    int64_t us;

    qund_buf_puts(&file, "id,name,phone,room,group,tags\n");
    for (int i = 0; i < n; i++)
        qund_buf_printf(&file, "wm%08d,客户%d,13%09d,%d-%d-%d,g%d,导入\n", i, i, i, i % 40 + 1,
                        i % 3 + 1, i / 120 % 30 * 100 + 101 + i % 4, i % 20);
    us = qund_mono_us();
    qund_free(import(p, QUND_TABLE_CONTACTS, file.p, QUND_IMPORT_CSV, false, 0));
    us = qund_mono_us() - us;
    print_message("import of %d contacts: %.1f s, %.0f rows/s\n", n, (double)us / 1e6,
                  n * 1e6 / (double)us);
    assert_int_equal(ask(p, "SELECT count(*) FROM contact"), n);
    assert_int_equal(ask(p, "SELECT count(*) FROM contact_phone"), n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, place_setup, place_teardown)
        cmocka_unit_test(quotes_breaks_and_separators_are_read),
        cmocka_unit_test(formulas_are_disarmed_and_come_back_as_they_were),
        T(people_are_found_by_identity_then_phone),
        T(a_phone_merges_nobody_who_has_another_id_in_the_realm),
        T(a_phone_merges_across_realms),
        T(bad_rows_are_named_by_line_and_the_rest_is_taken),
        T(a_room_is_read_as_in_a_chat_and_what_is_none_is_refused),
        T(tags_and_times_that_are_none_are_refused_not_cut),
        T(an_unknown_column_is_refused_with_the_nearest),
        T(a_dry_run_reports_and_keeps_nothing),
        T(a_repeat_goes_on_where_the_job_stopped),
        T(a_chunk_that_comes_twice_changes_nothing),
        T(a_repeat_tries_what_was_refused_and_that_alone),
        T(form_realm_and_source_belong_to_the_job),
        T(json_lines_staff_leads_and_orders_are_taken),
        T(an_export_imports_into_another_store),
        T(a_large_file_is_imported_whole),
    };

    return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
