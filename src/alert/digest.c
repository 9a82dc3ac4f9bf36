/* digest.c - a day of a group on one page.
 *
 * A day ends at a minute that the installation chooses (`digest.at`) and begins a day before it, so
 * nothing falls between two pages; without such a minute it is the calendar's. Everything is read
 * when the page is made: the same rows give the same page. Customers' words alone are counted,
 * those of the newest MESSAGES_MAX rows of the day; of a longer day the hours say how many spoke.
 * What was revoked is not there any more. */
#include "alert/digest.h"
#include "event/event.h"
#include <stdio.h>

#define MESSAGES_MAX 2000
#define OPEN_MAX 20
#define JOINED_MAX 20
#define WORDS_MAX 30
#define QUOTE_CHARS 80
#define SPEAKERS_MAX 1024u

struct open_question {
    int64_t seq, ts;
    char name[96];
    char text[QUOTE_CHARS * 4 + 1];
};
struct day {
    struct digest_words *words;
    int64_t from, until, messages;
    int64_t speakers[SPEAKERS_MAX];
    size_t n_speakers;
    int64_t read, spoke; /* rows looked at; speakers, as it is said */
    struct digest_counts counts;
    struct open_question open[OPEN_MAX];
    int n_open;
    struct qund_buf joined; /* names, one a line */
    struct digest_word top[WORDS_MAX];
    int n_top;
};

int qund_digest_minute(const char *z)
{
    struct qund_str minute = qund_str(z), hour = qund_str_split(&minute, ':');
    int64_t h, m;

    if (hour.n != 2 || minute.n != 2 || qund_str_int(hour, &h) < 0 ||
        qund_str_int(minute, &m) < 0 || h < 0 || h > 23 || m < 0 || m > 59)
        return -1;
    return (int)(60 * h + m);
}

int qund_digest_date(struct qund_str s, int64_t *days)
{
    char z[32];
    int64_t ms;

    snprintf(z, sizeof(z), "%.*sT00:00:00Z", s.n == 10 ? 10 : 0, s.n == 10 ? s.p : "");
    if (qund_iso_parse(qund_str(z), &ms) < 0)
        return QUND_E_INVAL;
    *days = ms / QUND_DAY_MS;
    return 0;
}

int64_t qund_digest_day(const struct qund_zone *z, int64_t t)
{
    struct qund_civil c;

    qund_zone_civil(z, t, &c);
    return qund_days_from_civil(c.year, c.month, c.day);
}

static int64_t instant(const struct qund_zone *z, int64_t days, int minute)
{
    struct qund_civil c = {.hour = minute / 60, .minute = minute % 60};

    qund_civil_from_days(days, &c.year, &c.month, &c.day);
    return qund_zone_utc(z, &c);
}

void qund_digest_span(const struct qund_digest *d, int64_t *from, int64_t *until)
{
    bool calendar = d->at_min < 0;

    *from = instant(d->zone, d->days - (calendar ? 0 : 1), calendar ? 0 : d->at_min);
    *until = instant(d->zone, d->days + (calendar ? 1 : 0), calendar ? 0 : d->at_min);
}

/* --- what there was --- */

static int add_message(const struct qund_message_row *row, void *arg)
{
    struct day *day = arg;
    size_t i = 0;

    day->read++;
    if (row->type != QUND_EV_MESSAGE || row->state != QUND_MESSAGE_KEPT ||
        row->role != QUND_ROLE_CUSTOMER || row->ts >= day->until)
        return 0;
    day->messages++;
    while (i < day->n_speakers && day->speakers[i] != row->contact)
        i++;
    if (i == day->n_speakers && i < SPEAKERS_MAX)
        day->speakers[day->n_speakers++] = row->contact;
    if (row->text.n > 0)
        digest_words_add(day->words, row->text);
    return 0;
}

