CREATE TABLE charges (
  key      TEXT PRIMARY KEY,
  state    TEXT NOT NULL CHECK (state = 'trying' OR state = 'approved' OR state = 'declined' OR state = 'refunded' OR
                                state = 'void'),
  tries    INTEGER NOT NULL,
  amount   INTEGER NOT NULL,
  currency TEXT NOT NULL
) WITHOUT ROWID;
