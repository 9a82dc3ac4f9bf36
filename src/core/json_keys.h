/* json_keys.h - which keys an open object has had (json_keys.c); for json_read.c alone. */
#ifndef QUND_CORE_JSON_KEYS_H
#define QUND_CORE_JSON_KEYS_H
#include "core/json.h"

struct qund_jr_keys;
/* The empty set for an object just entered at r->depth. */
struct qund_jr_keys *qund_jr_keys_open(struct qund_jr *r);
/* false: it was there already. The key must live as long as the object is open. */
bool qund_jr_keys_add(struct qund_arena *a, struct qund_jr_keys *k, struct qund_str key);
#endif
