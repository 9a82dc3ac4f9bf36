/* src/http/link_page.c - what a signed link opens, and what pressing a button there does.
 *
 * The link is the permission: it says who acts, on what, until when (alert/link.c). Looking never
 * changes anything, because chat apps fetch addresses before anybody reads them; a deed is a POST
 * of a form, becomes the same command of the engine that the API makes, and is answered with a
 * redirect to the page, which says how it went. So pressing twice, reloading, or two people at once
 * do no harm: the engine refuses the second and the page says what is the case. Where the form
 * itself was at fault (a figure, a time) the page is the answer, with all that was typed still in
 * it: a note written on a phone is not to be typed twice, and it has no place in an address.
 *
 * A wrong signature is refused on the loop before anything is read, costs two microseconds, and is
 * answered with words only so often a minute; good links are not touched by that. */
#include "http/link_page.h"
#include "alert/alert.h"
#include "config/config.h"
#include "core/clock.h"
#include "crm/people.h"
#include "sop/plan.h"
#include "sop/task.h"
#include <stdio.h>

enum { WRONG_PER_MIN = 60, WRONG_BURST = 20, LOGGED_PER_MIN = 6, LIST_MAX = 100 };

static const char STYLE[] =
    "*{box-sizing:border-box}body{margin:0;background:#f4f5f7;color:#1c1f23;"
    "font:16px/1.5 system-ui,\"PingFang SC\",\"Microsoft YaHei\",\"Noto Sans CJK SC\",sans-serif}"
    "main{max-width:560px;margin:0 auto;padding:12px}h1{font-size:20px;margin:8px 0 0}"
    "h2{font-size:15px;margin:0 0 8px;color:#4a5058}small{color:#60666e;font-size:13px}"
    "section,blockquote,.state,.list li{background:#fff;border-radius:8px;padding:12px;margin:12px "
    "0}"
    "h1,blockquote,.state,.context,.list li,.said{overflow-wrap:anywhere}"
    "blockquote{white-space:pre-wrap;border-left:4px solid #2f6fed;font-size:17px}"
    ".copy{user-select:all;-webkit-user-select:all;background:#f4f5f7}section>ul{margin:0}"
    ".where{margin:0;color:#4a5058}ol{margin:0;padding:0;list-style:none}.context li{margin:6px 0}"
    ".level{border-radius:4px;padding:1px 6px;font-size:14px;color:#fff;background:#60666e}"
    ".level.l0{background:#b3261e}.level.l1{background:#8a5a00}"
    ".said{border-radius:8px;padding:12px;margin:0 0 12px}.well{background:#dff3e4}"
    ".wrong{background:#fbe4e1}form{margin:0 0 8px}.row{display:flex;gap:8px;flex-wrap:wrap}"
    ".row form{flex:1 1 90px}label{display:block;font-size:14px;color:#4a5058;margin:0 0 8px}"
    "input,select{display:block;width:100%;font:inherit;padding:10px;border:1px solid #8b9199;"
    "border-radius:8px;background:#fff;color:inherit;margin-top:2px}"
    "button{width:100%;min-height:44px;font:inherit;border-radius:8px;padding:8px;cursor:pointer}"
    ".main{background:#2f6fed;color:#fff;border:0}"
    ".plain{background:#fff;color:#1c1f23;border:1px solid #8b9199}"
    "footer{color:#60666e;font-size:14px;margin:16px 0}a{color:#1d4fb8}";

const struct qund_header qund_link_headers[] = {
    {QUND_STR("Content-Security-Policy"),
     QUND_STR("default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
              "frame-ancestors 'none'")},
    {QUND_STR("X-Robots-Tag"), QUND_STR("noindex")},
};
const size_t qund_link_n_headers = QUND_ARRAY_LEN(qund_link_headers);

static void answer_html(struct qund_req *r, int status, const struct qund_buf *html)
{
    qund_req_reply(r, &(struct qund_resp){.status = status,
                                          .type = "text/html; charset=utf-8",
                                          .body = qund_buf_view(html),
                                          .extra = qund_link_headers,
                                          .n_extra = qund_link_n_headers});
}

static void answer_note(struct qund_req *r, const struct qund_call *c, int status,
                        enum link_note note)
{
    QUND_AUTO(qund_buf_done) struct qund_buf html = {0};

    qund_link_html_note(c->link.english, note, &html);
    answer_html(r, status, &html);
}

