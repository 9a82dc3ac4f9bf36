-- What the engine takes from messages: marks, owed answers, measures.
CREATE TABLE mark(
    seq INTEGER PRIMARY KEY,       -- of the message
    intents TEXT,                  -- ["price_question", …]
    rooms TEXT,                    -- [{"room","owner"}, …]
    phones TEXT,                   -- ["13800000105", …]
    signups TEXT,                  -- [{"name","room","party","state"}, …]
    rules TEXT                     -- ["price-question", …]: those that fired
);
-- A question or request that is owed an answer (definitions: needs_reply, Answered).
CREATE TABLE question(
    seq INTEGER PRIMARY KEY,       -- of the message
    grp INTEGER NOT NULL,
    contact INTEGER NOT NULL,
    ts INTEGER NOT NULL,
    state INTEGER NOT NULL,        -- 0 open, 1 answered, 2 done by hand, 3 withdrawn
    urgent INTEGER NOT NULL,       -- complaint, safety, legal: the clock ignores duty hours
    judged INTEGER NOT NULL DEFAULT 0, -- its first limit has passed unanswered
    eid TEXT NOT NULL,             -- the platform's id of the message: a reply names it
    pid TEXT NOT NULL,             -- and of its sender: a mention names him
    name TEXT NOT NULL,            -- as it was then: an @ in the text names it
    answer_seq INTEGER,
    answer_ts INTEGER,
    reply_ms INTEGER               -- in duty hours
);
CREATE INDEX question_open ON question(grp, ts) WHERE state = 0;
CREATE INDEX question_time ON question(grp, ts);
-- Counters of one group and one UTC hour; days are sums of hours in the group's zone.
CREATE TABLE measure(
    hour INTEGER NOT NULL,         -- start, UTC ms
    grp INTEGER NOT NULL,
    messages INTEGER NOT NULL DEFAULT 0,     -- customers' only
    staff_messages INTEGER NOT NULL DEFAULT 0,
    speakers INTEGER NOT NULL DEFAULT 0,     -- distinct customers in this hour
    joins INTEGER NOT NULL DEFAULT 0,
    leaves INTEGER NOT NULL DEFAULT 0,
    frozen INTEGER NOT NULL DEFAULT 0,       -- its messages are past retention: never recomputed
    PRIMARY KEY(hour, grp)
) WITHOUT ROWID;
CREATE TABLE speaker(
    hour INTEGER NOT NULL,
    grp INTEGER NOT NULL,
    contact INTEGER NOT NULL,
    PRIMARY KEY(hour, grp, contact)
) WITHOUT ROWID;
-- A plugin's checkpoint, kept with the events it speaks of.
CREATE TABLE plugin_state(
    key TEXT PRIMARY KEY,
    rev INTEGER NOT NULL,
    value TEXT NOT NULL
) WITHOUT ROWID;
-- When a group was called to do something (sign up, confirm, order, …): a "1" answers that. The
-- newest few of each kind.
CREATE TABLE call(
    grp INTEGER NOT NULL,
    kind INTEGER NOT NULL,         -- enum qund_call
    ts INTEGER NOT NULL,
    PRIMARY KEY(grp, kind, ts)
) WITHOUT ROWID;
-- A revoke that came before its message, for a week.
CREATE TABLE early_revoke(
    grp INTEGER NOT NULL,
    eid TEXT NOT NULL,
    ts INTEGER NOT NULL,
    PRIMARY KEY(grp, eid)
) WITHOUT ROWID;
