/* src/text/call.c - what the staff call for, and what members invite one another to.
 *
 * A call is known by two things that stand in it together: whom or what it is about (the event,
 * those who have signed up, today's goods) and what is wanted back (a name and a number, a 1, an
 * order). Neither says anything alone: 报名 stands in receipts, 回复 in every second notice. A call
 * to confirm speaks to those who are on the list already (报名的, 接龙的) and is looked for first,
 * since it repeats the words of the call to sign up. */
#include "text/call_words.h"
#include "text/signup.h"

const char *qund_call_name(enum qund_call c)
{
    static const char *const names[QUND_CALL_KINDS] = {"none",  "signup", "confirm", "order",
                                                       "close", "topic",  "peer",    "opened"};

    return (unsigned)c < QUND_CALL_KINDS ? names[c] : "?";
}

enum { HITS_MAX = 48 };

static bool has(struct qund_str s, const char *const *words)
{
    for (; *words; words++)
        if (qund_str_find(s, 0, qund_str(*words)) >= 0)
            return true;
    return false;
}

/* --- prices --- */

/* 9.9/斤, 19.9元/份: how many prices stand in the text. */
static unsigned prices_in(struct qund_str s)
{
    static const char *const per[] = {"/斤", "/份", "/盒", "/串",  "/板",  "/把",  "/只",
                                      "/袋", "/箱", "/瓶", "/个",  "/条",  "/件",  "/包",
                                      "/罐", "元",  "块",  "一份", "一斤", "一盒", NULL};
    unsigned n = 0;

    for (size_t at = 1; at < s.n; at++)
        if (qund_scan_digit(s.p[at - 1]) && qund_scan_any(s, &(size_t){at}, per))
            n++;
    return n;
}

/* 红烧肉套餐18、清蒸鱼套餐20: prices without a unit, as a kitchen writes its menu. */
static unsigned bare_prices_in(struct qund_str s)
{
    static const char *const kitchens[] = {"套餐", "午餐", "晚餐", "早餐",   "点餐",
                                           "订餐", "份数", "菜单", "报数量", NULL};
    static const char *const ends[] = {"、", ",", ";", "。", "\n", " ", "/", NULL};
    unsigned n = 0;

    for (size_t at = 2; at + 1 < s.n && has(s, kitchens); at++) {
        size_t i = at + 1;

        while (i < s.n && (qund_scan_digit(s.p[i]) || s.p[i] == '.'))
            i++;
        if (qund_scan_digit(s.p[at]) && qund_scan_digit(s.p[at + 1]) &&
            (unsigned char)s.p[at - 1] >= 0x80 && (i == s.n || qund_scan_any(s, &i, ends)))
            n++;
    }
    return n;
}

/* 耙耙柑10斤装49.9、草莓55: prices with a point need no unit where a time is set for orders. */
static unsigned pointed_prices_in(struct qund_str s)
{
    unsigned n = 0;

    for (size_t at = 1; at + 1 < s.n; at++)
        n += s.p[at] == '.' && qund_scan_digit(s.p[at - 1]) && qund_scan_digit(s.p[at + 1]) &&
             (at + 2 == s.n || !qund_scan_digit(s.p[at + 2]));
    return n;
}

/* --- staff --- */

/* 回复「1」, 扣个1, 按1: an answer of one figure is wanted. */
static bool wants_a_one(struct qund_str s)
{
    static const char *const verbs[] = {"回复", "回覆", "回个", "回一个", "回下", "回",
                                        "扣个", "扣",   "打个", "打",     "敲个", "敲",
                                        "按",   "发个", "发",   NULL};
    static const char *const quotes[] = {"「", "“", "\"", "‘", "'", "【", "数字", " ", ":", NULL};

    for (size_t at = 0; at < s.n; qund_utf8_next(s, &at)) {
        size_t i = at;

        if (!qund_scan_any(s, &i, verbs))
            continue;
        while (qund_scan_any(s, &i, quotes))
            ;
        if (i < s.n && s.p[i] == '1' && (i + 1 == s.n || !qund_scan_digit(s.p[i + 1])))
            return true;
    }
    return false;
}

