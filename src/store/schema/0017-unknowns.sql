-- How often a try of it ended unknown: a retry after a plain refusal does not use up the one repeat
-- that an unknown outcome has towards staff. Of older rows it is not known: they count as repeated.
ALTER TABLE outbox ADD COLUMN unknowns INTEGER NOT NULL DEFAULT 0;
UPDATE outbox SET unknowns = 1
    WHERE (state IN (0, 5, 6, 7) AND attempt > 0) OR (state = 1 AND attempt > 1);
