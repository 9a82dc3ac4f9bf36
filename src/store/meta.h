/* src/store/meta.h - single values that belong to the store as a whole: "applied_id", "pushed_id",
 * "engine_time", "epoch", "instance", … Written by the owner of the name, inside the batch. */
#ifndef QUND_STORE_META_H
#define QUND_STORE_META_H
#include "store/db.h"

/* NOTFOUND leaves *out alone. */
QUND_CHECK int qund_meta_int(struct qund_db *db, const char *key, int64_t *out);
QUND_CHECK int qund_meta_str(struct qund_db *db, const char *key, struct qund_buf *out);
QUND_CHECK int qund_meta_set_int(struct qund_db *db, const char *key, int64_t v);
QUND_CHECK int qund_meta_set_str(struct qund_db *db, const char *key, struct qund_str v);
#endif
