/* tests/unit/sop/test_sop_measure.c - the metrics of templates, each from a chat that went through
 * the engine, or from the rows that other sources leave. */
#include "sop_unit.h"

#include <math.h>

#define UNKNOWN (-1)
static double of(struct desk *d, enum qund_sop_metric m, const char *of_what,
                 const struct qund_sop_span *s)
{
    QUND_AUTO(qund_months_free) struct qund_months *months = qund_months_new(d->db);
    double figure = 0;
    bool known = false;
    int rc = qund_sop_measure(d->db, months, d->fold, m,
                              of_what ? qund_str(of_what) : QUND_STR_NONE, s, &figure, &known);

    if (rc != 0)
        fail_msg("%s: %d %s", qund_sop_metric_name(m), rc, qund_db_error(d->db));
    return known ? figure : UNKNOWN;
}

static double in_g1(struct desk *d, enum qund_sop_metric m, int64_t from, int64_t until)
{
    return of(d, m, NULL, &(struct qund_sop_span){.group = G1, .from = from, .until = until});
}

static double with_words(struct desk *d, enum qund_sop_metric m, const char *const *words, size_t n,
                         int64_t from, int64_t until)
{
    struct qund_str v[8];

    for (size_t i = 0; i < n; i++)
        v[i] = qund_str(words[i]);
    return of(d, m, NULL,
              &(struct qund_sop_span){
                  .group = G1, .from = from, .until = until, .words = v, .n_words = n});
}

#define assert_figure(a, b) assert_true(fabs((double)(a) - (double)(b)) < 1e-9)

/* --- who spoke --- */

static void speakers_are_customers_each_once(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    const int64_t hour = QUND_HOUR_MS;

    (void)state;
    say(d, START + 10, "ann", "hi");
    say(d, START + 20, "ann", "hi");
    say(d, START + 30, "staff1", "hi");
    say(d, START + 40, "koc1", "hi");
    say(d, START + 50, "bot1", "hi");
    say(d, START + hour + 10, "bob", "hi");
    say(d, START + 2 * hour + 10, "ann", "hi");
    say(d, START + 3 * hour + 10, "cid", "hi");
    event(d, START + 3 * hour + 20, "g2", "dan", "customer", "\"text\":\"hi\"");
    assert_figure(in_g1(d, QUND_SOP_SPEAKERS, START, START + 4 * hour), 3);
    assert_figure(in_g1(d, QUND_SOP_MESSAGES, START, START + 4 * hour), 5);
    /* What is said at the instant of the post is before it, at the window's end within it. */
    assert_figure(in_g1(d, QUND_SOP_SPEAKERS, START + 10, START + 20), 1);
    assert_figure(in_g1(d, QUND_SOP_SPEAKERS, START + 20, START + hour + 9), 0);
    assert_figure(in_g1(d, QUND_SOP_SPEAKERS, START + 20, START + hour + 10), 1);
    assert_figure(in_g1(d, QUND_SOP_SPEAKERS, START + hour + 10, START + 3 * hour + 10), 2);
    assert_figure(in_g1(d, QUND_SOP_SPEAKERS, START - 5 * hour, START - 1), 0);
    desk_free(d);
}

static void what_is_taken_back_was_not_said(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);

    (void)state;
    event(d, START + 10, "g1", "ann", "customer", "\"text\":\"坏了\"");
    assert_figure(in_g1(d, QUND_SOP_SPEAKERS, START, START + 3 * QUND_HOUR_MS), 1);
    assert_figure(in_g1(d, QUND_SOP_COMPLAINTS, START, START + QUND_HOUR_MS), 1);
    event(d, START + 20, "g1", "ann", "customer", "\"type\":\"revoke\",\"ref\":\"e1\"");
    assert_figure(in_g1(d, QUND_SOP_SPEAKERS, START, START + 3 * QUND_HOUR_MS), 0);
    assert_figure(in_g1(d, QUND_SOP_MESSAGES, START, START + QUND_HOUR_MS), 0);
    assert_figure(in_g1(d, QUND_SOP_COMPLAINTS, START, START + QUND_HOUR_MS), 0);
    desk_free(d);
}

