/* src/core/rc.c - names of result codes, and what may be tried again. */
#include "core/base.h"
#include <stdio.h>
#include <stdlib.h>

static const char *const NAMES[] = {"OK",    "NOMEM",  "INVAL", "NOTFOUND", "EXISTS", "FULL",
                                    "AGAIN", "DENIED", "IO",    "PROTO",    "ABI",    "BUG"};

const char *qund_rc_name(int rc)
{
    if (rc > 0 || rc <= -(int)QUND_ARRAY_LEN(NAMES))
        return "?";
    return NAMES[-rc];
}

bool qund_rc_retryable(int rc)
{
    return rc == QUND_E_AGAIN || rc == QUND_E_FULL || rc == QUND_E_IO || rc == QUND_E_NOMEM;
}

void qund_panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "level=error event=panic file=%s line=%d assert=\"%s\"\n", file, line, what);
    abort();
}
