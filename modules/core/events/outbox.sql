-- What has happened, written by the transaction in which it happened. Positions ascend in the order of the commits:
-- one transaction writes at a time. The last row is never deleted, so that no position is used again (AUTOINCREMENT would
-- see to that too, by writing to a table of its own for each event).
CREATE TABLE outbox (
  position    INTEGER PRIMARY KEY,
  id          TEXT NOT NULL,
  type        TEXT NOT NULL,
  version     INTEGER NOT NULL,
  subject     TEXT NOT NULL,
  time        INTEGER NOT NULL,
  traceparent TEXT,
  data        TEXT NOT NULL
);

-- Who reads it, and up to where it has read. A reader that only one process may be at a time (the relay to a broker)
-- holds a lease on its row; each new holder raises the fence.
CREATE TABLE outbox_readers (
  name        TEXT PRIMARY KEY,
  position    INTEGER NOT NULL,
  seen_at     INTEGER NOT NULL,
  owner       TEXT NOT NULL DEFAULT '',
  lease_until INTEGER NOT NULL DEFAULT 0,
  fence       INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