/* A reminder of what was arranged: 明早八点发车, 聽日講座提一提. It announces nothing new. */
static bool reminds(struct qund_str s)
{
    static const char *const soon[] = {"明天", "明早", "明晚", "明日", "听日",   "后天",
                                       "后日", "今晚", "今天", "今日", "大后天", "本周",
                                       "这周", "周",   "星期", "礼拜", NULL};
    static const char *const signs[] = {
        "提醒", "提一提", "提个醒", "温馨", "别忘",   "记得",     "集合",   "发车",
        "出发", "准时",   "开始",   "就要", "就是",   "要开",     "核一下", "核对",
        "核实", "落实",   "敲定",   "清点", "统计",   "最后确认", "备料",   "备餐",
        "定桌", "安排座", "订座",   "排座", "好安排", "人头",     "好准备", "好备",
        "如期", "照常",   "变动",   "变化", NULL};
    static const char *const news[] = {"免费", "名额",   "想来",   "想参加", "报名", "接龙", "举办",
                                       "有个", "有场",   "有一场", "感兴趣", "元/",  "特价", "优惠",
                                       "团购", "活动价", "要的",   "想要",   NULL};

    return has(s, soon) && has(s, signs) && !has(s, news);
}

/* 明天下午茶,来的吱一声; 来嘞回个1: of tomorrow's event those who come are to say so,
 * or several are asked by name. Nothing is announced or sold, so it was announced before. */
static bool counts_heads(struct qund_str s, bool answer)
{
    static const char *const soon[] = {"明天", "明早", "明晚", "明日", "明儿", "听日",
                                       "后天", "后日", "今晚", "今天", "今日", NULL};
    static const char *const comers[] = {"来的", "来嘞", "来滴", "来得", "到的",   "去的", "嚟嘅",
                                         "去嘅", "能来", "能到", "能去", "参加的", NULL};
    ptrdiff_t first = qund_str_find(s, 0, QUND_STR("@"));
    bool named = first >= 0 && qund_str_find(s, (size_t)first + 1, QUND_STR("@")) >= 0;
    static const char *const news[] = {"报名",   "报个名", "接龙", "名额", "免费",   "想来",
                                       "想去",   "想参加", "要的", "想要", "特价",   "优惠",
                                       "团购",   "到货",   "下单", "新来", "刚到",   "元/",
                                       "感兴趣", "限",     "招募", "送来", "来的货", NULL};

    return answer && has(s, soon) && (named || has(s, comers)) && !has(s, news) &&
           prices_in(s) == 0;
}

