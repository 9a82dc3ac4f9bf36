/* src/http/link_task.c - the page of a task: what to say, by when, and how it went.
 *
 * The words stand in a box that a tap selects whole (user-select: all), so they can be copied in
 * any browser without a script; that is what the page is for, and it comes first. Where scripts run
 * there is a button besides, shown by the one script that the policy of this page lets run: it is
 * named there by its hash, so nothing else does, be it in a text or on our own address. Below it:
 * done (with what shows it, or a figure), later, somebody else, impossible. A task that is over
 * says how it ended and takes no more. */
#include "http/link_html.h"
#include "sop/task.h"

/* Change it and its hash together; the test tells the new one. */
const char qund_link_copy_script[] =
    "(function(){var b=document.getElementById(\"copy\"),t=document.getElementById("
    "\"words\");if(!b||!t)return;b.hidden=false;b.addEventListener(\"click\",functi"
    "on(){function ok(){b.textContent=b.getAttribute(\"data-done\")}function old(){"
    "var r=document.createRange(),s=getSelection();r.selectNodeContents(t);s.remove"
    "AllRanges();s.addRange(r);if(document.execCommand(\"copy\"))ok()}if(navigator."
    "clipboard&&window.isSecureContext)navigator.clipboard.writeText(t.textContent)"
    ".then(ok,old);else old()})})()";
#define COPY_HASH "hvrDwql44u0RjpJyHjZH8IaLEtEztDE70g+ozEMCUfI="

const struct qund_header qund_link_task_headers[] = {
    {QUND_STR("Content-Security-Policy"),
     QUND_STR("default-src 'none'; script-src 'sha256-" COPY_HASH "'; style-src 'self'; "
              "form-action 'self'; base-uri 'none'; frame-ancestors 'none'")},
    {QUND_STR("X-Robots-Tag"), QUND_STR("noindex")},
};
const size_t qund_link_n_task_headers = QUND_ARRAY_LEN(qund_link_task_headers);

static bool is_open(struct qund_str state)
{
    static const char *const OPEN[] = {"planned", "held", "ready", "pushed", "seen"};

    return qund_str_index(state, OPEN, QUND_ARRAY_LEN(OPEN)) >= 0;
}

static void put_head(const struct link_view *v, const struct qund_zone *zone, const json_t *o,
                     struct qund_buf *out)
{
    qund_buf_puts(out, "<h1>");
    qund_link_put_field(out, o, "title");
    qund_buf_printf(out, " <small>T%lld</small></h1>\n<p class=\"where\">",
                    (long long)json_integer_value(json_object_get(o, "id")));
    qund_link_put_field(out, o, "group_name");
    qund_buf_printf(out, " · %s ", qund_link_say(v, W_UNTIL));
    qund_link_put_time(out, zone, qund_link_field(o, "closes"));
    qund_buf_puts(out, "</p>\n");
}

static void put_words(const struct link_view *v, const json_t *o, struct qund_buf *out)
{
    static const char *const OWN[] = {"koc_fan", "first_buyer"};
    const json_t *media = json_object_get(o, "media"), *name;
    size_t i;

    qund_buf_printf(out, "<section><h2>%s</h2>", qund_link_say(v, W_SAY));
    if (qund_str_index(qund_link_field(o, "role"), OWN, QUND_ARRAY_LEN(OWN)) >= 0)
        qund_buf_printf(out, "<p>%s</p>", qund_link_say(v, W_OWN_WORDS));
    qund_buf_puts(out, "<blockquote class=\"copy\" id=\"words\" dir=\"auto\">");
    qund_link_put_field(out, o, "content");
    qund_buf_printf(out,
                    "</blockquote><button type=\"button\" class=\"main\" id=\"copy\" hidden "
                    "data-done=\"%s\">%s</button><script>%s</script>",
                    qund_link_say(v, W_COPIED), qund_link_say(v, W_COPY), qund_link_copy_script);
    if (json_array_size(media) > 0)
        qund_buf_printf(out, "<h2>%s</h2><ul>", qund_link_say(v, W_MEDIA));
    json_array_foreach(media, i, name)
    {
        qund_buf_puts(out, "<li>");
        qund_link_put_z(out, json_string_value(name) ? json_string_value(name) : "");
        qund_buf_puts(out, "</li>");
    }
    qund_buf_puts(out, json_array_size(media) > 0 ? "</ul></section>\n" : "</section>\n");
}

static enum link_word word_of(struct qund_str state)
{
    static const struct {
        const char *state;
        enum link_word w;
    } WORDS[] = {
        {"held", W_T_HELD},       {"done", W_T_DONE},           {"skipped", W_T_SKIPPED},
        {"expired", W_T_EXPIRED}, {"cancelled", W_T_CANCELLED}, {"failed", W_T_FAILED},
    };

