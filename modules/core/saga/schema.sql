CREATE TABLE sagas (
  id             TEXT PRIMARY KEY,
  state          TEXT NOT NULL,
  step           INTEGER NOT NULL,
  attempt        INTEGER NOT NULL,
  fence          INTEGER NOT NULL,
  owner          TEXT NOT NULL,
  lease_until    INTEGER NOT NULL,
  failure_step   TEXT,
  failure_reason TEXT,
  failure_detail TEXT
) WITHOUT ROWID;

CREATE INDEX sagas_at_work ON sagas (lease_until) WHERE state IN ('forward', 'compensating');

CREATE TABLE saga_entries (
  saga_id TEXT NOT NULL,
  number  INTEGER NOT NULL,
  step    TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  at      INTEGER NOT NULL,
  detail  TEXT NOT NULL,
  PRIMARY KEY (saga_id, number)
) WITHOUT ROWID;
