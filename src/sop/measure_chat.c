/* src/sop/measure_chat.c - figures from what customers said.
 *
 * Each looks at the messages of its window, oldest first, with the role they were said in; copies
 * and what was taken back are not among them. A question about a group reads that group; one about
 * a person and no group reads the private chat with them and the groups they are in.
 *
 * Words. "回复「预约」" is answered by 预约, 我要预约, 预约！, and by neither 不约 nor 预约单.
 * Chats are not that orderly, so it is enough that the word stands in the message. For words of one
 * character it is not: 1 stands in 15楼, 1楼 and 3-1-1502, 约 in 大约. Those must stand by
 * themselves in a short message: a Han character at its beginning or beside a mark, a letter or
 * digit neither joined to others nor counting something. */
#include "sop/measure_parts.h"
#include "text/scan.h"

#define SHORT_CHARS 12u /* of a message that one character answers */
#define PRIVATE_MAX 5000

struct lines {
    struct sop_ask *a;
    qund_month_each_line *each;
    struct qund_buf folded;
    int64_t grp;
};

static int read_chat(struct lines *l, int64_t grp, int64_t after, int64_t until)
{
    const struct qund_month_filter f = {.grp = grp,
                                        .after = after,
                                        .until = until,
                                        .type = QUND_EV_MESSAGE,
                                        .role = QUND_ROLE_CUSTOMER,
                                        .without = QUND_EVF_COPY};

    return qund_month_lines(l->a->months, &f, l->each, l);
}

static int read_group(void *arg, int64_t grp)
{
    struct lines *l = arg;

    return read_chat(l, grp, l->a->s->from, l->a->s->until);
}

/* All chats that the question is about. */
static int read_all(struct sop_ask *a, qund_month_each_line *each)
{
    struct lines l = {.a = a, .each = each};
    int rc = 0;

    if (a->s->group) {
        rc = read_group(&l, a->s->group);
    } else if (a->s->contact) {
        rc = read_group(&l, -a->s->contact);
        if (rc == 0)
            rc = qund_sop_sql_groups(a->db, a->s->contact, read_group, &l);
    }
    qund_buf_done(&l.folded);
    return rc;
}

/* --- who spoke --- */

static int any(const struct qund_month_line *line, void *arg)
{
    struct lines *l = arg;

    return qund_sop_hit(l->a, line->contact, 1);
}

/* Whole hours have rows of their own; the messages are read at both ends only. */
int qund_sop_from_speakers(struct sop_ask *a)
{
    struct lines l = {.a = a, .each = any};
    int64_t from = a->s->from, until = a->s->until;
    int64_t first = (from / QUND_HOUR_MS + 1) * QUND_HOUR_MS;
    int64_t end = (until + 1) / QUND_HOUR_MS * QUND_HOUR_MS;
    int rc;

    a->known = true;
    if (!a->s->group || from < 0 || first >= end)
        return read_all(a, any);
    rc = read_chat(&l, a->s->group, from, first - 1);
    if (rc == 0)
        rc = qund_sop_sql_hours(a, first, end);
    if (rc == 0)
        rc = read_chat(&l, a->s->group, end - 1, until);
    return rc;
}

int qund_sop_from_messages(struct sop_ask *a)
{
    a->known = true;
    return read_all(a, any);
}

/* --- what they said --- */

/* Where the character in front of `at` begins. */
static size_t char_before(struct qund_str s, size_t at)
{
    if (at > 0)
        at--;
    while (at > 0 && ((unsigned char)s.p[at] & 0xC0) == 0x80)
        at--;
    return at;
}

static bool alnum_at(struct qund_str s, size_t at)
{
    return at < s.n && (qund_scan_digit(s.p[at]) || qund_scan_latin(s.p[at]));
}

/* Letters and digits do not go on into others: 1 is not in 15, vip not in vips. */
static bool stands(struct qund_str s, size_t at, size_t n)
{
    return !(at > 0 && alnum_at(s, at) && alnum_at(s, at - 1)) &&
           !(alnum_at(s, at + n - 1) && alnum_at(s, at + n));
}

static bool joint(struct qund_str s, size_t at)
{
    return at < s.n && strchr("-.:/~#", s.p[at]) != NULL;
}

/* One of several numbers (3-1-1502, 1:30), or of so many things (1楼, 2个). */
static bool counts(struct qund_str s, size_t at)
{
    static const char *const units[] = {"号楼", "楼", "栋", "单元", "室", "层", "点", "月", "日",
                                        "年",   "天", "岁", "块",   "元", "折", "万", "人", "位",
                                        "个",   "张", "份", "斤",   "箱", "次", "米", "平", NULL};
    size_t behind = at + 1;

    if (at > 1 && joint(s, at - 1) && alnum_at(s, at - 2))
        return true;
    if (joint(s, behind) && alnum_at(s, behind + 1))
        return true;
    return qund_scan_digit(s.p[at]) && qund_scan_any(s, &behind, units);
}

