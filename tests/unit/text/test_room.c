/* test_room.c - room numbers as people write them, and what only looks like one. */
#include "text/room.h"
#include "text/scan.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* "3-2-1502 self, 3-?-1503 other" for a text that is already folded. */
static const char *found(const char *text)
{
    static char line[512];
    struct qund_room rooms[QUND_ROOM_MAX];
    size_t n = qund_room_find(qund_str(text), rooms, QUND_ROOM_MAX), at = 0;

    line[0] = '\0';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(line + at, sizeof line - at, "%s%s %s", i ? ", " : "", rooms[i].text,
                               qund_room_owner_name(rooms[i].owner));
    return line;
}

struct pair {
    const char *text, *want;
};

static void check(const struct pair *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *got = found(v[i].text);

        if (strcmp(got, v[i].want) != 0)
            fail_msg("\"%s\": want [%s], got [%s]", v[i].text, v[i].want, got);
    }
}

static void one_flat_written_in_many_ways_is_one_canonical_room(void **state)
{
    static const char *const ways[] = {
        "我是3栋2单元1502",
        "3-2-1502",
        "我们是3-2-1502,别重复算哈",
        "3幢2单元1502室",
        "3号楼2单元1502",
        "3#2单元1502",
        "3#2-1502",
        "3栋2-1502",
        "3栋2单元15楼02 报个到",
        "三栋二单元一五零二",
        "三号楼二单元1502房",
        "我家3/2/1502",
        "3—2—1502",
        "3.2.1502",
        "3栋 2单元 1502",
        "3栋-2单元-1502",
        "3座2门1502",
        "3栋2梯1502",
        "3栋2单元15层1502室",
        "房号:3-2-1502",
        "03-02-1502",
        "3栋的2单元1502",
        "3#楼2单元1502",
        "三幢二单元十五楼零二",
        "我家3 2 1502",
        "3_2_1502",
        "3-2-15-02",
        "我3dong2danyuan1502",
        "3d2dy1502",
        "in building 3, unit 2, 1502.",
        "3·2·1502",
        "3-2单元-1502",
        "3栋二单元十五层02室",
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(ways); i++)
        if (strcmp(found(ways[i]), "3-2-1502 self") != 0)
            fail_msg("\"%s\": got [%s]", ways[i], found(ways[i]));
}

static void unknown_units_named_parts_and_zones_are_kept(void **state)
{
    static const struct pair v[] = {
        {"有没有人拼单美缝 我3#1503", "3-?-1503 self"},
        {"我家a座1203", "A-?-1203 self"},
        {"我家a-1203", "A-?-1203 self"},
        {"a座2单元1203", "A-2-1203 self"},
        {"13号楼甲单元502 报团购会", "13-甲-502 self"},
        {"13-甲-502", "13-甲-502 self"},
        {"二期6-1-801的", "二期/6-1-801 self"},
        {"我是2期6-1-801", "二期/6-1-801 self"},
        {"二期-6-1-801", "二期/6-1-801 self"},
        {"东区3栋2单元501", "东区/3-2-501 self"},
        {"我们b区8-1-302", "B区/8-1-302 self"},
        {"我是桂花苑3-2-501", "桂花苑/3-2-501 self"},
        {"听澜阁2单元603,大家好", "听澜阁-2-603 self"},
        {"听澜阁2-603 木棉 1人", "听澜阁-2-603 self"},
        {"住3号院2号楼1单元501", "3号院/2-1-501 self"},
        {"我们小区3-2-501", "3-2-501 self"},
        {"二期东区6-1-801", "二期东区/6-1-801 self"},
        {"11-2-0305 两个人", "11-2-305 self"},
        {"12栋1单元603室报到", "12-1-603 self"},
        {"18号502室", "18-?-502 self"},
        {"我2单元1502", "?-2-1502 self"},
        {"3-2-1502a", "3-2-1502A self"},
        {"3栋2单元1502/1503都是我的", "3-2-1502 self, 3-2-1503 self"},
        {"hi, i'm in building 7, unit 2, 1101.", "7-2-1101 self"},
    };

    (void)state;
    check(v, QUND_ARRAY_LEN(v));
}

