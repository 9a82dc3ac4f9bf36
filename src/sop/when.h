/* src/sop/when.h - from a step's offset to an instant: zones, quiet hours, days off, frequency
 * caps, and a whole plan against what is planned already (essays in when.c, quiet.c, cap.c,
 * clash.c).
 *
 * Pure functions: nothing is stored, nothing is read but the arguments; any thread. */
#ifndef QUND_SOP_WHEN_H
#define QUND_SOP_WHEN_H
#include "config/config.h"
#include "core/zone.h"
#include "crm/roster.h"
#include "sop/template.h"

/* The calendar of one plan in one group; everything is borrowed. */
struct qund_sop_clock {
    const struct qund_zone *zone;         /* the group's; never NULL */
    const struct qund_holidays *holidays; /* NULL: none known, Saturdays and Sundays are off */
    struct qund_hours quiet;              /* 22:00-08:00; from == to: none */
    int64_t start;                        /* the trigger's instant (or the plan's start) */
    int64_t event;                        /* T; 0: the plan has no event */
    int64_t day0;                         /* an instant of D0's local day */
};
/* The instant an offset names. NOTFOUND: AT_ON, or T without an event. A wall time in a gap is the
 * instant after it, in a fold the first (core/zone.h). */
QUND_CHECK int qund_sop_when(const struct qund_sop_clock *c, const struct qund_sop_offset *o,
                             int64_t *out);

enum qund_sop_moved {
    QUND_SOP_MOVED_NOT,
    QUND_SOP_MOVED_QUIET,   /* to the end of the quiet hours */
    QUND_SOP_MOVED_DAY_OFF, /* to a working day, its clock time kept; perhaps behind them, too */
    QUND_SOP_DROPPED_QUIET  /* quiet_drop: it is not said at all; *at stays */
};
const char *qund_sop_moved_name(enum qund_sop_moved m); /* "quiet", "day_off", … */
/* When it may go out: never before *at, never in quiet hours, with work_days never on a day off.
 * Safety steps stay where they are. A calendar without a working day within 60 days is taken for a
 * mistake: then only the quiet hours hold. */
enum qund_sop_moved qund_sop_allowed(const struct qund_sop_clock *c, const struct qund_sop_step *s,
                                     int64_t *at);
/* Whether the local day of `at` is worked: a weekday that is no day off, or a make-up day. */
bool qund_sop_work_day(const struct qund_sop_clock *c, int64_t at);
/* The calendar knows days off, and none of the year of `at` or later: a plan's lint says so. */
bool qund_sop_beyond_calendar(const struct qund_sop_clock *c, int64_t at);

/* --- caps: marketing only; each holds by itself, so the strictest wins --- */
struct qund_sop_caps {  /* 0: none */
    int group_day;      /* posts to one group a local day */
    int group_day_last; /* the same on the two days before the event and on its own */
    int group_month;    /* the platform's quota, by calendar month */
    int contact_week;   /* to one person alone, in 7 local days running */
    int sender_day;     /* of one member of staff a local day */
};
void qund_sop_caps_from(const struct qund_config *config, struct qund_sop_caps *out);
enum qund_sop_cap {
    QUND_SOP_CAP_NONE,
    QUND_SOP_CAP_GROUP_DAY,
    QUND_SOP_CAP_GROUP_MONTH,
    QUND_SOP_CAP_CONTACT_WEEK,
    QUND_SOP_CAP_SENDER_DAY
};
#define QUND_SOP_CAPS (QUND_SOP_CAP_SENDER_DAY + 1)
const char *qund_sop_cap_name(enum qund_sop_cap c); /* "group_day", …; "none" */
/* The instants [*from, *to) whose marketing posts count against a post at `at`. */
void qund_sop_cap_span(const struct qund_sop_clock *c, enum qund_sop_cap cap, int64_t at,
                       int64_t *from, int64_t *to);
/* What has been said in those spans: to the group, to the person alone, by the sender. 0 for what
 * the post is not addressed to. */
struct qund_sop_load {
    int group_day, group_month, contact_week, sender_day;
};
/* The cap that forbids one post more, the one that holds longest first. s->say.channel decides
 * which are asked: of a plan B pass a copy of the step with its words in say. */
enum qund_sop_cap qund_sop_capped(const struct qund_sop_caps *caps, const struct qund_sop_clock *c,
                                  const struct qund_sop_step *s, int64_t at,
                                  const struct qund_sop_load *had);

/* --- the quota planner: a plan's posts against what is planned already --- */
struct qund_sop_post {
    int64_t at;
    int64_t group, contact, sender; /* 0: none, or not known yet */
    bool marketing;                 /* others count for nothing */
    bool one_to_one;                /* to `contact` alone; else to `group` */
    bool work_days;                 /* its alternatives keep days off */
    struct qund_str what;           /* for the caller: the step */
};
struct qund_sop_clash {
    size_t post; /* index into posts */
    enum qund_sop_cap cap;
    int64_t alternative; /* the nearest day within 7 that is free, same clock time; 0: none */
};
enum { QUND_SOP_POSTS_MAX = 1000000 };
/* posts: the new plan's, sorted by at; there: what other plans hold, in any order. Fills the first
 * `max` clashes in order and returns how many there are. All alternatives can be taken together:
 * they keep quiet hours, days off, caps, the plan's start and the right side of its event. FULL:
 * more than QUND_SOP_POSTS_MAX; NOMEM. */
QUND_CHECK int qund_sop_clashes(const struct qund_sop_caps *caps, const struct qund_sop_clock *c,
                                const struct qund_sop_post *posts, size_t n,
                                const struct qund_sop_post *there, size_t n_there,
                                struct qund_sop_clash *out, size_t max);
#endif
