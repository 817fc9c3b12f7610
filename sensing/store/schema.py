"""Tables of `store.db`. work is its only writer.

    series       a Datastream's number and words        latest     newest good time of each series
    hot          observations, one row a revision        facts      text that is true from a time on
    dead         frames and parts that were refused      held       quarantined frames, by native id
    pending      frames whose other parts are awaited    states     what adapters remember of a stream
    clocks       what time it is in each run             annotations, commands   what people said
    enrolled     things that registered themselves       witnesses    who else heard what is stored
    editions     when a thing's frames were last decoded again
    events       episodes above thresholds               watched, samples   what they are evaluated from
    voices, spans   when devices spoke: the newest span of each, and those before (sensing.silence)
    outages      when gateways' last wills said that they were away
    verdicts     what later checks say of a value         behind    rows that came long after their time
    compared     datastreams that are compared with those near them   hours   their hourly means, and what was found
    unjudged     hours that are to be looked at (compare.py)
    ships, fixes   vessels, and where they were, one position a minute for two days (ships.py)   calls   their port calls
    cargoes, inspections   what was said of vessels: what they carry, when they were looked at
    stands, airs   wind and gases near harbours: where each is measured, and the values of two days   storms   where typhoons are expected
    outbox       replies for the door to send
    underway     how far a long command is
    accounts     the ledger by device and hour           intake     frames as they left the log
    progress     the cursor
    lake, segments   what is sealed, and in which files (lake/__init__.py)
    amended      what became known of a row after it was written: sealing and compaction take it in
    resting      how far each series is sealed, and its latest row where that is sealed
    commits      when a commit was made, to the second

`facts.seen` is when a value was last said again: history keeps the changes only.
`hot.served` marks the revision that readers are given; the order among revisions is
(generation, sent, rank, revision), which no order of arrival can change (P5).
"""

from sensing.ledger import COLUMNS

VERSION = 1

_ACCOUNT = "hour INTEGER, adapter TEXT, principal TEXT, device TEXT, run TEXT"

ADDED = {"events": {"more": "TEXT DEFAULT '{}'", "group": "TEXT DEFAULT ''", "changed": "INTEGER DEFAULT 0"}}
"""Columns that tables of an earlier release have not: a file is brought up to date when it is opened for writing."""

