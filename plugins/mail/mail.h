/* mail.h - the parts of the mail plugin (essay in mail.c); for this folder and its tests. */
#ifndef MAIL_H
#define MAIL_H
#include "qund/plugin.h"
#include "text.h"
#include <jansson.h>

/* --- mime.c: a message as RFC 5322, 2045 and 2047 want it --- */
struct letter {
    const char *from, *from_name; /* the name may be NULL */
    const char *const *to;
    size_t n_to;
    const char *subject;
    const char *domain; /* of the message's id */
    int64_t id;         /* the id is the same for every try */
    int64_t created_ms, wall_ms;
    struct qund_str text, html; /* UTF-8, lines end with \n */
};
void mime_letter(const struct letter *l, struct text *out);
/* A header's value: plain, or in encoded words; line breaks become blanks. */
void mime_words(const char *z, size_t column, struct text *out);

/* --- page.c: a delivery's body as text and as HTML --- */
struct page {
    struct text subject, text, html;
};
void page_done(struct page *p);
/* INVAL with the reason: not a body that can be sent as mail. prefix: before each subject. */
int page_make(struct qund_str body, const char *prefix, struct page *out, struct qund_fault *why);

int mail_fault(struct qund_fault *why, int rc, const char *where, const char *text);
#endif
