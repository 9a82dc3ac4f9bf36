/* plugins/onebot/cq.h - OneBot 11's string form of a message: "[CQ:at,qq=10001] 你好". */
#ifndef ONEBOT_CQ_H
#define ONEBOT_CQ_H
#include "json.h"

#define OB_CQ_SEGMENTS 1024u /* what follows is one text */

/* The same as an array of segments; never fails: what is no code is text. Given back by
 * ob_json_free. */
json_t *ob_cq_read(struct qund_str text);
#endif
