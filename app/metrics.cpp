#include "metrics.h"

#include "contract/operation_meter.h"
#include "observe/log.h"
#include "observe/measures.h"

namespace svc::app {

void add_metrics(http::Router& router, std::vector<Measured> modules) {
  router.add(Verb::get, "/metrics", [modules = std::move(modules)](http::Request&) {
    Measures measures;
    measures.gauge("svc_build_info", "Always 1: which version this is", {{"version", SVC_VERSION}}, 1);
    for (const auto& [name, module] : modules) {
      measures.gauge("svc_module_ready", "Whether a module that is hosted here can do its work", {{"module", name}},
                     module->trouble() ? 0 : 1);
      module->measure(measures);
    }
    OperationMeter::measure_all(measures);
    measures.counter("svc_log_lines_dropped_total", "Lines that came faster than they could be written", {},
                     static_cast<std::int64_t>(log::dropped()));
    return Task<http::Response>(http::Response{200, std::string(Measures::content_type), measures.text()});
  });
}

}  // namespace svc::app
