// ERROR: librabbitmq is used in modules/core/amqp only
// AT: modules/core/saga/runner.cpp
#include <amqp_tcp_socket.h>
