-- What waits to leave, one row a push. state: see enum qund_out_state in outbox/outbox.h.
CREATE TABLE outbox(
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,      -- the effect's own name: alert:12:0:boss; a replay meets it
    target TEXT NOT NULL,          -- configured target's name
    state INTEGER NOT NULL,
    urgent INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL,            -- JSON: what the target's template is filled with
    alert INTEGER,
    created INTEGER NOT NULL,
    due INTEGER,                   -- retry_at, quota_hit: not before
    deadline INTEGER NOT NULL,     -- after it: expired
    changed INTEGER NOT NULL,
    status INTEGER,                -- last HTTP status
    reason TEXT,
    evidence TEXT                  -- of delivered: proved | claimed | reported
);
CREATE INDEX outbox_waiting ON outbox(target, urgent DESC, id) WHERE state = 0;
CREATE INDEX outbox_state ON outbox(state, id);
CREATE INDEX outbox_alert ON outbox(alert) WHERE alert IS NOT NULL;
