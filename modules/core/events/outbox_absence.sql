-- For how long a reader has not come, counted by the hour while the publisher runs: a clock that is set, or a publisher that
-- was away itself, counts for an hour at most. `seen_at` is from now on when it came, or was last counted.
ALTER TABLE outbox_readers ADD COLUMN absent_hours INTEGER NOT NULL DEFAULT 0;