/* 报名的邻居回个1, 接龙的各位吱一声; but not 想报名的回复人数, which opens a sign-up. */
static bool calls_to_confirm(struct qund_str s)
{
    static const char *const confirms[] = {"确认", "回1", "扣1", "到场", NULL};
    static const char *const asks_back[] = {"扣1",  "扣个1", "回1",  "回复",
                                            "回个", "接龙",  "回\"", NULL};
    static const char *const listed[] = {
        "报名的", "报了名",   "报咗名", "报上名", "已报名",   "报过名", "接龙的",   "接了龙",
        "名单",   "参加的",   "预约的", "登记的", "报咗",     "约好的", "订了位的", "占了座的",
        "在列的", "群接龙里", "名单上", "名单里", "来的各位", NULL};
    static const char *const wanted[] = {
        "确认",   "回复",   "回个",   "回1",    "回一下",   "回下",   "回话",     "回我",
        "扣1",    "扣个",   "吱一声", "吱个声", "说一声",   "冒个泡", "点个名",   "报个到",
        "举手",   "举个手", "来不来", "去不去", "还来",     "能来",   "能到",     "来得了",
        "到不到", "滴滴",   "打个1",  "打1",    "是否",     "参加吗", "参不参加", "能否参加",
        "回声",   "应一声", "应个声", "回一声", "回句",     "出个声", "出来",     "在不在",
        "回覆",   "嚟唔嚟", "来吧",   "ok吧",   "没问题吧", "都在吗", "说一下",   "回\"",
        "请回",   "复一复", "复个",   NULL};
    static const char *const soon[] = {"明天", "明早", "明晚", "明日", "听日", "后天", "后日",
                                       "今晚", "今天", "今日", "周",   "星期", "礼拜", NULL};
    static const char *const coming[] = {
        "来不来", "还来吗", "还来不", "都能来", "能来吗", "能到吗", "能到的", "能来的",   "会来的",
        "嚟到嘅", "嚟唔嚟", "到场的", "能嚟",   "还来的", "确定来", "确定到", "来得了的", NULL};
    /* 来不了的说一声: who is asked so stands in a list. */
    static const char *const absent[] = {"来不了的", "来不成的", "去不了的", "不来的",
                                         "不能来的", "临时有事", "来不到的", "有变动",
                                         "有变化",   "不来的说", NULL};
    static const char *const opens[] = {"姓名",     "称呼",     "名额",   "限额",
                                        "开放报名", "开始报名", "想参加", "想来的",
                                        "想报名",   "要报名",   "人数+",  NULL};
    bool sure = has(s, (const char *const[]){"确认", NULL});

    bool one = wants_a_one(s);

    if (sure && (one || (has(s, asks_back) && has(s, confirms))))
        return true;
    if (!sure && has(s, opens))
        return false;
    if (counts_heads(s, one || sure || has(s, wanted)))
        return true;
    if (reminds(s) && (one || has(s, wanted) || has(s, absent)))
        return true;
    return (has(s, listed) && (one || has(s, wanted) || has(s, absent))) ||
           (has(s, soon) && has(s, coming) && (one || has(s, wanted)));
}

static bool calls_to_sign_up(struct qund_str s)
{
    static const char *const events[] = {"报名",   "想来的", "想去的",   "想参加",   "感兴趣",
                                         "参加的", "名额",   "席位",     "预约",     "要去的",
                                         "要来的", "有空的", "愿意来",   "愿意参加", "谁要来",
                                         "能来的", "招募",   "有兴趣的", NULL};
    static const char *const invites[] = {
        "群里",     "接龙",     "回复",   "扣",     "直接报",   "房号",     "开放报名", "开始报名",
        "欢迎报名", "可以报名", "报名啦", "位",     "先到先得", "报名:",    "吱一声",   "说一声",
        "滴滴",     "占座",     "想来的", "想参加", "抓紧",     "欢迎",     "即可",     "人数",
        "几个人",   "几位",     "直接打", "报到",   "报个到",   "姓名",     "称呼",     "打1",
        "速来",     "手慢无",   "赶紧报", "戳我",   "写清",     "登记一下", "登个记",   "报一下",
        "找我报",   "留个名",   "留名",   NULL};
    /* 来的报名, 说下楼号; but not 您已报名成功. */
    static const char *const opens[] = {"来的", "要来", "名额", "限", "说下",
                                        "写上", "留下", "带上", NULL};
    static const char *const done[] = {"已报名", "报名成功", "报名费",   "报名截止",
                                       "报名表", "报名已满", "报名协议", "报名时",
                                       "您报名", "报名结束", "报名的",   NULL};

    return has(s, (const char *const[]){"接龙", NULL}) || (has(s, events) && has(s, invites)) ||
           (has(s, (const char *const[]){"报名", NULL}) && has(s, opens) && !has(s, done));
}

/* How often each kind of word of words/call.txt stands in the text, each word once at its place. */
struct signs {
    unsigned listed, either, near, prepare, want, news, comers;
    bool ask, heads;
};

static struct signs signs_of(struct qund_str s)
{
    struct qund_scan_hit hits[HITS_MAX];
    size_t n = qund_scan_words(s, &call_table, hits, HITS_MAX);
    struct signs v = {0};

