/* src/http/link_html.h - the pieces of the pages behind signed links: between link_html.c (the
 * frame, alerts, lists) and link_task.c. What a person wrote passes qund_link_put_text. */
#ifndef QUND_HTTP_LINK_HTML_H
#define QUND_HTTP_LINK_HTML_H
#include "core/zone.h"
#include "http/link_page.h"
#include <jansson.h>
#include <stdio.h>

/* What qund_str_figure takes: most browsers refuse the rest before it is sent. */
#define QUND_LINK_FIGURE                                           \
    "maxlength=\"18\" inputmode=\"decimal\" placeholder=\"12.5\" " \
    "pattern=\"\\s*(-|－)?[0-9０-９]+([,，][0-9０-９]{3})*([.．][0-9０-９]+)?[千万]?\\s*\""

const char *qund_link_say(const struct link_view *v, enum link_word w);
void qund_link_put_text(struct qund_buf *out, struct qund_str s);
void qund_link_put_z(struct qund_buf *out, const char *z);
struct qund_str qund_link_field(const json_t *o, const char *key);
void qund_link_put_field(struct qund_buf *out, const json_t *o, const char *key);
/* "09-15 08:32", of an ISO instant; zone NULL: UTC. */
void qund_link_put_time(struct qund_buf *out, const struct qund_zone *zone, struct qund_str iso);
void qund_link_put_top(struct qund_buf *out, bool english, const char *title);
void qund_link_put_end(struct qund_buf *out);
void qund_link_put_said(const struct link_view *v, struct qund_buf *out);
void qund_link_put_foot(const struct link_view *v, const struct link_people *people,
                        struct qund_buf *out);
void qund_link_put_who(const struct link_view *v, const struct link_people *people,
                       struct qund_str by, struct qund_buf *out);
/* A form with its hidden deed; put_button ends it. */
void qund_link_put_form(const struct link_view *v, const char *act, struct qund_buf *out);
void qund_link_put_button(const struct link_view *v, enum link_word w, const char *class,
                          struct qund_buf *out);
/* A field of the form of that deed, with what was typed when the deed was refused. */
void qund_link_put_input(const struct link_view *v, const char *act, enum link_input in,
                         enum link_word label, const char *more, struct qund_buf *out);
void qund_link_put_hand_over(const struct link_view *v, const struct link_people *people,
                             struct qund_buf *out);
struct qund_zone *qund_link_zone_of(const struct link_view *v);
#endif