static void add_open(void *arg, int64_t seq, struct qund_str name, int64_t ts)
{
    struct day *day = arg;
    struct open_question *q = &day->open[day->n_open++];
    struct qund_str cut = qund_utf8_cut(name, sizeof(q->name) - 1);

    *q = (struct open_question){.seq = seq, .ts = ts};
    snprintf(q->name, sizeof(q->name), "%.*s", QUND_STR_ARG(cut));
}

static void add_joined(void *arg, struct qund_str name)
{
    struct day *day = arg;

    qund_buf_line(&day->joined, name);
    qund_buf_char(&day->joined, '\n');
}

static int quote(struct qund_months *m, struct open_question *q)
{
    struct qund_message_row row;
    int rc = qund_month_get(m, q->seq, &row);
    struct qund_str text;

    if (rc == QUND_E_NOTFOUND)
        return 0;
    if (rc < 0)
        return rc;
    text = qund_utf8_cut_chars(row.text, QUOTE_CHARS);
    snprintf(q->text, sizeof(q->text), "%.*s%s", QUND_STR_ARG(text),
             text.n < row.text.n && text.n + 3 < sizeof(q->text) ? "…" : "");
    return 0;
}

static int gather(struct qund_db *db, struct qund_months *m, const struct qund_digest *d,
                  struct day *day)
{
    struct qund_month_cursor newest = {.month = qund_month_of(day->until), .ts = day->until};
    int words = d->words < WORDS_MAX ? d->words : WORDS_MAX;
    int rc = digest_sql_counts(db, d->grp, day->from, day->until, &day->counts);

    if (rc == 0)
        rc = digest_sql_open(db, d->grp, day->from, day->until, OPEN_MAX, add_open, day);
    if (rc == 0)
        rc = digest_sql_joined(db, d->grp, day->from, day->until, JOINED_MAX, add_joined, day);
    if (rc == 0)
        rc = qund_month_last(m, d->grp, day->from, MESSAGES_MAX, &newest, add_message, day);
    day->spoke = (int64_t)day->n_speakers;
    if (rc >= 0 && day->read == MESSAGES_MAX)
        rc = digest_sql_busy(db, d->grp, day->from, day->until, &day->messages, &day->spoke);
    for (int i = 0; rc >= 0 && i < day->n_open; i++)
        rc = quote(m, &day->open[i]);
    if (rc >= 0)
        day->n_top = digest_words_top(day->words, day->top, words);
    return rc < 0 ? rc : 0;
}

/* --- the page --- */

static void put_names(const struct day *day, struct qund_buf *out)
{
    struct qund_str rest = qund_buf_view(&day->joined);
    const char *before = "：";

    while (rest.p && rest.n > 0) {
        struct qund_str name = qund_str_split(&rest, '\n');

        if (name.n == 0)
            continue;
        qund_buf_puts(out, before);
        qund_buf_str(out, name);
        before = "、";
    }
}

/* 【日报】一群 2026-11-21
 * 提问 5，已答 3，未答 2 */
static void put_text(const struct day *day, const char *title, struct qund_buf *out)
{
    const struct digest_counts *c = &day->counts;

    qund_buf_printf(out, "【日报】%s\n提问 %lld，已答 %lld，未答 %lld\n", title,
                    (long long)c->asked, (long long)c->answered, (long long)c->open);
    for (int i = 0; i < day->n_open; i++) {
        qund_buf_puts(out, "· ");
        qund_buf_line(out, qund_str(day->open[i].name));
        qund_buf_puts(out, "：");
        qund_buf_line(out, qund_str(day->open[i].text));
        qund_buf_char(out, '\n');
    }
    qund_buf_printf(out, "入群 %lld", (long long)c->joined);
    put_names(day, out);
    qund_buf_printf(out, "；退群 %lld\n%lld 人发言 %lld 条\n", (long long)c->left,
                    (long long)day->spoke, (long long)day->messages);
    for (int i = 0; i < day->n_top; i++)
        qund_buf_printf(out, "%s%s %d", i == 0 ? "热词：" : "、", day->top[i].z, day->top[i].n);
    if (day->n_top > 0)
        qund_buf_char(out, '\n');
}

