CREATE TABLE charges (
  key      TEXT PRIMARY KEY,
  state    TEXT NOT NULL CHECK (state IN ('trying', 'approved', 'declined', 'refunded', 'void')),
  tries    INTEGER NOT NULL,
  amount   INTEGER NOT NULL,
  currency TEXT NOT NULL
) WITHOUT ROWID;
