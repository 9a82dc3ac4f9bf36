/* load_onebot.h - the wire of a OneBot 11 bridge that dials a bot, as bytes: load.c owns the
 * sockets. */
#ifndef QUND_BENCH_LOAD_ONEBOT_H
#define QUND_BENCH_LOAD_ONEBOT_H
#include "chat.h"

#define ONEBOT_FRAME_MAX (CHAT_LINE_MAX + 16)

/* The request that opens a reverse WebSocket as account `self`; its length. */
size_t onebot_handshake(char *out, size_t size, const char *path, const char *token, unsigned self);
/* One event in one frame; its length. */
size_t onebot_event(struct chat *c, unsigned self, int64_t ts_ms, int64_t now_us,
                    char out[ONEBOT_FRAME_MAX]);
/* The frame at the front of what came: its length, 0 when it is not all there. An action is
 * answered into `out`, *out_n says how long; 0: nothing to answer. */
size_t onebot_heard(const char *in, size_t n, unsigned self, char out[ONEBOT_FRAME_MAX],
                    size_t *out_n);
#endif
