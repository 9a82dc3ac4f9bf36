/* src/text/match_cache.c - the compiled form read back.
 * A cache is advice. Hyperscan's own check of a database is a CRC, and what it does with bytes that
 * pass it and are still wrong is undefined; so is what happens when code compiled for another CPU
 * runs here. Therefore nothing is looked at before the SHA-256 at the end agrees, and nothing is
 * used unless format, library version and CPU are exactly this program's. The sum is compared
 * without an early exit, which also keeps a fuzzer from finding it byte by byte. */
#include "text/match_blob.h"

#include "core/file.h"
#include <stdio.h>
#include <stdlib.h>

void match_stamp_here(struct match_stamp *out)
{
    memset(out, 0, sizeof(*out));
    memcpy(out->magic, "QUNDMAT", sizeof(out->magic));
    out->format = MATCH_FORMAT;
    out->byte_order = 0x01020304;
    match_hs_version(out);
}

void qund_match_digest(const struct qund_fold *f, const struct qund_pattern *v, size_t n,
                       char out[65])
{
    QUND_AUTO(qund_buf_done) struct qund_buf all = {0};
    uint64_t fingerprint = qund_fold_fingerprint(f);
    struct match_stamp stamp;

    match_stamp_here(&stamp);
    qund_buf_add(&all, &stamp, sizeof(stamp));
    qund_buf_add(&all, &fingerprint, sizeof(fingerprint));
    for (size_t i = 0; i < n; i++) {
        uint32_t row[] = {v[i].id, (uint32_t)v[i].kind, (uint32_t)v[i].view, (uint32_t)v[i].text.n};

        qund_buf_add(&all, row, sizeof(row));
        qund_buf_str(&all, v[i].text);
    }
    qund_sha256_hex(all.p, all.n, out);
}

static bool same_bytes(const char *a, const char *b, size_t n)
{
    unsigned char differ = 0;

    for (size_t i = 0; i < n; i++)
        differ = (unsigned char)(differ | (a[i] ^ b[i]));
    return differ == 0;
}

static bool spans_fit(const struct match_head *h)
{
    uint64_t end = sizeof(*h);

    for (unsigned i = 0; i < SEC_COUNT; i++) {
        const struct match_span *s = &h->sec[i];

        if (s->at % MATCH_ALIGN != 0 || s->at < end || s->at > h->total - MATCH_SUM ||
            s->n > h->total - MATCH_SUM - s->at)
            return false;
        end = s->at + s->n;
    }
    return h->sec[SEC_IDS].n == h->n_ids * sizeof(uint32_t) &&
           h->sec[SEC_SLOT_AT].n == (h->n_slots + 1ull) * sizeof(uint32_t) &&
           h->sec[SEC_TEXT_AT].n == (h->n_slots + 1ull) * sizeof(uint32_t) &&
           h->sec[SEC_ROOT].n == match_regexes(h) * sizeof(uint32_t) &&
           h->sec[SEC_TREE].n == h->n_nodes * sizeof(struct match_node);
}

/* NULL, or why these bytes are of no use here. */
static const char *problem(struct qund_str blob, const char *digest, struct match_head *head)
{
    struct match_stamp here;
    char sum[MATCH_SUM + 1];

    if (blob.n < sizeof(*head) + MATCH_SUM || blob.n > QUND_MATCH_MAX_BLOB)
        return "its length is not that of a compiled set";
    memcpy(head, blob.p, sizeof(*head));
    match_stamp_here(&here);
    if (memcmp(&head->stamp, &here, sizeof(here)) != 0)
        return "it was made by another version of this program or of Hyperscan, or for another CPU";
    if (head->total != blob.n)
        return "it is cut short or has something behind its end";
    if (digest && memcmp(head->digest, digest, sizeof(head->digest)) != 0)
        return "it was made from other patterns";
    qund_sha256_hex(blob.p, blob.n - MATCH_SUM, sum);
    if (!same_bytes(sum, blob.p + blob.n - MATCH_SUM, MATCH_SUM) || !spans_fit(head))
        return "it is damaged";
    return NULL;
}

static int load_database(struct qund_str blob, const struct match_span *span, struct match_hs **out)
{
    if (span->n == 0)
        return QUND_OK;
    return match_hs_load(qund_str_n(blob.p + span->at, span->n), out);
}

static void index_regexes(struct qund_match *m)
{
    const uint32_t *at = match_u32(m, SEC_SLOT_AT), *slot_id = match_u32(m, SEC_SLOT_ID);

    if (match_regexes(m->head) == 0)
        return;
    m->regex_of = qund_alloc(((size_t)m->head->n_ids + 1) * sizeof(*m->regex_of));
    memset(m->regex_of, 0xFF, m->head->n_ids * sizeof(*m->regex_of));
    for (unsigned view = MATCH_VIEWS; view-- > 0;) {
        const uint32_t *bound = &m->head->bound[MATCH_GROUP(view, QUND_PATTERN_REGEX)];

        for (uint32_t slot = bound[1]; slot-- > bound[0];) /* backwards: the first one stays */
            for (uint32_t i = at[slot]; i < at[slot + 1]; i++)
                m->regex_of[slot_id[i]] = slot;
    }
}

int qund_match_load(struct qund_str blob, const char *digest, struct qund_match **out,
                    struct qund_err *err)
{
    QUND_AUTO(qund_match_free) struct qund_match *m = qund_alloc(sizeof(*m));
    struct match_head head;
    const char *why = problem(blob, digest, &head);
    int rc = QUND_OK;

    if (why)
        return qund_err_set(err, QUND_E_ABI, "compiled set", "%s: compile it anew", why);
    m->tables_bytes = head.sec[SEC_TABLES].at;
    m->tables = qund_try_alloc(m->tables_bytes);
    if (!m->tables)
        return qund_err_set(err, QUND_E_NOMEM, "compiled set", "no memory for its tables");
    memcpy(m->tables, blob.p, m->tables_bytes);
    m->head = m->tables;
    for (unsigned v = 0; v < MATCH_VIEWS && rc == QUND_OK; v++) {
        rc = load_database(blob, &head.sec[SEC_LITERALS + v], &m->literals[v]);
        if (rc == QUND_OK)
            rc = load_database(blob, &head.sec[SEC_REGEXES + v], &m->regexes[v]);
    }
    if (rc < 0)
        return qund_err_set(err, rc, "compiled set",
                            "Hyperscan does not take it (%s): compile it "
                            "anew",
                            qund_rc_name(rc));
    index_regexes(m);
    qund_random(&m->nonce, sizeof(m->nonce));
    *out = QUND_TAKE(m);
    return QUND_OK;
}

struct qund_match *qund_match_free(struct qund_match *m)
{
    if (!m)
        return NULL;
    for (unsigned v = 0; v < MATCH_VIEWS; v++) {
        match_hs_free(m->literals[v]);
        match_hs_free(m->regexes[v]);
    }
    qund_free(m->regex_of);
    qund_free(m->tables);
    qund_free(m);
    return NULL;
}

uint32_t match_find_id(const struct qund_match *m, uint32_t id)
{
    const uint32_t *ids = match_u32(m, SEC_IDS);
    const uint32_t *found = bsearch(&id, ids, m->head->n_ids, sizeof(*ids), match_by_value);

    return found ? (uint32_t)(found - ids) : MATCH_NONE;
}
