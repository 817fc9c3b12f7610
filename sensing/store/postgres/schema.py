"""Tables in PostgreSQL: `sensing` is what all nodes share, `sensing_log_<identity>` what belongs to one node's log.

As in SQLite (sensing/store/schema.py says what each is for), but:

    logs      which logs there are: cursor, last commit, and a number; a place in a shared table is `number << 44 | place`
    counter   the number of the last commit of all; whoever commits holds its row until the transaction ends
    latest    also the commit that last touched the series, by which other nodes see that what they remember is old
    accounts, intake   also by log
    lake, segments, amended, resting   empty: nothing is sealed here, and what reads both stores finds so

Text is ordered by its bytes (COLLATE "C"), as in SQLite.
"""

from sensing.ledger import COLUMNS

VERSION = 2
"""Every change below raises it (a test knows the text of each version): tables and indexes that are missing are made then, and

ADDED     columns that tables of an earlier version have not, in the order in which a new table has them (at its end)
"""
SHARED = "sensing"
PLACE_BITS = 44
"""A place in a shared table is the log's number, then the frame's place in that log."""
SETTING_UP = 0x73656E73
"""Advisory lock of whoever makes tables."""

_T = 'TEXT COLLATE "C"'
_ACCOUNT = f"hour BIGINT, adapter {_T}, principal {_T}, device {_T}, run {_T}"

WORDS = """
CREATE OR REPLACE FUNCTION sensing.max(BIGINT, BIGINT) RETURNS BIGINT LANGUAGE sql IMMUTABLE AS 'SELECT greatest($1, $2)';
CREATE OR REPLACE FUNCTION sensing.ifnull(anycompatible, anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE
  AS 'SELECT coalesce($1, $2)';
CREATE OR REPLACE FUNCTION sensing.iif(BOOLEAN, anycompatible, anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE
  AS 'SELECT CASE WHEN $1 THEN $2 ELSE $3 END';
CREATE OR REPLACE FUNCTION sensing.json_each(TEXT) RETURNS TABLE(value TEXT) LANGUAGE sql IMMUTABLE ROWS 20
  AS 'SELECT pg_catalog.json_array_elements_text($1::json)';
"""
"""What SQLite knows and PostgreSQL does not. It inlines them."""

ADDED = {
    "sensing.events": {"more": "TEXT DEFAULT '{}'", '"group"': f"{_T} DEFAULT ''", "changed": "BIGINT DEFAULT 0"},
    "sensing.logs": {"version": "INTEGER DEFAULT 1"},
}

