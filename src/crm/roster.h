/* src/crm/roster.h - who is on duty, and how much duty time lies between two instants (essay in
 * roster.c). A snapshot: loaded from the rows, immutable, valid on any thread; reload when
 * qund_crm_org_version has grown. */
#ifndef QUND_CRM_ROSTER_H
#define QUND_CRM_ROSTER_H
#include "core/core.h"
#include "core/zone.h"
#include "store/db.h"

/* --- public holidays and make-up working days --- */
struct qund_holidays; /* immutable */
enum qund_day { QUND_DAY_PLAIN, QUND_DAY_OFF, QUND_DAY_MAKEUP };
QUND_CHECK int qund_holidays_parse(const char *name, struct qund_str text,
                                   struct qund_holidays **out, struct qund_errs *errs);
QUND_CHECK int qund_holidays_load(const char *path, struct qund_holidays **out,
                                  struct qund_errs *errs);
struct qund_holidays *qund_holidays_free(struct qund_holidays *h); /* returns NULL */
QUND_DEFINE_AUTO(qund_holidays_free, struct qund_holidays *)
/* NULL h: every day is PLAIN. days: since 1970-01-01 (qund_days_from_civil). */
enum qund_day qund_holidays_day(const struct qund_holidays *h, int64_t days);
int qund_holidays_last_year(const struct qund_holidays *h); /* 0: none known */

/* --- the roster --- */
struct qund_roster;
/* zone_default and h are borrowed and must outlive the snapshot; zone_dir as for qund_zone_load. */
QUND_CHECK int qund_roster_load(struct qund_db *db, const struct qund_zone *zone_default,
                                const char *zone_dir, const struct qund_holidays *h,
                                struct qund_roster **out, struct qund_err *err);
struct qund_roster *qund_roster_free(struct qund_roster *r); /* returns NULL */
QUND_DEFINE_AUTO(qund_roster_free, struct qund_roster *)
/* The zone of a group (its own, else the default); borrowed from the snapshot. */
const struct qund_zone *qund_roster_zone(const struct qund_roster *r, int64_t group);

enum { QUND_DUTY_MAX = 16 };
enum qund_duty_how {
    QUND_DUTY_NOBODY, /* closed, or nobody can be named */
    QUND_DUTY_SHIFT,  /* by the roster */
    QUND_DUTY_HOLDER, /* no roster for this role: its holders, in duty hours */
    QUND_DUTY_ON_CALL /* nobody of the shift is here: the on-call person, to be told visibly */
};
struct qund_duty {
    enum qund_duty_how how;
    size_t n;
    int64_t staff[QUND_DUTY_MAX];      /* in order of the roster, each once */
    int64_t stands_for[QUND_DUTY_MAX]; /* whom a stand-in replaces, 0: in person */
};
/* role: a community role ("consultant"), "manager", "leader", "store", … Those outside duty hours
 * come back as NOBODY. Always fills *out. */
void qund_duty_at(const struct qund_roster *r, int64_t group, struct qund_str role, int64_t t,
                  struct qund_duty *out);
/* The first instant >= t at which somebody is on duty for the role; -1: none within 60 days. */
int64_t qund_duty_next(const struct qund_roster *r, int64_t group, struct qund_str role, int64_t t);
/* Who holds a role or stands in for it at t, regardless of hours (urgent classes, leaders). */
void qund_duty_holders(const struct qund_roster *r, int64_t group, struct qund_str role, int64_t t,
                       struct qund_duty *out);

/* Duty hours of a group, whoever serves: the roster of its duty hours, else 00:00-24:00. */
bool qund_duty_open(const struct qund_roster *r, int64_t group, int64_t t);
/* Milliseconds of duty time in [from, to); 0 when to <= from. At most 400 days are looked at. */
int64_t qund_duty_between(const struct qund_roster *r, int64_t group, int64_t from, int64_t to);
/* The instant at which duty_ms of duty time have run since t; -1: not within 400 days. Ladders and
 * reply clocks are timers at such instants. */
int64_t qund_duty_after(const struct qund_roster *r, int64_t group, int64_t t, int64_t duty_ms);
#endif
