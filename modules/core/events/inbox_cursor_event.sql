-- The id of the event there. Where the outbox has another, it was put back from a backup, and has grown since.
ALTER TABLE feed_cursors ADD COLUMN event TEXT NOT NULL DEFAULT '';
