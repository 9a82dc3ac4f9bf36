-- Reminders to one person wait for each other and leave as a card.
ALTER TABLE outbox ADD COLUMN pace INTEGER NOT NULL DEFAULT 0;    -- ms since the person's last one
ALTER TABLE outbox ADD COLUMN merged_into INTEGER;                -- of merged: the card's id
CREATE INDEX outbox_card ON outbox(merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX outbox_reminder ON outbox(target, person, id)
    WHERE state = 0 AND urgent = 0 AND person > 0 AND alert IS NOT NULL;
-- When a person was last let be told something that is not urgent, by target: rows up to that one
-- may leave, later ones wait for their pace.
CREATE TABLE pace(
    target TEXT NOT NULL,
    person INTEGER NOT NULL,
    at INTEGER NOT NULL,
    upto INTEGER NOT NULL,
    PRIMARY KEY(target, person)
) WITHOUT ROWID;
