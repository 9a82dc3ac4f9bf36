-- Groups whose history was to fill it and could not be read; 0: none, or there is no history to read.
ALTER TABLE gap ADD COLUMN unfilled INTEGER NOT NULL DEFAULT 0;
