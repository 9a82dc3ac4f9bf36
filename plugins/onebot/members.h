/* plugins/onebot/members.h - who is in a group, as `group.members` events. No I/O. */
#ifndef ONEBOT_MEMBERS_H
#define ONEBOT_MEMBERS_H
#include "json.h"

#define OB_MEMBERS_PART_MAX ((size_t)60000) /* bytes of one event's data */
#define OB_MEMBERS_MAX 50000u

/* The data of each event; one unless the list is long. */
struct ob_members {
    struct qund_str *part;
    size_t n;
    struct ob_pool pool;
};
/* From the answer of get_group_member_list in either version. False: it is no list of members. */
bool ob_members_read(struct ob_members *m, const json_t *list, int64_t stamp_ms);
void ob_members_done(struct ob_members *m);
#endif