static void only_the_people_asked_about_count(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s = {.group = G1, .from = START, .until = START + QUND_HOUR_MS};
    int64_t people[2];

    (void)state;
    say(d, START + 10, "ann", "hi");
    say(d, START + 20, "bob", "hi");
    say(d, START + 30, "cid", "hi");
    s.contact = who(d, "bob");
    assert_figure(of(d, QUND_SOP_SPEAKERS, NULL, &s), 1);
    s.contact = 0;
    people[0] = who(d, "ann");
    people[1] = who(d, "cid");
    s.people = people;
    s.n_people = 2;
    assert_figure(of(d, QUND_SOP_MESSAGES, NULL, &s), 2);
    s.n_people = 0;
    assert_figure(of(d, QUND_SOP_MESSAGES, NULL, &s), 0);
    desk_free(d);
}

/* --- what they said --- */

static void a_keyword_counts_where_it_answers(void **state)
{
    static const char *const word[] = {"预约"}, *const digits[] = {"1", "2"}, *const one[] = {"约"};
    struct desk *d = desk_new(CONFIG, RULES);
    const int64_t end = START + QUND_HOUR_MS;

    (void)state;
    say(d, START + 1, "ann", "我要预约！");
    say(d, START + 2, "ann", "预约");
    say(d, START + 3, "bob", "預約一張");
    say(d, START + 4, "cid", "大约几点");
    say(d, START + 5, "dan", "1");
    say(d, START + 6, "eve", "我家在15楼");
    say(d, START + 7, "fay", "扣2");
    say(d, START + 8, "gus", "约");
    say(d, START + 9, "hal", "我们家 1 号楼的电梯从上个礼拜开始就一直在修，什么时候好");
    say(d, START + 10, "staff1", "预约 1");
    say(d, START + 11, "ian", "3-1-1502");
    say(d, START + 12, "joe", "2个人");
    say(d, START + 13, "kim", "1:30 到");
    say(d, START + 14, "leo", "1.拿房没动");
    assert_figure(with_words(d, QUND_SOP_KEYWORD_HITS, word, 1, START, end), 2);
    assert_figure(with_words(d, QUND_SOP_KEYWORD_HITS, digits, 2, START, end), 3);
    assert_figure(with_words(d, QUND_SOP_KEYWORD_HITS, one, 1, START, end), 2); /* ann, gus */
    assert_figure(in_g1(d, QUND_SOP_KEYWORD_HITS, START, end), UNKNOWN);        /* of which word? */
    assert_figure(of(d, QUND_SOP_KEYWORD_HITS, "预约",
                     &(struct qund_sop_span){.group = G1, .from = START, .until = end}),
                  2);
    desk_free(d);
}

static void a_coupon_is_claimed_by_word_or_by_event_once(void **state)
{
    static const char *const word[] = {"工具包"};
    struct desk *d = desk_new(CONFIG, RULES);
    const int64_t end = START + QUND_HOUR_MS;

    (void)state;
    say(d, START + 1, "ann", "工具包");
    say(d, START + 2, "bob", "hi");
    assert_figure(in_g1(d, QUND_SOP_COUPON_CLAIMS, START, end), UNKNOWN);
    fact(d, G1, who(d, "ann"), START + 3, "coupon.claim", "", 1);
    fact(d, G1, who(d, "bob"), START + 4, "coupon.claim", "", 1);
    assert_figure(with_words(d, QUND_SOP_COUPON_CLAIMS, word, 1, START, end), 2);
    assert_figure(in_g1(d, QUND_SOP_COUPON_CLAIMS, START, end), 2);
    assert_figure(with_words(d, QUND_SOP_COUPON_CLAIMS, word, 1, START, START + 3), 1);
    desk_free(d);
}

