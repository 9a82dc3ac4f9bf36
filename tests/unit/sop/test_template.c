/* YAML → template: what each key means, every error with its place, the canonical text, chains. */
#include "template_unit.h"

static const char HEAD[] = "id: x\ntitle: 甲\ngoal: {main_conversion: 无, targets: {orders: 3}}\n";

static const char FULL[] =
    "id: all_keys\ntitle: 全部的键\ngroup_type: home\nscope: group\nanchor: event\ntrigger: date\n"
    "next: other\ngoal: {main_conversion: 来了就买, targets: {orders: 5% of capacity, joins: "
    "'<=9'}}\n"
    "roles:\n  questioner: {actor_kind: staff, evidence: member_questions, disclosure: "
    "（主持人代问）}\n"
    "params: [{name: a.b, label: 甲, type: number, default: 3}]\n"
    "stop_all: [leaves>=5% in 24h]\nsteps:\n"
    "  - {id: S01, title: 一, at: T -1d 10:00, kind: safety, role: questioner, channel: group,\n"
    "     content: '{{a.b}}{{brand}}{{link:map}}', media: [a.png], tags: [t1, t2],\n"
    "     expect: {metric: keyword_hits, gte: '{{a.b}}', window: 36h, words: [是, 对]},\n"
    "     plan_b: {role: store, channel: staff_task, content: 补, media: [b.png], at: T+2d "
    "09:00},\n"
    "     alert: {when: joins<3 at T, to: on_duty, level: info}, stop: [group_paused at T-1h],\n"
    "     late: 120m, quiet: drop, work_days: true, ready_by: T-2d 10:00}\n"
    "  - {id: S02, at: T+1h, role: leader, channel: staff_task, content: 记,\n"
    "     expect: {metric: task_done, gte: 1, window: 1d}, plan_b: {role: manager, content: 催},\n"
    "     alert: {when: always, to: leader}}\n";

static void every_key_finds_its_place(void **state)
{
    QUND_AUTO(qund_sop_template_free) struct qund_sop_template *t = unit_good_template(FULL);
    const struct qund_sop_step *s = &t->steps[0];

    (void)state;
    assert_true(qund_str_is(t->id, "all_keys"));
    assert_true(qund_str_is(t->group_type, "home"));
    assert_true(qund_str_is(t->next, "other"));
    assert_int_equal(t->trigger, QUND_SOP_DATE);
    assert_int_equal(t->n_targets, 2);
    assert_true(t->targets[1].at_most);
    assert_int_equal(t->targets[0].value.of, QUND_SOP_OF_CAPACITY);
    assert_true(t->roles[QUND_SOP_QUESTIONER].given);
    assert_int_equal(t->stop_all[0].in_ms, QUND_DAY_MS);
    assert_int_equal(t->n_steps, 2);
    assert_int_equal(s->kind, QUND_SOP_SAFETY);
    assert_int_equal(s->say.n_media, 1);
    assert_int_equal(s->expect.n_words, 2);
    assert_true(qund_str_is(s->expect.value.var, "a.b"));
    assert_int_equal(s->expect.window_ms, 36 * QUND_HOUR_MS);
    assert_true(s->plan_b_timed);
    assert_int_equal(s->plan_b.channel, QUND_SOP_CH_STAFF_TASK);
    assert_int_equal(s->n_tags, 2);
    assert_true(qund_str_is(s->alert.to, "on_duty"));
    assert_true(s->alert.when.has_at);
    assert_int_equal(s->stop[0].flag, QUND_SOP_GROUP_PAUSED);
    assert_int_equal(s->late_ms, 2 * QUND_HOUR_MS);
    assert_true(s->quiet_drop && s->work_days && s->has_ready_by && !s->unfinished);
    s = qund_sop_step_find(t, QUND_STR("S02"));
    assert_non_null(s);
    assert_int_equal(s->kind, QUND_SOP_SERVICE); /* of a staff_task */
    assert_int_equal(s->plan_b.channel, QUND_SOP_CH_STAFF_TASK);
    assert_false(s->plan_b_timed);
    assert_true(s->alert.always);
    assert_true(qund_str_is(s->alert.level, "warn"));
    assert_int_equal(s->late_ms, 4 * QUND_HOUR_MS);
    assert_null(qund_sop_step_find(t, QUND_STR("S03")));
}

