#include "support/system.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <stdexcept>

#include "support/eventually.h"

namespace svc::test {
namespace {

const std::vector<std::string> all_modules{"registry", "user",         "inventory", "payment",
                                           "order",    "notification", "gateway"};

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> piece;
  while (true) {
    const auto got = ::read(fd, piece.data(), piece.size());
    if (got <= 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
}

std::string read_text(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

std::string svc_binary() { return SVC_BINARY; }

Child::Child(std::vector<std::string> command, const std::filesystem::path& log,
             const std::vector<std::string>& environment) {
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  const int err = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  std::vector<char*> arguments;
  for (auto& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(pipe_ends[1], 1);
    ::dup2(err, 2);
    for (const auto& variable : environment) ::putenv(const_cast<char*>(variable.c_str()));
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(pipe_ends[1]);
  ::close(err);
  out_ = pipe_ends[0];
}

Child::~Child() {
  if (!status_) {
    ::kill(pid_, SIGKILL);
    wait();
  }
  ::close(out_);
}

std::optional<std::string> Child::first_line() {
  std::string line;
  char c;
  while (::read(out_, &c, 1) == 1) {
    if (c == '\n') return line;
    line.push_back(c);
  }
  return std::nullopt;
}

std::string Child::rest() { return read_all(out_); }

void Child::signal(int number) const {
  if (!status_) ::kill(pid_, number);
}

int Child::wait() {
  if (!status_) {
    int raw = 0;
    ::waitpid(pid_, &raw, 0);
    status_ = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
  }
  return *status_;
}

bool Child::running() {
  if (status_) return false;
  int raw = 0;
  if (::waitpid(pid_, &raw, WNOHANG) != pid_) return true;
  status_ = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
  return false;
}

std::string name_of(const Placement& placement) {
  std::string name;
  for (const auto& process : placement) {
    name += name.empty() ? "" : " | ";
    for (std::size_t i = 0; i < process.size(); ++i) name += (i ? "+" : "") + process[i];
  }
  return name;
}

// Below the ports that the system gives to outgoing connections (ip_local_port_range, from 32768): one of those may be
// taken again before it is listened on. By chance, for other tests look for ports at the same time.
int free_port() {
  static std::mt19937 random{std::random_device{}()};
  static std::set<int> given;
  std::uniform_int_distribution<int> any(10'000, 32'000);
  for (int tries = 0; tries < 1'000; ++tries) {
    const int port = any(random);
    if (given.contains(port)) continue;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool is_free = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    if (!is_free) continue;
    given.insert(port);
    return port;
  }
  throw std::runtime_error("no free port");
}

System::System(Placement placement, std::vector<std::string> flags)
    : placement_(std::move(placement)), flags_(std::move(flags)) {
  ports_.resize(placement_.size());
  processes_.resize(placement_.size());
  for (std::size_t i = 0; i < placement_.size(); ++i) {
    for (const auto& module : all_modules)
      if (hosts(i, module)) ports_[i][module] = free_port();
    if (hosts(i, "gateway")) ports_[i]["operations"] = free_port();
    by_registry_ = by_registry_ || (placement_.size() > 1 && hosts(i, "registry"));
  }
  start_all();
  if (by_registry_) await_all_known();
}

System::~System() = default;

bool System::hosts(std::size_t process, const std::string& module) const {
  for (const auto& hosted : placement_[process])
    if (hosted == module || hosted == "all") return true;
  return false;
}

std::size_t System::index_of(const std::string& module, std::size_t copy) const {
  for (std::size_t i = 0; i < placement_.size(); ++i)
    if (hosts(i, module) && copy-- == 0) return i;
  throw std::runtime_error("nobody hosts " + module);
}

int System::health_port(std::size_t process) const {
  const auto& ports = ports_[process];
  return ports.contains("operations") ? ports.at("operations") : ports.begin()->second;
}

std::vector<std::string> System::command(std::size_t process) const {
  std::string role;
  for (const auto& module : placement_[process]) role += (role.empty() ? "" : ",") + module;
  std::vector<std::string> words{svc_binary(), "--role=" + role, "--data=" + data().string(), "--config=/dev/null"};
  for (const auto& [module, port] : ports_[process]) words.push_back("--port." + module + "=" + std::to_string(port));
  if (by_registry_) words.push_back("--registry=http://127.0.0.1:" + std::to_string(port("registry")));
  for (const auto& module : all_modules) {
    if (by_registry_ || module == "registry" || module == "gateway" || hosts(process, module)) continue;
    words.push_back("--link." + module + "=http://127.0.0.1:" + std::to_string(port(module)));
  }
  if (placement_.size() > 1) words.emplace_back("--expose");
  const auto is_linger = [](const auto& flag) { return flag.starts_with("--linger-ms"); };
  if (std::ranges::none_of(flags_, is_linger)) words.emplace_back("--linger-ms=0");
  words.insert(words.end(), flags_.begin(), flags_.end());
  return words;
}

void System::await_all_known() {
  std::map<std::string, std::size_t> copies;
  for (std::size_t i = 0; i < placement_.size(); ++i)
    for (const auto& [module, port] : ports_[i]) copies[module] += processes_[i]->running() ? 1 : 0;
  for (std::size_t i = 0; i < placement_.size(); ++i) {
    if (!processes_[i]->running()) continue;
    const bool known = eventually([&] {
      const auto ready = send(health_port(i), "GET", "/health/ready").json();
      if (!ready.is_object()) return false;
      for (const auto& [module, told] : ready.at("links").items()) {
        const auto text = std::to_string(copies[module]) + (copies[module] == 1 ? " instance" : " instances");
        if (told != "local" && told != text) return false;
      }
      return true;
    });
    if (!known) throw std::runtime_error("they did not find each other: " + logs());
  }
}

bool System::try_start(std::size_t process, const std::vector<std::string>& wrapper) {
  auto words = command(process);
  words.insert(words.begin(), wrapper.begin(), wrapper.end());
  processes_[process] = std::make_unique<Child>(words, dir_.path() / ("log-" + std::to_string(process)));
  const auto line = processes_[process]->first_line();
  return line && line->find("\"ready\"") != std::string::npos;
}

void System::start(std::size_t process, const std::vector<std::string>& wrapper) {
  if (!try_start(process, wrapper)) throw std::runtime_error("svc did not start: " + logs());
}

void System::start_all() {
  for (std::size_t i = 0; i < processes_.size(); ++i) start(i);
}

Child& System::process(const std::string& module, std::size_t copy) { return *processes_[index_of(module, copy)]; }

void System::restart(const std::string& module, int signal, std::size_t copy) {
  const auto place = index_of(module, copy);
  processes_[place]->signal(signal);
  processes_[place]->wait();
  start(place);
}

void System::stop_all(int signal) {
  for (auto& process : processes_) process->signal(signal);
  for (auto& process : processes_) process->wait();
}

std::string System::operator_token(const std::string& subject) const {
  const auto made = run_command({svc_binary(), "token", "--subject", subject, "--scope", "admin", "--data",
                                 data().string(), "--config=/dev/null"});
  if (made.status != 0) throw std::runtime_error("svc token: " + made.err);
  return made.out.substr(0, made.out.find('\n'));
}

std::string System::logs() const {
  std::string text;
  for (std::size_t i = 0; i < processes_.size(); ++i) text += read_text(dir_.path() / ("log-" + std::to_string(i)));
  return text;
}

Outcome run_command(const std::vector<std::string>& command, const std::vector<std::string>& environment) {
  const TempDir dir;
  Outcome outcome;
  {
    Child child(command, dir / "err", environment);
    outcome.out = child.rest();
    outcome.status = child.wait();
  }
  outcome.err = read_text(dir / "err");
  return outcome;
}

}  // namespace svc::test
