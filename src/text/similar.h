/* src/text/similar.h - how alike two texts are. */
#ifndef QUND_TEXT_SIMILAR_H
#define QUND_TEXT_SIMILAR_H
#include "core/str.h"

/* Sørensen-Dice over pairs of neighbouring code points, 0 (nothing in common) .. 1000 (the same
 * pairs as often). Meant for folded, better squeezed, text; of long texts the first 4,096 code
 * points count. Texts of fewer than two code points are alike only when equal. Symmetric. */
int qund_text_similar(struct qund_str a, struct qund_str b);
#endif
