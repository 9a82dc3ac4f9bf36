-- By which robots of WeCom and DingTalk call somebody in a group; digits, with a + when it is not of
-- the mainland; '': not known.
ALTER TABLE staff ADD COLUMN phone TEXT NOT NULL DEFAULT '';