TABLES = f"""
CREATE TABLE IF NOT EXISTS sensing.about(version INTEGER);
INSERT INTO sensing.about SELECT {VERSION} WHERE NOT EXISTS (SELECT 1 FROM sensing.about);
CREATE TABLE IF NOT EXISTS sensing.counter(commit_no BIGINT) WITH (fillfactor=10);
INSERT INTO sensing.counter SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM sensing.counter);
CREATE TABLE IF NOT EXISTS sensing.logs(log BIGINT PRIMARY KEY, number INTEGER UNIQUE, place BIGINT, commit_no BIGINT, since BIGINT,
  version INTEGER DEFAULT 1) WITH (fillfactor=10);
CREATE TABLE IF NOT EXISTS sensing.series(
  id INTEGER PRIMARY KEY, thing {_T}, property {_T}, statistic {_T}, channel {_T}, run {_T}, origin {_T}, unit {_T},
  UNIQUE(thing, property, statistic, channel, run));
CREATE TABLE IF NOT EXISTS sensing.hot(
  seq BIGINT NOT NULL, time BIGINT NOT NULL, begin BIGINT, received BIGINT, sent BIGINT, generation BIGINT, place BIGINT,
  revision BIGINT, rank BIGINT, result DOUBLE PRECISION, lon DOUBLE PRECISION, lat DOUBLE PRECISION, series INTEGER NOT NULL,
  quality SMALLINT, reason SMALLINT, served BOOLEAN NOT NULL DEFAULT true);
CREATE UNIQUE INDEX IF NOT EXISTS hot_once ON sensing.hot(series, time, revision);
CREATE INDEX IF NOT EXISTS hot_seq ON sensing.hot(seq);
CREATE INDEX IF NOT EXISTS hot_time ON sensing.hot(time, seq);
CREATE TABLE IF NOT EXISTS sensing.latest(series INTEGER PRIMARY KEY, time BIGINT, newest BIGINT, commit_no BIGINT) WITH (fillfactor=50);
CREATE TABLE IF NOT EXISTS sensing.facts(
  thing {_T}, run {_T}, key {_T}, begin BIGINT, value {_T}, place BIGINT, seen BIGINT, PRIMARY KEY(thing, run, key, begin));
CREATE TABLE IF NOT EXISTS sensing.enrolled(
  thing {_T} PRIMARY KEY, type {_T}, adapter {_T}, native {_T}, principal {_T}, at BIGINT);
CREATE TABLE IF NOT EXISTS sensing.witnesses(
  series INTEGER, time BIGINT, revision BIGINT, principal {_T}, place BIGINT, PRIMARY KEY(series, time, revision, principal));
CREATE TABLE IF NOT EXISTS sensing.watched(series INTEGER PRIMARY KEY, rule BYTEA, floor BIGINT, seed BYTEA);
CREATE TABLE IF NOT EXISTS sensing.samples(series INTEGER, time BIGINT, result DOUBLE PRECISION, PRIMARY KEY(series, time));
CREATE TABLE IF NOT EXISTS sensing.events(
  id {_T} PRIMARY KEY, series INTEGER, kind {_T}, device {_T}, property {_T}, statistic {_T}, channel {_T}, run {_T}, origin {_T},
  unit {_T}, domain {_T}, start BIGINT, "end" BIGINT, severity INTEGER, state {_T}, steps {_T}, peak DOUBLE PRECISION,
  peak_time BIGINT, marks TEXT, first_seen BIGINT, heard BIGINT, place BIGINT, superseded_by {_T}, version INTEGER,
  more TEXT DEFAULT '{{}}', "group" {_T} DEFAULT '', changed BIGINT DEFAULT 0);
CREATE INDEX IF NOT EXISTS events_series ON sensing.events(series, start);
CREATE INDEX IF NOT EXISTS events_start ON sensing.events(start);
CREATE INDEX IF NOT EXISTS events_device ON sensing.events(device, kind, start);
CREATE INDEX IF NOT EXISTS events_changed ON sensing.events(changed);
CREATE INDEX IF NOT EXISTS events_state ON sensing.events(state, run);
CREATE TABLE IF NOT EXISTS sensing.verdicts(
  series INTEGER, time BIGINT, who {_T}, quality INTEGER, reason INTEGER, told TEXT, PRIMARY KEY(series, time, who));
CREATE TABLE IF NOT EXISTS sensing.behind(
  series INTEGER, time BIGINT, revision BIGINT, heard BIGINT, doubted INTEGER, PRIMARY KEY(series, time, revision));
CREATE TABLE IF NOT EXISTS sensing.compared(
  series INTEGER PRIMARY KEY, thing {_T}, channel {_T}, run {_T}, property {_T}, statistic {_T}, lon DOUBLE PRECISION,
  lat DOUBLE PRECISION, level DOUBLE PRECISION, spike DOUBLE PRECISION, domain {_T});
CREATE TABLE IF NOT EXISTS sensing.hours(
  series INTEGER, hour BIGINT, mean DOUBLE PRECISION, configuration INTEGER, code INTEGER, departure DOUBLE PRECISION, PRIMARY KEY(series, hour));
CREATE TABLE IF NOT EXISTS sensing.unjudged(series INTEGER, hour BIGINT, PRIMARY KEY(series, hour));
CREATE TABLE IF NOT EXISTS sensing.ships(ship INTEGER PRIMARY KEY, thing {_T}, run {_T}, floor BIGINT, seed BYTEA);
CREATE INDEX IF NOT EXISTS ships_thing ON sensing.ships(thing, run);
CREATE TABLE IF NOT EXISTS sensing.fixes(
  ship INTEGER, minute BIGINT, time BIGINT, lon DOUBLE PRECISION, lat DOUBLE PRECISION, speed DOUBLE PRECISION, status INTEGER,
  calm INTEGER, PRIMARY KEY(ship, minute));
CREATE TABLE IF NOT EXISTS sensing.calls(
  id {_T} PRIMARY KEY, ship INTEGER, thing {_T}, run {_T}, port {_T}, first BIGINT, arrived BIGINT, anchored BIGINT, berth {_T},
  berthed BIGINT, unberthed BIGINT, departed BIGINT, stays TEXT);
CREATE INDEX IF NOT EXISTS calls_ship ON sensing.calls(ship, first);
CREATE INDEX IF NOT EXISTS calls_first ON sensing.calls(first);
CREATE TABLE IF NOT EXISTS sensing.cargoes(
  id {_T} PRIMARY KEY, thing {_T}, run {_T}, name {_T}, un INTEGER, goods {_T}, tonnes DOUBLE PRECISION, last_port {_T}, time BIGINT,
  by {_T}, at BIGINT, place BIGINT);
CREATE INDEX IF NOT EXISTS cargoes_thing ON sensing.cargoes(thing, run);
CREATE TABLE IF NOT EXISTS sensing.inspections(
  id {_T} PRIMARY KEY, thing {_T}, time BIGINT, note {_T}, by {_T}, at BIGINT, place BIGINT);
CREATE INDEX IF NOT EXISTS inspections_thing ON sensing.inspections(thing, time);
CREATE TABLE IF NOT EXISTS sensing.storms(run {_T}, storm {_T}, points TEXT, by {_T}, at BIGINT, place BIGINT, PRIMARY KEY(run, storm));
CREATE TABLE IF NOT EXISTS sensing.airs(series INTEGER, time BIGINT, result DOUBLE PRECISION, PRIMARY KEY(series, time));
CREATE TABLE IF NOT EXISTS sensing.stands(
  series INTEGER, since BIGINT, thing {_T}, property {_T}, run {_T}, lon DOUBLE PRECISION, lat DOUBLE PRECISION, PRIMARY KEY(series, since));
CREATE TABLE IF NOT EXISTS sensing.annotations(
  id {_T} PRIMARY KEY, device {_T}, property {_T}, begin BIGINT, time BIGINT, quality INTEGER, reason {_T}, by {_T}, at BIGINT,
  place BIGINT);
CREATE TABLE IF NOT EXISTS sensing.accounts(
  log INTEGER, {_ACCOUNT}, {", ".join(f"{name} BIGINT" for name in COLUMNS)},
  PRIMARY KEY(hour, adapter, principal, device, run, log));
CREATE TABLE IF NOT EXISTS sensing.intake(log INTEGER, {_ACCOUNT}, received BIGINT, PRIMARY KEY(hour, adapter, principal, device, run, log));
CREATE TABLE IF NOT EXISTS sensing.commits(commit_no BIGINT PRIMARY KEY, at BIGINT);
"""