static void homework_and_photos_count_people(void **state)
{
    static const char *const day2[] = {"第2天"};
    struct desk *d = desk_new(CONFIG, RULES);
    const int64_t end = START + QUND_HOUR_MS;

    (void)state;
    event(d, START + 1, "g1", "ann", "customer", "\"kind\":\"image\",\"text\":\"安安+第2天\"");
    event(d, START + 2, "g1", "ann", "customer", "\"kind\":\"image\",\"text\":\"\"");
    event(d, START + 3, "g1", "bob", "customer", "\"kind\":\"file\",\"text\":\"bob第2天.docx\"");
    event(d, START + 4, "g1", "cid", "customer", "\"kind\":\"video\",\"text\":\"\"");
    event(d, START + 5, "g1", "staff1", "staff", "\"kind\":\"image\",\"text\":\"第2天\"");
    say(d, START + 6, "dan", "还没做");
    assert_figure(with_words(d, QUND_SOP_HOMEWORK, day2, 1, START, end), 2);
    assert_figure(in_g1(d, QUND_SOP_HOMEWORK, START, end), 3);
    assert_figure(in_g1(d, QUND_SOP_PHOTO_POSTS, START, end), 2);
    fact(d, G1, who(d, "dan"), START + 7, "homework", "", 1);
    fact(d, G1, who(d, "dan"), START + 8, "photo", "", 1);
    assert_figure(in_g1(d, QUND_SOP_HOMEWORK, START, end), 4);
    assert_figure(in_g1(d, QUND_SOP_PHOTO_POSTS, START, end), 3);
    desk_free(d);
}

static void private_answers_are_of_the_groups_members(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s = {.from = START + 100, .until = START + QUND_HOUR_MS};

    (void)state;
    say(d, START + 1, "ann", "hi");
    say(d, START + 2, "bob", "hi");
    say(d, START + 3, "staff1", "hi");
    assert_figure(in_g1(d, QUND_SOP_ONE_TO_ONE_REPLIES, START, s.until), UNKNOWN);
    event(d, START + 50, NULL, "bob", "customer", "\"to\":\"staff1\",\"text\":\"早\"");
    event(d, START + 200, NULL, "staff1", "staff", "\"to\":\"ann\",\"text\":\"确认吗\"");
    assert_figure(in_g1(d, QUND_SOP_ONE_TO_ONE_REPLIES, s.from, s.until), 0);
    event(d, START + 300, NULL, "ann", "customer", "\"to\":\"staff1\",\"text\":\"1\"");
    event(d, START + 301, NULL, "ann", "customer", "\"to\":\"staff1\",\"text\":\"到\"");
    event(d, START + 302, NULL, "zoe", "customer", "\"to\":\"staff1\",\"text\":\"1\"");
    assert_figure(in_g1(d, QUND_SOP_ONE_TO_ONE_REPLIES, s.from, s.until), 1);
    s.contact = who(d, "zoe");
    assert_figure(of(d, QUND_SOP_ONE_TO_ONE_REPLIES, NULL, &s), 1);
    s.contact = who(d, "bob");
    assert_figure(of(d, QUND_SOP_ONE_TO_ONE_REPLIES, NULL, &s), 0);
    s.contact = 0;
    s.people = (int64_t[]){who(d, "ann"), who(d, "zoe"), who(d, "bob")};
    s.n_people = 3;
    assert_figure(of(d, QUND_SOP_ONE_TO_ONE_REPLIES, NULL, &s), 2);
    desk_free(d);
}

static void complaints_count_people_and_questions_count_as_they_are(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    const int64_t end = START + QUND_HOUR_MS;

    (void)state;
    assert_int_equal(START % QUND_HOUR_MS, 0);
    say(d, START + MINUTE, "ann", "门坏了");
    say(d, START + 2 * MINUTE, "ann", "真坏了");
    say(d, START + 3 * MINUTE, "bob", "这个多少钱");
    assert_figure(in_g1(d, QUND_SOP_COMPLAINTS, START, end), 1);
    assert_figure(in_g1(d, QUND_SOP_UNANSWERED, START, end), 3);
    assert_figure(in_g1(d, QUND_SOP_UNANSWERED, START + 2 * MINUTE, end), 1);
    say(d, START + 5 * MINUTE, "staff1", "@ann 我来处理");
    assert_figure(in_g1(d, QUND_SOP_UNANSWERED, START, end), 1);
    /* As it was then: the answer came later. */
    assert_figure(in_g1(d, QUND_SOP_UNANSWERED, START, START + 4 * MINUTE), 3);
    /* ann waited 4 minutes (complaints: by the clock), bob still does. */
    assert_figure(in_g1(d, QUND_SOP_REPLY_MINUTES, START + 5 * MINUTE, START + 6 * MINUTE), 4);
    assert_figure(in_g1(d, QUND_SOP_REPLY_MINUTES, START + 5 * MINUTE, START + 13 * MINUTE), 10);
    assert_figure(of(d, QUND_SOP_REPLY_MINUTES, NULL,
                     &(struct qund_sop_span){.contact = who(d, "ann"),
                                             .from = START + 5 * MINUTE,
                                             .until = START + 30 * MINUTE}),
                  4);
    assert_figure(in_g1(d, QUND_SOP_REPLY_MINUTES, START - QUND_HOUR_MS, START), 0);
    desk_free(d);
}

