/* chat.h - the made-up chat that all benches speak: same seed, same words, same shape.
 *
 * A thousand groups of 150 members each out of 50,000 people (so a person is in three groups), both
 * chosen with Zipf's weights; Chinese text of 30 to 90 characters; one message in ten holds one of
 * the watched words. Lines are about 420 bytes of the canonical event. */
#ifndef QUND_BENCH_CHAT_H
#define QUND_BENCH_CHAT_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CHAT_GROUPS 1000
#define CHAT_MEMBERS 150
#define CHAT_PEOPLE 50000
#define CHAT_LINE_MAX 1024
#define CHAT_WORD_MAX 32

struct chat {
    uint64_t random, id;
    size_t n_words;
    unsigned people;
    double hits; /* share of messages that hold a watched word */
    int marked;  /* each text begins with the µs at which it was made, for who hears it again */
    char (*texts)[420];
    char (*words)[CHAT_WORD_MAX];
};
#define CHAT_TEXTS 8192

/* The words depend on n_words alone; texts and ids on the seed, too. */
void chat_init(struct chat *c, uint64_t seed, size_t n_words, double hits);
void chat_done(struct chat *c);
/* One line with its newline; returns its length. */
size_t chat_line(struct chat *c, int64_t ts_ms, int64_t now_us, char out[CHAT_LINE_MAX]);
/* The same chat as a OneBot 11 event that the account `self` saw; no newline. */
size_t chat_onebot(struct chat *c, unsigned self, int64_t ts_ms, int64_t now_us,
                   char out[CHAT_LINE_MAX]);
/* One rule per word: a tag, an intent, and an alert pushed to whoever is configured. */
void chat_rules(struct chat *c, FILE *out);
void chat_words(struct chat *c, FILE *out);

#define CHAT_MARK "zq" /* then 13 letters */
#define CHAT_MARK_LETTERS 13
/* The µs of the first mark in the text, or -1. */
int64_t chat_mark_read(const char *p, size_t n);
#endif
