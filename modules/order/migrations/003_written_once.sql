-- What was ordered stands in its order's row, as JSON: it is written once, and read with its order only.
ALTER TABLE orders ADD COLUMN lines TEXT NOT NULL DEFAULT '{"lines":[]}';
UPDATE orders SET lines = json_object('lines', (
  SELECT json_group_array(json_object('sku', sku, 'quantity', quantity,
                                      'unitPrice', json_object('amount', amount, 'currency', currency)))
  FROM (SELECT * FROM order_lines WHERE order_id = orders.id ORDER BY number)));
DROP TABLE order_lines;

-- Nearly every order is pending for some milliseconds: these need one index, and enter the others when it is known what
-- became of them.
DROP INDEX orders_by_user_and_status;
DROP INDEX orders_by_status;
CREATE INDEX orders_pending ON orders (user_id, id) WHERE status = 'pending';
CREATE INDEX orders_by_user_and_status ON orders (user_id, status, id) WHERE status <> 'pending';
CREATE INDEX orders_by_status ON orders (status, id) WHERE status <> 'pending';