/* --- what other sources tell --- */

static void clicks_count_people_and_strangers_one_a_row(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    const int64_t end = START + QUND_HOUR_MS;
    struct qund_sop_span s = {.group = G1, .from = START, .until = end};
    int64_t ann, bob;

    (void)state;
    say(d, START + 1, "ann", "hi");
    say(d, START + 2, "bob", "hi");
    say(d, START + 3, "staff1", "hi");
    event(d, START + 4, "g2", "zoe", "customer", "\"text\":\"hi\"");
    ann = who(d, "ann");
    bob = who(d, "bob");
    assert_figure(of(d, QUND_SOP_LINK_CLICKS, NULL, &s), UNKNOWN); /* nobody tells us of clicks */
    fact(d, 2, who(d, "zoe"), START + 10, "link.click", "a", 1);
    assert_figure(of(d, QUND_SOP_LINK_CLICKS, NULL, &s), 0);
    fact(d, G1, ann, START + 11, "link.click", "a", 1);
    fact(d, G1, ann, START + 12, "link.click", "b", 1);
    fact(d, 0, bob, START + 13, "link.click", "b", 1);           /* a member of it */
    fact(d, 0, who(d, "zoe"), START + 14, "link.click", "b", 1); /* none */
    fact(d, G1, who(d, "staff1"), START + 15, "link.click", "a", 1);
    fact(d, G1, 0, START + 16, "link.click", "a", 1);
    fact(d, G1, 0, START + 17, "link.click", "a", 1);
    assert_figure(of(d, QUND_SOP_LINK_CLICKS, NULL, &s), 4);
    assert_figure(of(d, QUND_SOP_LINK_CLICKS, "b", &s), 2);
    s.contact = ann;
    assert_figure(of(d, QUND_SOP_LINK_CLICKS, NULL, &s), 1);
    s.group = 0;
    assert_figure(of(d, QUND_SOP_LINK_CLICKS, NULL, &s), 1);
    s.contact = 0;
    s.people = &bob;
    s.n_people = 1;
    assert_figure(of(d, QUND_SOP_LINK_CLICKS, NULL, &s), 1);
    assert_int_equal(qund_sop_fact_withdraw(d->db, START + 13), 0);
    assert_figure(of(d, QUND_SOP_LINK_CLICKS, NULL, &s), 0);
    desk_free(d);
}

static void forms_visits_and_the_like_have_a_kind_each(void **state)
{
    static const struct {
        enum qund_sop_metric metric;
        const char *kind;
        double twice; /* the same person twice: people count once, rows as often */
    } kinds[] = {
        {QUND_SOP_FORM_SUBMITS, "form.submit", 1}, {QUND_SOP_CHECKINS, "checkin", 1},
        {QUND_SOP_REDEEMS, "redeem", 2},           {QUND_SOP_REFUNDS, "order.refunded", 2},
        {QUND_SOP_ATTEND_LIVE, "live.attend", 1},  {QUND_SOP_LINK_CLICKS, "link.click", 1}};
    struct desk *d = desk_new(CONFIG, RULES);
    const int64_t end = START + QUND_HOUR_MS;

    (void)state;
    say(d, START + 1, "ann", "hi");
    for (size_t i = 0; i < QUND_ARRAY_LEN(kinds); i++) {
        assert_figure(in_g1(d, kinds[i].metric, START, end), UNKNOWN);
        assert_true(qund_sop_fact_counts(qund_str(kinds[i].kind)));
        fact(d, G1, who(d, "ann"), START + 10, kinds[i].kind, "", 1);
        fact(d, G1, who(d, "ann"), START + 20, kinds[i].kind, "", 1);
        assert_figure(in_g1(d, kinds[i].metric, START, end), kinds[i].twice);
        assert_figure(in_g1(d, kinds[i].metric, START + 20, end), 0);
    }
    assert_true(qund_sop_fact_counts(QUND_STR("order.paid")));
    assert_false(qund_sop_fact_counts(QUND_STR("member.join")));
    desk_free(d);
}

