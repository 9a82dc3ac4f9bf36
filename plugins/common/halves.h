/* halves.h - JSON text with halves of surrogate pairs in it, for shipped plugins. */
#ifndef QUND_PLUGINS_HALVES_H
#define QUND_PLUGINS_HALVES_H
#include "qund/str.h"

/* A copy of the same length in which each half is the replacement character (owned: free); NULL
 * when there is none (or no memory). */
char *halves_mended(struct qund_str json);
#endif