VIEWS = """
DROP VIEW IF EXISTS sensing.lake;
CREATE VIEW sensing.lake AS SELECT 0::BIGINT AS sealed, 0::BIGINT AS version;
DROP VIEW IF EXISTS sensing.amended;
CREATE VIEW sensing.amended AS SELECT 0 AS series, 0::BIGINT AS time, 0::BIGINT AS seq, 0::BIGINT AS commit_no,
  0::BIGINT AS generation, 0::BIGINT AS sent, 0::BIGINT AS rank, 0 AS quality, 0 AS reason, 0 AS served WHERE false;
DROP VIEW IF EXISTS sensing.segments;
CREATE VIEW sensing.segments AS SELECT 0::BIGINT AS id, ''::TEXT AS file, 0 AS level, ''::TEXT AS slot, 0::DOUBLE PRECISION AS keep,
  0::BIGINT AS first_commit, 0::BIGINT AS last_commit, 0::BIGINT AS begin, 0::BIGINT AS "end", 0::BIGINT AS first_received,
  0::BIGINT AS last_received, 0::BIGINT AS first_series, 0::BIGINT AS last_series, 0::BIGINT AS rows, 0::BIGINT AS bytes,
  ''::TEXT AS sha, 0::BIGINT AS adopted_at, 0::BIGINT AS replaced_by, 0::BIGINT AS replaced_at WHERE false;
DROP VIEW IF EXISTS sensing.resting;
CREATE VIEW sensing.resting AS SELECT 0 AS series, 0::BIGINT AS sealed_to, 0::BIGINT AS time, 0::BIGINT AS seq, 0::BIGINT AS begin,
  0::DOUBLE PRECISION AS result, 0::SMALLINT AS quality, 0::SMALLINT AS reason, 0::BIGINT AS revision, 0::BIGINT AS received,
  0::BIGINT AS place, 0::DOUBLE PRECISION AS lon, 0::DOUBLE PRECISION AS lat WHERE false;
"""

