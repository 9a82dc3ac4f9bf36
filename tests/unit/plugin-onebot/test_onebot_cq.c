/* test_onebot_cq.c - the string form of a message becomes the array form. */
#include "cq.h"
#include "unit.h"

/* "type key=value key=value; …", as short as a table wants it. */
static void shown(const json_t *segments, struct ob_text *out)
{
    size_t i;
    const json_t *segment;

    json_array_foreach(segments, i, segment)
    {
        const char *key;
        json_t *value;

        ob_text_printf(out, "%s%.*s", i ? "|" : "", QUND_STR_ARG(ob_get_text(segment, "type")));
        json_object_foreach(json_object_get(segment, "data"), key, value)
            ob_text_printf(out, " %s=%.*s", key, QUND_STR_ARG(ob_json_text(value)));
    }
}

static void reads(const char *cq, const char *want)
{
    json_t *segments = ob_cq_read(qund_str(cq));
    struct ob_text out = {0};

    shown(segments, &out);
    assert_string_equal(out.p ? out.p : "", want);
    ob_text_done(&out);
    ob_json_free(segments);
}

static void vectors_give_the_segments_of_other_programs(void **state)
{
    static const struct {
        const char *cq, *want;
    } VECTORS[] = {
        {"[CQ:at,qq=10001] 你好", "at qq=10001|text text= 你好"},
        {"a &amp; b &#91;c&#93; , d", "text text=a & b [c] , d"},
        {"&amp;#91;", "text text=&#91;"},
        {"[CQ:image,file=http://x.test/a.png?x=1&amp;y=&#91;2&#93;&#44;3]",
         "image file=http://x.test/a.png?x=1&y=[2],3"},
        {"[CQ:share,title=a=b,url=u]", "share title=a=b url=u"},
        {"[CQ:json,data={\"a\":\"b\"&#44;\"c\":1}]", "json data={\"a\":\"b\",\"c\":1}"},
        {"[CQ:face]x", "face|text text=x"},
        {"[CQ:at,qq=1,name=]y", "at qq=1 name=|text text=y"},
        {"a[CQ:unknown,x=1", "text text=a[CQ:unknown,x=1"},
        {"[CQ: at,qq=1]", "text text=[CQ: at,qq=1]"},
        {"[CQ:text,text=a&#44;b]", "text text=a,b"},
    };

    (void)state;
    for (size_t i = 0; i < OB_LEN(VECTORS); i++)
        reads(VECTORS[i].cq, VECTORS[i].want);
}

static void what_is_no_code_stays_text(void **state)
{
    (void)state;
    reads("", "");
    reads("[", "text text=[");
    reads("[CQ:]", "text text=[CQ:]");
    reads("[CQ:,a=b]", "text text=[CQ:,a=b]");
    reads("[cq:at,qq=1]", "text text=[cq:at,qq=1]");
    reads("]][[CQ:at,qq=1]]", "text text=]][|at qq=1|text text=]");
    reads("[CQ:at,qq", "text text=[CQ:at,qq");
    reads("&lt;&#39;&", "text text=&lt;&#39;&");
}

static void parameters_without_a_sign_are_left_out(void **state)
{
    (void)state;
    reads("[CQ:at,qq=1,flag,=x,,a=b]", "at qq=1 a=b");
}

static void entities_are_undone_once(void **state)
{
    (void)state;
    reads("&amp;amp;", "text text=&amp;");
    reads("[CQ:x,a=&amp;#44;]", "x a=&#44;");
}

/* Neither ends the search early nor looks for the end of each: this takes minutes where it is
 * quadratic. */
static void a_megabyte_of_broken_codes_is_read_at_once(void **state)
{
    static const char *const PIECES[] = {"[CQ: ", "[CQ:a", "[", "[CQ:at,qq=1"};

    (void)state;
    for (size_t k = 0; k < OB_LEN(PIECES); k++)
        for (int closed = 0; closed < 2; closed++) {
            struct ob_text t = {0};
            json_t *segments;

            while (t.n < (1u << 20))
                ob_text_add(&t, qund_str(PIECES[k]));
            ob_text_add(&t, closed ? QUND_STR("]") : QUND_STR("."));
            segments = ob_cq_read(ob_text_view(&t));
            assert_in_range(json_array_size(segments), 1, 2);
            ob_json_free(segments);
            ob_text_done(&t);
        }
}

static void the_number_of_segments_has_an_end(void **state)
{
    struct ob_text t = {0};
    json_t *segments;
    struct qund_str last;

    (void)state;
    for (unsigned i = 0; i < 2 * OB_CQ_SEGMENTS; i++)
        ob_text_add(&t, QUND_STR("[CQ:face,id=1]"));
    segments = ob_cq_read(ob_text_view(&t));
    assert_int_equal(json_array_size(segments), OB_CQ_SEGMENTS + 1);
    last = ob_get_text(json_object_get(json_array_get(segments, OB_CQ_SEGMENTS), "data"), "text");
    assert_true(qund_str_starts(last, "[CQ:face"));
    ob_json_free(segments);
    ob_text_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_give_the_segments_of_other_programs),
        cmocka_unit_test(what_is_no_code_stays_text),
        cmocka_unit_test(parameters_without_a_sign_are_left_out),
        cmocka_unit_test(entities_are_undone_once),
        cmocka_unit_test(a_megabyte_of_broken_codes_is_read_at_once),
        cmocka_unit_test(the_number_of_segments_has_an_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
