/* card.h - a card's lines in a room that is too small for its text (docs/deliveries.md). */
#ifndef QUND_PLUGINS_CARD_H
#define QUND_PLUGINS_CARD_H
#include "text.h"
#include <jansson.h>

/* How much a place takes. */
struct room {
    size_t max;  /* 0: any */
    bool chars;  /* max counts characters, not bytes */
    bool marked; /* the place reads markup: people's signs become full-width */
};
size_t room_length(struct room room, const char *p, size_t n);
/* Each item from the `first` on as "\n#12 title｜words", its words cut so that all of them fit; the
 * number of none is cut, so that each can be answered. False: not one line has room. */
bool card_lines(const json_t *items, size_t first, struct room room, struct text *out);
#endif
