-- Tables that the release of 2026-11-22 05:20 UTC (commit 94adcd2, schema 1) made in PostgreSQL; OWN stands in the schema of log 7.
CREATE SCHEMA sensing;
CREATE OR REPLACE FUNCTION sensing.max(BIGINT, BIGINT) RETURNS BIGINT LANGUAGE sql IMMUTABLE AS 'SELECT greatest($1, $2)';
CREATE OR REPLACE FUNCTION sensing.ifnull(anycompatible, anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE
  AS 'SELECT coalesce($1, $2)';
CREATE OR REPLACE FUNCTION sensing.iif(BOOLEAN, anycompatible, anycompatible) RETURNS anycompatible LANGUAGE sql IMMUTABLE
  AS 'SELECT CASE WHEN $1 THEN $2 ELSE $3 END';
CREATE OR REPLACE FUNCTION sensing.json_each(TEXT) RETURNS TABLE(value TEXT) LANGUAGE sql IMMUTABLE ROWS 20
  AS 'SELECT pg_catalog.json_array_elements_text($1::json)';
CREATE TABLE sensing.about(version INTEGER);
INSERT INTO sensing.about VALUES(1);
CREATE TABLE sensing.counter(commit_no BIGINT) WITH (fillfactor=10);
INSERT INTO sensing.counter VALUES(0);
CREATE TABLE sensing.logs(log BIGINT PRIMARY KEY, number INTEGER UNIQUE, place BIGINT, commit_no BIGINT, since BIGINT)
  WITH (fillfactor=10);
CREATE TABLE sensing.series(
  id INTEGER PRIMARY KEY, thing TEXT COLLATE "C", property TEXT COLLATE "C", statistic TEXT COLLATE "C", channel TEXT COLLATE "C", run TEXT COLLATE "C", origin TEXT COLLATE "C", unit TEXT COLLATE "C",
  UNIQUE(thing, property, statistic, channel, run));
CREATE TABLE sensing.hot(
  seq BIGINT NOT NULL, time BIGINT NOT NULL, begin BIGINT, received BIGINT, sent BIGINT, generation BIGINT, place BIGINT,
  revision BIGINT, rank BIGINT, result DOUBLE PRECISION, lon DOUBLE PRECISION, lat DOUBLE PRECISION, series INTEGER NOT NULL,
  quality SMALLINT, reason SMALLINT, served BOOLEAN NOT NULL DEFAULT true);
CREATE UNIQUE INDEX hot_once ON sensing.hot(series, time, revision);
CREATE INDEX hot_seq ON sensing.hot(seq);
CREATE INDEX hot_time ON sensing.hot(time, seq);
CREATE TABLE sensing.latest(series INTEGER PRIMARY KEY, time BIGINT, newest BIGINT, commit_no BIGINT) WITH (fillfactor=50);
CREATE TABLE sensing.facts(
  thing TEXT COLLATE "C", run TEXT COLLATE "C", key TEXT COLLATE "C", begin BIGINT, value TEXT COLLATE "C", place BIGINT, seen BIGINT, PRIMARY KEY(thing, run, key, begin));
CREATE TABLE sensing.enrolled(
  thing TEXT COLLATE "C" PRIMARY KEY, type TEXT COLLATE "C", adapter TEXT COLLATE "C", native TEXT COLLATE "C", principal TEXT COLLATE "C", at BIGINT);
CREATE TABLE sensing.witnesses(
  series INTEGER, time BIGINT, revision BIGINT, principal TEXT COLLATE "C", place BIGINT, PRIMARY KEY(series, time, revision, principal));
CREATE TABLE sensing.watched(series INTEGER PRIMARY KEY, rule BYTEA, floor BIGINT, seed BYTEA);
CREATE TABLE sensing.samples(series INTEGER, time BIGINT, result DOUBLE PRECISION, PRIMARY KEY(series, time));
CREATE TABLE sensing.events(
  id TEXT COLLATE "C" PRIMARY KEY, series INTEGER, kind TEXT COLLATE "C", device TEXT COLLATE "C", property TEXT COLLATE "C", statistic TEXT COLLATE "C", channel TEXT COLLATE "C", run TEXT COLLATE "C", origin TEXT COLLATE "C",
  unit TEXT COLLATE "C", domain TEXT COLLATE "C", start BIGINT, "end" BIGINT, severity INTEGER, state TEXT COLLATE "C", steps TEXT COLLATE "C", peak DOUBLE PRECISION,
  peak_time BIGINT, marks TEXT, first_seen BIGINT, heard BIGINT, place BIGINT, superseded_by TEXT COLLATE "C", version INTEGER);
CREATE INDEX events_series ON sensing.events(series, start);
CREATE INDEX events_start ON sensing.events(start);
CREATE TABLE sensing.annotations(
  id TEXT COLLATE "C" PRIMARY KEY, device TEXT COLLATE "C", property TEXT COLLATE "C", begin BIGINT, time BIGINT, quality INTEGER, reason TEXT COLLATE "C", by TEXT COLLATE "C", at BIGINT,
  place BIGINT);
CREATE TABLE sensing.accounts(
  log INTEGER, hour BIGINT, adapter TEXT COLLATE "C", principal TEXT COLLATE "C", device TEXT COLLATE "C", run TEXT COLLATE "C", received BIGINT, decoded BIGINT, silent BIGINT, pending BIGINT, dead_lettered BIGINT, quarantined BIGINT, readings BIGINT, stored BIGINT, duplicate BIGINT, revised BIGINT, unmapped BIGINT,
  PRIMARY KEY(hour, adapter, principal, device, run, log));
CREATE TABLE sensing.intake(log INTEGER, hour BIGINT, adapter TEXT COLLATE "C", principal TEXT COLLATE "C", device TEXT COLLATE "C", run TEXT COLLATE "C", received BIGINT, PRIMARY KEY(hour, adapter, principal, device, run, log));
CREATE TABLE sensing.commits(commit_no BIGINT PRIMARY KEY, at BIGINT);
CREATE VIEW sensing.lake AS SELECT 0::BIGINT AS sealed, 0::BIGINT AS version;
CREATE VIEW sensing.amended AS SELECT 0 AS series, 0::BIGINT AS time, 0::BIGINT AS seq, 0::BIGINT AS commit_no,
  0::BIGINT AS generation, 0::BIGINT AS sent, 0::BIGINT AS rank, 0 AS quality, 0 AS reason, 0 AS served WHERE false;
CREATE VIEW sensing.segments AS SELECT 0::BIGINT AS id, ''::TEXT AS file, 0 AS level, ''::TEXT AS slot, 0::DOUBLE PRECISION AS keep,
  0::BIGINT AS first_commit, 0::BIGINT AS last_commit, 0::BIGINT AS begin, 0::BIGINT AS "end", 0::BIGINT AS first_received,
  0::BIGINT AS last_received, 0::BIGINT AS first_series, 0::BIGINT AS last_series, 0::BIGINT AS rows, 0::BIGINT AS bytes,
  ''::TEXT AS sha, 0::BIGINT AS adopted_at, 0::BIGINT AS replaced_by, 0::BIGINT AS replaced_at WHERE false;
CREATE VIEW sensing.resting AS SELECT 0 AS series, 0::BIGINT AS sealed_to, 0::BIGINT AS time, 0::BIGINT AS seq, 0::BIGINT AS begin,
  0::DOUBLE PRECISION AS result, 0::SMALLINT AS quality, 0::SMALLINT AS reason, 0::BIGINT AS revision, 0::BIGINT AS received,
  0::BIGINT AS place, 0::DOUBLE PRECISION AS lon, 0::DOUBLE PRECISION AS lat WHERE false;
CREATE SCHEMA sensing_log_0000000000000007;
SET LOCAL search_path = sensing_log_0000000000000007;
CREATE TABLE dead(
  place BIGINT, part BIGINT, hour BIGINT, adapter TEXT COLLATE "C", principal TEXT COLLATE "C", device TEXT COLLATE "C", run TEXT COLLATE "C", counted BOOLEAN, reason TEXT COLLATE "C", detail TEXT COLLATE "C", "offset" BIGINT, length BIGINT,
  attempts INTEGER DEFAULT 1, state TEXT COLLATE "C" DEFAULT 'open', PRIMARY KEY(place, part));
CREATE INDEX dead_open ON dead(state, reason);
CREATE TABLE held(
  place BIGINT, part BIGINT, hour BIGINT, adapter TEXT COLLATE "C", principal TEXT COLLATE "C", device TEXT COLLATE "C", run TEXT COLLATE "C", counted BOOLEAN, native TEXT COLLATE "C", state TEXT COLLATE "C" DEFAULT 'open', PRIMARY KEY(place, part));
CREATE INDEX held_native ON held(state, adapter, native);
CREATE TABLE pending(place BIGINT PRIMARY KEY, hour BIGINT, adapter TEXT COLLATE "C", principal TEXT COLLATE "C", device TEXT COLLATE "C", run TEXT COLLATE "C");
CREATE TABLE states(stream TEXT COLLATE "C" PRIMARY KEY, source BYTEA, state BYTEA, deadline BIGINT, received BIGINT);
CREATE TABLE editions(thing TEXT COLLATE "C" PRIMARY KEY, edition BIGINT);
CREATE TABLE clocks(run TEXT COLLATE "C" PRIMARY KEY, time BIGINT);
CREATE TABLE outbox(id BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, principal TEXT COLLATE "C", topic TEXT COLLATE "C", payload BYTEA, at BIGINT);
CREATE TABLE underway(id TEXT COLLATE "C" PRIMARY KEY, done BIGINT, total BIGINT, counts TEXT);
CREATE TABLE commands(id TEXT COLLATE "C" PRIMARY KEY, op TEXT COLLATE "C", by TEXT COLLATE "C", at BIGINT, place BIGINT, result TEXT);
INSERT INTO sensing.logs VALUES(7, 0, 0, 0, 0);
