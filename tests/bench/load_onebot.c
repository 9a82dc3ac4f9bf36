/* load_onebot.c - see load_onebot.h.
 *
 * Masked as the protocol wants it from whoever dials, but with a key of zeros: the masking is the
 * generator's cost, and the bot takes it off all the same. Actions are answered at once, the two
 * that bots want before they count a connection as up with something in them. */
#include "load_onebot.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

size_t onebot_handshake(char *out, size_t size, const char *path, const char *token, unsigned self)
{
    int n = snprintf(out, size,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nX-Self-ID: %u\r\n"
                     "X-Client-Role: Universal\r\nUser-Agent: OneBot/11\r\n"
                     "Authorization: Bearer %s\r\n\r\n",
                     path, self, token);

    return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

/* Puts the head before the text that lies at out + 8; returns the whole length. */
static size_t frame(char out[ONEBOT_FRAME_MAX], size_t n, unsigned opcode)
{
    unsigned char head[8] = {(unsigned char)(0x80u | opcode), 0x80 | 126, (unsigned char)(n >> 8),
                             (unsigned char)n};

    if (n >= 126) {
        memcpy(out, head, 8);
        return n + 8;
    }
    head[1] = (unsigned char)(0x80 | n);
    memmove(out + 6, out + 8, n);
    memcpy(out, head, 2);
    memset(out + 2, 0, 4);
    return n + 6;
}

size_t onebot_event(struct chat *c, unsigned self, int64_t ts_ms, int64_t now_us,
                    char out[ONEBOT_FRAME_MAX])
{
    return frame(out, chat_onebot(c, self, ts_ms, now_us, out + 8), 1);
}

/* The value of "echo", as it stands there; its length. */
static size_t find_echo(const char *p, size_t n, const char **echo)
{
    const char *at = memmem(p, n, "\"echo\":", 7), *end = p + n;
    size_t len = 0;

    if (!at)
        return 0;
    for (at += 7; at < end && *at == ' ';)
        at++;
    *echo = at;
    if (at < end && *at == '"') {
        const char *quote = memchr(at + 1, '"', (size_t)(end - at - 1));

        return quote ? (size_t)(quote - at) + 1 : 0;
    }
    while (at + len < end && strchr(",} ", at[len]) == NULL)
        len++;
    return len;
}

static size_t answer(const char *p, size_t n, unsigned self, char out[ONEBOT_FRAME_MAX])
{
    const char *echo = NULL;
    size_t len = find_echo(p, n, &echo);
    char data[96] = "null";
    bool known = true;
    int made;

    if (len == 0 || len > 200)
        return 0;
    if (memmem(p, n, "\"get_login_info\"", 16))
        snprintf(data, sizeof(data), "{\"user_id\":%u,\"nickname\":\"bench\"}", self);
    else if (memmem(p, n, "\"get_group_list\"", 16))
        snprintf(data, sizeof(data), "[]");
    else if (memmem(p, n, "\"send_", 6))
        snprintf(data, sizeof(data), "{\"message_id\":1}");
    else
        known = false;
    made = snprintf(out + 8, ONEBOT_FRAME_MAX - 8,
                    "{\"status\":\"%s\",\"retcode\":%d,\"data\":%s,\"echo\":%.*s}",
                    known ? "ok" : "failed", known ? 0 : 1404, data, (int)len, echo);
    return frame(out, (size_t)made, 1);
}

size_t onebot_heard(const char *in, size_t n, unsigned self, char out[ONEBOT_FRAME_MAX],
                    size_t *out_n)
{
    const unsigned char *p = (const unsigned char *)in;
    size_t len, head = 2;

    *out_n = 0;
    if (n < 4)
        return 0;
    len = p[1] & 127;
    if (len == 126) {
        len = (size_t)p[2] << 8 | p[3];
        head = 4;
    } else if (len == 127) {
        abort(); /* no bot asks in 64 KiB */
    }
    if (n < head + len)
        return 0;
    if ((p[0] & 15) == 9) { /* a ping */
        memcpy(out + 8, in + head, len < 125 ? len : 125);
        *out_n = frame(out, len < 125 ? len : 125, 10);
    } else if ((p[0] & 15) == 1) {
        *out_n = answer(in + head, len, self, out);
    }
    return head + len;
}
