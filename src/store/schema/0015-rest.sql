-- What waits while its receiver is away may be due again in the hours of rest (src/outbox/take.c).
ALTER TABLE outbox ADD COLUMN rest INTEGER NOT NULL DEFAULT 0;    -- enum qund_out_rest
ALTER TABLE outbox ADD COLUMN clock INTEGER NOT NULL DEFAULT 0;   -- crm group whose zone; 0: the installation's
ALTER TABLE outbox ADD COLUMN rested INTEGER NOT NULL DEFAULT 0;  -- until when it was last told to rest
-- Reminders that wait already rest like new ones.
UPDATE outbox SET rest = 1,
    clock = coalesce((SELECT a.grp FROM alert a WHERE a.id = outbox.alert), 0)
    WHERE urgent = 0 AND alert > 0 AND state IN (0, 1, 5, 6, 7);