/* False: so many were wrong lately that this one is only counted. */
static bool wrong_allowed(struct qund_http *h)
{
    int64_t now = qund_mono_us(), step = 60000000 / WRONG_PER_MIN;
    int64_t from = h->link_wrong_until_us > now ? h->link_wrong_until_us : now;

    if (from - now > WRONG_BURST * step)
        return false;
    h->link_wrong_until_us = from + step;
    return true;
}

static void refuse_wrong(struct qund_http *h, struct qund_req *r, const struct qund_call *c)
{
    bool allowed = wrong_allowed(h);

    qund_counter_add(h->link_wrong, 1);
    if (qund_log_allow(&h->link_gate, qund_mono_now().ms, LOGGED_PER_MIN))
        qund_log(h->deps.log, QUND_WARN, "http.link_wrong",
                 QUND_KV("peer", (const char *)r->peer.addr),
                 QUND_KV("left_out", h->link_gate.left_out));
    answer_note(r, c, allowed ? 404 : 429, allowed ? LINK_NOTE_INVALID : LINK_NOTE_MANY);
}

/* A copy of the call that knows its person. DENIED: it was answered. */
static int admit(struct qund_http *h, struct qund_req *r, const struct qund_call *c,
                 struct qund_call *out)
{
    struct qund_link link;
    bool asked = qund_call_str(c, "lang").p != NULL;

    *out = *c;
    out->link.asked = asked;
    out->link.english = asked ? qund_call_num(c, "lang", 0) == 1
                              : qund_link_english(qund_http1_header(&r->head, "accept-language"));
    if (!h->deps.link_key || qund_link_read(h->deps.link_key, c->name, &link) < 0) {
        refuse_wrong(h, r, out);
        return QUND_E_DENIED;
    }
    out->link.key = h->deps.link_key;
    out->link.staff = link.staff;
    out->link.until = link.until;
    out->id = link.alert;
    if (link.until <= c->now_ms) {
        qund_counter_add(h->link_expired, 1);
        answer_note(r, out, 410, LINK_NOTE_EXPIRED);
        return QUND_E_DENIED;
    }
    return QUND_OK;
}

/* --- looking --- */

void qund_link_show(struct qund_http *h, struct qund_req *r, const struct qund_call *c)
{
    struct qund_call mine;

    if (admit(h, r, c, &mine) < 0)
        return;
    mine.name = QUND_STR_NONE; /* what it pointed to goes with the turn */
    qund_call_read_later(h, r, &mine, NULL);
}

/* Tasks first: their time is set. */
static int list_all(struct qund_reader *rd, int64_t staff, struct qund_buf *json)
{
    static const unsigned OPEN =
        1u << QUND_TASK_READY | 1u << QUND_TASK_PUSHED | 1u << QUND_TASK_SEEN;
    struct qund_task_filter mine = {.staff = staff, .states = OPEN, .limit = LIST_MAX};
    int64_t next_due, next_id;
    size_t tasks;
    int rc = qund_sop_task_list(rd->db, &mine, json, &next_due, &next_id);

    if (rc < 0)
        return rc;
    tasks = json->n;
    if (tasks > 0)
        qund_buf_char(json, ',');
    rc = qund_alert_list_told(rd->db, staff, LIST_MAX, json);
    if (rc == 0 && tasks > 0)
        json->n--; /* no alert follows */
    return rc;
}

static int look_at(struct qund_reader *rd, const struct link_view *v,
                   const struct link_people *people, struct qund_answer *a)
{
    QUND_AUTO(qund_buf_done) struct qund_buf json = {0};
    int rc;

    if (v->link->alert == 0) {
        rc = list_all(rd, v->link->staff, &json);
        if (rc >= 0)
            qund_link_html_list(v, qund_buf_view(&json), &a->body);
        return rc;
    }
    if (v->link->alert < 0) {
        rc = qund_sop_task_print(rd->db, -v->link->alert, NULL, &json);
        if (rc == 0)
            qund_link_html_task(v, qund_buf_view(&json), people, &a->body);
        a->extra = qund_link_task_headers;
        a->n_extra = qund_link_n_task_headers;
        return rc;
    }
    rc = qund_alert_print(rd->db, v->link->alert, &json);
    if (rc == 0)
        qund_link_html_alert(v, qund_buf_view(&json), people, &a->body);
    return rc;
}

