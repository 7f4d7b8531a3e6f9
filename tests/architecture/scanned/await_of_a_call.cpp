// ERROR: the operand of co_await is a name
// AT: modules/order/src/order_service.cpp
Task<> f() {
  co_await links_.users.handle(call, FindUser{id});
}
