/* src/text/comers.h - who comes, how many, who does not: short answers to a call (essay in
 * comers.c). Pure; any thread. */
#ifndef QUND_TEXT_COMERS_H
#define QUND_TEXT_COMERS_H
#include "core/core.h"

/* What the clauses of a text tell; a place is the number of the last such clause, 0: none. */
struct qund_comers {
    unsigned heads;  /* says how many, or names a pair: 我哋两大一细, 俺爷儿俩, 就我 */
    bool plain;      /* a count of persons stands alone in its clause: 两位, 我一个人 */
    unsigned joined; /* says who, without a count: 外婆陪, 我和我妹 */
    unsigned comes; /* says that somebody comes, or that nothing has changed: 照旧, 那必须来 */
    unsigned way;   /* is on the way, or there */
    unsigned stays; /* does not come, or gives the place away */
    bool doubts;    /* perhaps, if */
    bool verb;      /* a verb of coming stands somewhere */
    bool firm;      /* 照旧, 不变, 改成: speaks of what was arranged */
    bool late; /* takes a place that is left, 现在加名字还赶得上吗: was in no list so far */
    bool other; /* goods, money, days gone by are spoken of, too */
    unsigned clauses;
    unsigned rest;  /* characters that no word covers */
    uint16_t party; /* 0: not said */
};
void qund_comers_read(struct qund_str folded, struct qund_comers *out);
#endif