int qund_link_read_page(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    const struct qund_link link = {c->id, c->link.staff, c->link.until};
    struct link_view v = {.link = &link,
                          .key = c->link.key,
                          .english = c->link.english,
                          .lang_asked = c->link.asked,
                          .typed = c->link.typed,
                          .zone = c->zone};
    struct link_people people = {.n = 0};
    int rc = qund_crm_staff_active(rd->db, link.staff);

    v.said = v.typed ? v.typed->said : (enum link_said)qund_call_num(c, "r", LINK_NOTHING);
    a->status = v.typed ? 422 : 200;
    a->type = "text/html; charset=utf-8";
    a->extra = qund_link_headers;
    a->n_extra = qund_link_n_headers;
    rc = rc == 0  ? QUND_E_NOTFOUND
         : rc < 0 ? rc
                  : qund_link_people_load(rd->db, c->config, &people);
    if (rc == 0)
        rc = look_at(rd, &v, &people, a);
    qund_link_people_done(&people);
    if (rc == QUND_E_NOTFOUND) {
        qund_buf_clear(&a->body);
        a->status = 403;
        qund_link_html_note(v.english, LINK_NOTE_LEFT, &a->body);
        return QUND_OK;
    }
    return rc < 0 ? rc : QUND_OK;
}

void qund_link_style(struct qund_http *h, struct qund_req *r, const struct qund_call *c)
{
    static const struct qund_header KEEP = {QUND_STR("Cache-Control"),
                                            QUND_STR("public, max-age=3600")};

    (void)h;
    (void)c;
    qund_req_reply(r, &(struct qund_resp){.status = 200,
                                          .type = "text/css; charset=utf-8",
                                          .body = qund_str(STYLE),
                                          .extra = &KEEP,
                                          .n_extra = 1});
}

/* --- acting --- */

const char *const qund_link_inputs[LINK_INPUTS] = {"do", "for", "to", "note", "proof", "number"};
static const struct act {
    const char *act, *command;
} ACTS[] = {
    {"ack", "alert.ack"},       {"resolve", "alert.resolve"},   {"reopen", "alert.reopen"},
    {"snooze", "alert.snooze"}, {"handover", "alert.handover"}, {"irrelevant", "alert.irrelevant"},
};
static const struct act TASK_ACTS[] = {
    {"ack", "task.seen"},        {"resolve", "task.done"},      {"fail", "task.fail"},
    {"snooze", "task.postpone"}, {"handover", "task.handover"},
};

struct pending_deed {
    struct qund_req *req;
    struct qund_call call;
    struct link_typed *typed; /* owned */
};

static void go_back(struct qund_req *r, const struct qund_call *c, enum link_said said)
{
    char location[64];
    struct qund_header extra[4];

    snprintf(location, sizeof(location), "?r=%s%s", qund_link_said_word(said),
             !c->link.asked    ? ""
             : c->link.english ? "&lang=en"
                               : "&lang=zh");
    memcpy(extra, qund_link_headers, qund_link_n_headers * sizeof(extra[0]));
    extra[qund_link_n_headers] = (struct qund_header){QUND_STR("Location"), qund_str(location)};
    qund_req_reply(
        r, &(struct qund_resp){.status = 303, .extra = extra, .n_extra = qund_link_n_headers + 1});
}

static enum link_said said_of(const struct qund_command *c)
{
    static const struct {
        int rc;
        const char *where;
        enum link_said said;
    } MEANS[] = {
        {QUND_E_INVAL, "number", LINK_NUMBER}, {QUND_E_INVAL, "for", LINK_TIME},
        {QUND_E_INVAL, "until", LINK_TIME},    {QUND_E_INVAL, "to", LINK_TO},
        {QUND_E_INVAL, "alert", LINK_ALREADY}, {QUND_E_INVAL, "task", LINK_ALREADY},
        {QUND_E_INVAL, "window", LINK_WINDOW}, {QUND_E_EXISTS, NULL, LINK_NEWER},
        {QUND_E_NOTFOUND, NULL, LINK_GONE},    {QUND_E_DENIED, NULL, LINK_DENIED},
    };

    if (c->rc == 0)
        return LINK_DONE;
    for (size_t i = 0; i < QUND_ARRAY_LEN(MEANS); i++)
        if (MEANS[i].rc == c->rc && (!MEANS[i].where || strcmp(c->err.where, MEANS[i].where) == 0))
            return MEANS[i].said;
    return LINK_BUSY;
}

/* Nothing was done, and pressing again may do it. */
static bool may_be_mended(enum link_said said)
{
    return said == LINK_NUMBER || said == LINK_TIME || said == LINK_TO || said == LINK_WINDOW ||
           said == LINK_BUSY;
}

