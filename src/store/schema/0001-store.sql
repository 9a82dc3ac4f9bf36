-- What the store itself owns. The tables of messages (message_YYYYMM) and of search (search_YYYYMM_vN)
-- are made by the month that first needs them: month.c, search.c.

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value ANY
) STRICT, WITHOUT ROWID;

-- All waiting. class: 0 at, 1 judge. The index holds the order in which timers of a class run.
CREATE TABLE timer (
    kind  TEXT NOT NULL,
    key   TEXT NOT NULL,
    due   INTEGER NOT NULL,
    class INTEGER NOT NULL CHECK (class IN (0, 1)),
    body  TEXT,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX timer_due ON timer (class, due, kind, key);

-- What could not be applied. state: 0 waiting, 1 retried, 2 dropped.
CREATE TABLE dead (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    kind   TEXT NOT NULL,
    key    TEXT NOT NULL,
    stage  TEXT NOT NULL,
    reason TEXT NOT NULL,
    body   BLOB NOT NULL,
    at     INTEGER NOT NULL,
    state  INTEGER NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2))
) STRICT;
CREATE INDEX dead_waiting ON dead (id) WHERE state = 0;

-- How often an item was in hand when the process died.
CREATE TABLE attempt (
    key TEXT NOT NULL PRIMARY KEY,
    n   INTEGER NOT NULL,
    at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Ids of the last 7 days of events that carry no dependable time. id rises with rx, so that cleaning
-- up reads from the front.
CREATE TABLE recent_id (
    id    INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    eid   TEXT NOT NULL,
    month INTEGER NOT NULL,
    seq   INTEGER NOT NULL,
    rx    INTEGER NOT NULL,
    UNIQUE (realm, eid)
) STRICT;

-- Short strings that many messages repeat (kinds, our own accounts), by number.
CREATE TABLE word (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
) STRICT;

-- How far each month's messages are indexed, per version of the words.
CREATE TABLE search_cursor (
    month   INTEGER NOT NULL,
    version INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    PRIMARY KEY (month, version)
) STRICT, WITHOUT ROWID;