static void what_must_be_typed_is_all_in_the_params(void **state)
{
    QUND_AUTO(qund_sop_template_free) struct qund_sop_template *t = unit_good_template(FULL);

    (void)state;
    assert_int_equal(t->n_params, 3);
    assert_true(qund_str_is(t->params[0].preset, "3"));
    assert_true(qund_str_is(t->params[1].name, "brand"));
    assert_true(qund_str_is(t->params[1].label, "品牌"));
    assert_true(qund_str_is(t->params[2].name, "link:map"));
    assert_true(qund_str_is(t->params[2].label, "链接 map"));
    assert_true(qund_str_is(t->params[2].type, "link"));
}

static void the_canonical_text_is_read_to_the_same_digest(void **state)
{
    QUND_AUTO(qund_sop_template_free)
    struct qund_sop_template *t = unit_good_template(FULL), *u = NULL;
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

    (void)state;
    qund_buf_str(&text, t->text);
    u = unit_good_template(text.p);
    assert_string_equal(u->digest, t->digest);
    assert_true(qund_str_eq(u->text, t->text));
    assert_int_equal(strlen(t->digest), 64);
}

static void comments_and_the_order_of_keys_make_no_new_version(void **state)
{
    static const char *const texts[] = {
        "id: x\ntitle: 甲\nsteps:\n  - {id: S01, at: T +90m, role: star, channel: group, content: "
        "好,\n"
        "     expect: {metric: joins, gte: 20, window: 24h}}\nanchor: event\n",
        "# 说明\nanchor: event\ntitle: '甲'\nid: x\nscope: group # 默认\nsteps:\n"
        "- expect: {window: 1d, gte: '20.0', metric: joins}\n  content: \"好\"\n  channel: group\n"
        "  role: star\n  id: S01\n  at: T+1h30m\n  late: 240m\n  kind: marketing\n  tags: []\n",
    };
    QUND_AUTO(qund_sop_template_free) struct qund_sop_template *a = unit_good_template(texts[0]);
    QUND_AUTO(qund_sop_template_free) struct qund_sop_template *b = unit_good_template(texts[1]);

    (void)state;
    assert_true(qund_str_eq(a->text, b->text));
    assert_string_equal(a->digest, b->digest);
}

static void the_anchor_follows_from_trigger_and_scope(void **state)
{
    static const struct {
        const char *keys;
        enum qund_sop_anchor anchor;
    } all[] = {
        {"trigger: event\n", QUND_SOP_BY_EVENT},
        {"scope: member\ntrigger: member_joined\n", QUND_SOP_BY_JOIN},
        {"scope: contact\ntrigger: {dormant: 60d}\n", QUND_SOP_BY_TRIGGER},
        {"", QUND_SOP_BY_TRIGGER},
        {"trigger: manual\nanchor: event\n", QUND_SOP_BY_EVENT},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(all); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf text = {0};
        QUND_AUTO(qund_sop_template_free) struct qund_sop_template *t = NULL;

        qund_buf_printf(&text,
                        "%s%ssteps: [{id: A, at: +1h, role: star, channel: group, content: 好}]\n",
                        HEAD, all[i].keys);
        t = unit_good_template(text.p);
        assert_int_equal(t->anchor, all[i].anchor);
    }
}