static void deed_ends(struct qund_http *h, struct pending_deed *p, enum link_said said)
{
    if (may_be_mended(said)) {
        p->typed->said = said;
        p->call.link.typed = p->typed;
        qund_call_read_later(h, p->req, &p->call, (char *)p->typed); /* which owns it now */
    } else {
        go_back(p->req, &p->call, said);
        qund_free(p->typed);
    }
    qund_free(p);
}

static void deed_done(struct qund_http *h, struct qund_command *c, void *arg)
{
    deed_ends(h, arg, said_of(c));
}

/* application/x-www-form-urlencoded; what the page does not know is left aside. INVAL: broken.
 * t->text: as long as body. */
static int read_form(struct qund_str body, struct link_typed *t)
{
    char *room = t->text;

    while (body.p && body.n > 0) {
        struct qund_str pair = qund_str_split(&body, '&');
        struct qund_str name = qund_str_split(&pair, '=');
        int i = qund_str_index(name, qund_link_inputs, LINK_INPUTS);
        int n = qund_http1_unescape(pair.p ? pair : QUND_STR(""), true, room);

        if (n < 0 || qund_utf8_check(qund_str_n(room, (size_t)n)) >= 0)
            return QUND_E_INVAL;
        if (i >= 0)
            t->v[i] = qund_str_trim(qund_str_n(room, (size_t)n));
        room += n;
    }
    return 0;
}

static struct qund_command *command_of(const struct qund_call *c, const struct qund_str *v)
{
    QUND_AUTO(qund_buf_done) struct qund_buf body = {0};
    const struct act *acts = c->id < 0 ? TASK_ACTS : ACTS;
    size_t n = c->id < 0 ? QUND_ARRAY_LEN(TASK_ACTS) : QUND_ARRAY_LEN(ACTS), i = 0;
    struct qund_jw w = qund_jw(&body);
    char by[32];

    while (i < n && !qund_str_is(v[IN_DO], acts[i].act))
        i++;
    if (i == n || c->id == 0)
        return NULL;
    snprintf(by, sizeof(by), "staff:%lld", (long long)c->link.staff);
    qund_jw_obj(&w);
    qund_jw_kint(&w, "id", c->id < 0 ? -c->id : c->id);
    qund_jw_kz(&w, "by", by);
    for (size_t k = IN_DO + 1; k < LINK_INPUTS; k++)
        if (v[k].n > 0)
            qund_jw_kstr(&w, qund_link_inputs[k], v[k]);
    qund_jw_end_obj(&w);
    return qund_command_new(acts[i].command, qund_buf_view(&body), by);
}

void qund_link_act(struct qund_http *h, struct qund_req *r, const struct qund_call *c)
{
    struct link_typed *typed;
    struct pending_deed *p;
    struct qund_command *cmd;
    struct qund_call mine;

    if (admit(h, r, c, &mine) < 0)
        return;
    mine.name = QUND_STR_NONE; /* what it pointed to goes with the turn */
    typed = qund_alloc(sizeof(*typed) + r->body.n + 1);
    cmd = read_form(r->body, typed) < 0 ? NULL : command_of(&mine, typed->v);
    if (!cmd) {
        go_back(r, &mine, LINK_FORM);
        qund_free(typed);
        return;
    }
    p = qund_alloc(sizeof(*p));
    *p = (struct pending_deed){r, mine, typed};
    if (qund_command_send(h, cmd, false, deed_done, p) < 0) {
        qund_command_free(cmd);
        deed_ends(h, p, LINK_BUSY);
    }
}

/* --- whom a page names --- */

struct gathering {
    struct qund_db *db;
    const struct qund_config *config;
    struct link_people *people;
};

static int take_person(int64_t id, struct qund_str name, void *arg)
{
    const struct gathering *g = arg;
    struct link_people *p = g->people;
    int reached;

    if (p->n == QUND_ARRAY_LEN(p->v))
        return 1;
    reached = qund_crm_staff_reached(g->db, id, g->config);
    if (reached < 0)
        return reached;
    p->v[p->n].id = id;
    p->v[p->n].reached = reached > 0;
    p->v[p->n++].name = qund_str_dup(name);
    return 0;
}

int qund_link_people_load(struct qund_db *db, const struct qund_config *config,
                          struct link_people *p)
{
    struct gathering g = {db, config, p};
    int rc;

    p->n = 0;
    rc = qund_crm_staff_each(db, take_person, &g);
    return rc < 0 ? rc : 0;
}

void qund_link_people_done(struct link_people *p)
{
    for (size_t i = 0; i < p->n; i++)
        qund_free(p->v[i].name);
    p->n = 0;
}