    for (size_t i = 0; i < QUND_ARRAY_LEN(WORDS); i++)
        if (qund_str_is(state, WORDS[i].state))
            return WORDS[i].w;
    return W_T_OPEN;
}

static void put_state(const struct link_view *v, const struct qund_zone *zone, const json_t *o,
                      const struct link_people *people, struct qund_buf *out)
{
    struct qund_str state = qund_link_field(o, "state"), by = qund_link_field(o, "done_by");
    struct qund_str reason = qund_link_field(o, "reason");

    qund_buf_puts(out, "<p class=\"state\" data-state=\"");
    qund_link_put_text(out, state);
    qund_buf_printf(out, "\">%s", qund_link_say(v, word_of(state)));
    if (qund_str_is(state, "done")) {
        bool proved = qund_str_is(qund_link_field(o, "evidence"), "proved");

        qund_buf_printf(out, " · %s", qund_link_say(v, proved ? W_T_PROVED : W_T_CLAIMED));
        if (by.n > 0) {
            qund_buf_printf(out, " · %s ", qund_link_say(v, W_BY));
            qund_link_put_who(v, people, by, out);
        }
        qund_buf_puts(out, " · ");
        qund_link_put_time(out, zone, qund_link_field(o, "done"));
    }
    if (reason.n > 0) {
        QUND_AUTO(qund_buf_done) struct qund_buf said = {0};

        qund_sop_reason_say(reason, &said);
        qund_buf_puts(out, "<br><span dir=\"auto\">");
        qund_link_put_text(out, v->english ? reason : qund_buf_view(&said));
        qund_buf_puts(out, "</span>");
    }
    qund_buf_puts(out, "</p>\n");
}

static void put_done(const struct link_view *v, struct qund_buf *out)
{
    qund_buf_printf(out, "<section><h2>%s</h2>", qund_link_say(v, W_DONE));
    qund_link_put_form(v, "resolve", out);
    qund_link_put_input(v, "resolve", IN_PROOF, W_PROOF, "maxlength=\"300\"", out);
    qund_link_put_input(v, "resolve", IN_NUMBER, W_NUMBER, QUND_LINK_FIGURE, out);
    qund_link_put_button(v, W_FINISH, "main", out);
    qund_buf_puts(out, "</section>\n");
}

static void put_later(const struct link_view *v, struct qund_buf *out)
{
    static const struct {
        const char *value;
        enum link_word w;
    } TIMES[] = {{"15m", W_15M}, {"30m", W_30M}, {"2h", W_2H}};

    qund_buf_printf(out, "<section><h2>%s</h2><div class=\"row\">", qund_link_say(v, W_LATER));
    for (size_t i = 0; i < QUND_ARRAY_LEN(TIMES); i++) {
        qund_link_put_form(v, "snooze", out);
        qund_buf_printf(out, "<input type=\"hidden\" name=\"for\" value=\"%s\">", TIMES[i].value);
        qund_link_put_button(v, TIMES[i].w, "plain", out);
    }
    qund_buf_puts(out, "</div></section>\n");
}

static void put_cant(const struct link_view *v, struct qund_buf *out)
{
    qund_buf_printf(out, "<section><h2>%s</h2>", qund_link_say(v, W_CANT));
    qund_link_put_form(v, "fail", out);
    qund_link_put_input(v, "fail", IN_NOTE, W_REASON, "maxlength=\"300\" required", out);
    qund_link_put_button(v, W_CANT_BUTTON, "plain", out);
    qund_buf_puts(out, "</section>\n");
}

void qund_link_html_task(const struct link_view *v, struct qund_str json,
                         const struct link_people *people, struct qund_buf *out)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *zone = qund_link_zone_of(v);
    json_t *o = json_loadb(json.p, json.n, 0, NULL);
    struct qund_str state = qund_link_field(o, "state");

    qund_link_put_top(out, v->english, qund_link_say(v, W_TASK));
    qund_link_put_said(v, out);
    put_head(v, zone, o, out);
    put_state(v, zone, o, people, out);
    put_words(v, o, out);
    if (is_open(state)) {
        if (qund_str_is(state, "pushed") || qund_str_is(state, "ready")) {
            qund_link_put_form(v, "ack", out);
            qund_link_put_button(v, W_TAKE, "main", out);
        }
        put_done(v, out);
        put_later(v, out);
        if (!qund_str_is(state, "planned") && !qund_str_is(state, "held"))
            qund_link_put_hand_over(v, people, out);
        put_cant(v, out);
    }
    qund_link_put_foot(v, people, out);
    qund_link_put_end(out);
    json_decref(o);
}
