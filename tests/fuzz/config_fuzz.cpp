// The configuration file: config::Config over a section with keys of every kind. For every file:
//   - reading it ends, and either finds faults, each with its place, or leaves values that keep their rules
//   - reading it again finds the same
//   - a key is as it was by default, or its value came from the file
//   - what --print-config would print is a file of the same values
#include <sys/mman.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "config/config.h"
#include "fuzz.h"
#include "http/server.h"
#include "observe/log.h"

namespace {

using namespace svc;
using svc::fuzz::must;

struct Entry {
  std::string name;
  std::int64_t size = 1;
  std::vector<std::string> tags;
  static constexpr auto fields() {
    return rows(field(&Entry::name, "name", "What it is called", is_slug),
                field(&Entry::size, "size", "How large it is", Range{1, 10}),
                field(&Entry::tags, "tags", "What it goes by", Items{0, 3}));
  }
  static Entry example() { return {"name", 1, {}}; }
};

struct General {
  std::string role = "all";
  bool expose = false;
  int threads = 0;
  std::vector<std::string> origins;
  http::ServerOptions server{};
  std::vector<Entry> entries;
  static constexpr auto fields() {
    return rows(field(&General::role, "role", "What to host", Length{1, 200}),
                field(&General::expose, "expose", "Open more ports"),
                field(&General::threads, "threads", "How many", Range{0, 256}),
                field(&General::origins, "origins", "Whose pages may call"),
                field(&General::server, "server", "The HTTP front"),
                field(&General::entries, "entries", "One of many"));
  }
  void check_whole(Violations& found) const {
    if (expose && threads == 0) report(found, {"/threads", "minimum", "more than 0 to expose anything"});
  }
};

struct Settings {
  General general;
  log::Options log;
};

// A file that is in memory, and has a path while this lives.
class File {
 public:
  File() : fd_(memfd_create("fuzz", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(fd_)) {
    if (fd_ < 0) throw std::runtime_error("memfd_create failed");
  }
  const std::string& holding(std::string_view content) {
    const auto size = static_cast<off_t>(content.size());
    if (ftruncate(fd_, 0) != 0 || pwrite(fd_, content.data(), content.size(), 0) != size)
      throw std::runtime_error("a file in memory cannot be written");
    return path_;
  }

 private:
  int fd_;
  std::string path_;
};

struct Read {
  Settings settings;
  config::Config config;

  explicit Read(std::string_view content) {
    static File file;
    config.add("", settings.general);
    config.add("log", settings.log);
    config.read_file(file.holding(content));
    config.check();
  }
  Read(const Read&) = delete;  // config refers to settings
  Read& operator=(const Read&) = delete;
};

bool same_entries(const std::vector<Entry>& a, const std::vector<Entry>& b) {
  return std::ranges::equal(
      a, b, [](const Entry& x, const Entry& y) { return x.name == y.name && x.size == y.size && x.tags == y.tags; });
}

bool same_values(const config::Config& a, const config::Config& b) {
  return std::ranges::equal(a.keys(), b.keys(), [](const auto& x, const auto& y) { return x.value == y.value; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto content = svc::fuzz::text_of(data, size);
  const Read read(content), again(content), nothing("");
  const auto& keys = read.config.keys();
  must(read.config.faults() == again.config.faults() && same_values(read.config, again.config),
       "a file read again says the same");
  must(nothing.config.faults().empty(), "the defaults keep their rules");
  for (std::size_t i = 0; i < keys.size(); ++i)
    must(keys[i].source.starts_with("/proc/self/fd/") ||
             (keys[i].source == "default" && keys[i].value == nothing.config.keys()[i].value),
         "a key is as it was, or as the file says");
  for (const auto& fault : read.config.faults())
    must(fault.find("/proc/self/fd/") != std::string::npos || fault.ends_with("(default)"), "a fault has its place");
  if (!read.config.faults().empty()) return 0;

  Violations broken;
  check(read.settings.general, broken);
  check(read.settings.log, broken);
  must(broken.empty(), "what is accepted keeps its rules");
  const Read printed(read.config.print());
  must(printed.config.faults().empty(), "what is printed can be read");
  must(same_values(read.config, printed.config) &&
           same_entries(read.settings.general.entries, printed.settings.general.entries),
       "what is printed says the same");
  return 0;
}
