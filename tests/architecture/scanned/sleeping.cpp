// ERROR: nothing on a loop may sleep
// AT: modules/payment/src/payment_service.cpp
void f() { std::this_thread::sleep_for(seconds{1}); }
