-- Shared groups: what each of our accounts saw there, for a week (src/engine/copy.c).
CREATE TABLE copy(
    seq INTEGER PRIMARY KEY,       -- of the stored event
    grp INTEGER NOT NULL,
    hash INTEGER NOT NULL,         -- of type, sender, text, media; of type and member
    ts INTEGER NOT NULL,
    account TEXT NOT NULL,         -- who saw it
    pair INTEGER NOT NULL          -- the same in all copies of one: the least seq among them
) STRICT;
CREATE INDEX copy_key ON copy(grp, hash, ts);
CREATE INDEX copy_pair ON copy(pair);
CREATE INDEX copy_ts ON copy(ts);
-- Our own accounts in shared groups: what one says, another one hears.
CREATE TABLE account(
    realm INTEGER NOT NULL,
    pid TEXT NOT NULL,
    PRIMARY KEY(realm, pid)
) STRICT, WITHOUT ROWID;