    for (size_t i = 0; i < n; i++) {
        v.ask = v.ask || hits[i].flags & ASK;
        v.heads = v.heads || hits[i].flags & HEADS;
        v.listed += (hits[i].flags & LISTED) != 0;
        v.either += (hits[i].flags & EITHER) != 0;
        v.near += (hits[i].flags & NEAR) != 0;
        v.prepare += (hits[i].flags & PREPARE) != 0;
        v.want += (hits[i].flags & WANT) != 0;
        v.news += (hits[i].flags & NEWS) != 0;
        v.comers += (hits[i].flags & COMERS) != 0;
    }
    return v;
}

/* Who and how many are to be told in the group: of those who would like to come, or of those who
 * said so. Each reading has its signs, and the one with more of them is meant; a call with few
 * signs of either is left to the plain words. */
static enum qund_call weighed(struct qund_str s)
{
    struct signs v = signs_of(s);
    unsigned confirm =
        (v.listed ? 3u : 0) + (v.either ? 3u : 0) + (v.near ? 2u : 0) + (v.prepare ? 3u : 0);
    unsigned signup = (v.want ? 2u : 0) + (v.news < 3 ? v.news : 3u) + (v.comers ? 1u : 0);

    if (!v.ask || (!v.heads && !v.listed && !v.either && !v.comers))
        return QUND_CALL_NONE;
    if (confirm >= (v.heads || v.comers ? 3u : 4u) && confirm > signup &&
        (v.listed || v.either || v.comers))
        return QUND_CALL_CONFIRM;
    if (signup >= (v.want && v.heads ? 2u : 3u) && signup > confirm &&
        (v.want || v.comers || v.heads) && !v.listed)
        return QUND_CALL_SIGNUP;
    return QUND_CALL_NONE;
}

static enum qund_call staff_call(struct qund_str s)
{
    static const char *const closes[] = {"截单啦", "截单了", "截单~",  "已截单",     "停止接单",
                                         "截团啦", "截团了", "已截团", "今日已结束", NULL};
    static const char *const shops[] = {"截单", "开团", "团购", "接单", "自提", "下单", "预订",
                                        "排单", "拼团", "秒杀", "早市", "晚市", "今日", "要的",
                                        "配送", "特价", "到货", "新品", "今天", NULL};
    static const char *const cuts[] = {"点截", "点前截", "截单", "截团", "点收单", NULL};
    static const char *const topics[] = {"话题", "大家觉得", "来聊聊", "你们怎么看", NULL};
    enum qund_call heads;

    if (has(s, closes) || (s.n < 24 && qund_str_starts(s, "截单")))
        return QUND_CALL_CLOSE;
    heads = weighed(s);
    if (heads == QUND_CALL_CONFIRM || (heads == QUND_CALL_NONE && calls_to_confirm(s)))
        return QUND_CALL_CONFIRM;
    if (has(s, (const char *const[]){"排单", NULL}) ||
        (has(s, cuts) && pointed_prices_in(s) >= 2) || (prices_in(s) >= 2 && has(s, shops)) ||
        bare_prices_in(s) >= 2)
        return QUND_CALL_ORDER;
    if (heads == QUND_CALL_SIGNUP || calls_to_sign_up(s))
        return QUND_CALL_SIGNUP;
    return has(s, topics) ? QUND_CALL_TOPIC : QUND_CALL_NONE;
}

enum qund_call qund_call_find(struct qund_str s, bool from_staff)
{
    static const char *const peers[] = {"有人一起", "人一起", "拼单", "拼个",
                                        "一起团",   "组队",   "组团", "谁要一起",
                                        "谁一起",   "一起吗", "拼车", NULL};
    static const char *const stems[] = {"一起", "拼", "组", NULL}; /* quicker than all of them */

    if (from_staff)
        return staff_call(s);
    return has(s, stems) && has(s, peers) ? QUND_CALL_PEER : QUND_CALL_NONE;
}