OWN = f"""
CREATE TABLE IF NOT EXISTS dead(
  place BIGINT, part BIGINT, {_ACCOUNT}, counted BOOLEAN, reason {_T}, detail {_T}, "offset" BIGINT, length BIGINT,
  attempts INTEGER DEFAULT 1, state {_T} DEFAULT 'open', PRIMARY KEY(place, part));
CREATE INDEX IF NOT EXISTS dead_open ON dead(state, reason);
CREATE TABLE IF NOT EXISTS held(
  place BIGINT, part BIGINT, {_ACCOUNT}, counted BOOLEAN, native {_T}, state {_T} DEFAULT 'open', PRIMARY KEY(place, part));
CREATE INDEX IF NOT EXISTS held_native ON held(state, adapter, native);
CREATE TABLE IF NOT EXISTS pending(place BIGINT PRIMARY KEY, {_ACCOUNT});
CREATE TABLE IF NOT EXISTS states(stream {_T} PRIMARY KEY, source BYTEA, state BYTEA, deadline BIGINT, received BIGINT);
CREATE TABLE IF NOT EXISTS editions(thing {_T} PRIMARY KEY, edition BIGINT);
CREATE TABLE IF NOT EXISTS clocks(run {_T} PRIMARY KEY, time BIGINT);
CREATE TABLE IF NOT EXISTS voices(
  thing {_T}, run {_T}, origin {_T}, adapter {_T}, native {_T}, principal {_T}, domain {_T}, patience BIGINT, begin BIGINT, last BIGINT,
  astray BIGINT, PRIMARY KEY(thing, run));
CREATE INDEX IF NOT EXISTS voices_principal ON voices(principal, run);
CREATE TABLE IF NOT EXISTS spans(thing {_T}, run {_T}, begin BIGINT, last BIGINT, PRIMARY KEY(thing, run, begin));
CREATE TABLE IF NOT EXISTS outages(principal {_T}, run {_T}, origin {_T}, begin BIGINT, "end" BIGINT, PRIMARY KEY(principal, run, begin));
CREATE TABLE IF NOT EXISTS outbox(id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, principal {_T}, topic {_T}, payload BYTEA, at BIGINT);
CREATE TABLE IF NOT EXISTS underway(id {_T} PRIMARY KEY, done BIGINT, total BIGINT, counts TEXT);
CREATE TABLE IF NOT EXISTS commands(id {_T} PRIMARY KEY, op {_T}, by {_T}, at BIGINT, place BIGINT, result TEXT);
"""

HYPERTABLE = (
    "SELECT public.create_hypertable('sensing.hot', 'time', chunk_time_interval => 604800000000::BIGINT, if_not_exists => true)"
)
"""Where the administrator has installed TimescaleDB in the database: a week a chunk. No index of `hot` is in its way."""

STAGING = """
SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;
CREATE TEMP TABLE incoming(
  seq BIGINT, series INTEGER, time BIGINT, begin BIGINT, result DOUBLE PRECISION, quality SMALLINT, reason SMALLINT, revision BIGINT,
  generation BIGINT, sent BIGINT, rank BIGINT, received BIGINT, place BIGINT, lon DOUBLE PRECISION, lat DOUBLE PRECISION)
  ON COMMIT DELETE ROWS;
"""
"""What a writing connection begins with. All that work joins is some rows with a table by its key: lookups, never whole tables."""


def own(log: int) -> str:
    """The schema of one log."""
    return f"sensing_log_{log:016x}"
