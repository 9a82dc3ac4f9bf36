/* src/crm/org_roster.c - the part of org.yaml that speaks of time: rosters, duty hours, leave.
 *
 * A roster is a week of shifts with exceptions by date; `duty_hours` at the top is the same thing
 * without people, for all groups. Hours are wall time in the zone of the group they are used for. A
 * shift that ends before it begins ends on the next morning. An exception replaces the whole day.
 */
#include "core/zone.h"
#include "crm/org_parts.h"

static const char *const DAYS[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static int two_digits(struct qund_str s, size_t at)
{
    if (at + 2 > s.n || s.p[at] < '0' || s.p[at] > '9' || s.p[at + 1] < '0' || s.p[at + 1] > '9')
        return -1;
    return (s.p[at] - '0') * 10 + (s.p[at + 1] - '0');
}

/* "09:30" at offset `at`. */
static int clock_minutes(struct qund_str s, size_t at)
{
    int h = two_digits(s, at), m = two_digits(s, at + 3);

    if (h < 0 || m < 0 || m > 59 || h > 24 || (h == 24 && m > 0) || s.p[at + 2] != ':')
        return -1;
    return h * 60 + m;
}

int qund_org_hours(struct qund_str s, int64_t *from_min, int64_t *to_min)
{
    int from, to;

    if (s.n != 11 || s.p[5] != '-')
        return QUND_E_INVAL;
    from = clock_minutes(s, 0);
    to = clock_minutes(s, 6);
    if (from < 0 || to < 0 || from == to || from == ORG_DAY_MINUTES)
        return QUND_E_INVAL;
    *from_min = from;
    *to_min = to < from ? to + ORG_DAY_MINUTES : to;
    return QUND_OK;
}

int qund_org_date(struct qund_str s, int64_t *day)
{
    QUND_AUTO(qund_buf_done) struct qund_buf iso = {0};
    int64_t ms;

    if (s.n != 10)
        return QUND_E_INVAL;
    qund_buf_str(&iso, s);
    qund_buf_puts(&iso, "T00:00:00Z");
    if (qund_iso_parse(qund_buf_view(&iso), &ms) < 0)
        return QUND_E_INVAL;
    *day = ms / QUND_DAY_MS;
    return QUND_OK;
}

void qund_org_print_date(int64_t day, struct qund_buf *out)
{
    char iso[25];

    qund_iso_print(day * QUND_DAY_MS, iso);
    qund_buf_add(out, iso, 10);
}

static int day_number(struct qund_str s)
{
    int i = qund_str_index(s, DAYS, QUND_ARRAY_LEN(DAYS));

    return i < 0 ? i : i + 1;
}

/* "mon", "mon-fri", or a list of such: a bit per day. */
static unsigned week_days(struct org_reader *r, const struct qund_ynode *n)
{
    unsigned bits = 0;
    struct qund_str rest, first;
    int from, to;

    if (n && n->kind == QUND_YAML_LIST) {
        for (const struct qund_ynode *c = n->child; c; c = c->next)
            bits |= week_days(r, c);
        return bits;
    }
    rest = qund_org_text(r, n);
    if (!rest.p)
        return 0;
    first = qund_str_split(&rest, '-');
    from = day_number(first);
    to = rest.p ? day_number(rest) : from;
    if (from < 0 || to < 0) {
        qund_yaml_bad(r->errs, r->doc, n, "days are mon, tue, wed, thu, fri, sat, sun, or mon-fri");
        return 0;
    }
    for (int d = from;; d = d % 7 + 1) { /* fri-mon goes round the end of the week */
        bits |= 1u << d;
        if (d == to)
            return bits;
    }
}

/* Shifts are counted first and filled second by the same walk: out NULL only counts. */
struct shift_sink {
    struct org_shift *out;
    size_t n;
};

static void put_shift(struct shift_sink *sink, struct org_shift s)
{
    if (sink->out)
        sink->out[sink->n] = s;
    sink->n++;
}

/* One entry for each day and each person; people missing: hours only. */
static void put_people(struct org_reader *r, struct shift_sink *sink, const struct qund_ynode *n,
                       struct org_shift s)
{
    const struct qund_ynode *staff = qund_yaml_get(n, "staff");

    if (!staff) {
        put_shift(sink, s);
        return;
    }
    if (staff->kind == QUND_YAML_SCALAR) {
        s.staff = sink->out ? staff->text : qund_org_staff_ref(r, staff);
        put_shift(sink, s);
        return;
    }
    for (const struct qund_ynode *c = staff->child; c; c = c->next) {
        s.staff = sink->out ? c->text : qund_org_staff_ref(r, c);
        put_shift(sink, s);
    }
}

static bool read_hours(struct org_reader *r, const struct qund_ynode *n, bool first_walk,
                       struct org_shift *s)
{
    const struct qund_ynode *hours = qund_yaml_get(n, "hours");

    if (hours && hours->kind == QUND_YAML_SCALAR &&
        qund_org_hours(hours->text, &s->from_min, &s->to_min) == 0)
        return true;
    if (first_walk)
        qund_yaml_bad(r->errs, r->doc, hours ? hours : n, "hours are written \"09:00-18:00\"");
    return false;
}

static void walk_week(struct org_reader *r, const struct qund_ynode *week, struct shift_sink *sink)
{
    static const char *const words[] = {"days", "hours", "staff"};

    for (const struct qund_ynode *n = week ? week->child : NULL; n; n = n->next) {
        struct org_shift s = {.weekly = true};
        unsigned bits;

        if (!sink->out && n->kind != QUND_YAML_MAP) {
            qund_yaml_bad(r->errs, r->doc, n, "{days: …, hours: …, staff: […]} is expected here");
            continue;
        }
        if (!sink->out)
            qund_ignore(qund_yaml_known(r->errs, r->doc, n, words, QUND_ARRAY_LEN(words)));
        if (!sink->out && !qund_yaml_get(n, "days"))
            qund_yaml_bad(r->errs, r->doc, n, "'days' is missing here");
        bits = week_days(r, qund_yaml_get(n, "days"));
        if (!read_hours(r, n, !sink->out, &s))
            continue;
        for (s.day = 1; s.day <= 7; s.day++)
            if (bits & (1u << s.day))
                put_people(r, sink, n, s);
    }
}

static void walk_exceptions(struct org_reader *r, const struct qund_ynode *list,
                            struct shift_sink *sink)
{
    static const char *const words[] = {"date", "hours", "staff", "closed"};

    for (const struct qund_ynode *n = list ? list->child : NULL; n; n = n->next) {
        struct org_shift s = {0};
        const struct qund_ynode *date = qund_yaml_get(n, "date");
        const struct qund_ynode *closed = qund_yaml_get(n, "closed");
        bool shut = false;

        if (!sink->out && n->kind == QUND_YAML_MAP)
            qund_ignore(qund_yaml_known(r->errs, r->doc, n, words, QUND_ARRAY_LEN(words)));
        if (!date || date->kind != QUND_YAML_SCALAR || qund_org_date(date->text, &s.day) < 0) {
            if (!sink->out)
                qund_yaml_bad(r->errs, r->doc, date ? date : n, "a date is written 2025-09-28");
            continue;
        }
        if (closed && qund_yaml_bool(r->errs, r->doc, closed, &shut) < 0)
            continue;
        if (shut)
            put_shift(sink, s);
        else if (read_hours(r, n, !sink->out, &s))
            put_people(r, sink, n, s);
    }
}

static void read_shifts(struct org_reader *r, const struct qund_ynode *week,
                        const struct qund_ynode *exceptions, struct org_roster *out)
{
    struct shift_sink sink = {0};
    size_t before = r->errs->n + r->errs->dropped;
    const struct qund_ynode *const lists[] = {week, exceptions};

    for (size_t i = 0; i < QUND_ARRAY_LEN(lists); i++)
        if (lists[i] && lists[i]->kind != QUND_YAML_LIST) {
            qund_yaml_bad(r->errs, r->doc, lists[i], "a list is expected here");
            return;
        }
    walk_week(r, week, &sink);
    walk_exceptions(r, exceptions, &sink);
    if (r->errs->n + r->errs->dropped != before)
        return; /* said once is enough */
    if (sink.n > ORG_LIST_MAX) {
        qund_yaml_bad(r->errs, r->doc, week ? week : exceptions,
                      "%zu shifts, counted per day and person; at most %d", sink.n, ORG_LIST_MAX);
        return;
    }
    sink.out = out->shifts =
        qund_arena_zalloc(r->org->arena, (sink.n + 1) * sizeof(struct org_shift));
    sink.n = 0;
    walk_week(r, week, &sink);
    walk_exceptions(r, exceptions, &sink);
    out->n_shifts = sink.n;
}

/* groups: {type: home} | {tag: 精装} | {ids: [{realm, id}]}, or several of these. */
static void read_scopes(struct org_reader *r, const struct qund_ynode *n, struct org_roster *out)
{
    static const char *const words[] = {"type", "tag", "ids"};
    const struct qund_ynode *ids = qund_yaml_get(n, "ids");
    struct org_ident *v;
    void *p;
    size_t count;

    if (!n)
        return;
    if (n->kind != QUND_YAML_MAP) {
        qund_yaml_bad(r->errs, r->doc, n, "{type: …}, {tag: …} or {ids: […]} is expected here");
        return;
    }
    qund_ignore(qund_yaml_known(r->errs, r->doc, n, words, QUND_ARRAY_LEN(words)));
    count = qund_org_list(r, ids, ORG_LIST_MAX, sizeof(*v), &p);
    out->scopes = qund_arena_zalloc(r->org->arena, (count + 2) * sizeof(*out->scopes));
    for (size_t i = 0; i < 2; i++) {
        struct qund_str value = qund_org_text(r, qund_yaml_get(n, words[i]));

        if (value.p)
            out->scopes[out->n_scopes++] = (struct org_scope){.kind = words[i], .value = value};
    }
    v = p;
    for (const struct qund_ynode *c = count ? ids->child : NULL; c; c = c->next, v++)
        if (qund_org_ident(r, c, v))
            out->scopes[out->n_scopes++] = (struct org_scope){.kind = "group", .group = *v};
    if (!out->n_scopes)
        qund_yaml_bad(r->errs, r->doc, n, "no group is named here; leave 'groups' out for all");
}

static void read_one_roster(struct org_reader *r, const struct qund_ynode *n,
                            struct org_roster *out)
{
    static const char *const words[] = {"id",      "roles", "groups",    "holidays",
                                        "on_call", "week",  "exceptions"};
    const struct qund_ynode *holidays = qund_yaml_get(n, "holidays");
    const struct qund_ynode *on_call = qund_yaml_get(n, "on_call");
    const struct qund_ynode *roles = qund_yaml_get(n, "roles");

    out->holidays = true;
    if (n->kind != QUND_YAML_MAP) {
        qund_yaml_bad(r->errs, r->doc, n, "a map with 'id' is expected here");
        return;
    }
    qund_ignore(qund_yaml_known(r->errs, r->doc, n, words, QUND_ARRAY_LEN(words)));
    out->key = qund_org_need(r, n, "id");
    if (holidays) {
        out->holidays = qund_str_is(holidays->text, "closed");
        if (!out->holidays && !qund_str_is(holidays->text, "open"))
            qund_yaml_bad(r->errs, r->doc, holidays, "holidays are 'closed' (default) or 'open'");
    }
    out->on_call = on_call ? qund_org_staff_ref(r, on_call) : QUND_STR_NONE;
    qund_org_texts(r, roles, &out->roles, &out->n_roles);
    for (size_t i = 0; i < out->n_roles; i++)
        qund_org_role(r, roles, out->roles[i]);
    read_scopes(r, qund_yaml_get(n, "groups"), out);
    read_shifts(r, qund_yaml_get(n, "week"), qund_yaml_get(n, "exceptions"), out);
}

void qund_org_read_rosters(struct org_reader *r, const struct qund_ynode *rosters,
                           const struct qund_ynode *duty_hours)
{
    struct qund_org *o = r->org;
    void *v;
    size_t i = 0, n = qund_org_list(r, rosters, ORG_LIST_MAX - 1, sizeof(*o->rosters), &v);

    o->rosters = v ? v : qund_arena_zalloc(o->arena, sizeof(*o->rosters));
    for (const struct qund_ynode *c = n ? rosters->child : NULL; c; c = c->next, i++) {
        read_one_roster(r, c, &o->rosters[i]);
        for (size_t k = 0; k < i; k++)
            if (o->rosters[i].key.p && qund_str_eq(o->rosters[k].key, o->rosters[i].key))
                qund_yaml_bad(r->errs, r->doc, c, "the id '%.*s' is used twice",
                              QUND_STR_ARG(o->rosters[i].key));
        if (qund_str_is(o->rosters[i].key, "duty_hours"))
            qund_yaml_bad(r->errs, r->doc, c, "'duty_hours' is a key of its own, not a roster");
    }
    if (duty_hours) { /* the list has room for one more */
        o->rosters[i] = (struct org_roster){.key = QUND_STR("duty_hours"), .holidays = true};
        read_shifts(r, duty_hours, NULL, &o->rosters[i++]);
    }
    o->n_rosters = i;
}

void qund_org_read_leave(struct org_reader *r, const struct qund_ynode *n)
{
    static const char *const words[] = {"staff", "from", "to", "stand_in"};
    struct qund_org *o = r->org;
    void *v;
    size_t i = 0;

    o->n_leave = qund_org_list(r, n, ORG_LIST_MAX, sizeof(*o->leave), &v);
    o->leave = v;
    for (const struct qund_ynode *c = o->n_leave ? n->child : NULL; c; c = c->next, i++) {
        struct org_leave *l = &o->leave[i];
        const struct qund_ynode *stand_in = qund_yaml_get(c, "stand_in");
        struct qund_str from, to;

        if (c->kind != QUND_YAML_MAP) {
            qund_yaml_bad(r->errs, r->doc, c, "a map with 'staff' is expected here");
            continue;
        }
        qund_ignore(qund_yaml_known(r->errs, r->doc, c, words, QUND_ARRAY_LEN(words)));
        if (!qund_org_need(r, c, "staff").p)
            continue;
        l->staff = qund_org_staff_ref(r, qund_yaml_get(c, "staff"));
        l->stand_in = stand_in ? qund_org_staff_ref(r, stand_in) : QUND_STR_NONE;
        from = qund_org_need(r, c, "from");
        to = qund_org_need(r, c, "to");
        if (from.p && to.p &&
            (qund_org_date(from, &l->from_day) < 0 || qund_org_date(to, &l->to_day) < 0 ||
             l->to_day < l->from_day))
            qund_yaml_bad(r->errs, r->doc, c,
                          "leave runs from one date to the same or a later one, "
                          "written 2025-09-28; both days are free");
    }
}
