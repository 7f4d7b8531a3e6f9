#include "operator.h"

#include <algorithm>
#include <filesystem>

#include "base/integer.h"
#include "links.h"
#include "tokens.h"

namespace svc::app {
namespace {

// Where a process takes operators' wishes, as it has told the registry. Nothing for who is none of ours: it
// would be shown an admin's token.
std::optional<http::Address> operations_of(const registry::Instance& instance) {
  if (!instance.internal) return std::nullopt;
  const auto noted = instance.metadata.find("operations");
  if (noted == instance.metadata.end()) return std::nullopt;
  const auto port = parse_integer<int>(noted->second);
  if (!port || *port < 1 || *port > 65'535) return std::nullopt;
  return http::Address{instance.host, *port};
}

// A kept connection would outlive the loop that it is asked on.
http::ClientOptions keeping_nothing(http::ClientOptions options) {
  options.idle_connections = 0;
  return options;
}

}  // namespace

std::string printable(std::string text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto before = static_cast<unsigned char>(i == 0 ? 0 : text[i - 1]);
    const bool is_c1 = before == 0xc2 && c >= 0x80 && c < 0xa0;  // in UTF-8
    if (is_c1) text[i - 1] = '?';
    if (is_c1 || c < 0x20 || c == 0x7f) text[i] = '?';
  }
  return text;
}

// A row's text may be a stranger's: it is to draw no rows of its own, nor to speak to the terminal.
std::string table(std::vector<std::vector<std::string>> rows) {
  for (auto& row : rows)
    for (auto& cell : row) cell = printable(std::move(cell));
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], row[i].size());
    }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string text_of(const http::Address& address) { return address.host + ":" + std::to_string(address.port); }

std::optional<Report> missing_keys(const Settings& settings) {
  const auto key = cluster_key_file(settings);
  if (std::filesystem::exists(key)) return std::nullopt;
  return Report{"There are no keys of a running system: " + key.string() + " does not exist (--data tells where).\n",
                false};
}

Operator::Operator(const Settings& settings, std::string name)
    : settings_(settings),
      name_(std::move(name)),
      cluster_(cluster_key_file(settings), clock_),
      client_(keeping_nothing(settings.http.client)) {
  auto admin = std::make_shared<Caller>();
  admin->subject = name_;
  admin->admin = true;
  admin->token = operator_token(settings, admin->subject, "admin", seconds{60});
  caller_ = admin;
  registry_ = http::Outside<registry::Registry>::connect(to(registry_at(), "registry"));
}

http::Address Operator::registry_at() const { return registry_address(settings_); }

Reply<registry::ListServices> Operator::services() { return registry_->handle(call(), registry::ListServices{}); }

std::set<http::Address> Operator::processes(const Result<registry::Directory>& directory) const {
  if (!directory) return {{"127.0.0.1", settings_.port.operations}};
  std::set<http::Address> found;
  for (const auto& service : directory->services)
    for (const auto& instance : service.instances)
      if (const auto address = operations_of(instance)) found.insert(*address);
  return found;
}

std::unique_ptr<Administration> Operator::administration(const http::Address& process) const {
  return http::Outside<Administration>::connect(to(process, "operations"));
}

http::LinkTo Operator::to(const http::Address& address, const std::string& whom) const {
  return {std::make_shared<http::RemoteTransport>(client_, address), &cluster_, "svc", whom};
}

Call Operator::call() const {
  Call call;
  call.caller = caller_;
  return call.within(seconds{2});
}

}  // namespace svc::app
