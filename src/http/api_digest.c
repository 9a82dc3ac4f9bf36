/* api_digest.c - GET groups/{id}/digest: what its manager is told of a day, whenever somebody asks.
 */
#include "alert/digest.h"
#include "http/internal.h"

#define WORDS 10

int qund_api_digest(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    QUND_AUTO(qund_zone_free) struct qund_zone *z = NULL;
    struct qund_str day = qund_call_str(c, "day"), at = qund_call_str(c, "at");
    QUND_AUTO(qund_free_str) char *minute = qund_str_dup(at);
    struct qund_digest d = {.grp = c->id, .at_min = -1, .words = WORDS};
    struct qund_jw w = qund_jw(&a->body);
    int rc = qund_group_zone(rd, c, QUND_STR_NONE, &z, &a->err);

    if (rc < 0)
        return rc;
    d.zone = z;
    d.days = qund_digest_day(z, c->now_ms);
    if (day.n > 0 && qund_digest_date(day, &d.days) < 0)
        return qund_err_set(&a->err, QUND_E_INVAL, "day", "must be like 2025-09-15");
    if (at.n > 0 && (d.at_min = qund_digest_minute(minute)) < 0)
        return qund_err_set(&a->err, QUND_E_INVAL, "at", "must be like 19:00");
    qund_jw_obj(&w);
    rc = qund_digest_write(rd->db, rd->months, &d, NULL, &w);
    qund_jw_end_obj(&w);
    if (rc == QUND_E_NOTFOUND)
        return qund_err_set(&a->err, rc, "id", "no group has this number");
    return rc < 0 ? rc : 0;
}
