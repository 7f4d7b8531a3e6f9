// ERROR: a contract does not know who implements it
// AT: modules/payment/contract/payment/payment.h
#pragma once
#include "payment/module.h"
