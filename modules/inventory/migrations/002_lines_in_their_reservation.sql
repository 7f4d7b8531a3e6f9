-- What was set aside stands in its reservation's row, as JSON: it is written once, and read with its reservation only.
ALTER TABLE reservations ADD COLUMN lines TEXT NOT NULL DEFAULT '{"lines":[]}';
UPDATE reservations SET lines = json_object('lines', (
  SELECT json_group_array(json_object('sku', sku, 'quantity', quantity))
  FROM reservation_lines WHERE reservation_lines.order_id = reservations.order_id));
DROP TABLE reservation_lines;