/* --- errors ---------------------------------------------------------------------------------- */
static const struct {
    const char *file, *errors[24];
} broken[] = {
    {"01-keys",
     {"1:1: the template has no `title`, e.g. 秋季开放日",
      "2:1: unknown key 'titel'; nearest known: 'title'",
      "4:5: the step has no `content`, e.g. 明天见，路线在群公告里。",
      "8:5: unknown key 'contents'; nearest known: 'content'",
      "9:52: unknown key 'windov'; nearest known: 'window'",
      "10:5: the step has no `at`, e.g. T-14d 10:00",
      "10:5: the step has no `role`, e.g. consultant",
      "10:5: the step has no `channel`, e.g. group",
      "10:5: the step has no `content`, e.g. 明天见，路线在群公告里。",
      "11:13: plan_b has no `role`, e.g. leader",
      "11:13: this plan B can never run: its step expects nothing (`expect`)",
      "11:14: unknown key 'rolle'; nearest known: 'role'"}},
    {"02-types",
     {"1:5: id must be a name of lower-case letters, digits and _ (at most 64 bytes) (found 'Big "
      "Name')",
      "2:8: title must be a text that is not empty",
      "3:13: group_type must be one of: any, home, ecommerce, course, ticketing, other (found "
      "'houses')",
      "4:8: scope 'grup' is not known; nearest known: 'group'",
      "6:5: steps[0]: a step must be a map of keys and values (found 'S01')",
      "7:9: a step's id is a short name such as S01 (letters, digits, _ and -, at most 16 bytes)",
      "8:9: at must be a text",
      "9:11: role must be one of: star, expert, koc_fan, leader, consultant, questioner, "
      "first_buyer, store, manager, system (found 'boss')",
      "10:14: channel must be one of: group, group_notice, one_to_one, sms, staff_task, form "
      "(found 'wechat')",
      "11:14: content must be a text that is not empty (found '')", "12:37: gte must be a text",
      "12:58: window must be a duration such as 30m, 2h or 7d (found 'soon')",
      "13:11: steps[1].tags: here belongs a list, each entry of it a tag (found '看过')",
      "14:11: late must lie between 1m and 30d (found '40d')",
      "15:16: work_days must be true or false (found 'yes')",
      "16:12: quiet must be one of: delay, drop (found 'never')",
      "17:38: alert.to must be one of: star, expert, koc_fan, leader, consultant, questioner, "
      "first_buyer, store, manager, system, on_duty, group_owner, auditor (found 'boss')",
      "17:51: alert.level must be one of: info, warn, urgent (found 'loud')"}},
    {"03-times",
     {"5:19: T is the start of an event, and this template has none: write `anchor: event`, or "
      "count from D0 or the start (D3 20:00, +2h)",
      "6:19: at: 'D3' is no offset: a day needs its time, as in D3 20:00; +10m counts from the "
      "start",
      "7:19: at: 'T-36h 10:00' is no offset: with a time of day only whole days can be counted",
      "8:19: at: nothing is known to happen as 'member_joind'; nearest known: 'member_joined' "
      "(found 'on:member_joind')",
      "14:48: window must lie between 1m and 90d (found '10s')",
      "15:18: plan_b.at lies before the step itself",
      "16:15: ready_by lies after the step itself: its content would come too late"}},
    {"04-conditions",
     {"3:45: a target is a metric that can be counted: unknown metric 'order'; nearest known: "
      "'orders'",
      "3:62: satisfaction counts neither people nor things: write a number, no percentage",
      "4:12: opt_out is of one person, and a plan for a group has none: take it out, or make the "
      "scope member or contact",
      "4:21: stop_all: after a percentage comes nothing or its base, as in 30% of signups (found "
      "'leaves>=5%d')",
      "4:34: keyword_hits of which word? Write keyword_hits.收到>=1, or `words` in the step's "
      "expect",
      "11:41: gte: unknown base of a percentage 'members' (found '30% of members')",
      "12:19: alert.when: unknown flag 'content not ready'",
      "13:12: stop: joins is compared with something: joins>=10 (found 'joins')",
      "13:21: stop: 'many' is no value: write 20, 8%, 30% of signups or {{variable}}",
      "13:41: stop: reply_minutes counts neither people nor things: write a number, no percentage "
      "(found 'reply_minutes>5%')",
      "13:61: stop: a condition is asked at a time, not on:… (found 'signups<3 at on:delivered')",
      "19:13: keyword_hits has no words to look for: words: [收到], or keyword_hits.收到",
      "26:13: this plan B can never run: its step expects nothing (`expect`)"}},
    {"05-variables",
     {"3:37: {{target}} is no number", "7:5: param 'item' stands twice",
      "8:5: the param has no `name`, e.g. koc.benefit",
      "14:14: unknown variable {{membr.nick}}; nearest known: {{member.nick}}",
      "14:14: unknown variable {{facts}}: declare it under `params`, or write 〔…〕 for what is "
      "filled in by hand",
      "14:14: {{member.nick}}: a plan for a group has no one member; write 〔称呼〕 for what is "
      "filled in by hand",
      "14:14: {{event.date}}: it is of an event, and this template has none (anchor: event)",
      "14:14: {{order.items}}: it is of the order that set the plan off (trigger: order_paid)",
      "16:11: {{count.orders}}: a tag is the same for all who get it", "21:14: {{ without }}",
      "22:37: {{group.name}} is no number",
      "27:14: {{merged.nicks}}: it names those a group post is merged for: in plans for members "
      "and contacts, and on:member_joined"}},
    {"06-roles",
     {"5:25: koc_fan is played by invited customers alone (actor_kind: invited_customer): staff "
      "posing as customers is misleading advertising",
      "6:29: first_buyer is played by invited customers alone (actor_kind: invited_customer): "
      "staff posing as customers is misleading advertising; where nobody is invited, fallback: "
      "staff_true_count lets staff announce {{count.orders}}",
      "6:46: first_buyer needs `evidence: order_id`",
      "6:77: first_buyer needs a `disclosure`: it is appended to each post and cannot be left out, "
      "e.g. （{{brand}}邀请的真实客户，已实际下单）",
      "7:9: who is an invited customer is shown as one: star needs a `disclosure`",
      "8:3: unknown key 'fan'; known here: star, expert, koc_fan, leader, consultant, questioner, "
      "first_buyer, store, manager, system",
      "11:73: '我下单了' may not stand here: only an invited customer with evidence speaks of what "
      "he bought (koc_fan, first_buyer)",
      "12:35: questioner is not declared under `roles`: it needs actor_kind: staff, evidence: "
      "member_questions and a disclosure such as （{{brand}}主持人代大家提问）",
      "13:35: system does not speak to customers: channel: staff_task, or another role"}},
    {"07-counts",
     {"7:12: {{count.orders}} is computed from records or looked up and may never be typed: take "
      "the param out",
      "8:12: {{stock.gift}} is computed from records or looked up and may never be typed: take the "
      "param out",
      "10:68: a figure of sales or guests is counted, never typed: write {{count.orders}}, "
      "{{count.signups}} or {{count.checkins}}",
      "11:73: with fallback: staff_true_count staff may only announce the count of the records: "
      "the content must say {{count.orders}}",
      "11:96: a step cannot change or remove the disclosure: it is the role's, and is appended to "
      "each of its posts"}},
    {"08-wording",
     {"5:68: '全网最低' may not stand here: an absolute claim or a promise of effect (Advertising "
      "Law, article 9); say what can be shown",
      "6:77: '转我微信' may not stand here: money and contacts go through the firm's own channels",
      "7:66: '我也买了' may not stand here: only an invited customer with evidence speaks of what "
      "he bought (koc_fan, first_buyer)",
      "8:68: the content is not written yet ('待补'): write it, or say `ready_by: T-14d 18:00`",
      "9:98: task_done counts neither people nor things: write a number, no percentage"}},
    {"09-persons",
     {"4:9: anchor: join counts from the day a member joined: the scope is then member",
      "5:10: the template would set itself off for ever",
      "6:7: the template would follow itself for ever: name another, or clone the plan",
      "9:68: {{member.nick}}: a post in the group is one for all who are due; write "
      "{{merged.nicks}}",
      "10:10: step id 'S01' stands twice, first in line 9",
      "10:19: T is the start of an event, and this template has none: write `anchor: event`, or "
      "count from D0 or the start (D3 20:00, +2h)"}},
    {"10-steps",
     {"4:10: member_joined happens to one person: the scope is then member or contact",
      "5:9: with the trigger member_joined nobody says when the event is: anchor: event goes with "
      "the triggers event, date and manual",
      "6:9: params must be a list of at most 100 entries",
      "7:8: roles must be a map from a role to who plays it",
      "8:8: steps must be a list of 1 to 500 steps; this has 0"}},
};

