-- What was set aside stands in its reservation's row, since it is written once and read with it only: for each item a line
-- of quantity and sku, "2 anvil".
ALTER TABLE reservations ADD COLUMN lines TEXT NOT NULL DEFAULT '';
UPDATE reservations SET lines = (
  SELECT coalesce(group_concat(quantity || ' ' || sku || char(10), ''), '')
  FROM reservation_lines WHERE reservation_lines.order_id = reservations.order_id);
DROP TABLE reservation_lines;
