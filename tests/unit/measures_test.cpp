// What there is to measure, as Prometheus reads it.
#include "observe/measures.h"
#include "support/catch.h"

namespace {

using namespace svc;

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

}  // namespace
