-- Who may speak to the API: bearer tokens. Only the SHA-256 of a token is here; the token itself is
-- shown once and kept nowhere.
CREATE TABLE token (
    id       INTEGER PRIMARY KEY AUTOINCREMENT, -- never given again: audit lines name it
    hash     TEXT NOT NULL UNIQUE,      -- 64 hex digits
    role     TEXT NOT NULL,             -- admin | manager | operator | staff | viewer | auditor | ingest
    channels TEXT,                      -- ingest: JSON array of channel names
    name     TEXT NOT NULL,             -- what it is for
    created  INTEGER NOT NULL,
    by_whom  TEXT NOT NULL,
    expires  INTEGER,
    revoked  INTEGER
) STRICT;