static void an_order_counts_once_however_it_was_told(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    const int64_t end = START + QUND_HOUR_MS;
    char text[300];

    (void)state;
    say(d, START + 1, "ann", "hi");
    say(d, START + 2, "bob", "hi");
    say(d, START + 3, "staff1", "hi");
    assert_figure(in_g1(d, QUND_SOP_ORDERS, START, end), UNKNOWN);
    fact(d, G1, who(d, "ann"), START + 10, "order.paid", "A1", 1);
    fact(d, G1, who(d, "ann"), START + 11, "order.paid", "A1", 1); /* told twice */
    fact(d, 0, who(d, "ann"), START + 12, "order.paid", "A2", 1);
    fact(d, G1, who(d, "staff1"), START + 13, "order.paid", "A3", 1);
    fact(d, G1, 0, START + 14, "order.paid", "A4", 1); /* of somebody nobody knows */
    assert_figure(in_g1(d, QUND_SOP_ORDERS, START, end), 3);
    snprintf(text, sizeof(text),
             "INSERT INTO shop_order(realm, number, contact, paid_at) VALUES(1, 'B1', %lld, %lld);"
             "INSERT INTO shop_order(realm, number, contact, paid_at, seq) VALUES(1, 'A1', %lld,"
             " %lld, 7)",
             (long long)who(d, "bob"), (long long)START + 20, (long long)who(d, "ann"),
             (long long)START + 10);
    run_sql(d, text); /* one of a file, one whose event was counted */
    assert_figure(in_g1(d, QUND_SOP_ORDERS, START, end), 4);
    assert_figure(
        of(d, QUND_SOP_ORDERS, NULL,
           &(struct qund_sop_span){.contact = who(d, "bob"), .from = START, .until = end}),
        1);
    desk_free(d);
}

/* --- sign-ups --- */

static void signup(struct desk *d, const char *name, int state, int gone, int64_t ts)
{
    char text[300];

    snprintf(
        text, sizeof(text),
        "INSERT INTO signup_event(grp, chain, name, room, party, state, gone, contact, ts, seq)"
        " VALUES(1, '', '%s', '', 2, %d, %d, 0, %lld, %lld)",
        name, state, gone, (long long)ts, (long long)ts);
    run_sql(d, text);
}

static void sign_ups_count_by_what_changed_in_the_window(void **state)
{
    enum { SIGNED = 0, MAYBE = 1, CONFIRMED = 2, CANCELLED = 3, DEPOSIT = 4 };
    struct desk *d = desk_new(CONFIG, RULES);
    const int64_t mid = START + 1000, end = START + 2000;
    struct qund_sop_span s = {.group = G1, .from = mid, .until = end};
    double base;
    bool known;

    (void)state;
    say(d, START + 1, "ann", "hi");
    signup(d, "a", SIGNED, 0, START + 10);
    signup(d, "b", SIGNED, 0, START + 11);
    signup(d, "c", SIGNED, 0, START + 12);
    signup(d, "d", MAYBE, 0, START + 13);
    signup(d, "f", SIGNED, 0, START + 14);
    assert_figure(in_g1(d, QUND_SOP_SIGNUPS, START, mid), 4);
    signup(d, "a", CONFIRMED, 0, mid + 10);
    signup(d, "b", CANCELLED, 0, mid + 11);
    signup(d, "d", SIGNED, 0, mid + 12); /* the doubt is over */
    signup(d, "e", SIGNED, 0, mid + 13);
    signup(d, "e", CANCELLED, 0, mid + 14); /* came and went */
    signup(d, "c", SIGNED, 1, mid + 15);    /* goes on … */
    signup(d, "c2", SIGNED, 0, mid + 15);   /* … under another name: no new one */
    signup(d, "f", DEPOSIT, 0, mid + 16);
    signup(d, "g", CANCELLED, 0, mid + 17); /* never was there */
    assert_figure(of(d, QUND_SOP_SIGNUPS, NULL, &s), 1);
    assert_figure(of(d, QUND_SOP_SIGNUP_CONFIRMS, NULL, &s), 2);
    assert_figure(of(d, QUND_SOP_CANCELS, NULL, &s), 2);
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_SIGNUPS, &s, &base, &known), 0);
    assert_true(known);
    assert_figure(base, 4);
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_CONFIRMED, &s, &base, &known), 0);
    assert_false(known);
    s.from = end;
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_SIGNUPS, &s, &base, &known), 0);
    assert_figure(base, 4); /* a, c2, d, f */
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_CONFIRMED, &s, &base, &known), 0);
    assert_figure(base, 2);
    desk_free(d);
}