static void a_relation_makes_it_somebody_elses_flat(void **state)
{
    static const struct pair v[] = {
        {"我是新来的,3号楼1502隔壁的1501", "3-?-1502 other, 3-?-1501 self"},
        {"3-2-1502对面是谁家呀", "3-2-1502 other"},
        {"十二号楼一单元六零三 是不是有人住了?", "12-1-603 other"},
        {"三栋二单元1502和1503是一家吗", "3-2-1502 other, 3-2-1503 other"},
        {"三栋1502老王,你家量尺师傅几点走的", "3-?-1502 other"},
        {"想问问3.2.1502家用的什么板材", "3-2-1502 other"},
        {"6/1/802家装完了吗", "6-1-802 other"},
        {"3栋2单元1502那家是要做中古风吗?我也想做", "3-2-1502 other"},
        {"麻烦问下13-甲-502的姐妹你家做到哪一步了", "13-甲-502 other"},
        {"我家楼上3-2-1602天天敲墙", "3-2-1602 other"},
        {"我邻居5-1-903漏水", "5-1-903 other"},
        {"有没有做过8-1801这种边户的", "8-?-1801 other"},
        {"我想取消报名,5栋1-903小林是我老公,他去就行", "5-1-903 self"},
        {"哈哈欢迎邻居!我3-2-1502", "3-2-1502 self"},
        {"帮我家也报上,9幢3-201,2个人", "9-3-201 self"},
        {"3-2-1502家里漏水了", "3-2-1502 self"},
        {"我想早点去 3—2—1502隔壁", "3-2-1502 other"},
        {"我闺蜜住4-2-1105,去她那边做要加钱不", "4-2-1105 other"},
        {"朋友推荐的我住4-2-1105", "4-2-1105 self"},
        {"车在楼下停着 麻烦来看看 21号楼2单元301", "21-2-301 self"},
    };

    (void)state;
    check(v, QUND_ARRAY_LEN(v));
}

static void look_alikes_are_not_rooms(void **state)
{
    static const char *const no[] = {
        "我3-5千预算能做个鞋柜不",
        "今天是9-15,收楼9-30,来得及吗",
        "我这个3-2-1的倒计时",
        "版本2-3-2的户型图有没有",
        "3室2厅2卫",
        "这个月物业费1502块,吓一跳",
        "尾号2048",
        "400-800一户",
        "k1-208路公交",
        "坐8-1201路",
        "电话138-0000-0105",
        "13800000105",
        "型号 qr3-2-1502",
        "版本2.3.1502",
        "比分3-2",
        "12:00-13:30",
        "9:30-20:00都在",
        "10月4号3点1502人",
        "单号3-2-1502",
        "我是南湖里5栋的",
        "能送到南湖里3号楼吗",
        "8栋01户做过两套",
        "2025-09-15",
        "2025.9.15",
        "轮胎225-45-17",
        "1.2-1500元",
        "5-1200元每米",
        "券满4000减200",
        "座位图1-15和16-30",
        "预算15-20万",
        "iphone 15-256",
        "3楼有人吗 15层",
        "3栋2单元的邻居",
        "两栋楼1502户",
        "1-3个工作日到账",
        "@3-2-1502王先生 你好",
        "8-1000",
        "60×120仅19.9/片",
        "车牌粤b·13815",
        "",
    };

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(no); i++)
        if (strcmp(found(no[i]), "") != 0)
            fail_msg("\"%s\": got [%s]", no[i], found(no[i]));
}

static void output_is_bounded_and_each_room_comes_once(void **state)
{
    struct qund_room rooms[2];
    struct qund_str s = QUND_STR("3-2-1502 3-2-1502 4-2-1502 5-2-1502");

    (void)state;
    assert_int_equal(qund_room_find(s, rooms, 2), 2);
    assert_string_equal(rooms[0].text, "3-2-1502");
    assert_string_equal(rooms[1].text, "4-2-1502");
    assert_memory_equal(s.p + rooms[1].at, "4-2-1502", 8);
    assert_int_equal(rooms[1].end - rooms[1].at, 8);
}