static void each_broken_file_says_all_that_is_wrong_and_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(broken); i++) {
        struct qund_sop_template *t = NULL;
        struct qund_errs errs;
        char path[512], line[800];
        size_t j;

        snprintf(path, sizeof(path), "%s/broken-templates/%s.yaml", QUND_TEST_DATA, broken[i].file);
        qund_errs_init(&errs, 50);
        assert_int_equal(qund_sop_template_load(path, &t, &errs, NULL), QUND_E_INVAL);
        assert_null(t);
        for (j = 0; j < errs.n; j++) {
            const char *place = strstr(errs.v[j].where, ".yaml:");

            assert_non_null(place);
            snprintf(line, sizeof(line), "%s: %s", place + 6, errs.v[j].text);
            if (j >= QUND_ARRAY_LEN(broken[i].errors) || !broken[i].errors[j] ||
                strcmp(line, broken[i].errors[j]) != 0)
                fail_msg("%s: not expected: %s", broken[i].file, line);
        }
        if (j < QUND_ARRAY_LEN(broken[i].errors) && broken[i].errors[j])
            fail_msg("%s: not said: %s", broken[i].file, broken[i].errors[j]);
        qund_errs_done(&errs);
    }
}

static void more_steps_than_a_plan_can_hold_are_refused(void **state)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0}, errors = {0};
    struct qund_sop_template *t = NULL;

    (void)state;
    for (int pass = 0; pass < 2; pass++) {
        int n = pass == 0 ? 10000 : 500;

        qund_buf_clear(&text);
        qund_buf_printf(&text, "%ssteps:\n", HEAD);
        for (int i = 0; i < n; i++)
            qund_buf_printf(
                &text,
                "  - {id: S%d, at: D%d 10:00, kind: service, role: star, channel: group,"
                " content: '第{{day}}天'}\n",
                i, i % 400);
        if (pass == 0) {
            assert_int_equal(unit_template(text.p, &t, &errors, NULL), QUND_E_INVAL);
            assert_string_equal(errors.p,
                                "5:3: steps must be a list of 1 to 500 steps; this has 10000\n");
        }
    }
    t = unit_good_template(text.p);
    assert_int_equal(t->n_steps, 500);
    qund_sop_template_free(t);
}

