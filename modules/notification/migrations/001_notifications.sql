-- A row per event that a customer is to hear of. `next_try_at` is also a claim: whoever sends a mail puts it off first,
-- so that another process comes to it only if this one dies over it.
CREATE TABLE notifications (
  id          TEXT PRIMARY KEY,  -- the event's
  kind        TEXT NOT NULL,
  order_id    TEXT NOT NULL,
  user_id     TEXT NOT NULL,
  event       TEXT NOT NULL,     -- the envelope, as JSON
  status      TEXT NOT NULL,
  attempts    INTEGER NOT NULL DEFAULT 0,
  next_try_at INTEGER NOT NULL,
  failure     TEXT,
  created_at  INTEGER NOT NULL,
  sent_at     INTEGER
) WITHOUT ROWID;
CREATE INDEX notifications_to_send ON notifications (next_try_at) WHERE status = 'waiting';
