-- What a test's module notes of the events it hears. Nothing here is unique: what happens twice is to be seen.
CREATE TABLE effects (
  subject TEXT NOT NULL,
  number  INTEGER NOT NULL
);

-- How far a test's module has come that makes events.
CREATE TABLE numbers (
  subject TEXT PRIMARY KEY,
  number  INTEGER NOT NULL
) WITHOUT ROWID;
