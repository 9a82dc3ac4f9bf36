/* plugins/onebot/json.h - JSON of strangers, read by jansson within bounds, and its values as this
 * plugin wants them: ids as text whatever they were written as. */
#ifndef ONEBOT_JSON_H
#define ONEBOT_JSON_H
#include "base.h"
#include <jansson.h>

#define OB_JSON_DEPTH 32u
#define OB_JSON_VALUES 131072u /* a member list of 5,000 has about 80,000 */

/* The document, to be given back by ob_json_free; NULL: *why says why, static. Duplicate keys,
 * depth, number of values and bytes behind the end are refused. Integers from 2^63 to 2^64 - 1 are
 * strings in it. */
json_t *ob_json_read(struct qund_str text, const char **why);
void ob_json_free(json_t *doc);

/* All borrow from o or the pool; o may be NULL or no object, the member absent or of another kind.
 */
struct qund_str ob_json_text(const json_t *v); /* a string's bytes, NONE otherwise */
struct qund_str ob_get_text(const json_t *o, const char *key);
/* Words for people: a string's bytes, the spelling of a number or of true and false; NONE
 * otherwise.
 */
struct qund_str ob_json_words(const json_t *v, struct ob_pool *p);
struct qund_str ob_get_words(const json_t *o, const char *key, struct ob_pool *p);
/* A string, an integer, an integral float; NONE otherwise. *number (may be NULL): it was no string.
 */
struct qund_str ob_get_id(const json_t *o, const char *key, struct ob_pool *p, bool *number);
/* An integer, a float, or a string of digits. */
int64_t ob_get_int(const json_t *o, const char *key, int64_t otherwise);
/* true, 1, "1", "true", "yes" */
bool ob_get_bool(const json_t *o, const char *key, bool otherwise);
const json_t *ob_get_object(const json_t *o, const char *key);
/* Compact JSON text in the pool. */
struct qund_str ob_json_print(const json_t *v, struct ob_pool *p);
/* A JSON string of its own; text that is no UTF-8 becomes "". */
json_t *ob_json_str(struct qund_str s);
#endif