static void a_chain_in_the_chat_is_a_row_of_sign_ups(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    const int64_t end = START + QUND_HOUR_MS;

    (void)state;
    say(d, START + 1, "staff1", "#接龙\\n周六团购会\\n1.");
    say(d, START + 1000, "ann", "#接龙\\n周六团购会\\n1. 3-1-502 安 2人");
    say(d, START + 2000, "bob", "#接龙\\n周六团购会\\n1. 3-1-502 安 2人\\n2. 5-2-301 周 1人");
    assert_figure(in_g1(d, QUND_SOP_SIGNUPS, START, end), 2);
    say(d, START + 3000, "ann", "#接龙\\n周六团购会\\n1. 5-2-301 周 1人");
    assert_figure(in_g1(d, QUND_SOP_CANCELS, START + 2000, end), 1);
    assert_figure(in_g1(d, QUND_SOP_SIGNUPS, START, end), 1);
    desk_free(d);
}

/* --- coming and going --- */

static void joins_and_leaves_are_customers_and_bases_are_of_the_windows_start(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s = {.group = G1, .from = START + 1000, .until = START + 2000};
    double base;
    bool known;

    (void)state;
    say(d, START + 1, "ann", "hi");
    say(d, START + 2, "bob", "hi");
    say(d, START + 3, "koc1", "hi");
    say(d, START + 4, "staff1", "hi");
    event(d, START + 5, "g1", "cid", "customer", "\"type\":\"member.join\"");
    event(d, START + 1100, "g1", "dan", "customer", "\"type\":\"member.join\"");
    event(d, START + 1200, "g1", "eve", "customer", "\"type\":\"member.join\"");
    event(d, START + 1300, "g1", "staff2", "staff", "\"type\":\"member.join\"");
    event(d, START + 1400, "g1", "ann", "customer", "\"type\":\"member.leave\"");
    assert_figure(of(d, QUND_SOP_JOINS, NULL, &s), 2);
    assert_figure(of(d, QUND_SOP_LEAVES, NULL, &s), 1);
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_CUSTOMERS, &s, &base, &known), 0);
    assert_figure(base, 3); /* ann, bob, cid */
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_NEW, &s, &base, &known), 0);
    assert_figure(base, 1); /* cid; nobody saw ann and bob come */
    s.from = s.until;
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_CUSTOMERS, &s, &base, &known), 0);
    assert_figure(base, 4);
    s.contact = who(d, "ann");
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_CUSTOMERS, &s, &base, &known), 0);
    assert_figure(base, 1);
    desk_free(d);
}

static void staff_who_are_named_are_no_customers_whatever_they_said_before(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s = {.group = G1, .from = START + 1000, .until = START + 2000};
    double base;
    bool known;

    (void)state;
    say(d, START + 1, "ann", "hi");
    say(d, START + 2, "mia", "hi");
    fact(d, G1, who(d, "mia"), START + 1500, "checkin", "", 1);
    assert_figure(of(d, QUND_SOP_CHECKINS, NULL, &s), 1);
    desk_org(d, "staff:\n  - {id: mia, name: Mia, ids: [{realm: replay, id: mia}]}\n");
    assert_figure(of(d, QUND_SOP_CHECKINS, NULL, &s), 0);
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_CUSTOMERS, &s, &base, &known), 0);
    assert_figure(base, 1);
    desk_free(d);
}

/* --- what is said by hand --- */