/* A blank or a mark, or the text's end. */
static bool edge(struct qund_str s, size_t at)
{
    size_t next;

    return at >= s.n || qund_scan_clause_end(s, at, &next);
}

/* Of one character. */
static bool answers(struct qund_str s, size_t at, size_t n)
{
    if (qund_utf8_cut_chars(s, SHORT_CHARS).n < s.n)
        return false;
    if (alnum_at(s, at))
        return !counts(s, at);
    return at == 0 || edge(s, char_before(s, at)) || edge(s, at + n);
}

bool qund_sop_word_said(struct qund_str text, const struct qund_str *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool one = qund_utf8_count(words[i]) == 1;
        ptrdiff_t at = -1;

        while (words[i].n > 0 && (at = qund_str_find(text, (size_t)(at + 1), words[i])) >= 0)
            if (stands(text, (size_t)at, words[i].n) &&
                (!one || answers(text, (size_t)at, words[i].n)))
                return true;
    }
    return false;
}

static bool line_says(struct lines *l, const struct qund_month_line *line)
{
    if (line->text.n == 0)
        return false;
    qund_buf_clear(&l->folded);
    qund_fold_str(l->a->fold, line->text, &l->folded);
    return qund_sop_word_said(qund_buf_view(&l->folded), l->a->words, l->a->n_words);
}

static int if_said(const struct qund_month_line *line, void *arg)
{
    struct lines *l = arg;

    return line_says(l, line) ? qund_sop_hit(l->a, line->contact, 1) : 0;
}

int qund_sop_from_words(struct sop_ask *a)
{
    if (a->n_words == 0)
        return 0; /* nobody said what counts */
    a->known = true;
    return read_all(a, if_said);
}

static bool kind_in(const struct qund_month_line *line, const char *const *kinds, size_t n)
{
    return qund_str_index(line->kind, kinds, n) >= 0;
}

/* With words: a message that has one, a file's name included. Without: whatever is no text. */
static int if_homework(const struct qund_month_line *line, void *arg)
{
    static const char *const kinds[] = {"image", "video", "file", "voice", "link", "mixed"};
    struct lines *l = arg;
    bool handed_in =
        l->a->n_words > 0 ? line_says(l, line) : kind_in(line, kinds, QUND_ARRAY_LEN(kinds));

    return handed_in ? qund_sop_hit(l->a, line->contact, 1) : 0;
}

int qund_sop_from_homework(struct sop_ask *a)
{
    a->known = true;
    return read_all(a, if_homework);
}

static int if_photo(const struct qund_month_line *line, void *arg)
{
    static const char *const kinds[] = {"image", "video"};
    struct lines *l = arg;
    bool photo = kind_in(line, kinds, QUND_ARRAY_LEN(kinds)) ||
                 (line->media && qund_str_is(line->kind, "mixed"));

    return photo ? qund_sop_hit(l->a, line->contact, 1) : 0;
}

int qund_sop_from_photos(struct sop_ask *a)
{
    a->known = true;
    return read_all(a, if_photo);
}

static int if_complaint(const struct qund_month_line *line, void *arg)
{
    struct lines *l = arg;
    int rc = qund_sop_sql_intent(l->a->db, line->seq, "complaint");

    return rc > 0 ? qund_sop_hit(l->a, line->contact, 1) : rc;
}

int qund_sop_from_complaints(struct sop_ask *a)
{
    a->known = true;
    return read_all(a, if_complaint);
}

/* --- private answers --- */

static int first_only(const struct qund_month_line *line, void *arg)
{
    struct lines *l = arg;
    int rc = qund_sop_hit(l->a, line->contact, 1);

    return rc ? rc : QUND_E_EXISTS; /* one is enough */
}

static int read_private(void *arg, int64_t contact)
{
    struct lines *l = arg;
    int rc = read_group(l, -contact);

    return rc == QUND_E_EXISTS ? 0 : rc;
}

/* Of the person or the people asked about, else of the group's members. */
int qund_sop_from_private(struct sop_ask *a)
{
    struct lines l = {.a = a, .each = first_only};
    int rc = qund_month_any_private(a->months, &a->known);

    if (rc < 0 || !a->known)
        return rc;
    if (a->s->contact)
        return read_private(&l, a->s->contact);
    if (!a->s->people)
        return a->s->group ? qund_sop_sql_members(a->db, a->s->group, read_private, &l) : 0;
    for (size_t i = 0; rc == 0 && i < a->s->n_people; i++)
        rc = read_private(&l, a->s->people[i]);
    return rc;
}
