-- Spans in which a channel, one of its accounts or a group was not heard (src/crm/gap.h).
CREATE TABLE gap(
    id INTEGER PRIMARY KEY,
    realm INTEGER NOT NULL,
    channel INTEGER NOT NULL,
    account TEXT NOT NULL DEFAULT '', -- '': all of the channel's
    grp INTEGER NOT NULL DEFAULT 0,   -- 0: all groups
    from_ts INTEGER NOT NULL,
    to_ts INTEGER NOT NULL,           -- of one that is open: when it ends by itself
    open INTEGER NOT NULL,            -- its end is not known yet
    seq INTEGER NOT NULL,             -- the event that told it last
    UNIQUE(realm, channel, account, grp, from_ts)
) STRICT;
CREATE INDEX gap_span ON gap(realm, to_ts);
-- 1: it was to be judged over a span with a gap in it, and was not.
ALTER TABLE question ADD COLUMN voided INTEGER NOT NULL DEFAULT 0;
-- Several accounts of ours are in it: copies of one message are one (src/engine/copy.c).
ALTER TABLE grp ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