static void unknown_parts_do_not_contradict(void **state)
{
    (void)state;
    assert_true(qund_room_same(QUND_STR("3-2-1502"), QUND_STR("3-?-1502")));
    assert_true(qund_room_same(QUND_STR("二期/3-2-1502"), QUND_STR("3-2-1502")));
    assert_false(qund_room_same(QUND_STR("二期/3-2-1502"), QUND_STR("一期/3-2-1502")));
    assert_false(qund_room_same(QUND_STR("3-2-1502"), QUND_STR("3-1-1502")));
    assert_false(qund_room_same(QUND_STR("3-2-1502"), QUND_STR("3-2-1503")));
}

static void numbers_are_read_as_spelled_and_as_counted(void **state)
{
    static const struct {
        const char *text;
        unsigned value, digits;
    } v[] = {{"1502", 1502, 4}, {"0305", 305, 4},     {"一五零二", 1502, 4}, {"十二", 12, 2},
             {"二十", 20, 2},   {"一百零三", 103, 3}, {"十", 10, 2},         {"幺零一", 101, 3}};

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(v); i++) {
        struct qund_scan_number num;
        size_t at = 0;

        assert_true(qund_scan_number(qund_str(v[i].text), &at, &num));
        assert_int_equal(num.value, v[i].value);
        assert_int_equal(num.digits, v[i].digits);
        assert_int_equal(at, strlen(v[i].text));
    }
    assert_false(qund_scan_number(QUND_STR("栋"), &(size_t){0}, &(struct qund_scan_number){0}));
    assert_false(
        qund_scan_number(QUND_STR("123456789"), &(size_t){0}, &(struct qund_scan_number){0}));
}

static void a_field_of_its_own_takes_rooms_and_houses_and_nothing_else(void **state)
{
    static const struct pair rooms[] = {
        {"3-2-1502", "3-2-1502"},
        {"3栋2单元1502", "3-2-1502"},
        {"３號樓２單元１５０２室", "3-2-1502"},
        {" 3 2 1502 ", "3-2-1502"},
        {"A-1203", "A-?-1203"},
        {"A座1203", "A-?-1203"},
        {"3-?-1502", "3-?-1502"},
        {"?-2-1502", "?-2-1502"},
        {"二期/6-1-801", "二期/6-1-801"},
        {"13-甲-502", "13-甲-502"},
        {"二期6栋1单元801", "二期/6-1-801"},
        {"8-1801", "8-?-1801"},
        {"别墅12号", "别墅12号"},
        {"商铺A-3", "商铺A-3"},
        {"Villa 7", "Villa 7"},
    };
    static const char *const none[] = {
        "哈哈",   "",     "别墅",   "12",       "3-5千", "2025-09-15", "13800000105",
        "3室2厅", "三栋", "不知道", "3-2-哈哈", "?-?",   "-",          "3-2-1502-9"};
    char room[QUND_ROOM_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < QUND_ARRAY_LEN(rooms); i++) {
        if (!qund_room_field(qund_str(rooms[i].text), room))
            fail_msg("\"%s\" is no room", rooms[i].text);
        assert_string_equal(room, rooms[i].want);
    }
    for (size_t i = 0; i < QUND_ARRAY_LEN(none); i++)
        if (qund_room_field(qund_str(none[i]), room))
            fail_msg("\"%s\" is a room: %s", none[i], room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_flat_written_in_many_ways_is_one_canonical_room),
        cmocka_unit_test(unknown_units_named_parts_and_zones_are_kept),
        cmocka_unit_test(a_relation_makes_it_somebody_elses_flat),
        cmocka_unit_test(look_alikes_are_not_rooms),
        cmocka_unit_test(output_is_bounded_and_each_room_comes_once),
        cmocka_unit_test(unknown_parts_do_not_contradict),
        cmocka_unit_test(a_field_of_its_own_takes_rooms_and_houses_and_nothing_else),
        cmocka_unit_test(numbers_are_read_as_spelled_and_as_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
