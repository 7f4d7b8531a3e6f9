// A running system: the real binary, as one process or as many, on loopback with a directory of its own.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/browser.h"
#include "support/temp_dir.h"

namespace svc::test {

/// A child process, killed with its test.
class Child {
 public:
  /// Runs `command`; its standard error goes to `log`.
  Child(std::vector<std::string> command, const std::filesystem::path& log,
        const std::vector<std::string>& environment = {});
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The first line on its standard output; nothing when it ends without one.
  std::optional<std::string> first_line();
  /// All that is left of its standard output.
  std::string rest();
  void signal(int number) const;
  /// Waits for its end. The exit status, or 128 + the signal that ended it.
  int wait();
  bool running();
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  int out_ = -1;
  std::optional<int> status_;
};

/// Which modules share a process: {{"all"}}, or {{"user", "order"}, {"inventory", "payment", "gateway"}}. Where one of
/// many processes hosts the registry, all find each other by it, and a module may be hosted several times; otherwise
/// they know each other's URLs.
using Placement = std::vector<std::vector<std::string>>;
inline const Placement whole{{"all"}};
inline const Placement split{{"user"}, {"inventory"}, {"payment"}, {"order"}, {"notification"}, {"gateway"}};
inline const Placement twice{{"registry"}, {"user"},  {"user"},  {"inventory"},    {"inventory"},    {"payment"},
                             {"payment"},  {"order"}, {"order"}, {"notification"}, {"notification"}, {"gateway"}};
std::string name_of(const Placement& placement);

class System {
 public:
  /// Starts every process and waits until all are ready. `flags` go to each.
  explicit System(Placement placement, std::vector<std::string> flags = {});
  ~System();

  int gateway() const { return port("gateway"); }
  int operations() const { return ports_[index_of("gateway", 0)].at("operations"); }
  /// The port of a module, where it is open; of its `copy`-th, where there are several.
  int port(const std::string& module, std::size_t copy = 0) const { return ports_[index_of(module, copy)].at(module); }
  /// Where the process that hosts it tells of its health, and takes operators' wishes.
  int health_port(const std::string& module, std::size_t copy = 0) const { return health_port(index_of(module, copy)); }

  /// The process that hosts `module`; of several, the `copy`-th.
  Child& process(const std::string& module, std::size_t copy = 0);
  /// The number of that process in the placement.
  std::size_t index_of(const std::string& module, std::size_t copy) const;
  void start(std::size_t process, const std::vector<std::string>& wrapper = {});
  /// The same, of one that may be killed on its way: false when it has ended before it was ready.
  bool try_start(std::size_t process, const std::vector<std::string>& wrapper);
  void start_all();
  /// Ends the process that hosts `module`, and starts it again on the same ports and data.
  void restart(const std::string& module, int signal, std::size_t copy = 0);
  void stop_all(int signal);
  /// Waits until each process knows of every instance that is running. Where they find each other by the registry.
  void await_all_known();

  /// A token of scope admin for `subject`.
  std::string operator_token(const std::string& subject = "ops") const;
  std::filesystem::path data() const { return dir_.path() / "data"; }
  std::filesystem::path dir() const { return dir_.path(); }
  /// What the processes wrote to their logs.
  std::string logs() const;

 private:
  std::vector<std::string> command(std::size_t process) const;
  bool hosts(std::size_t process, const std::string& module) const;
  int health_port(std::size_t process) const;

  TempDir dir_;
  Placement placement_;
  std::vector<std::string> flags_;
  bool by_registry_ = false;
  std::vector<std::map<std::string, int>> ports_;  // of each process
  std::vector<std::unique_ptr<Child>> processes_;
};

/// Runs a command to its end.
struct Outcome {
  int status = 0;
  std::string out, err;
};
Outcome run_command(const std::vector<std::string>& command, const std::vector<std::string>& environment = {});

/// The binary under test.
std::string svc_binary();

/// A port that was free a moment ago.
int free_port();

}  // namespace svc::test
