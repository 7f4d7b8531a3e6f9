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
  failure_detail TEXT,
  history        TEXT NOT NULL  -- a JSON object per line, oldest first
) WITHOUT ROWID;

CREATE INDEX sagas_at_work ON sagas (lease_until) WHERE state IN ('forward', 'compensating');
