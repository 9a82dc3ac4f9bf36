/* api_alerts.c - alerts and org as they are kept; changed by commands of the route table. */
#include "alert/alert.h"
#include "crm/org.h"
#include "http/internal.h"

int qund_api_alerts(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    struct qund_alert_filter f = {.state = (int)qund_call_num(c, "state", -1),
                                  .level = qund_call_str(c, "level"),
                                  .group = qund_call_num(c, "group", 0),
                                  .limit = c->limit};
    struct qund_jw w = qund_jw(&a->body);
    int64_t next;
    int rc = qund_page_id(c, &f.before_id, a);

    if (rc < 0)
        return rc;
    qund_page_begin(&w);
    rc = qund_alert_list(rd->db, &f, &a->body, &next);
    if (rc < 0)
        return rc;
    qund_page_end_id(&w, next);
    return QUND_OK;
}

int qund_api_alert(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    int rc = qund_alert_print(rd->db, c->id, &a->body);

    return rc == QUND_E_NOTFOUND ? qund_err_set(&a->err, rc, "id", "no alert has this number") : rc;
}

int qund_api_org(struct qund_reader *rd, const struct qund_call *c, struct qund_answer *a)
{
    (void)c;
    a->type = "application/yaml";
    return qund_org_export(rd->db, &a->body);
}
