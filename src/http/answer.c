/* answer.c - what every answer of the API looks like, errors above all. One table says which status
 * and which stable code an rc stands for; nobody else chooses. */
#include "http/internal.h"

static const struct {
    int rc, status;
    const char *code;
} MEANING[] = {
    {QUND_E_INVAL, 400, "invalid"},      {QUND_E_PROTO, 400, "invalid"},
    {QUND_E_NOTFOUND, 404, "not_found"}, {QUND_E_EXISTS, 409, "exists"},
    {QUND_E_DENIED, 403, "denied"},      {QUND_E_FULL, 503, "busy"},
    {QUND_E_AGAIN, 503, "busy"},         {QUND_E_IO, 503, "storage"},
    {QUND_E_NOMEM, 503, "memory"},       {QUND_E_ABI, 503, "version"},
};

void qund_answer_json(struct qund_req *r, int status, struct qund_str json)
{
    qund_req_reply(r, &(struct qund_resp){.status = status ? status : 200,
                                          .type = "application/json",
                                          .body = json});
}

void qund_answer_error(struct qund_req *r, int status, const char *code, struct qund_str message,
                       struct qund_str details)
{
    static const struct qund_header retry = {QUND_STR("Retry-After"), QUND_STR("1")};
    static const struct qund_header challenge = {QUND_STR("WWW-Authenticate"),
                                                 QUND_STR("Bearer realm=\"qund\"")};
    QUND_AUTO(qund_buf_done) struct qund_buf b = {0};
    struct qund_jw w = qund_jw(&b);
    const struct qund_header *extra = status == 429 || status == 503 ? &retry
                                      : status == 401                ? &challenge
                                                                     : NULL;

    qund_jw_obj(&w);
    qund_jw_key(&w, "error");
    qund_jw_obj(&w);
    qund_jw_kz(&w, "code", code);
    qund_jw_kstr(&w, "message", message);
    if (details.p) {
        qund_jw_key(&w, "details");
        qund_jw_raw(&w, details);
    }
    qund_jw_end_obj(&w);
    qund_jw_end_obj(&w);
    qund_buf_char(&b, '\n');
    qund_req_reply(r, &(struct qund_resp){.status = status,
                                          .type = "application/json",
                                          .body = qund_buf_view(&b),
                                          .extra = extra,
                                          .n_extra = extra ? 1 : 0});
}

void qund_answer_refused(struct qund_req *r, int rc, const struct qund_err *err,
                         struct qund_str found)
{
    QUND_AUTO(qund_buf_done) struct qund_buf details = {0};
    int status = 500;
    const char *code = "internal";

    for (size_t i = 0; i < QUND_ARRAY_LEN(MEANING); i++)
        if (MEANING[i].rc == rc) {
            status = MEANING[i].status;
            code = MEANING[i].code;
        }
    if (rc == QUND_E_DENIED && strcmp(err->where, "managed_by_file") == 0) {
        status = 409; /* not a matter of rights: org.yaml says otherwise */
        code = "managed_by_file";
    }
    if (err->where[0] || found.n > 0) {
        struct qund_jw w = qund_jw(&details);

        qund_jw_obj(&w);
        if (err->where[0])
            qund_jw_kz(&w, "where", err->where);
        if (found.n > 0) {
            qund_jw_key(&w, "found");
            qund_jw_raw(&w, found);
        }
        qund_jw_end_obj(&w);
    }
    qund_answer_error(r, status, code, qund_str(err->text[0] ? err->text : qund_rc_name(rc)),
                      details.n > 0 ? qund_buf_view(&details) : QUND_STR_NONE);
}

void qund_answer_rc(struct qund_req *r, int rc, const struct qund_err *err)
{
    qund_answer_refused(r, rc, err, QUND_STR_NONE);
}
