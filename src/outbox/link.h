/* src/outbox/link.h - the signed address by which one person acts on an alert or a task without a
 * login (essay in link.c). Pure functions; any thread. */
#ifndef QUND_ALERT_LINK_H
#define QUND_ALERT_LINK_H
#include "core/core.h"

#define QUND_LINK_KEY 32u   /* bytes of <data>/key */
#define QUND_LINK_CHARS 43u /* of a token, without NUL */

struct qund_link {
    int64_t alert; /* < 0: minus the number of a task; 0: all that the person was told and that is
                    * open */
    int64_t staff;
    int64_t until; /* UTC ms; whole seconds are kept */
};
void qund_link_print(const unsigned char key[QUND_LINK_KEY], const struct qund_link *l,
                     char out[QUND_LINK_CHARS + 1]);
/* "<http.public_url>/a/<token>", appended. False: there is no such address, no person, or several
 * people read what comes to that target, and whoever presses a link acts as its person. */
struct qund_config;
struct qund_target_cfg;
bool qund_link_address(const struct qund_config *c, const unsigned char *key,
                       const struct qund_target_cfg *to, const struct qund_link *l,
                       struct qund_buf *out);
/* DENIED: none of ours, or changed. Whether its time is over is the caller's to say. */
QUND_CHECK int qund_link_read(const unsigned char key[QUND_LINK_KEY], struct qund_str token,
                              struct qund_link *out);
#endif
