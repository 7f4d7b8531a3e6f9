// What there is to measure, as Prometheus reads it.
#include <thread>

#include "contract/operation_meter.h"
#include "observe/measures.h"
#include "support/catch.h"

namespace {

using namespace svc;
using namespace std::chrono_literals;

OperationMeter tried{"meter_test", "tried"}, never_called{"meter_test", "never_called"};

TEST_CASE("measures of one name stand together, under one head") {
  Measures measures;
  measures.gauge("svc_b", "How b stands", {{"module", "order"}, {"state", "parked"}}, -3);
  measures.counter("svc_a_total", "How often a was", {}, 7);
  measures.gauge("svc_b", "How b stands", {{"module", "user"}}, 0);
  CHECK(measures.text() ==
        "# HELP svc_a_total How often a was\n"
        "# TYPE svc_a_total counter\n"
        "svc_a_total 7\n"
        "# HELP svc_b How b stands\n"
        "# TYPE svc_b gauge\n"
        "svc_b{module=\"order\",state=\"parked\"} -3\n"
        "svc_b{module=\"user\"} 0\n");
}

TEST_CASE("a label's value may be any text") {
  Measures measures;
  measures.gauge("svc_x", "x", {{"why", "a \"b\" \\ c\nd"}}, 1);
  CHECK(measures.text().ends_with("svc_x{why=\"a \\\"b\\\" \\\\ c\\nd\"} 1\n"));
}

TEST_CASE("a histogram counts what is not longer than each bound, in seconds") {
  Measures measures;
  measures.histogram("svc_x_seconds", "How long x took", {{"operation", "a"}},
                     {.buckets = {{100, 3}, {2'500, 0}, {1'000'000, 2}}, .longer = 1, .sum_ns = 61'000'250'000});
  CHECK(measures.text() ==
        "# HELP svc_x_seconds How long x took\n"
        "# TYPE svc_x_seconds histogram\n"
        "svc_x_seconds_bucket{operation=\"a\",le=\"0.0001\"} 3\n"
        "svc_x_seconds_bucket{operation=\"a\",le=\"0.0025\"} 3\n"
        "svc_x_seconds_bucket{operation=\"a\",le=\"1\"} 5\n"
        "svc_x_seconds_bucket{operation=\"a\",le=\"+Inf\"} 6\n"
        "svc_x_seconds_sum{operation=\"a\"} 61.00025\n"
        "svc_x_seconds_count{operation=\"a\"} 6\n");
}

TEST_CASE("calls of an operation are counted by how they ended and how long they took, whoever counts them") {
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([] {
      for (int call = 0; call < 1'000; ++call) tried.note(std::nullopt, 100us);
      tried.note(Code::conflict, 101us);
      tried.note(Code::timeout, 31s);
    });
  for (auto& thread : threads) thread.join();
  Measures measures;
  OperationMeter::measure_all(measures);
  const auto text = measures.text();
  const std::string of = "{service=\"meter_test\",operation=\"tried\"";
  for (const auto& line :
       {"svc_operations_total" + of + ",outcome=\"ok\"} 6000\n",
        "svc_operations_total" + of + ",outcome=\"conflict\"} 6\n",
        "svc_operations_total" + of + ",outcome=\"timeout\"} 6\n",
        "svc_operation_seconds_bucket" + of + ",le=\"0.0001\"} 6000\n",
        "svc_operation_seconds_bucket" + of + ",le=\"0.0005\"} 6006\n",
        "svc_operation_seconds_bucket" + of + ",le=\"30\"} 6006\n", "svc_operation_seconds_count" + of + "} 6012\n",
        "svc_operation_seconds_sum" + of + "} 186.600606\n"}) {
    CAPTURE(line);
    CHECK_THAT(text, Catch::Matchers::ContainsSubstring(line));
  }
  CHECK_THAT(text, !Catch::Matchers::ContainsSubstring("never_called"));
}

}  // namespace
