// ERROR: a header imposes no namespace
// AT: modules/payment/src/payment_store.h
#pragma once
using namespace svc;
