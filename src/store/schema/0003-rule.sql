-- Rules (src/rule). What a rule remembers hangs on its number, which belongs to its id for ever: an
-- edit makes a new version and keeps windows, cooldowns and counters.

CREATE TABLE rule (
    no        INTEGER PRIMARY KEY,
    id        TEXT NOT NULL UNIQUE,
    version   INTEGER NOT NULL,
    digest    TEXT NOT NULL,
    title     TEXT,
    owner     TEXT,
    source    TEXT NOT NULL,             -- file:line
    text      TEXT NOT NULL,             -- canonical JSON
    rank      INTEGER NOT NULL,          -- order of evaluation in the last good set
    active    INTEGER NOT NULL CHECK (active IN (0, 1)),
    loaded_at INTEGER NOT NULL
) STRICT;

-- What a hit of an older version meant.
CREATE TABLE rule_version (
    no        INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    digest    TEXT NOT NULL,
    text      TEXT NOT NULL,
    loaded_at INTEGER NOT NULL,
    PRIMARY KEY (no, version)
) STRICT, WITHOUT ROWID;

-- Words files by content, and which rule of the last good set names which.
CREATE TABLE rule_words (
    id     INTEGER PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    bytes  TEXT NOT NULL
) STRICT;
CREATE TABLE rule_words_use (
    no     INTEGER NOT NULL,
    name   TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (no, name)
) STRICT, WITHOUT ROWID;

-- The last good set: one row.
CREATE TABLE rule_set (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    digest    TEXT NOT NULL,
    loaded_at INTEGER NOT NULL
) STRICT;

-- Sliding windows (what 0) and cooldowns (what 1): one row per list, its matches or firings packed in
-- `marks` (rule_sql.c). per: 0 sender (group and contact), 1 contact, 2 group; what a scope does not
-- know is 0. gone: a whole hour of engine time from which no event can need the row; an hour, so that
-- its index is left alone while the list moves on.
CREATE TABLE rule_mark (
    rule_no    INTEGER NOT NULL,
    what       INTEGER NOT NULL,
    per        INTEGER NOT NULL,
    group_id   INTEGER NOT NULL,
    contact_id INTEGER NOT NULL,
    gone       INTEGER NOT NULL,
    marks      BLOB NOT NULL,
    PRIMARY KEY (rule_no, what, per, group_id, contact_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX rule_mark_gone ON rule_mark (gone);

-- Hits a day; irrelevant: alerts of that day that somebody marked "not relevant".
CREATE TABLE rule_day (
    rule_no    INTEGER NOT NULL,
    day        INTEGER NOT NULL,
    hits       INTEGER NOT NULL DEFAULT 0,
    irrelevant INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (rule_no, day)
) STRICT, WITHOUT ROWID;
