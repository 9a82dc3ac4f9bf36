-- Templates, plans, tasks (src/sop). Times are UTC ms; 0 where unknown.
CREATE TABLE sop_template(
  id      TEXT NOT NULL,
  version INTEGER NOT NULL,        -- 1, 2, … a new one when the digest changes
  digest  TEXT NOT NULL,
  title   TEXT NOT NULL,
  body    TEXT NOT NULL,           -- canonical JSON of the template
  source  TEXT NOT NULL,           -- "file" | "api"
  at      INTEGER NOT NULL,
  gone    INTEGER NOT NULL DEFAULT 0, -- 1: its file is there no longer, nothing new is made of it
  PRIMARY KEY(id, version)
) STRICT;
CREATE TABLE plan(
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  template TEXT NOT NULL,
  version  INTEGER NOT NULL,       -- pinned
  name     TEXT NOT NULL,
  state    INTEGER NOT NULL,       -- enum qund_plan_state: running, paused, finished, cancelled
  reason   TEXT NOT NULL DEFAULT '',
  params   TEXT NOT NULL,          -- JSON object: what was typed
  start    INTEGER NOT NULL,       -- the trigger's instant
  event    INTEGER NOT NULL,       -- T; 0: none
  until    INTEGER NOT NULL DEFAULT 0, -- nobody's run begins after it; 0: no end
  direct   INTEGER NOT NULL DEFAULT 0, -- 1: posts leave by themselves where a target speaks there
  after    INTEGER NOT NULL DEFAULT 0, -- plan it follows; 0: none
  made     INTEGER NOT NULL,
  made_by  TEXT NOT NULL,
  ended    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX plan_state ON plan(state, id);
-- Whom it is for. A contact or member plan with a trigger has a row per group it listens to; each
-- person it runs for is a row of plan_run.
CREATE TABLE plan_target(
  plan INTEGER NOT NULL,
  grp  INTEGER NOT NULL,           -- 0: of no group
  PRIMARY KEY(plan, grp)
) STRICT, WITHOUT ROWID;
CREATE TABLE plan_run(
  plan    INTEGER NOT NULL,
  contact INTEGER NOT NULL,
  grp     INTEGER NOT NULL,
  began   INTEGER NOT NULL,        -- D0 of this person
  round   INTEGER NOT NULL DEFAULT 0, -- 1, 2: the person's next order, the next birthday
  state   INTEGER NOT NULL,        -- as plan.state
  reason  TEXT NOT NULL DEFAULT '',
  PRIMARY KEY(plan, contact, grp, round)
) STRICT, WITHOUT ROWID;
CREATE INDEX plan_run_contact ON plan_run(contact, state);
CREATE INDEX plan_run_open ON plan_run(plan) WHERE state < 2;
CREATE TABLE task(
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  plan     INTEGER NOT NULL,
  step     TEXT NOT NULL,          -- "S01"; a plan B has its step's
  plan_b   INTEGER NOT NULL DEFAULT 0,  -- task whose expectation was missed; 0: it is no plan B
  grp      INTEGER NOT NULL,
  contact  INTEGER NOT NULL DEFAULT 0,  -- of one person; 0: the group's
  round    INTEGER NOT NULL DEFAULT 0,  -- of the person's run
  merged   INTEGER NOT NULL DEFAULT 0,  -- task whose post speaks for this one, too
  state    INTEGER NOT NULL,       -- enum qund_task_state
  reason   TEXT NOT NULL DEFAULT '',
  evidence INTEGER NOT NULL DEFAULT 0,  -- 0 none, 1 claimed, 2 proved
  flags    INTEGER NOT NULL DEFAULT 0,  -- bits of src/sop/task.h: late, stand-in, marketing, …
  wanted   INTEGER NOT NULL,       -- the instant the template names
  due      INTEGER NOT NULL,       -- after quiet hours, days off, postponing
  closes   INTEGER NOT NULL,       -- may be done until then
  role     INTEGER NOT NULL,       -- enum qund_sop_role, as filled (star → consultant, …)
  staff    INTEGER NOT NULL DEFAULT 0,  -- who was told; 0: nobody yet
  channel  INTEGER NOT NULL,       -- enum qund_sop_channel
  content  TEXT NOT NULL,          -- variables filled when it becomes ready; before: as the template has it
  media    TEXT,
  pushed   INTEGER NOT NULL DEFAULT 0,
  done     INTEGER NOT NULL DEFAULT 0,
  done_by  TEXT NOT NULL DEFAULT '',
  seq      INTEGER NOT NULL DEFAULT 0,  -- the message that proves it
  posted   TEXT,                   -- what was posted, when it differs
  score    INTEGER NOT NULL DEFAULT 0,
  number   REAL                    -- reported
) STRICT;
CREATE UNIQUE INDEX task_of ON task(plan, grp, contact, round, step, plan_b);
CREATE INDEX task_open ON task(grp, due) WHERE state < 5;
-- Posts that speak for several people: the latest of a step, and for whom.
CREATE INDEX task_step ON task(plan, grp, step, due)
  WHERE contact > 0 AND merged = 0 AND plan_b = 0;
CREATE INDEX task_merged ON task(merged) WHERE merged > 0;
CREATE INDEX task_plan ON task(plan);
CREATE INDEX task_due ON task(due);
CREATE INDEX task_grp ON task(grp, due);
CREATE INDEX task_contact ON task(contact, due) WHERE contact > 0;
CREATE INDEX task_who ON task(staff, due) WHERE staff > 0;
CREATE INDEX task_seq ON task(seq) WHERE seq > 0;
-- What was expected of a task, judged once.
CREATE TABLE expectation(
  task    INTEGER PRIMARY KEY,
  opens   INTEGER NOT NULL,        -- proved, else claimed or accepted
  closes  INTEGER NOT NULL,
  base    REAL,                    -- of a percentage, at the start of the window
  wanted  REAL,                    -- NULL: cannot be computed
  outcome INTEGER NOT NULL DEFAULT 0, -- 0 open, 1 hit, 2 miss, 3 void
  reason  TEXT NOT NULL DEFAULT '',
  figure  REAL,
  judged  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
-- How a task went: each change of state, once.
CREATE TABLE task_log(
  task   INTEGER NOT NULL,
  n      INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  event  INTEGER NOT NULL,         -- enum qund_task_event
  state  INTEGER NOT NULL,         -- after it
  by     TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY(task, n)
) STRICT, WITHOUT ROWID;
-- What no message says: clicks, forms, check-ins, orders, photos (src/sop/measure.h).
CREATE TABLE sop_fact(
  id      INTEGER PRIMARY KEY,
  grp     INTEGER NOT NULL,
  contact INTEGER NOT NULL,
  kind    TEXT NOT NULL,
  ts      INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  what    TEXT NOT NULL DEFAULT '',
  n       INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX sop_fact_time ON sop_fact(kind, grp, ts);
CREATE INDEX sop_fact_who ON sop_fact(contact, kind, ts);
CREATE INDEX sop_fact_seq ON sop_fact(seq) WHERE seq > 0;
-- What a person says about a plan: flags without a source in the stream, stock, reported figures.
CREATE TABLE plan_said(
  plan INTEGER NOT NULL,
  name TEXT NOT NULL,              -- "flag:safety_issue", "stock:toolkit", "satisfaction"
  n    REAL NOT NULL,
  at   INTEGER NOT NULL,
  by   TEXT NOT NULL,
  PRIMARY KEY(plan, name)
) STRICT, WITHOUT ROWID;
-- Goals of a plan: preset and measured.
CREATE TABLE plan_goal(
  plan   INTEGER NOT NULL,
  name   TEXT NOT NULL,
  wanted TEXT NOT NULL,
  figure REAL,
  PRIMARY KEY(plan, name)
) STRICT, WITHOUT ROWID;