ACCOUNTS = f"""CREATE TABLE IF NOT EXISTS accounts(
  {_ACCOUNT}, {", ".join(f"{name} INTEGER" for name in COLUMNS)},
  PRIMARY KEY(hour, adapter, principal, device, run));
"""

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
CREATE TABLE IF NOT EXISTS watched(series INTEGER PRIMARY KEY, rule BLOB, floor INTEGER, seed BLOB);
CREATE TABLE IF NOT EXISTS samples(series INTEGER, time INTEGER, result REAL, PRIMARY KEY(series, time)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events(
  id TEXT PRIMARY KEY, series INTEGER, kind TEXT, device TEXT, property TEXT, statistic TEXT, channel TEXT, run TEXT, origin TEXT,
  unit TEXT, domain TEXT, start INTEGER, "end" INTEGER, severity INTEGER, state TEXT, steps TEXT, peak REAL, peak_time INTEGER,
  marks TEXT, first_seen INTEGER, heard INTEGER, place INTEGER, superseded_by TEXT, version INTEGER,
  more TEXT DEFAULT '{{}}', "group" TEXT DEFAULT '', changed INTEGER DEFAULT 0) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS events_series ON events(series, start);
CREATE INDEX IF NOT EXISTS events_start ON events(start);
CREATE INDEX IF NOT EXISTS events_device ON events(device, kind, start);
CREATE INDEX IF NOT EXISTS events_changed ON events(changed);
CREATE INDEX IF NOT EXISTS events_state ON events(state, run);
CREATE TABLE IF NOT EXISTS voices(
  thing TEXT, run TEXT, origin TEXT, adapter TEXT, native TEXT, principal TEXT, domain TEXT, patience INTEGER, begin INTEGER,
  last INTEGER, astray INTEGER, PRIMARY KEY(thing, run)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS voices_principal ON voices(principal, run);
CREATE TABLE IF NOT EXISTS spans(thing TEXT, run TEXT, begin INTEGER, last INTEGER, PRIMARY KEY(thing, run, begin)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outages(
  principal TEXT, run TEXT, origin TEXT, begin INTEGER, "end" INTEGER, PRIMARY KEY(principal, run, begin)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS verdicts(
  series INTEGER, time INTEGER, who TEXT, quality INTEGER, reason INTEGER, told TEXT, PRIMARY KEY(series, time, who)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS behind(
  series INTEGER, time INTEGER, revision INTEGER, heard INTEGER, doubted INTEGER, PRIMARY KEY(series, time, revision)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS compared(
  series INTEGER PRIMARY KEY, thing TEXT, channel TEXT, run TEXT, property TEXT, statistic TEXT, lon REAL, lat REAL, level REAL,
  spike REAL, domain TEXT);
CREATE TABLE IF NOT EXISTS hours(
  series INTEGER, hour INTEGER, mean REAL, configuration INTEGER, code INTEGER, departure REAL, PRIMARY KEY(series, hour)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS unjudged(series INTEGER, hour INTEGER, PRIMARY KEY(series, hour)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ships(ship INTEGER PRIMARY KEY, thing TEXT, run TEXT, floor INTEGER, seed BLOB);
CREATE INDEX IF NOT EXISTS ships_thing ON ships(thing, run);
CREATE TABLE IF NOT EXISTS fixes(
  ship INTEGER, minute INTEGER, time INTEGER, lon REAL, lat REAL, speed REAL, status INTEGER, calm INTEGER,
  PRIMARY KEY(ship, minute)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS calls(
  id TEXT PRIMARY KEY, ship INTEGER, thing TEXT, run TEXT, port TEXT, first INTEGER, arrived INTEGER, anchored INTEGER, berth TEXT,
  berthed INTEGER, unberthed INTEGER, departed INTEGER, stays TEXT) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS calls_ship ON calls(ship, first);
CREATE INDEX IF NOT EXISTS calls_first ON calls(first);
CREATE TABLE IF NOT EXISTS cargoes(
  id TEXT PRIMARY KEY, thing TEXT, run TEXT, name TEXT, un INTEGER, goods TEXT, tonnes REAL, last_port TEXT, time INTEGER, by TEXT,
  at INTEGER, place INTEGER) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cargoes_thing ON cargoes(thing, run);
CREATE TABLE IF NOT EXISTS inspections(
  id TEXT PRIMARY KEY, thing TEXT, time INTEGER, note TEXT, by TEXT, at INTEGER, place INTEGER) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS inspections_thing ON inspections(thing, time);
CREATE TABLE IF NOT EXISTS storms(run TEXT, storm TEXT, points TEXT, by TEXT, at INTEGER, place INTEGER, PRIMARY KEY(run, storm)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS airs(series INTEGER, time INTEGER, result REAL, PRIMARY KEY(series, time)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stands(
  series INTEGER, since INTEGER, thing TEXT, property TEXT, run TEXT, lon REAL, lat REAL, PRIMARY KEY(series, since)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox(
  id INTEGER PRIMARY KEY AUTOINCREMENT, principal TEXT, topic TEXT, payload BLOB, at INTEGER);
CREATE TABLE IF NOT EXISTS annotations(
  id TEXT PRIMARY KEY, device TEXT, property TEXT, begin INTEGER, time INTEGER, quality INTEGER, reason TEXT, by TEXT,
  at INTEGER, place INTEGER);
CREATE TABLE IF NOT EXISTS commands(id TEXT PRIMARY KEY, op TEXT, by TEXT, at INTEGER, place INTEGER, result TEXT);
CREATE TABLE IF NOT EXISTS underway(id TEXT PRIMARY KEY, done INTEGER, total INTEGER, counts TEXT) WITHOUT ROWID;
{ACCOUNTS}CREATE TABLE IF NOT EXISTS intake({_ACCOUNT}, received INTEGER,
  PRIMARY KEY(hour, adapter, principal, device, run)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lake(id INTEGER PRIMARY KEY CHECK(id=1), sealed INTEGER, version INTEGER);
INSERT OR IGNORE INTO lake VALUES(1, 0, 0);
CREATE TABLE IF NOT EXISTS segments(
  id INTEGER PRIMARY KEY, file TEXT UNIQUE, level INTEGER, slot TEXT, keep REAL, first_commit INTEGER, last_commit INTEGER,
  "begin" INTEGER, "end" INTEGER, first_received INTEGER, last_received INTEGER, first_series INTEGER, last_series INTEGER,
  rows INTEGER, bytes INTEGER, sha TEXT, adopted_at INTEGER, replaced_by INTEGER, replaced_at INTEGER);
CREATE TABLE IF NOT EXISTS amended(
  series INTEGER, time INTEGER, seq INTEGER, commit_no INTEGER, generation INTEGER, sent INTEGER, rank INTEGER,
  quality INTEGER, reason INTEGER, served INTEGER, PRIMARY KEY(series, time, seq)) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS hot_amended AFTER UPDATE ON hot BEGIN
  DELETE FROM amended WHERE series=new.series AND time=new.time AND seq=new.seq;
  INSERT INTO amended SELECT new.series, new.time, new.seq, commit_no, new.generation, new.sent, new.rank, new.quality,
    new.reason, new.served FROM progress;
END;
CREATE TABLE IF NOT EXISTS resting(
  series INTEGER PRIMARY KEY, sealed_to INTEGER, time INTEGER, seq INTEGER, begin INTEGER, result REAL, quality INTEGER,
  reason INTEGER, revision INTEGER, received INTEGER, place INTEGER, lon REAL, lat REAL);
CREATE TABLE IF NOT EXISTS commits(commit_no INTEGER PRIMARY KEY, at INTEGER);
PRAGMA user_version = {VERSION};
"""
