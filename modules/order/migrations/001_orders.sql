CREATE TABLE orders (
  id             TEXT PRIMARY KEY,
  user_id        TEXT NOT NULL,
  total          INTEGER NOT NULL CHECK (total >= 0),
  currency       TEXT NOT NULL,
  status         TEXT NOT NULL,
  payment_id     TEXT NOT NULL,     -- chosen with the order, so that charging is idempotent by it
  payment_method TEXT NOT NULL,
  paid           INTEGER NOT NULL,  -- whether there is a payment of that id, declined ones included
  failure_step   TEXT,
  failure_code   TEXT,
  failure_detail TEXT,
  created_at     INTEGER NOT NULL,
  updated_at     INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX orders_by_user_and_status ON orders (user_id, status, id);
CREATE INDEX orders_by_status ON orders (status, id);

CREATE TABLE order_lines (
  order_id TEXT NOT NULL REFERENCES orders (id),
  number   INTEGER NOT NULL,
  sku      TEXT NOT NULL,
  quantity INTEGER NOT NULL CHECK (quantity > 0),
  amount   INTEGER NOT NULL CHECK (amount >= 0),
  currency TEXT NOT NULL,
  PRIMARY KEY (order_id, number)
) WITHOUT ROWID;

CREATE TABLE idempotency_keys (
  user_id    TEXT NOT NULL,
  key        TEXT NOT NULL,
  body_hash  TEXT NOT NULL,
  order_id   TEXT NOT NULL REFERENCES orders (id),
  expires_at INTEGER NOT NULL,
  PRIMARY KEY (user_id, key)
) WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