static void put_lists(const struct day *day, struct qund_jw *w)
{
    struct qund_str rest = qund_buf_view(&day->joined);

    qund_jw_key(w, "open");
    qund_jw_arr(w);
    for (int i = 0; i < day->n_open; i++) {
        qund_jw_obj(w);
        qund_jw_kline(w, "sender_name", qund_str(day->open[i].name));
        qund_jw_kz(w, "text", day->open[i].text);
        qund_jw_kint(w, "ts", day->open[i].ts);
        qund_jw_end_obj(w);
    }
    qund_jw_end_arr(w);
    qund_jw_key(w, "joined_names");
    qund_jw_arr(w);
    while (rest.p && rest.n > 0) {
        struct qund_str name = qund_str_split(&rest, '\n');

        if (name.n > 0)
            qund_jw_str(w, name);
    }
    qund_jw_end_arr(w);
    qund_jw_key(w, "words");
    qund_jw_arr(w);
    for (int i = 0; i < day->n_top; i++) {
        qund_jw_arr(w);
        qund_jw_str(w, qund_str(day->top[i].z));
        qund_jw_int(w, day->top[i].n);
        qund_jw_end_arr(w);
    }
    qund_jw_end_arr(w);
}

static void put_page(const struct qund_digest *d, const struct day *day, const char *group,
                     struct qund_buf *text, struct qund_jw *w)
{
    QUND_AUTO(qund_buf_done) struct qund_buf title = {0};
    char date[16];
    int y, m, dd;

    qund_civil_from_days(d->days, &y, &m, &dd);
    snprintf(date, sizeof(date), "%04d-%02d-%02d", y, m, dd);
    qund_buf_line(&title, qund_str(group));
    qund_buf_printf(&title, " %s", date);
    put_text(day, title.p, text);
    qund_jw_kz(w, "kind", "digest");
    qund_jw_kz(w, "level", "info");
    qund_jw_kint(w, "group", d->grp);
    qund_jw_kline(w, "group_name", qund_str(group));
    qund_jw_kz(w, "date", date);
    qund_jw_kts(w, "from", day->from);
    qund_jw_kts(w, "until", day->until);
    qund_jw_kz(w, "title", title.p);
    qund_jw_kint(w, "asked", day->counts.asked);
    qund_jw_kint(w, "answered", day->counts.answered);
    qund_jw_kint(w, "unanswered", day->counts.open);
    qund_jw_kint(w, "joined", day->counts.joined);
    qund_jw_kint(w, "left", day->counts.left);
    qund_jw_kint(w, "messages", day->messages);
    qund_jw_kint(w, "speakers", day->spoke);
    put_lists(day, w);
    qund_jw_kstr(w, "text", qund_buf_view(text));
}

int qund_digest_write(struct qund_db *db, struct qund_months *m, const struct qund_digest *d,
                      struct qund_buf *text, struct qund_jw *w)
{
    QUND_AUTO(qund_buf_done) struct qund_buf name = {0};
    QUND_AUTO(qund_buf_done) struct qund_buf own = {0};
    struct day *day;
    int rc = digest_sql_group(db, d->grp, &name);

    if (rc < 0)
        return rc;
    day = qund_alloc(sizeof(*day));
    day->words = digest_words_new();
    qund_digest_span(d, &day->from, &day->until);
    rc = gather(db, m, d, day);
    if (rc == 0) {
        put_page(d, day, name.p ? name.p : "", text ? text : &own, w);
        rc = day->messages + day->counts.asked + day->counts.joined + day->counts.left > 0;
    }
    digest_words_free(day->words);
    qund_buf_done(&day->joined);
    qund_free(day);
    return rc;
}
