"""Tables of `store.db`. work is its only writer.

    series       a Datastream's number and words        latest     newest good time of each series
    hot          observations, one row a revision        facts      text that is true from a time on
    dead         frames and parts that were refused      held       quarantined frames, by native id
    pending      frames whose other parts are awaited    states     what adapters remember of a stream
    clocks       what time it is in each run             annotations, commands   what people said
    enrolled     things that registered themselves       witnesses    who else heard what is stored
    editions     when a thing's frames were last decoded again
    outbox       replies for the door to send
    accounts     the ledger by device and hour           intake     frames as they left the log
    progress     the cursor

`facts.seen` is when a value was last said again: history keeps the changes only.
`hot.served` marks the revision that readers are given; the order among revisions is
(generation, sent, rank, revision), which no order of arrival can change (P5).
"""

from sensing.ledger import COLUMNS

VERSION = 1

_ACCOUNT = "hour INTEGER, adapter TEXT, principal TEXT, device TEXT, run TEXT"

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS progress(id INTEGER PRIMARY KEY CHECK(id=1), place INTEGER, commit_no INTEGER, at INTEGER);
INSERT OR IGNORE INTO progress VALUES(1, 0, 0, 0);
CREATE TABLE IF NOT EXISTS series(
  id INTEGER PRIMARY KEY, thing TEXT, property TEXT, statistic TEXT, channel TEXT, run TEXT, origin TEXT, unit TEXT,
  UNIQUE(thing, property, statistic, channel, run));
CREATE TABLE IF NOT EXISTS hot(
  seq INTEGER PRIMARY KEY, series INTEGER, time INTEGER, begin INTEGER, result REAL, quality INTEGER, reason INTEGER,
  revision INTEGER, generation INTEGER, sent INTEGER, rank INTEGER, received INTEGER, place INTEGER, lon REAL, lat REAL,
  served INTEGER DEFAULT 1);
CREATE UNIQUE INDEX IF NOT EXISTS hot_once ON hot(time, series, revision);
CREATE TABLE IF NOT EXISTS latest(series INTEGER PRIMARY KEY, time INTEGER, newest INTEGER);
CREATE TABLE IF NOT EXISTS facts(
  thing TEXT, run TEXT, key TEXT, begin INTEGER, value TEXT, place INTEGER, seen INTEGER,
  PRIMARY KEY(thing, run, key, begin)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dead(
  place INTEGER, part INTEGER, {_ACCOUNT}, counted INTEGER, reason TEXT, detail TEXT, offset INTEGER, length INTEGER,
  attempts INTEGER DEFAULT 1, state TEXT DEFAULT 'open', PRIMARY KEY(place, part)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dead_open ON dead(state, reason);
CREATE TABLE IF NOT EXISTS held(
  place INTEGER, part INTEGER, {_ACCOUNT}, counted INTEGER, native TEXT, state TEXT DEFAULT 'open',
  PRIMARY KEY(place, part)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS held_native ON held(state, adapter, native);
CREATE TABLE IF NOT EXISTS pending(place INTEGER PRIMARY KEY, {_ACCOUNT});
CREATE TABLE IF NOT EXISTS states(
  stream TEXT PRIMARY KEY, source BLOB, state BLOB, deadline INTEGER, received INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS enrolled(
  thing TEXT PRIMARY KEY, type TEXT, adapter TEXT, native TEXT, principal TEXT, at INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS witnesses(
  series INTEGER, time INTEGER, revision INTEGER, principal TEXT, place INTEGER,
  PRIMARY KEY(series, time, revision, principal)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS editions(thing TEXT PRIMARY KEY, edition INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS clocks(run TEXT PRIMARY KEY, time INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox(
  id INTEGER PRIMARY KEY AUTOINCREMENT, principal TEXT, topic TEXT, payload BLOB, at INTEGER);
CREATE TABLE IF NOT EXISTS annotations(
  id TEXT PRIMARY KEY, device TEXT, property TEXT, begin INTEGER, time INTEGER, quality INTEGER, reason TEXT, by TEXT,
  at INTEGER, place INTEGER);
CREATE TABLE IF NOT EXISTS commands(id TEXT PRIMARY KEY, op TEXT, by TEXT, at INTEGER, place INTEGER, result TEXT);
CREATE TABLE IF NOT EXISTS accounts(
  {_ACCOUNT}, {", ".join(f"{name} INTEGER" for name in COLUMNS)},
  PRIMARY KEY(hour, adapter, principal, device, run)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS intake({_ACCOUNT}, received INTEGER,
  PRIMARY KEY(hour, adapter, principal, device, run)) WITHOUT ROWID;
PRAGMA user_version = {VERSION};
"""
