/* src/sop/task_media.c - the pictures of a post beside those a task asks for.
 *
 * A template names its media as "sha256:…" or by the name of a file. The first is the picture
 * itself, to the byte. The second says little: whoever saves and sends a picture by phone gives it
 * new bytes and mostly a new name, and another picture may have the old one. So who asks is told
 * which of the two it was. */
#include "sop/task_parts.h"

static int read_one(struct qund_jr *r, struct task_media *out)
{
    struct qund_str key, sha = QUND_STR_NONE, name = QUND_STR_NONE;
    struct qund_jr_obj o;
    int more, rc = qund_jr_obj(r, &o);

    while (rc == 0 && (more = qund_jr_obj_next(r, &o, &key)) != 0) {
        struct qund_str *to = qund_str_is(key, "sha256") ? &sha
                              : qund_str_is(key, "name") ? &name
                                                         : NULL;

        if (more < 0)
            return more;
        rc = to && qund_jr_peek(r) == QUND_JT_STR ? qund_jr_str(r, to) : qund_jr_skip(r, NULL);
    }
    if (rc == 0 && out->n < TASK_MEDIA_MAX) {
        out->sha[out->n] = sha;
        out->name[out->n++] = name;
    }
    return rc;
}

/* What cannot be read has no pictures; the event was checked long before. */
void qund_task_media_read(struct qund_str json, struct qund_arena *arena, struct task_media *out)
{
    struct qund_jr r;
    bool first;

    out->n = 0;
    if (!json.p)
        return;
    qund_jr_init(&r, json, arena, 8);
    if (qund_jr_arr(&r, &first) < 0)
        return;
    while (qund_jr_arr_next(&r, &first) > 0)
        if (qund_jr_peek(&r) == QUND_JT_OBJ ? read_one(&r, out) < 0 : qund_jr_skip(&r, NULL) < 0)
            return;
}

static enum task_shown shown_as(const struct task_media *m, struct qund_str asked)
{
    bool hash = qund_str_starts(asked, "sha256:");
    struct qund_str want = hash ? qund_str_n(asked.p + 7, asked.n - 7) : asked;

    for (size_t i = 0; want.n > 0 && i < m->n; i++)
        if (qund_str_eq(want, hash ? m->sha[i] : m->name[i]))
            return hash ? TASK_SHOWN_HASH : TASK_SHOWN_NAME;
    return TASK_SHOWN_NOT;
}

enum task_shown qund_task_media_shows(const struct task_media *m, struct qund_str asked,
                                      struct qund_arena *arena)
{
    enum task_shown best = TASK_SHOWN_NOT;
    struct qund_jr r;
    bool first;

    if (m->n == 0 || !asked.p)
        return best;
    qund_jr_init(&r, asked, arena, 4);
    if (qund_jr_arr(&r, &first) < 0)
        return best;
    while (best != TASK_SHOWN_HASH && qund_jr_arr_next(&r, &first) > 0) {
        struct qund_str one;
        enum task_shown as = qund_jr_str(&r, &one) < 0 ? TASK_SHOWN_NOT : shown_as(m, one);

        best = as > best ? as : best;
    }
    return best;
}
