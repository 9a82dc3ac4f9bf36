-- A row of a sign-up is known by its folded name, so that everybody's copy of a list meets it; shown
-- is the name as it was written. NULL: not known.
ALTER TABLE signup_event ADD COLUMN shown TEXT;
ALTER TABLE signup ADD COLUMN shown TEXT;
