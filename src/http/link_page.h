/* src/http/link_page.h - the page behind a signed link: what it shows and how it is written (essay
 * in link_page.c); for this folder only. */
#ifndef QUND_HTTP_LINK_PAGE_H
#define QUND_HTTP_LINK_PAGE_H
#include "http/internal.h"
#include "outbox/link.h"

/* How a deed ended, in the order of the choices of ?r= (routes.c). */
enum link_said {
    LINK_DONE,
    LINK_ALREADY,
    LINK_NEWER,
    LINK_GONE,
    LINK_DENIED,
    LINK_NUMBER,
    LINK_TIME,
    LINK_TO,
    LINK_WINDOW,
    LINK_BUSY,
    LINK_FORM,
    LINK_NOTHING /* nothing to say */
};
#define LINK_SAIDS LINK_NOTHING
#define LINK_SAID_WORDS "done|already|newer|gone|denied|number|time|to|window|busy|form"
const char *qund_link_said_word(enum link_said s);

/* Headers of every page. */
extern const struct qund_header qund_link_headers[];
extern const size_t qund_link_n_headers;

/* Of the page of a task: they let its copying script run, by its hash. */
extern const struct qund_header qund_link_task_headers[];
extern const size_t qund_link_n_task_headers;
extern const char qund_link_copy_script[];

/* What the forms of a page send: `do` is the deed. */
enum link_input { IN_DO, IN_FOR, IN_TO, IN_NOTE, IN_PROOF, IN_NUMBER };
#define LINK_INPUTS (IN_NUMBER + 1)
extern const char *const qund_link_inputs[LINK_INPUTS];
/* A form whose deed was refused: it comes back as it was sent. */
struct link_typed {
    enum link_said said;
    struct qund_str v[LINK_INPUTS]; /* in text; UTF-8; NONE: not sent */
    char text[];
};

struct link_view {
    const struct qund_link *link;
    const unsigned char *key;
    bool english;
    bool lang_asked; /* by ?lang=: kept in the addresses of the page */
    enum link_said said;
    const struct link_typed *typed; /* NULL: nothing was */
    const char *zone;
};
/* The alert, or the list when the link names none. json: the alert, or `{…},{…}`. */
struct link_people;
void qund_link_html_alert(const struct link_view *v, struct qund_str json,
                          const struct link_people *people, struct qund_buf *out);
/* A task, likewise (link_task.c); the list holds both. */
void qund_link_html_task(const struct link_view *v, struct qund_str json,
                         const struct link_people *people, struct qund_buf *out);
void qund_link_html_list(const struct link_view *v, struct qund_str json, struct qund_buf *out);
/* A page of one sentence: the link is no good (any more). */
enum link_note { LINK_NOTE_INVALID, LINK_NOTE_EXPIRED, LINK_NOTE_MANY, LINK_NOTE_LEFT };
void qund_link_html_note(bool english, enum link_note note, struct qund_buf *out);

/* --- link_words.c --- */
enum link_word {
    W_TITLE,
    W_OPEN,
    W_ACKED,
    W_RESOLVED,
    W_IRRELEVANT_STATE,
    W_SNOOZED,
    W_BY,
    W_NOTE,
    W_PROOF,
    W_NUMBER,
    W_CONTEXT,
    W_SUGGEST,
    W_TIMES,
    W_TAKE,
    W_LATER,
    W_15M,
    W_1H,
    W_TOMORROW,
    W_OTHER_TIME,
    W_SET,
    W_DONE,
    W_FINISH,
    W_REASSIGN,
    W_CHOOSE,
    W_UNREACHED,
    W_HAND,
    W_IRRELEVANT,
    W_REOPEN,
    W_ALL,
    W_NONE_OPEN,
    W_LEVEL_URGENT,
    W_LEVEL_WARN,
    W_LEVEL_INFO,
    W_STAFF,
    W_DESK,
    W_CHAT,
    W_YOURS,
    W_OTHER_LANG,
    W_TASK,
    W_SAY,
    W_COPY,
    W_COPIED,
    W_UNTIL,
    W_MEDIA,
    W_CANT,
    W_REASON,
    W_CANT_BUTTON,
    W_30M,
    W_2H,
    W_T_OPEN,
    W_T_HELD,
    W_T_DONE,
    W_T_CLAIMED,
    W_T_PROVED,
    W_T_SKIPPED,
    W_T_EXPIRED,
    W_T_CANCELLED,
    W_T_FAILED,
    W_OWN_WORDS
};
#define LINK_WORDS (W_OWN_WORDS + 1)
const char *qund_link_word(enum link_word w, bool english);
const char *qund_link_said_text(enum link_said s, bool english);
const char *qund_link_note_text(enum link_note note, bool english);
/* The language a browser asks for: true for English, Chinese otherwise. */
bool qund_link_english(struct qund_str accept_language);

/* Active members of staff, whom a page names; whom it can hand an alert to. */
struct link_people {
    struct {
        int64_t id;
        char *name;
        bool reached; /* there is somewhere to tell them */
    } v[200];
    size_t n;
};
QUND_CHECK int qund_link_people_load(struct qund_db *db, const struct qund_config *config,
                                     struct link_people *p);
void qund_link_people_done(struct link_people *p);
#endif
