CREATE TABLE items (
  sku      TEXT PRIMARY KEY,
  name     TEXT NOT NULL,
  amount   INTEGER NOT NULL CHECK (amount >= 0),
  currency TEXT NOT NULL,
  on_hand  INTEGER NOT NULL CHECK (on_hand >= 0),
  reserved INTEGER NOT NULL DEFAULT 0 CHECK (reserved >= 0 AND reserved <= on_hand)
) WITHOUT ROWID;

-- One row per order that ever asked, whatever became of it: the row is what makes a late or repeated request
-- harmless.
CREATE TABLE reservations (
  order_id   TEXT PRIMARY KEY,
  state      TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  detail     TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;

CREATE INDEX reservations_held ON reservations (expires_at) WHERE state = 'held';

CREATE TABLE reservation_lines (
  order_id TEXT NOT NULL REFERENCES reservations (order_id),
  sku      TEXT NOT NULL REFERENCES items (sku),
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (order_id, sku)
) WITHOUT ROWID;
