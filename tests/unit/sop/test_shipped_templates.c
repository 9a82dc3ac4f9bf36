/* The templates that ship: each is read without an error or a warning, is pinned by its digest, and
 * speaks lawfully. */
#include "core/file.h"
#include "sop/template.h"
#include "unit.h"

#define FOLDER QUND_SOURCE_DIR "/sop-templates"

static struct qund_sop_template *shipped[32];
static size_t n_shipped;

static int load_all(void **state)
{
    char **names = NULL;
    size_t n = 0;
    struct qund_errs errs, warnings;

    (void)state;
    qund_errs_init(&errs, 50);
    qund_errs_init(&warnings, 50);
    assert_int_equal(qund_dir_list(FOLDER, ".yaml", &names, &n, NULL), 0);
    for (size_t i = 0; i < n; i++) {
        QUND_AUTO(qund_free_str) char *path = qund_path_join(FOLDER, names[i]);

        qund_ignore(qund_sop_template_load(path, &shipped[i], &errs, &warnings)); /* errs says it */
        qund_free(names[i]);
    }
    qund_free(names);
    n_shipped = n;
    for (size_t i = 0; i < errs.n; i++)
        printf("%s: %s\n", errs.v[i].where, errs.v[i].text);
    for (size_t i = 0; i < warnings.n; i++)
        printf("%s: warning: %s\n", warnings.v[i].where, warnings.v[i].text);
    n = errs.n + warnings.n;
    qund_errs_done(&errs);
    qund_errs_done(&warnings);
    return n == 0 ? 0 : -1;
}

static int free_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_shipped; i++)
        qund_sop_template_free(shipped[i]);
    return 0;
}

static void the_eight_playbooks_and_four_more_are_there(void **state)
{
    static const struct {
        const char *id;
        size_t steps;
        enum qund_sop_scope scope;
        enum qund_sop_anchor anchor;
    } all[] = {
        {"home_cold_start_groupbuy", 25, QUND_SOP_GROUP, QUND_SOP_BY_EVENT},
        {"onboarding_d0_d7", 8, QUND_SOP_MEMBER, QUND_SOP_BY_JOIN},
        {"flash_sale_day", 12, QUND_SOP_GROUP, QUND_SOP_BY_EVENT},
        {"course_live_camp", 14, QUND_SOP_GROUP, QUND_SOP_BY_EVENT},
        {"post_purchase_followup", 10, QUND_SOP_CONTACT, QUND_SOP_BY_TRIGGER},
        {"dormant_reactivation", 8, QUND_SOP_CONTACT, QUND_SOP_BY_TRIGGER},
        {"complaint_escalation", 9, QUND_SOP_CONTACT, QUND_SOP_BY_TRIGGER},
        {"offline_event_signup_attendance", 15, QUND_SOP_GROUP, QUND_SOP_BY_EVENT},
        {"good_morning_night", 14, QUND_SOP_GROUP, QUND_SOP_BY_TRIGGER},
        {"quick_flash_sale", 7, QUND_SOP_GROUP, QUND_SOP_BY_EVENT},
        {"new_group_nurture", 11, QUND_SOP_GROUP, QUND_SOP_BY_TRIGGER},
        {"weekly_digest", 6, QUND_SOP_GROUP, QUND_SOP_BY_TRIGGER},
    };

    (void)state;
    assert_int_equal(n_shipped, QUND_ARRAY_LEN(all));
    for (size_t i = 0; i < QUND_ARRAY_LEN(all); i++) {
        const struct qund_sop_template *t = NULL;

        for (size_t k = 0; k < n_shipped; k++)
            if (qund_str_is(shipped[k]->id, all[i].id))
                t = shipped[k];
        if (!t)
            fail_msg("%s does not ship", all[i].id);
        assert_int_equal(t->n_steps, all[i].steps);
        assert_int_equal(t->scope, all[i].scope);
        assert_int_equal(t->anchor, all[i].anchor);
    }
}

static void each_is_read_back_from_its_canonical_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_shipped; i++) {
        QUND_AUTO(qund_sop_template_free) struct qund_sop_template *t = NULL;
        QUND_AUTO(qund_errs_done) struct qund_errs errs = {0}, warnings = {0};

        qund_errs_init(&errs, 5);
        qund_errs_init(&warnings, 5);
        assert_int_equal(qund_sop_template_parse("store", shipped[i]->text, &t, &errs, &warnings),
                         0);
        assert_int_equal(warnings.n, 0);
        assert_string_equal(t->digest, shipped[i]->digest);
    }
}

static void they_chain_and_name_what_they_are_for(void **state)
{
    struct qund_errs errs;

    (void)state;
    qund_errs_init(&errs, 5);
    assert_int_equal(
        qund_sop_chain_check((const struct qund_sop_template *const *)shipped, n_shipped, &errs),
        0);
    qund_errs_done(&errs);
    for (size_t i = 0; i < n_shipped; i++) {
        const char *slash = strrchr(shipped[i]->source.p, '/');
        char file[100];

        snprintf(file, sizeof(file), "%.*s.yaml", QUND_STR_ARG(shipped[i]->id));
        assert_string_equal(slash + 1, file); /* found by its name */
        assert_true(shipped[i]->goal.n > 0 && shipped[i]->n_targets > 0);
        for (size_t k = 0; k < shipped[i]->n_steps; k++)
            assert_true(shipped[i]->steps[k].expect.given);
    }
}

static void every_param_has_a_label_people_can_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_shipped; i++)
        for (size_t k = 0; k < shipped[i]->n_params; k++) {
            const struct qund_sop_param *p = &shipped[i]->params[k];

            if (qund_str_eq(p->label, p->name))
                fail_msg("%.*s: %.*s", QUND_STR_ARG(shipped[i]->id), QUND_STR_ARG(p->name));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_eight_playbooks_and_four_more_are_there),
        cmocka_unit_test(each_is_read_back_from_its_canonical_text),
        cmocka_unit_test(they_chain_and_name_what_they_are_for),
        cmocka_unit_test(every_param_has_a_label_people_can_read),
    };

    return cmocka_run_group_tests(tests, load_all, free_all);
}
