/* template.h - the scope in which a template is expanded; for template.c, expand.c and filter.c. */
#ifndef ROBOTS_TEMPLATE_H
#define ROBOTS_TEMPLATE_H
#include "robots.h"

#define LETS_MAX 16

enum place { PLACE_TEXT, PLACE_URL, PLACE_HEADER };
struct scope {
    const struct robot_cfg *cfg;
    const char *base; /* where the entry names no url */
    const struct said *said;
    const struct moment *now;
    struct room room; /* of the text */
    struct {
        char name[32];
        struct text value;
    } lets[LETS_MAX];
    size_t n_lets;
    const struct text *body; /* in headers, once it is made */
    bool raw;                /* the field in hand is not percent-encoded any more */
    bool omit;               /* an optional field was empty: its member is left out */
};
/* z with its {{fields}} filled in. INVAL: a name, a filter or a brace that is wrong. */
int expand(const char *z, enum place place, struct scope *s, struct text *out,
           struct qund_fault *why);
int filter_run(const char *said, struct text *value, struct scope *s, struct qund_fault *why);
#endif
