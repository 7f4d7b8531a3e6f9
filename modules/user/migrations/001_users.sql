CREATE TABLE users (
  id            TEXT PRIMARY KEY,
  name          TEXT NOT NULL,
  email         TEXT NOT NULL,
  email_key     TEXT NOT NULL UNIQUE,  -- the e-mail in lower case
  password_hash TEXT NOT NULL,         -- Argon2id, PHC string format
  locale        TEXT NOT NULL,
  role          TEXT NOT NULL,
  created_at    INTEGER NOT NULL
) WITHOUT ROWID;

-- A row per sign-in that failed, or has not yet succeeded.
CREATE TABLE sign_in_failures (
  id        TEXT PRIMARY KEY,
  email_key TEXT NOT NULL,
  address   TEXT NOT NULL,
  at        INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX sign_in_failures_by_account ON sign_in_failures (email_key, at);
CREATE INDEX sign_in_failures_by_address ON sign_in_failures (address, at);
CREATE INDEX sign_in_failures_by_time ON sign_in_failures (at);
