-- Accounts that are older than events are told of too.
INSERT INTO outbox (id, type, version, subject, time, data)
SELECT lower(hex(randomblob(16))), 'user_created', 1, id, created_at,
       json_object('id', id, 'name', name, 'email', email, 'locale', locale, 'role', role,
                   'createdAt', strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch'))
FROM users ORDER BY id;