static void a_file_that_is_no_template_is_said_to_be_none(void **state)
{
    static const char *const all[][2] = {
        {"[1, 2]\n", "1:1: a template is a map with the keys id, title and steps\n"},
        {"", "1:1: a template is a map with the keys id, title and steps\n"},
        {"id: x\nid: y\n", "2:1: "},
        {"id: &a x\n", "1:8: "},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(all); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf errors = {0};
        struct qund_sop_template *t = NULL;

        assert_int_equal(unit_template(all[i][0], &t, &errors, NULL), QUND_E_INVAL);
        if (strncmp(errors.p, all[i][1], strlen(all[i][1])) != 0)
            fail_msg("%s", errors.p);
    }
}

static void texts_and_tags_are_what_people_can_read(void **state)
{
    static const struct {
        const char *keys, *error;
    } all[] = {
        {"content: \"一\\n二\\t三\"", ""},
        {"content: \"a\\0b\"",
         "5:68: content holds a control character; lines end with \\n alone\n"},
        {"content: \"a\\r\\nb\"",
         "5:68: content holds a control character; lines end with \\n alone\n"},
        {"content: 好, tags: [\"a,b\", c]",
         "5:77: 'a,b' is no tag: no comma, no line break, no blanks at its ends\n"},
        {"content: 好, tags: [\" a\"]",
         "5:77: ' a' is no tag: no comma, no line break, no blanks at its ends\n"},
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(all); i++) {
        QUND_AUTO(qund_buf_done) struct qund_buf text = {0}, errors = {0};
        QUND_AUTO(qund_sop_template_free) struct qund_sop_template *t = NULL;

        qund_buf_printf(&text,
                        "%ssteps:\n  - {id: S01, at: D0 10:00, role: leader, channel: group, %s}\n",
                        HEAD, all[i].keys);
        qund_ignore(unit_template(text.p, &t, &errors, NULL)); /* told by what was said */
        assert_string_equal(errors.p, all[i].error);
    }
}

