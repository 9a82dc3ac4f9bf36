/* src/crm/index.h - open addressing from a hash to a small number (essay in index.c). For this
 * folder's caches only. */
#ifndef QUND_CRM_INDEX_H
#define QUND_CRM_INDEX_H
#include "core/core.h"

#define QUND_INDEX_NONE UINT32_MAX
struct qund_index {
    uint32_t *value; /* value + 1, 0: free */
    uint32_t *hash;
    uint32_t mask, n; /* mask 0: nothing allocated */
};
void qund_index_done(struct qund_index *x);
void qund_index_put(struct qund_index *x, uint32_t hash, uint32_t value);
void qund_index_drop(struct qund_index *x, uint32_t hash, uint32_t value);
/* The values under hash one after another; *at starts as 0. NONE: no more. */
uint32_t qund_index_next(const struct qund_index *x, uint32_t hash, uint32_t *at);
size_t qund_index_bytes(const struct qund_index *x);
/* Hashes of the two kinds of key the caches use. */
uint32_t qund_index_hash_name(int64_t realm, struct qund_str pid);
uint32_t qund_index_hash_id(int64_t id);
#endif
