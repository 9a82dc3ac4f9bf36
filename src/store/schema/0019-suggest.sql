-- What its rule proposes to answer; NULL: nothing.
ALTER TABLE alert ADD COLUMN suggest TEXT;