/* --- several templates ----------------------------------------------------------------------- */
static struct qund_sop_template *small(const char *id, const char *more)
{
    QUND_AUTO(qund_buf_done) struct qund_buf text = {0};

    qund_buf_printf(&text,
                    "id: %s\ntitle: 甲\n%ssteps: [{id: A, at: +1h, role: star, channel: group, "
                    "content: 好}]\n",
                    id, more);
    return unit_good_template(text.p);
}

static void chains_of_several_templates_end_somewhere(void **state)
{
    struct qund_sop_template *v[] = {
        small("a", "next: b\n"), small("b", "next: c\n"),
        small("c", ""),          small("d", "trigger: {plan_finished: a}\n"),
        small("b", "next: a\n"), small("e", "next: nobody\n"),
    };
    struct qund_errs errs;

    (void)state;
    qund_errs_init(&errs, 20);
    assert_int_equal(qund_sop_chain_check((const struct qund_sop_template *const *)v, 4, &errs), 0);
    assert_int_equal(errs.n, 0);
    v[1]->next = QUND_STR("a");
    assert_int_equal(qund_sop_chain_check((const struct qund_sop_template *const *)v, 2, &errs),
                     QUND_E_INVAL);
    assert_int_equal(errs.n, 2);
    assert_string_equal(errs.v[0].text,
                        "`next` leads from 'a' back to itself: a circle without an end");
    v[1]->next = QUND_STR("c");
    errs.n = 0;
    assert_int_equal(qund_sop_chain_check((const struct qund_sop_template *const *)v, 6, &errs),
                     QUND_E_INVAL);
    assert_int_equal(errs.n, 2);
    assert_string_equal(errs.v[0].text, "template id 'b' stands twice, first in t");
    assert_string_equal(errs.v[1].text, "next names 'nobody', and no such template is here");
    qund_errs_done(&errs);
    for (size_t i = 0; i < QUND_ARRAY_LEN(v); i++)
        qund_sop_template_free(v[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_finds_its_place),
        cmocka_unit_test(what_must_be_typed_is_all_in_the_params),
        cmocka_unit_test(the_canonical_text_is_read_to_the_same_digest),
        cmocka_unit_test(comments_and_the_order_of_keys_make_no_new_version),
        cmocka_unit_test(the_anchor_follows_from_trigger_and_scope),
        cmocka_unit_test(each_broken_file_says_all_that_is_wrong_and_where),
        cmocka_unit_test(more_steps_than_a_plan_can_hold_are_refused),
        cmocka_unit_test(a_file_that_is_no_template_is_said_to_be_none),
        cmocka_unit_test(texts_and_tags_are_what_people_can_read),
        cmocka_unit_test(chains_of_several_templates_end_somewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
