-- A row per payment id that was ever charged, declined or refunded. `void`: refunded before it was charged;
-- the row refuses the charge that may still come, and nobody sees it.
CREATE TABLE payments (
  id         TEXT PRIMARY KEY,
  order_id   TEXT NOT NULL,
  user_id    TEXT NOT NULL,
  amount     INTEGER NOT NULL CHECK (amount >= 0),
  currency   TEXT NOT NULL,
  -- Not IN: for more than two values SQLite makes a table anew for every row it checks.
  status     TEXT NOT NULL
             CHECK (status = 'captured' OR status = 'declined' OR status = 'refunded' OR status = 'void'),
  created_at INTEGER NOT NULL
) WITHOUT ROWID;

-- What moved. Only ever added to: a payment's rows sum to what we hold of it.
CREATE TABLE ledger (
  payment_id TEXT NOT NULL REFERENCES payments (id),
  kind       TEXT NOT NULL CHECK (kind IN ('charge', 'refund')),
  amount     INTEGER NOT NULL,
  currency   TEXT NOT NULL,
  at         INTEGER NOT NULL,
  PRIMARY KEY (payment_id, kind)
) WITHOUT ROWID;

CREATE TRIGGER ledger_is_never_changed BEFORE UPDATE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END;
CREATE TRIGGER ledger_is_never_cut BEFORE DELETE ON ledger
BEGIN SELECT RAISE(ABORT, 'the ledger is only added to'); END;
