-- What needs a person's attention, until somebody has dealt with it.
CREATE TABLE alert(
    id INTEGER PRIMARY KEY,
    cause TEXT NOT NULL,           -- same cause while open = one alert with a count: rule|grp|contact
    rule TEXT NOT NULL,            -- rule id, or the built-in reply-overdue
    rule_version INTEGER NOT NULL,
    level TEXT NOT NULL,           -- info | warn | urgent
    state INTEGER NOT NULL,        -- 0 open, 1 acknowledged, 2 resolved
    grp INTEGER,
    contact INTEGER,
    seq INTEGER,                   -- the message that raised it
    role TEXT NOT NULL,            -- whom it is for: consultant, manager, staff:<id>
    ladder TEXT NOT NULL,          -- name of the escalation ladder, '' none
    step INTEGER NOT NULL DEFAULT 0, -- rungs climbed; 0: only its first push
    since INTEGER NOT NULL,        -- the ladder's clock starts here
    title TEXT NOT NULL,
    quote TEXT,                    -- the message as said; kept although messages expire
    context TEXT,                  -- JSON: up to three lines before it
    sender_name TEXT,
    group_name TEXT,
    n INTEGER NOT NULL DEFAULT 1,  -- times it was raised
    first_ts INTEGER NOT NULL,
    last_ts INTEGER NOT NULL,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    by_whom TEXT,                  -- who acknowledged or resolved
    note TEXT
);
CREATE UNIQUE INDEX alert_open ON alert(cause) WHERE state < 2;
CREATE INDEX alert_state ON alert(state, id);
CREATE INDEX alert_seq ON alert(seq) WHERE seq IS NOT NULL;
-- Further messages folded into an alert; a replay of one meets its row.
CREATE TABLE alert_message(
    seq INTEGER NOT NULL,
    alert INTEGER NOT NULL,
    PRIMARY KEY(seq, alert)
) WITHOUT ROWID;
