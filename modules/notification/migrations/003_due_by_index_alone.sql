-- With the state in it, the index alone tells how many are due; SQLite looked for each one's row.
DROP INDEX notifications_to_send;
CREATE INDEX notifications_to_send ON notifications (next_try_at, status) WHERE status = 'waiting';
