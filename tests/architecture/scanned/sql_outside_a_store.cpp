// ERROR: SQL stands in *_store.cpp only
// AT: modules/order/src/order_service.cpp
void f(sql::Session& s) {
  s.any("SELECT 1 FROM orders");
}
