// ERROR: SQLite is used in modules/core/sql only
// AT: modules/order/src/order_store.cpp
#include <SQLiteCpp/SQLiteCpp.h>
