// ERROR: a contract knows no engine
// AT: modules/payment/contract/payment/payment.h
#pragma once
#include "sql/session.h"
