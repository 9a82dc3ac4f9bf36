-- Member lists of groups as a channel reads them out (src/engine/look.c): when the last one was of,
-- the parts of one that is not whole yet, and what a list showed that no notice has told.
CREATE TABLE look(
    grp INTEGER PRIMARY KEY,
    ts INTEGER NOT NULL,           -- of the last list that was taken
    members INTEGER NOT NULL,      -- people in it
    doubt INTEGER NOT NULL         -- ts of one in which too many were missing; 0: none
) STRICT;
CREATE TABLE look_part(
    grp INTEGER NOT NULL,
    stamp TEXT NOT NULL,           -- names the list that the part is of
    part INTEGER NOT NULL,
    ts INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY(grp, stamp, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE look_change(
    grp INTEGER NOT NULL,
    contact INTEGER NOT NULL,
    joined INTEGER NOT NULL,       -- 1 a join, 0 a leave
    ts INTEGER NOT NULL,           -- of the list that showed it
    prev INTEGER NOT NULL,         -- of the list before, which did not
    seq INTEGER NOT NULL,          -- the event made of it
    month INTEGER NOT NULL,
    PRIMARY KEY(grp, contact, joined, ts)
) STRICT, WITHOUT ROWID;
