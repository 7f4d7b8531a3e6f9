// ERROR: no #pragma once
// AT: modules/payment/src/payment_store.h
namespace svc {}
