-- What was ordered stands in its order's row, since it is written once and read with it only: for each item a line of
-- quantity, price of one, currency and sku, "2 1999 USD anvil".
ALTER TABLE orders ADD COLUMN lines TEXT NOT NULL DEFAULT '';
UPDATE orders SET lines = (
  SELECT coalesce(group_concat(quantity || ' ' || amount || ' ' || currency || ' ' || sku || char(10), ''), '')
  FROM (SELECT * FROM order_lines WHERE order_id = orders.id ORDER BY number));
DROP TABLE order_lines;

-- Nearly every order is pending for some milliseconds: these need one index, and enter the others when it is known what
-- became of them.
DROP INDEX orders_by_user_and_status;
DROP INDEX orders_by_status;
CREATE INDEX orders_pending ON orders (user_id, id) WHERE status = 'pending';
CREATE INDEX orders_by_user_and_status ON orders (user_id, status, id) WHERE status <> 'pending';
CREATE INDEX orders_by_status ON orders (status, id) WHERE status <> 'pending';
