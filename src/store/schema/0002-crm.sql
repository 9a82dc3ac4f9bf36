-- People and places (src/crm). Times are UTC ms; 0 or NULL where unknown. A `seq` is the number of
-- the stored message a row was taken from, 0 when no message said it.

CREATE TABLE realm(
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE channel(
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- AUTOINCREMENT: a number is never given to somebody else, also after an erase.
CREATE TABLE grp(
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  realm       INTEGER NOT NULL,
  pid         TEXT NOT NULL,
  name        TEXT NOT NULL DEFAULT '',
  name_ts     INTEGER NOT NULL DEFAULT 0,
  type        INTEGER NOT NULL DEFAULT 0,
  state       INTEGER NOT NULL DEFAULT 0,
  internal    INTEGER NOT NULL DEFAULT 0,
  room_dedupe INTEGER NOT NULL DEFAULT 1,
  zone        TEXT,
  place       TEXT,
  manager     INTEGER NOT NULL DEFAULT 0,
  source      TEXT NOT NULL DEFAULT 'api',
  created     INTEGER NOT NULL,
  UNIQUE(realm, pid)
) STRICT;

CREATE TABLE grp_tag(
  grp INTEGER NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY(grp, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE contact(
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT NOT NULL DEFAULT '',
  name_ts    INTEGER NOT NULL DEFAULT 0,
  role       INTEGER NOT NULL DEFAULT 0,  -- the last one a trusted channel said
  opt_out    INTEGER NOT NULL DEFAULT 0,
  first_seen INTEGER NOT NULL,
  last_seen  INTEGER NOT NULL,
  source     TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE identity(
  realm   INTEGER NOT NULL,
  pid     TEXT NOT NULL,
  contact INTEGER NOT NULL,
  name    TEXT NOT NULL DEFAULT '',
  PRIMARY KEY(realm, pid)
) STRICT, WITHOUT ROWID;
CREATE INDEX identity_contact ON identity(contact);
CREATE INDEX identity_name ON identity(realm, name) WHERE name <> '';

CREATE TABLE member(
  grp      INTEGER NOT NULL,
  contact  INTEGER NOT NULL,
  joined   INTEGER NOT NULL DEFAULT 0,
  left_at  INTEGER,                       -- NULL: a member
  state_ts INTEGER NOT NULL,              -- of the join, leave or word that decided the above
  nick     TEXT NOT NULL DEFAULT '',
  nick_ts  INTEGER NOT NULL DEFAULT 0,
  role     INTEGER NOT NULL DEFAULT 0,    -- koc: invited and disclosed in this group
  PRIMARY KEY(grp, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_contact ON member(contact);

CREATE TABLE tag(
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  kind INTEGER NOT NULL DEFAULT 0         -- 0 behavior, 1 attribute
) STRICT;

-- One row per witness: a tag is held as long as one remains.
CREATE TABLE contact_tag(
  contact    INTEGER NOT NULL,
  tag        INTEGER NOT NULL,
  origin_seq INTEGER NOT NULL,
  origin     INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  expires    INTEGER NOT NULL DEFAULT 0,  -- 0: never
  PRIMARY KEY(contact, tag, origin_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_tag_tag ON contact_tag(tag, contact);
CREATE INDEX contact_tag_seq ON contact_tag(origin_seq) WHERE origin_seq > 0;

-- scope: "p:<place>" or "g:<grp.id>". zone '' until somebody names it.
CREATE TABLE household(
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  scope    TEXT NOT NULL,
  zone     TEXT NOT NULL DEFAULT '',
  building TEXT NOT NULL,
  unit     TEXT NOT NULL,
  room     TEXT NOT NULL,
  created  INTEGER NOT NULL
) STRICT;
CREATE INDEX household_key ON household(scope, building, room);

CREATE TABLE contact_room(
  contact    INTEGER NOT NULL,
  room       TEXT NOT NULL,               -- canonical, as said
  self       INTEGER NOT NULL,            -- 0: somebody else's flat
  grp        INTEGER NOT NULL,
  origin_seq INTEGER NOT NULL,
  household  INTEGER NOT NULL DEFAULT 0,
  at         INTEGER NOT NULL,
  PRIMARY KEY(contact, room, self, grp, origin_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_room_household ON contact_room(household) WHERE household > 0;
CREATE INDEX contact_room_seq ON contact_room(origin_seq) WHERE origin_seq > 0;

CREATE VIEW household_member AS
  SELECT household, contact, min(at) AS since FROM contact_room
  WHERE household > 0 GROUP BY household, contact;

CREATE TABLE contact_phone(
  contact    INTEGER NOT NULL,
  phone      TEXT NOT NULL,
  origin_seq INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY(contact, phone, origin_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_phone_phone ON contact_phone(phone);
CREATE INDEX contact_phone_seq ON contact_phone(origin_seq) WHERE origin_seq > 0;

CREATE TABLE lead(
  contact INTEGER PRIMARY KEY,
  score   INTEGER NOT NULL DEFAULT 0,
  stage   TEXT NOT NULL DEFAULT 'new',
  pool    TEXT NOT NULL DEFAULT 'public_pool',
  owner   INTEGER NOT NULL DEFAULT 0,
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT;
CREATE INDEX lead_score ON lead(score, contact);

CREATE TABLE lead_event(
  id      INTEGER PRIMARY KEY,
  contact INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  seq     INTEGER NOT NULL,
  delta   INTEGER NOT NULL,
  reason  TEXT NOT NULL
) STRICT;
CREATE INDEX lead_event_contact ON lead_event(contact, at);
CREATE INDEX lead_event_seq ON lead_event(seq) WHERE seq > 0;

CREATE TABLE consent(
  id           INTEGER PRIMARY KEY,
  contact      INTEGER NOT NULL,
  kind         TEXT NOT NULL,             -- marketing, archive, …
  granted      INTEGER NOT NULL,
  at           INTEGER NOT NULL,
  seq          INTEGER NOT NULL,
  proof        TEXT NOT NULL DEFAULT '',
  text_version TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX consent_contact ON consent(contact);

-- What each message did to a sign-up; `signup` holds the outcome of the latest by (ts, seq).
CREATE TABLE signup_event(
  id      INTEGER PRIMARY KEY,
  grp     INTEGER NOT NULL,
  chain   TEXT NOT NULL,
  name    TEXT NOT NULL,
  room    TEXT NOT NULL,
  party   INTEGER NOT NULL,
  state   INTEGER NOT NULL,
  gone    INTEGER NOT NULL DEFAULT 0,     -- the row goes on under another name
  contact INTEGER NOT NULL DEFAULT 0,
  ts      INTEGER NOT NULL,
  seq     INTEGER NOT NULL
) STRICT;
CREATE INDEX signup_event_row ON signup_event(grp, chain, name, room, ts, seq);
CREATE INDEX signup_event_seq ON signup_event(seq) WHERE seq > 0;

CREATE TABLE signup(
  id         INTEGER PRIMARY KEY,
  grp        INTEGER NOT NULL,
  chain      TEXT NOT NULL,
  name       TEXT NOT NULL,
  room       TEXT NOT NULL,
  party      INTEGER NOT NULL,
  state      INTEGER NOT NULL,
  contact    INTEGER NOT NULL,
  first_at   INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  origin_seq INTEGER NOT NULL,
  UNIQUE(grp, chain, name, room)
) STRICT;

CREATE TABLE chain_list(
  grp   INTEGER NOT NULL,
  chain TEXT NOT NULL,
  ts    INTEGER NOT NULL,
  seq   INTEGER NOT NULL,
  list  TEXT NOT NULL,
  PRIMARY KEY(grp, chain, ts, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX chain_list_seq ON chain_list(seq) WHERE seq > 0;

CREATE TABLE shop_order(
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  realm       INTEGER NOT NULL,
  number      TEXT NOT NULL,
  contact     INTEGER NOT NULL DEFAULT 0,
  phone       TEXT NOT NULL DEFAULT '',
  amount_cent INTEGER NOT NULL DEFAULT 0,
  paid_at     INTEGER NOT NULL DEFAULT 0,
  items       TEXT NOT NULL DEFAULT '',
  seq         INTEGER NOT NULL DEFAULT 0,
  UNIQUE(realm, number)
) STRICT;
CREATE INDEX shop_order_contact ON shop_order(contact) WHERE contact > 0;

-- Staff, roles, rosters. source: file (org.yaml; edits by the API are refused) or api.
CREATE TABLE staff(
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  key    TEXT NOT NULL UNIQUE,
  name   TEXT NOT NULL DEFAULT '',
  active INTEGER NOT NULL DEFAULT 1,
  source TEXT NOT NULL DEFAULT 'api'
) STRICT;

CREATE TABLE staff_push(
  staff  INTEGER NOT NULL,
  pos    INTEGER NOT NULL,
  target TEXT NOT NULL,
  PRIMARY KEY(staff, pos)
) STRICT, WITHOUT ROWID;

-- Identities that are not plain customers. role: enum qund_role (staff, bot, koc).
CREATE TABLE actor(
  realm  INTEGER NOT NULL,
  pid    TEXT NOT NULL,
  role   INTEGER NOT NULL,
  staff  INTEGER NOT NULL DEFAULT 0,
  source TEXT NOT NULL DEFAULT 'api',
  PRIMARY KEY(realm, pid)
) STRICT, WITHOUT ROWID;
CREATE INDEX actor_staff ON actor(staff) WHERE staff > 0;

CREATE TABLE role_holder(
  id         INTEGER PRIMARY KEY,
  grp        INTEGER NOT NULL,
  role       TEXT NOT NULL,
  actor_kind TEXT NOT NULL,               -- staff, invited_customer, bot
  staff      INTEGER NOT NULL DEFAULT 0,
  contact    INTEGER NOT NULL DEFAULT 0,
  evidence   TEXT NOT NULL DEFAULT '',
  pos        INTEGER NOT NULL DEFAULT 0,
  source     TEXT NOT NULL DEFAULT 'api'
) STRICT;
CREATE INDEX role_holder_grp ON role_holder(grp, role, pos);

-- A roster without roles says duty hours. scope: all, or rows of roster_scope.
CREATE TABLE roster(
  id       INTEGER PRIMARY KEY,
  key      TEXT NOT NULL UNIQUE,
  active   INTEGER NOT NULL DEFAULT 1,
  holidays INTEGER NOT NULL DEFAULT 1,    -- 1: closed on public holidays, make-up days are worked
  on_call  INTEGER NOT NULL DEFAULT 0,
  source   TEXT NOT NULL DEFAULT 'api'
) STRICT;

CREATE TABLE roster_scope(
  roster INTEGER NOT NULL,
  kind   TEXT NOT NULL,                   -- group, type, tag
  value  TEXT NOT NULL,
  grp    INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(roster, kind, value, grp)
) STRICT, WITHOUT ROWID;

CREATE TABLE roster_role(
  roster INTEGER NOT NULL,
  role   TEXT NOT NULL,
  PRIMARY KEY(roster, role)
) STRICT, WITHOUT ROWID;

-- day: 1 Monday … 7 Sunday for the week (weekly = 1), days since 1970-01-01 for an exception.
-- staff 0 with from_min = to_min: closed on that day. to_min may pass 1440: until the next morning.
CREATE TABLE shift(
  id       INTEGER PRIMARY KEY,
  roster   INTEGER NOT NULL,
  weekly   INTEGER NOT NULL,
  day      INTEGER NOT NULL,
  from_min INTEGER NOT NULL,
  to_min   INTEGER NOT NULL,
  staff    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX shift_roster ON shift(roster);

CREATE TABLE leave(
  id       INTEGER PRIMARY KEY,
  staff    INTEGER NOT NULL,
  from_day INTEGER NOT NULL,              -- days since 1970-01-01, both included
  to_day   INTEGER NOT NULL,
  stand_in INTEGER NOT NULL DEFAULT 0,
  source   TEXT NOT NULL DEFAULT 'api'
) STRICT;

CREATE TABLE import_job(
  id        TEXT PRIMARY KEY,
  kind      TEXT NOT NULL,
  next_line INTEGER NOT NULL,
  rows      INTEGER NOT NULL,
  created   INTEGER NOT NULL,
  updated   INTEGER NOT NULL,
  errors    INTEGER NOT NULL,
  done      INTEGER NOT NULL,
  at        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
