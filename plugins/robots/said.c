/* said.c - a delivery's body (docs/deliveries.md) as what a message needs of it.
 *
 * Every kind of body has a `text` that a person can read whole; the rest makes it nicer where a
 * robot has a form for it. So a kind that is newer than this file still arrives. */
#include "robots.h"
#include <stdarg.h>
#include <stdio.h>

int robot_fault(struct qund_fault *why, int rc, const char *where, const char *fmt, ...)
{
    va_list ap;

    if (!why)
        return rc;
    snprintf(why->where, sizeof(why->where), "%s", where);
    va_start(ap, fmt);
    vsnprintf(why->text, sizeof(why->text), fmt, ap);
    va_end(ap);
    return rc;
}

const char *robot_title(const struct robot_cfg *cfg, const struct said *s)
{
    return *s->title ? s->title : cfg->title ? cfg->title : "qund";
}

static const char *member(const json_t *o, const char *name)
{
    const char *z = json_string_value(json_object_get(o, name));

    return z ? z : "";
}

/* An id goes into markup and lists of its own: nothing that could end them. */
static const char *plain_id(const char *id)
{
    for (const char *p = id; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
              strchr("-_@.+", *p)))
            return "";
    return id;
}

static void read_person(struct said *s, const char *realm)
{
    const json_t *person = json_object_get(s->root, "person");

    s->name = member(person, "name");
    s->phone = plain_id(member(person, "phone"));
    s->userid = plain_id(member(json_object_get(person, "ids"), realm));
}

static void read_media(struct said *s)
{
    const json_t *m;
    size_t i;

    s->image_path = s->image_url = "";
    json_array_foreach(json_object_get(s->root, "media"), i, m)
    {
        if (strcmp(member(m, "kind"), "image") != 0)
            continue;
        s->image_path = member(m, "path");
        s->image_url = member(m, "url");
        return;
    }
}

int said_read(struct said *s, struct qund_str body, const char *realm)
{
    const json_t *alert;

    *s = (struct said){.root = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL)};
    if (!json_is_object(s->root)) {
        said_done(s);
        return QUND_E_INVAL;
    }
    alert = json_object_get(s->root, "alert");
    s->kind = member(s->root, "kind");
    s->title = member(s->root, "title");
    s->text = member(s->root, "text");
    s->short_id = plain_id(member(s->root, "short"));
    s->link = member(s->root, "link");
    s->level = member(s->root, "level");
    if (!*s->title)
        s->title = member(alert, "title");
    if (!*s->level)
        s->level = member(alert, "level");
    if (!*s->text)
        s->text = *member(alert, "quote") ? member(alert, "quote") : s->title;
    s->items = json_object_get(s->root, "items");
    if (!json_is_array(s->items))
        s->items = NULL;
    read_person(s, realm);
    read_media(s);
    return QUND_OK;
}

void said_done(struct said *s)
{
    json_decref(s->root);
    *s = (struct said){0};
}

static void line(struct text *out, const char *z)
{
    text_puts(out, "\n");
    text_puts(out, z);
}

/* What must not be lost with the end of a long text. */
static void tail(const struct said *s, bool cut, struct text *out)
{
    char id[80];

    snprintf(id, sizeof(id), "#%.64s", s->short_id);
    if (*s->short_id && (cut || !strstr(s->text, id)))
        line(out, id);
    if (*s->link && (cut || !strstr(s->text, s->link)))
        line(out, s->link);
    if (s->keyword && *s->keyword && (cut || !strstr(s->text, s->keyword)))
        line(out, s->keyword);
}

/* The end of a card says how to deal with all of it: its last line, the first being its count. */
static const char *last_line(const char *text)
{
    const char *z = strrchr(text, '\n');

    return z ? z : "";
}

static void cut_card(const struct said *s, struct room room, struct text *out)
{
    TEXT_AUTO end = {0};
    size_t head = strcspn(s->text, "\n"), taken;

    text_puts(&end, last_line(s->text));
    if (*s->link && !strstr(end.p, s->link))
        line(&end, s->link);
    if (s->keyword && *s->keyword && !strstr(end.p, s->keyword))
        line(&end, s->keyword);
    text_add(out, s->text, head);
    taken = room_length(room, s->text, head) + room_length(room, end.p, end.n);
    room.max = room.max > taken ? room.max - taken : 0;
    card_lines(s->items, 0, room, out);
    text_add(out, end.p, end.n);
    out->bad |= end.bad;
}

static void cut_text(const struct said *s, const struct text *text, struct room room,
                     struct text *out)
{
    const char *more = "…";
    TEXT_AUTO end = {0};
    size_t left;

    tail(s, true, &end);
    left = room_length(room, end.p ? end.p : "", end.n) + (room.chars ? 1 : strlen(more));
    left = room.max > left ? room.max - left : 0;
    text_add(out, text->p,
             room.chars ? text_cut_chars(text->p, text->n, left)
                        : text_cut(text->p, text->n, left));
    text_puts(out, more);
    text_add(out, end.p, end.n);
    out->bad |= end.bad;
}

void said_compose(const struct said *s, struct room room, struct text *out)
{
    TEXT_AUTO text = {0}, end = {0};

    if (room.marked)
        text_plain(&text, s->text, strlen(s->text));
    else
        text_puts(&text, s->text);
    tail(s, false, &end);
    out->bad |= text.bad || end.bad;
    if (out->bad)
        return;
    if (room.max == 0 ||
        room_length(room, text.p, text.n) + room_length(room, end.p ? end.p : "", end.n) <=
            room.max) {
        text_add(out, text.p, text.n);
        text_add(out, end.p, end.n);
    } else if (json_array_size(s->items) > 0) {
        cut_card(s, room, out);
    } else {
        cut_text(s, &text, room, out);
    }
}