static void a_figure_of_the_tasks_page_stands_in_for_a_source(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s = {
        .group = G1, .from = START, .until = START + QUND_HOUR_MS, .plan = 5, .task = 9};

    (void)state;
    say(d, START + 1, "ann", "hi");
    plan_with_task(d);
    assert_figure(of(d, QUND_SOP_TASK_DONE, NULL, &s), 0);
    assert_figure(of(d, QUND_SOP_SATISFACTION, NULL, &s), UNKNOWN);
    assert_figure(of(d, QUND_SOP_CHECKINS, NULL, &s), UNKNOWN);
    run_sql(d, "UPDATE task SET state = 5, number = 32.5 WHERE id = 9");
    assert_figure(of(d, QUND_SOP_TASK_DONE, NULL, &s), 1);
    assert_figure(of(d, QUND_SOP_CHECKINS, NULL, &s), 32.5);
    assert_figure(of(d, QUND_SOP_SATISFACTION, NULL, &s), 32.5);
    fact(d, G1, who(d, "ann"), START + 10, "checkin", "", 1);
    assert_figure(of(d, QUND_SOP_CHECKINS, NULL, &s), 1); /* who was counted, counts */
    assert_figure(of(d, QUND_SOP_SPEAKERS, NULL, &s), 1); /* what we hear needs nobody's word */
    desk_free(d);
}

static void satisfaction_is_the_mean_of_what_people_gave(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s = {.group = G1, .from = START, .until = START + QUND_HOUR_MS, .plan = 5};

    (void)state;
    say(d, START + 1, "ann", "hi");
    run_sql(d, "INSERT INTO plan_said VALUES(5, 'satisfaction', 3.5, 0, 'test')");
    assert_figure(of(d, QUND_SOP_SATISFACTION, NULL, &s), 3.5);
    fact(d, G1, who(d, "ann"), START + 10, "satisfaction", "", 5);
    fact(d, G1, who(d, "ann"), START + 20, "satisfaction", "", 2);
    fact(d, G1, 0, START + 30, "satisfaction", "", 5);
    assert_figure(of(d, QUND_SOP_SATISFACTION, NULL, &s), 4);
    desk_free(d);
}

static void stock_is_what_was_said_of_it(void **state)
{
    struct desk *d = desk_new(CONFIG, RULES);
    struct qund_sop_span s = {.group = G1, .from = START, .until = START + 1, .plan = 5};
    double base;
    bool known;

    (void)state;
    assert_figure(of(d, QUND_SOP_STOCK, "toolkit", &s), UNKNOWN);
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_STOCK, &s, &base, &known), 0);
    assert_false(known);
    run_sql(
        d, "INSERT INTO plan_said VALUES(5, 'stock:toolkit', 30, 0, 'test'), (5, 'stock:item1', 90,"
           " 0, 'test'), (6, 'stock:toolkit', 7, 0, 'test')");
    assert_figure(of(d, QUND_SOP_STOCK, "toolkit", &s), 30);
    assert_figure(of(d, QUND_SOP_STOCK, NULL, &s), UNKNOWN);
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_STOCK, &s, &base, &known), 0);
    assert_figure(base, 120);
    run_sql(d, "INSERT INTO plan_said VALUES(5, 'stock:', 100, 0, 'test')");
    assert_figure(of(d, QUND_SOP_STOCK, NULL, &s), 100);
    assert_int_equal(qund_sop_base(d->db, QUND_SOP_OF_STOCK, &s, &base, &known), 0);
    assert_figure(base, 100);
    desk_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speakers_are_customers_each_once),
        cmocka_unit_test(what_is_taken_back_was_not_said),
        cmocka_unit_test(only_the_people_asked_about_count),
        cmocka_unit_test(a_keyword_counts_where_it_answers),
        cmocka_unit_test(a_coupon_is_claimed_by_word_or_by_event_once),
        cmocka_unit_test(homework_and_photos_count_people),
        cmocka_unit_test(private_answers_are_of_the_groups_members),
        cmocka_unit_test(complaints_count_people_and_questions_count_as_they_are),
        cmocka_unit_test(clicks_count_people_and_strangers_one_a_row),
        cmocka_unit_test(forms_visits_and_the_like_have_a_kind_each),
        cmocka_unit_test(an_order_counts_once_however_it_was_told),
        cmocka_unit_test(sign_ups_count_by_what_changed_in_the_window),
        cmocka_unit_test(a_chain_in_the_chat_is_a_row_of_sign_ups),
        cmocka_unit_test(joins_and_leaves_are_customers_and_bases_are_of_the_windows_start),
        cmocka_unit_test(staff_who_are_named_are_no_customers_whatever_they_said_before),
        cmocka_unit_test(a_figure_of_the_tasks_page_stands_in_for_a_source),
        cmocka_unit_test(satisfaction_is_the_mean_of_what_people_gave),
        cmocka_unit_test(stock_is_what_was_said_of_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
