-- Who there is to order, as the user module has told: for when it cannot be asked.
CREATE TABLE customers (
  id TEXT PRIMARY KEY
) WITHOUT ROWID;
