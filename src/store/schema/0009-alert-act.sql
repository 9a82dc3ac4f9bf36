-- What a person does about a reminder besides dealing with it: later, handed over, not relevant.
ALTER TABLE alert ADD COLUMN snoozed INTEGER NOT NULL DEFAULT 0;  -- asleep until then, 0: awake
ALTER TABLE alert ADD COLUMN rounds INTEGER NOT NULL DEFAULT 0;   -- pushes beside the ladder so far
ALTER TABLE alert ADD COLUMN relevant INTEGER NOT NULL DEFAULT 1; -- 0: somebody said it is not
ALTER TABLE alert ADD COLUMN proof TEXT;                          -- what shows that it was done
ALTER TABLE alert ADD COLUMN number TEXT;                         -- a figure that was typed with it
CREATE INDEX alert_rule ON alert(rule, created);
-- Whom a push is for.
ALTER TABLE outbox ADD COLUMN person INTEGER NOT NULL DEFAULT 0;  -- staff.id, 0: nobody in particular
