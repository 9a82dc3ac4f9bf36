-- The message's id at the peer, as its outcome told: by it the message coming back proves the push.
ALTER TABLE outbox ADD COLUMN their_id TEXT;
CREATE INDEX outbox_their_id ON outbox(their_id) WHERE their_id IS NOT NULL;
-- What is said in the chats by itself, one row a push that goes there (src/outbox/said.h).
CREATE TABLE said(
    outbox INTEGER PRIMARY KEY,    -- the push
    act INTEGER NOT NULL,          -- 0 a message, 1 a message to one person, 2 a recall, 3 a forward
    realm INTEGER NOT NULL,
    grp INTEGER NOT NULL,          -- the chat, as messages name it; 0: the target's own
    contact INTEGER NOT NULL,      -- who is answered; 0: nobody
    at INTEGER NOT NULL,           -- engine time at which it was said
    seq INTEGER NOT NULL,          -- the event that made it be said
    rule TEXT NOT NULL,
    recalls INTEGER,               -- the push whose message it takes back
    recalled INTEGER               -- when its own message was taken back
) STRICT;
CREATE INDEX said_grp ON said(grp, at);
CREATE INDEX said_contact ON said(contact, at) WHERE contact > 0;
CREATE INDEX said_seq ON said(seq);
