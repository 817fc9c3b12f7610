PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE changes (
 id INTEGER NOT NULL, 
 version BIGINT NOT NULL, 
 credentials BIGINT NOT NULL, 
 schema INTEGER NOT NULL, 
 PRIMARY KEY (id)
);
INSERT INTO changes VALUES(1,8,8,1);
CREATE TABLE principals (
 id VARCHAR(64) NOT NULL, 
 kind VARCHAR(16) NOT NULL, 
 name VARCHAR NOT NULL, 
 created BIGINT NOT NULL, 
 retired BIGINT, 
 changed BIGINT NOT NULL, 
 PRIMARY KEY (id)
);
INSERT INTO principals VALUES('gw-1','gateway','',1780000000000000,NULL,2);
CREATE TABLE runs (
 id VARCHAR(64) NOT NULL, 
 origin VARCHAR(16) NOT NULL, 
 name VARCHAR NOT NULL, 
 started BIGINT NOT NULL, 
 ended BIGINT, 
 PRIMARY KEY (id)
);
CREATE TABLE tokens (
 id VARCHAR(64) NOT NULL, 
 name VARCHAR NOT NULL, 
 role VARCHAR(16) NOT NULL, 
 salt BLOB NOT NULL, 
 hash BLOB NOT NULL, 
 created BIGINT NOT NULL, 
 expires BIGINT, 
 revoked BIGINT, 
 PRIMARY KEY (id)
);
CREATE TABLE credentials (
 id VARCHAR(64) NOT NULL, 
 principal VARCHAR(64) NOT NULL, 
 salt BLOB NOT NULL, 
 hash BLOB NOT NULL, 
 origin VARCHAR(16) NOT NULL, 
 run VARCHAR(64) NOT NULL, 
 created BIGINT NOT NULL, 
 expires BIGINT, 
 revoked BIGINT, 
 changed BIGINT NOT NULL, 
 PRIMARY KEY (id), 
 FOREIGN KEY(principal) REFERENCES principals (id)
);
INSERT INTO credentials VALUES('c-waj67debrzrn','gw-1',X'e878a546429ad20e8bf7d41890551191',X'f0e5db0485bc9079aa173498c6895be23ce5f546ed946bcf307ae8f7c3817376','live','',1780000000000000,NULL,1780000360000000,8);
CREATE TABLE things (
 id VARCHAR(64) NOT NULL, 
 type VARCHAR(64) NOT NULL, 
 adapter VARCHAR(32) NOT NULL, 
 native VARCHAR(128) NOT NULL, 
 principal VARCHAR(64) NOT NULL, 
 name VARCHAR NOT NULL, 
 lon FLOAT, 
 lat FLOAT, 
 crs VARCHAR(16) NOT NULL, 
 raw_lon FLOAT, 
 raw_lat FLOAT, 
 area VARCHAR NOT NULL, 
 domain VARCHAR(16) NOT NULL, 
 settings JSON NOT NULL, 
 state VARCHAR(8) NOT NULL, 
 created BIGINT NOT NULL, 
 retired BIGINT, 
 note VARCHAR NOT NULL, 
 changed BIGINT NOT NULL, 
 PRIMARY KEY (id), 
 FOREIGN KEY(principal) REFERENCES principals (id)
);
INSERT INTO things VALUES('gauge-1','river-gauge','sl651','0062031500','gw-1','桥头',117.59999999999999431,24.5,'wgs84',117.59999999999999431,24.5,'','safety','{}','active',1780000060000000,NULL,'',7);
INSERT INTO things VALUES('box-1','vendor-a','plainjson','n-1','gw-1','',NULL,NULL,'wgs84',NULL,NULL,'','city','{"k": 1}','retired',1780000120000000,1780000180000000,'',5);
INSERT INTO things VALUES('box-2','vendor-a','plainjson','n-1','gw-1','',NULL,NULL,'wgs84',NULL,NULL,'','city','{}','active',1780000240000000,NULL,'',6);
CREATE TABLE configs (
 thing VARCHAR(64) NOT NULL, 
 generation INTEGER NOT NULL, 
 valid_from BIGINT NOT NULL, 
 zero FLOAT, 
 "offset" FLOAT NOT NULL, 
 mount_height FLOAT, 
 datum VARCHAR NOT NULL, 
 units JSON NOT NULL, 
 period_rule VARCHAR NOT NULL, 
 PRIMARY KEY (thing, generation), 
 FOREIGN KEY(thing) REFERENCES things (id)
);
INSERT INTO configs VALUES('gauge-1',0,0,3.5,0.0,NULL,'85','{}','');
INSERT INTO configs VALUES('box-1',0,0,NULL,0.0,NULL,'','{}','');
INSERT INTO configs VALUES('box-2',0,0,NULL,0.0,NULL,'','{"rainfall": "cm"}','');
INSERT INTO configs VALUES('gauge-1',1,1780000300000000,3.7000000000000001776,0.0,NULL,'85','{}','');
CREATE TABLE audit (
 seq INTEGER NOT NULL, 
 at BIGINT NOT NULL, 
 who VARCHAR NOT NULL, 
 what VARCHAR NOT NULL, 
 subject VARCHAR NOT NULL, 
 details JSON NOT NULL, 
 address VARCHAR NOT NULL, 
 prev VARCHAR(64) NOT NULL, 
 hash VARCHAR(64) NOT NULL, 
 PRIMARY KEY (seq)
);
INSERT INTO audit VALUES(1,1780000000000000,'wang','principal_registered','gw-1','{"kind": "gateway", "name": ""}','10.0.0.7','0000000000000000000000000000000000000000000000000000000000000000','0c2d734b7c43fcb99351dd3bcb497c1f8a94d692e260961177137fec2c05c66d');
INSERT INTO audit VALUES(2,1780000000000000,'wang','credential_issued','gw-1','{"credential": "c-waj67debrzrn", "origin": "live", "run": ""}','10.0.0.7','0c2d734b7c43fcb99351dd3bcb497c1f8a94d692e260961177137fec2c05c66d','aaf200f8a7882163e99d387b941a637dcc9962f99ebb446884218a3d9c4c8a2e');
INSERT INTO audit VALUES(3,1780000060000000,'wang','device_registered','gauge-1','{"adapter": "sl651", "datum": "85", "lat": 24.5, "lon": 117.6, "name": "\u6865\u5934", "native": "0062031500", "principal": "gw-1", "settings": [], "type": "river-gauge", "zero": 3.5}','10.0.0.7','aaf200f8a7882163e99d387b941a637dcc9962f99ebb446884218a3d9c4c8a2e','728f052762c87b25dd1be7a5f27b946963922211b75af0e5c84fd715f058e9b5');
INSERT INTO audit VALUES(4,1780000120000000,'wang','device_registered','box-1','{"adapter": "plainjson", "native": "n-1", "principal": "gw-1", "settings": ["k"], "type": "vendor-a"}','10.0.0.7','728f052762c87b25dd1be7a5f27b946963922211b75af0e5c84fd715f058e9b5','9702810f9006e3e4ba2efad072760a17d0949b00540703dd8a20a5acf78d3e6d');
INSERT INTO audit VALUES(5,1780000180000000,'wang','device_retired','box-1','{}','10.0.0.7','9702810f9006e3e4ba2efad072760a17d0949b00540703dd8a20a5acf78d3e6d','40faf6f39b5cec185124b407cca8fce717ad2d412214733e91c34baac10d5588');
INSERT INTO audit VALUES(6,1780000240000000,'wang','device_registered','box-2','{"adapter": "plainjson", "native": "n-1", "principal": "gw-1", "settings": [], "type": "vendor-a", "unit": {"rainfall": "cm"}}','10.0.0.7','40faf6f39b5cec185124b407cca8fce717ad2d412214733e91c34baac10d5588','9aeb23c1f2fc1d39114c7c63ae90466fd7129efd696793f6fd77ced472388060');
INSERT INTO audit VALUES(7,1780000300000000,'wang','device_edited','gauge-1','{"generation": 1, "valid_from": 1780000300000000, "zero": 3.7}','10.0.0.7','9aeb23c1f2fc1d39114c7c63ae90466fd7129efd696793f6fd77ced472388060','3bad2f916c9b28f62be4a79db9404b940bdd2f9e665dfa926513572c184aa43a');
INSERT INTO audit VALUES(8,1780000360000000,'wang','credential_revoked','gw-1','{"credentials": ["c-waj67debrzrn"]}','10.0.0.7','3bad2f916c9b28f62be4a79db9404b940bdd2f9e665dfa926513572c184aa43a','6c73fd1154d459eb188c7404901085d1e1d2e8b2ed752ac72b8db9912654fc1d');
CREATE TABLE audit_head (
 id INTEGER NOT NULL, 
 count BIGINT NOT NULL, 
 hash VARCHAR(64) NOT NULL, 
 PRIMARY KEY (id)
);
INSERT INTO audit_head VALUES(1,8,'6c73fd1154d459eb188c7404901085d1e1d2e8b2ed752ac72b8db9912654fc1d');
CREATE INDEX ix_principals_changed ON principals (changed);
CREATE INDEX ix_credentials_run ON credentials (run);
CREATE INDEX ix_credentials_principal ON credentials (principal);
CREATE INDEX ix_credentials_changed ON credentials (changed);
CREATE INDEX things_of_principal ON things (principal, adapter);
CREATE INDEX ix_things_type ON things (type);
CREATE INDEX ix_things_area ON things (area);
CREATE UNIQUE INDEX one_active_native ON things (adapter, native) WHERE state = 'active';
CREATE INDEX ix_things_changed ON things (changed);
COMMIT;
