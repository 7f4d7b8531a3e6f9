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

-- A row per sign-in that failed, or has come to no verdict yet.
CREATE TABLE sign_in_attempts (
  id        TEXT PRIMARY KEY,
  email_key TEXT NOT NULL,
  address   TEXT NOT NULL,
  at        INTEGER NOT NULL,
  failed    INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX sign_in_attempts_by_account ON sign_in_attempts (email_key);
CREATE INDEX sign_in_attempts_by_address ON sign_in_attempts (address);
CREATE INDEX sign_in_attempts_by_time ON sign_in_attempts (at);
