-- Which mails of an order are to go before another.
CREATE INDEX notifications_unsent ON notifications (order_id, id) WHERE status IN ('waiting', 'failed');
