/* tests/support/unit.h - what every unit test includes: cmocka with its headers in the order it
 * wants, and a fresh folder. */
#ifndef QUND_TEST_UNIT_H
#define QUND_TEST_UNIT_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* After the above. */
#include <cmocka.h>

/* A new empty folder below $TMPDIR or /tmp; owned (free). */
static inline char *unit_tmpdir(void)
{
    const char *base = getenv("TMPDIR");
    char path[4096];

    snprintf(path, sizeof(path), "%s/qund-test-XXXXXX", base && *base ? base : "/tmp");
    assert_non_null(mkdtemp(path));
    return strdup(path);
}
#endif
