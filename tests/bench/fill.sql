-- Fills the databases of svc as it leaves them itself. One script per database; `amount` says how much.
-- database
BEGIN;
INSERT INTO users (id, name, email, email_key, password_hash, locale, role, created_at)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n, amount WHERE i < others)
SELECT printf('01900000-0000-7000-a000-%012x', i), 'Customer ' || i, i || '@example.com', i || '@example.com', '',
       'en', 'customer', 1720000000000 + i
FROM n;
COMMIT;
-- database
BEGIN;
INSERT INTO items (sku, name, amount, currency, on_hand)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n, amount WHERE i < others)
SELECT 'item-' || i, 'Item ' || i, 1999, 'USD', 1000 FROM n;
INSERT INTO reservations (order_id, state, expires_at, lines)
SELECT printf('01900000-0000-7000-8000-%012x', i), 'committed', 1720000900000 + i,
       '1 item-' || (1 + i * 7919 % others) || char(10)
FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n, amount WHERE i < orders) SELECT i FROM n), amount;
COMMIT;
-- database
BEGIN;
INSERT INTO payments (id, order_id, user_id, amount, currency, status, created_at)
SELECT printf('01900000-0000-7000-9000-%012x', i), printf('01900000-0000-7000-8000-%012x', i),
       printf('01900000-0000-7000-a000-%012x', 1 + i * 7919 % others), 1999, 'USD', 'captured', 1720000000000 + i
FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n, amount WHERE i < orders) SELECT i FROM n), amount;
INSERT INTO ledger (payment_id, kind, amount, currency, at)
SELECT id, 'charge', amount, currency, created_at FROM payments WHERE id LIKE '01900000-%';
COMMIT;
-- database
BEGIN;
INSERT INTO orders (id, user_id, total, currency, status, payment_id, payment_method, paid, created_at, updated_at,
                    lines)
SELECT printf('01900000-0000-7000-8000-%012x', i), printf('01900000-0000-7000-a000-%012x', 1 + i * 7919 % others), 1999,
       'USD', 'confirmed', printf('01900000-0000-7000-9000-%012x', i), 'tok_visa', 1, 1720000000000 + i, 1720000000000 + i,
       '1 1999 USD item-' || (i % others) || char(10)
FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n, amount WHERE i < orders) SELECT i FROM n), amount;
INSERT INTO sagas (id, state, step, attempt, fence, owner, lease_until, history)
SELECT id, 'done', 3, 1, 1, user_id, created_at,
       '{"step":"create","attempt":1,"outcome":"done","at":"2024-07-03T09:46:40.000Z","detail":""}' || char(10) ||
       '{"step":"reserve","attempt":1,"outcome":"done","at":"2024-07-03T09:46:40.000Z","detail":""}' || char(10) ||
       '{"step":"pay","attempt":1,"outcome":"done","at":"2024-07-03T09:46:40.000Z","detail":""}' || char(10) ||
       '{"step":"confirm","attempt":1,"outcome":"done","at":"2024-07-03T09:46:40.000Z","detail":""}' || char(10)
FROM orders WHERE id LIKE '01900000-%';
COMMIT;
