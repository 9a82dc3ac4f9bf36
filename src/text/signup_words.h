/* src/text/signup_words.h - the words of signing up, coming and staying away; for signup.c only.
 * Sorted by bytes; 0 keeps a shorter word quiet (报名费 signs nobody up). Of words that begin at
 * one place the longest counts. */
#ifndef QUND_TEXT_SIGNUP_WORDS_H
#define QUND_TEXT_SIGNUP_WORDS_H
#include "text/scan.h"

enum {
    VERB = 1, /* signs up wherever a sign-up runs */
    WEAK = 2, /* does so only soon after the call */
    CANCEL = 4,
    CONFIRM = 8, /* confirms only after a call to confirm */
    MAYBE = 16
};

/* clang-format off */
static const struct qund_scan_word signup_words[] = {
    {"also me", WEAK}, {"can't come", CANCEL}, {"can't make it", CANCEL},
    {"cannot make it", CANCEL}, {"confirm", CONFIRM}, {"confirmed", CONFIRM}, {"count me", VERB},
    {"count me in", VERB}, {"i'll be there", CONFIRM}, {"i'm in", VERB}, {"join", WEAK},
    {"maybe", MAYBE}, {"me too", WEAK}, {"ok", CONFIRM}, {"ok吗", 0}, {"sign me up", VERB},
    {"will be there", CONFIRM}, {"一定到", CONFIRM}, {"一定去", CONFIRM}, {"一定来", CONFIRM},
    {"不一定", MAYBE}, {"不先报", 0}, {"不克参加", CANCEL}, {"不去了", CANCEL}, {"不去了吗", 0},
    {"不参加了", CANCEL}, {"不参加可以", 0}, {"不可以去", 0}, {"不好说", MAYBE}, {"不想去", 0},
    {"不想去了", CANCEL}, {"不想参加", 0}, {"不报名", 0}, {"不来了", CANCEL}, {"不确定", MAYBE},
    {"不确认", 0}, {"不能去", 0}, {"不能去了", CANCEL}, {"不能参加", CANCEL}, {"不能来", CANCEL},
    {"也想去", WEAK}, {"也想来", WEAK}, {"争取", MAYBE}, {"争取到", 0}, {"什么时候能到", 0},
    {"会准时", CONFIRM}, {"会到", CONFIRM}, {"会到的", CONFIRM}, {"会去", CONFIRM},
    {"会去的", CONFIRM}, {"会来", CONFIRM}, {"会来的", CONFIRM}, {"先不去", CANCEL},
    {"先不报", 0}, {"先取消", CANCEL}, {"再取消", 0}, {"再确认", 0}, {"准时到", CONFIRM},
    {"准时参加", CONFIRM}, {"准时来", CONFIRM}, {"几点能到", 0}, {"划掉我", CANCEL},
    {"刚参加", 0}, {"到场", CONFIRM}, {"到时候看", MAYBE}, {"到时再看", MAYBE}, {"加1", WEAK},
    {"加一", WEAK}, {"加一个", WEAK}, {"加俩", WEAK}, {"加壹", WEAK}, {"加我", WEAK},
    {"加我一个", VERB}, {"占个位", VERB}, {"占个名额", VERB}, {"占个座", VERB}, {"占名额", VERB},
    {"占座", VERB}, {"去不了", CANCEL}, {"去不了了", CANCEL}, {"去不了吗", 0}, {"去不到", CANCEL},
    {"去不去", 0}, {"去不成", CANCEL}, {"去去去", WEAK}, {"去哪报名", 0}, {"去唔到", CANCEL},
    {"参加不了", CANCEL}, {"参加不参加", 0}, {"参加了", 0}, {"参加的", 0}, {"参加过", 0},
    {"取消一下", CANCEL}, {"取消下", CANCEL}, {"取消不了", 0}, {"取消了", CANCEL},
    {"取消吧", CANCEL}, {"取消哈", CANCEL}, {"取消啦", CANCEL}, {"取消报名", CANCEL},
    {"取消掉", CANCEL}, {"取消接龙", CANCEL}, {"取消订单", 0}, {"取消订阅", 0}, {"取消课程", 0},
    {"取消限", 0}, {"取消预约", CANCEL}, {"可以到", CONFIRM}, {"可以去", CONFIRM},
    {"可以去吗", 0}, {"可以去看看", 0}, {"可以参加吗", 0}, {"可以取消吗", 0}, {"可以报名吗", 0},
    {"可能会去", MAYBE}, {"可能到不", MAYBE}, {"可能去", MAYBE}, {"可能去不", MAYBE},
    {"可能晚到", MAYBE}, {"可能来", MAYBE}, {"可能来不", MAYBE}, {"名额取消", CANCEL},
    {"名额给我", VERB}, {"咋报名", 0}, {"哪儿报名", 0}, {"哪里报名", 0}, {"唔一定", MAYBE},
    {"唔去", CANCEL}, {"唔去得", CANCEL}, {"唔来", CANCEL}, {"在哪报名", 0}, {"多久能到", 0},
    {"如何报名", 0}, {"就不去了", 0}, {"尽量", MAYBE}, {"尽量到", MAYBE}, {"尽量去", MAYBE},
    {"尽量来", MAYBE}, {"已报名", 0}, {"带我一个", VERB}, {"帮忙取消", CANCEL},
    {"帮我取消", CANCEL}, {"帮我家", VERB}, {"帮我报", VERB}, {"帮我登记", VERB}, {"帮我确认", 0},
    {"应该去不", 0}, {"应该能去", CONFIRM}, {"应该能来", CONFIRM}, {"强制取消", 0},
    {"待定", MAYBE}, {"必到", CONFIRM}, {"必去", WEAK}, {"必须去", WEAK}, {"怎么参加", 0},
    {"怎么取消", 0}, {"怎么报名", 0}, {"怎么确认", 0}, {"恕不参加", CANCEL}, {"想去", WEAK},
    {"想去掉", 0}, {"想去的", 0}, {"想去看看", 0}, {"想参加", VERB}, {"想来", WEAK},
    {"想来吐槽", 0}, {"想来问", 0}, {"我也去", WEAK}, {"我也报", VERB}, {"我也来", WEAK},
    {"我们去", WEAK}, {"我们家去", WEAK}, {"我们退出", CANCEL}, {"我去", WEAK}, {"我去!", 0},
    {"我去,", 0}, {"我去买", 0}, {"我去了", 0}, {"我去取", 0}, {"我去太", 0}, {"我去年", 0},
    {"我去拿", 0}, {"我去接", 0}, {"我去看", 0}, {"我去过", 0}, {"我去这", 0}, {"我去那", 0},
    {"我去问", 0}, {"我参加", WEAK}, {"我家报", VERB}, {"我报", VERB}, {"我报修", 0},
    {"我报到", 0}, {"我报警", 0}, {"我来", WEAK}, {"我来举报", 0}, {"我来了", 0}, {"我来分享", 0},
    {"我来取", 0}, {"我来回答", 0}, {"我来拿", 0}, {"我来搬", 0}, {"我来晒", 0}, {"我来晚", 0},
    {"我来给", 0}, {"我来自", 0}, {"我来说", 0}, {"我来问", 0}, {"我要去", WEAK},
    {"我要参加", VERB}, {"我要报", VERB}, {"我退出", CANCEL}, {"把我划掉", CANCEL},
    {"把我去掉", CANCEL}, {"报一个", VERB}, {"报上", VERB}, {"报下名", VERB}, {"报个", VERB},
    {"报个价", 0}, {"报个修", 0}, {"报个到", 0}, {"报个名", VERB}, {"报个喜", 0}, {"报个警", 0},
    {"报个错", 0}, {"报名", VERB}, {"报名了吗", 0}, {"报名了没", 0}, {"报名人数", 0},
    {"报名入口", 0}, {"报名协议", 0}, {"报名取消", CANCEL}, {"报名后", 0}, {"报名多少", 0},
    {"报名成功", 0}, {"报名截止", 0}, {"报名手机号", 0}, {"报名方式", 0}, {"报名早", 0},
    {"报名时", 0}, {"报名时间", 0}, {"报名晚", 0}, {"报名条件", 0}, {"报名流程", 0},
    {"报名的", 0}, {"报名表", 0}, {"报名要", 0}, {"报名费", 0}, {"报名链接", 0}, {"报名需要", 0},
    {"报名页", 0}, {"报团购会", VERB}, {"接龙+1", VERB}, {"接龙取消", CANCEL}, {"撤了吧", CANCEL},
    {"收到", CONFIRM}, {"收到了", 0}, {"收到货", 0}, {"有没问题", 0}, {"未必", MAYBE},
    {"未确认", 0}, {"来一个", WEAK}, {"来不了", CANCEL}, {"来不了了", CANCEL}, {"来不啦", CANCEL},
    {"来不成", CANCEL}, {"来不来", 0}, {"来唔切", CANCEL}, {"来唔到", CANCEL}, {"没参加", 0},
    {"没定", MAYBE}, {"没报名", 0}, {"没收到", 0}, {"没有报名", 0}, {"没法去", CANCEL},
    {"没法来", CANCEL}, {"没确认", 0}, {"没能到", 0}, {"没问题", CONFIRM}, {"没问题吗", 0},
    {"没问题吧", 0}, {"留个位", VERB}, {"留个名额", VERB}, {"留个座", VERB}, {"留位", VERB},
    {"登记一下我", VERB}, {"登记我", VERB}, {"看加班", MAYBE}, {"看情况", MAYBE},
    {"看时间", MAYBE}, {"看时间段", 0}, {"确定去", CONFIRM}, {"确定参加", CONFIRM},
    {"确定来", CONFIRM}, {"确认", CONFIRM}, {"确认一下", 0}, {"确认下", 0}, {"确认不了", 0},
    {"确认到场", CONFIRM}, {"确认参加", CONFIRM}, {"确认收货", 0}, {"确认订单", 0}, {"确认过", 0},
    {"算上我", VERB}, {"算我", VERB}, {"算我一个", VERB}, {"算我们", VERB}, {"给我取消", 0},
    {"给我报", VERB}, {"肯定到", CONFIRM}, {"肯定去", CONFIRM}, {"肯定来", CONFIRM},
    {"能不能取消", 0}, {"能到", CONFIRM}, {"能去", CONFIRM}, {"能去吗", 0}, {"能去店里", 0},
    {"能去掉", 0}, {"能去看看", 0}, {"能参加吗", 0}, {"能取消吗", 0}, {"能报名吗", 0},
    {"能来", CONFIRM}, {"自动取消", 0}, {"被取消", 0}, {"要去的", WEAK}, {"要报名吗", 0},
    {"要提前报名", 0}, {"订单取消", 0}, {"让给", CANCEL}, {"让给别人", CANCEL}, {"说不准", MAYBE},
    {"说不去了", 0}, {"赶不上了", CANCEL}, {"还不知道能", MAYBE}, {"还没收到", 0},
    {"还没确认", 0}, {"还能报名吗", 0}, {"退出了", CANCEL}, {"退出吧", CANCEL},
    {"退出接龙", CANCEL}, {"退出活动", CANCEL}, {"那个取消", CANCEL}, {"都去", CONFIRM},
    {"都去哪", 0}, {"都来", CONFIRM}, {"都来问", 0}, {"需要报名", 0}, {"需要提前报名", 0},
    {"预留", WEAK}, {"预约取消", CANCEL}, {"鸽了", CANCEL},
};
/* clang-format on */
#endif
