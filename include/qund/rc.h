/* qund/rc.h - how calls end: 0 (or a documented count), or one of these. */
#ifndef QUND_RC_H
#define QUND_RC_H

enum qund_rc {
    QUND_OK = 0,
    QUND_E_NOMEM = -1, /* memory or a limit of the machine */
    QUND_E_INVAL = -2, /* the caller's or the peer's data is wrong; never retried */
    QUND_E_NOTFOUND = -3,
    QUND_E_EXISTS = -4,
    QUND_E_FULL = -5,  /* a bound is reached: push back, retry later */
    QUND_E_AGAIN = -6, /* not now; a later try may succeed */
    QUND_E_DENIED = -7,
    QUND_E_IO = -8,    /* disk, socket, database; a later try may succeed */
    QUND_E_PROTO = -9, /* the peer broke its protocol */
    QUND_E_ABI = -10,  /* other version than this program speaks */
    QUND_E_BUG = -11
};
#endif
