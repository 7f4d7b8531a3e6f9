// A bare cpp-httplib handler, with as many threads as connections: what stands behind nginx and HAProxy when they
// are measured. bench_bare PORT
#include <httplib.h>

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  httplib::Server server;
  server.new_task_queue = [] { return new httplib::ThreadPool(300); };
  server.set_tcp_nodelay(true);
  server.set_keep_alive_max_count(100'000'000);
  server.Get(R"(/users/(\w+))", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(R"({"id":"1","name":"Ann","email":"ann@example.com","role":"customer"})", "application/json");
  });
  if (!server.bind_to_port("127.0.0.1", std::atoi(argv[1]))) return 1;
  std::cout << "ready" << std::endl;
  return server.listen_after_bind() ? 0 : 1;
}
