-- Events that have had their effect here, or are parked below: written in the same transaction.
CREATE TABLE inbox (
  event_id TEXT NOT NULL,
  source   TEXT NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (event_id, source)
) WITHOUT ROWID;
CREATE INDEX inbox_by_time ON inbox (at);

-- Up to where a module's feed has been read.
CREATE TABLE feed_cursors (
  source   TEXT PRIMARY KEY,
  position INTEGER NOT NULL
) WITHOUT ROWID;

-- Events that could not have their effect, and the later ones of their subjects. The first of a subject is tried again
-- (retrying) until it is given up (parked) and a person sees to it; those behind it wait for it (behind).
CREATE TABLE parked_events (
  number      INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL,
  source      TEXT NOT NULL,
  type        TEXT NOT NULL,
  version     INTEGER NOT NULL,
  subject     TEXT NOT NULL,
  time        INTEGER NOT NULL,
  traceparent TEXT,
  data        TEXT NOT NULL,
  state       TEXT NOT NULL,
  attempts    INTEGER NOT NULL,
  next_try_at INTEGER NOT NULL,
  reason      TEXT NOT NULL,
  detail      TEXT NOT NULL,
  parked_at   INTEGER NOT NULL
);
CREATE INDEX parked_events_by_subject ON parked_events (source, subject, number);
CREATE INDEX parked_events_by_state ON parked_events (state, next_try_at);
CREATE INDEX parked_events_by_id ON parked_events (id);
