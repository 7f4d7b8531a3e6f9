#include "architecture/scanner.h"

#include <fstream>
#include <functional>
#include <iterator>
#include <regex>
#include <sstream>

namespace svc::test {
namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The words behind USES in a call such as svc_floor(http SOURCES … USES base async LINKS …).
std::set<std::string> words_behind_uses(const std::string& call) {
  std::set<std::string> words;
  std::istringstream stream(call);
  bool in_uses = false;
  for (std::string word; stream >> word;) {
    if (word == "USES") in_uses = true;
    else if (std::regex_match(word, std::regex("[A-Z_]+"))) in_uses = false;
    else if (in_uses) words.insert(word);
  }
  return words;
}

void read_calls(const std::string& text, const std::string& function,
                std::map<std::string, std::set<std::string>>& into) {
  const std::regex call(function + R"(\((\w+)([^)]*)\))");
  for (std::sregex_iterator match(text.begin(), text.end(), call), end; match != end; ++match)
    into[(*match)[1]] = words_behind_uses((*match)[2]);
}

struct Source {
  std::string path, area, name;  // area: "core/http", "order/src", "app"; name: of the file
  bool in(const std::string& prefix) const { return path.starts_with(prefix); }
};

Source describe(const std::string& path) {
  Source source{path, "", fs::path(path).filename()};
  auto parts = fs::path(path);
  std::vector<std::string> words(parts.begin(), parts.end());
  if (words.size() > 2 && words[0] == "modules") source.area = words[1] + "/" + words[2];
  else if (!words.empty()) source.area = words[0];
  return source;
}

// What one include may be, by rule. Answers what is wrong with it, or nothing.
std::string fault_of_include(const House& house, const Source& source, const std::string& included) {
  const auto slash = included.find('/');
  const std::string first = included.substr(0, slash);
  const auto only_in = [&](std::initializer_list<const char*> places, const std::string& what) -> std::string {
    for (const auto* place : places)
      if (source.in(place)) return "";
    return what + " is used in " + *places.begin() + " only";
  };
  if (included == "httplib.h") return only_in({"modules/core/http", "tests"}, "cpp-httplib");
  if (first == "SQLiteCpp" || included == "sqlite3.h") return only_in({"modules/core/sql", "tests"}, "SQLite");
  if (included.starts_with("amqp_") || included == "amqp.h" || first == "rabbitmq-c")
    return only_in({"modules/core/amqp", "tests"}, "librabbitmq");
  if (first == "CLI") return only_in({"app"}, "CLI11");
  if (first == "spdlog") return only_in({"modules/core/observe"}, "spdlog");
  if (first == "toml++") return only_in({"modules/core/config"}, "toml++");
  if (first == "curl") return only_in({"modules/notification/src/mail"}, "libcurl");
  if (included == "sodium.h")
    return only_in({"modules/core/identity", "modules/core/base", "modules/user/src/passwords", "tests/fuzz"},
                   "libsodium");
  const bool slow = first == "nlohmann" || included == "base/decode.h" || included == "base/schema.h" ||
                    included == "http/outside_of.h" || included == "http/routes.h" || included == "http/link.h" ||
                    included == "http/wire.h" || included == "http/openapi_of.h" || included == "events/subscribe.h";
  if (slow && source.in("modules/") && !source.in("modules/core/") && !source.name.ends_with("_http.cpp") &&
      !source.name.ends_with("_events.cpp"))
    return "slow headers are included by *_http.cpp and *_events.cpp only";

  if (source.in("modules/core/")) {
    const auto floor = source.area.substr(5);
    if (!house.floors.contains(floor)) return "";
    if (house.floors.contains(first)) {
      if (first == floor || house.floors.at(floor).contains(first)) return "";
      return "floor " + floor + " may not look at " + first;
    }
    if (house.modules.contains(first)) return "core knows no module";
    return "";
  }
  if (source.in("modules/")) {
    const auto module = source.area.substr(0, source.area.find('/'));
    if (!house.modules.contains(module)) return "";
    if (house.modules.contains(first) && first != module) {
      if (included == first + "/module.h" || included == first + "/provider.h") return "only app makes modules";
      if (!house.modules.at(module).contains(first)) return module + " does not declare that it uses " + first;
    }
    if (included.find("src/") != std::string::npos || included.find("../") != std::string::npos)
      return "no module looks into another's src";
    const bool contract = source.area == module + "/contract";
    if (contract && included == module + "/module.h") return "a contract does not know who implements it";
    if (contract && (first == "sql" || first == "http" || first == "saga")) return "a contract knows no engine";
  }
  return "";
}

const std::regex include_line("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"]");
const std::regex sql_text(R"re("\s*(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE|ALTER TABLE)\b)re");
// A name, perhaps a member's, and nothing else.
const std::regex awaits(R"(\bco_await\b)");
const std::regex awaits_a_name(R"(\bco_await\s+\*?\w+((\.|->)\w+)*\s*[;)])");

bool may_hold_sql(const Source& source) {
  return source.name.ends_with("_store.cpp") || source.in("modules/core/sql/") ||
         source.in("modules/core/saga/store.cpp") || source.in("tests/");
}

}  // namespace

House read_house(const fs::path& root) {
  House house;
  read_calls(read_text(root / "modules/core/CMakeLists.txt"), "svc_floor", house.floors);
  for (const auto& entry : fs::directory_iterator(root / "modules"))
    if (fs::exists(entry.path() / "CMakeLists.txt") && entry.path().filename() != "core")
      read_calls(read_text(entry.path() / "CMakeLists.txt"), "svc_module", house.modules);
  return house;
}

std::vector<std::string> scan(const House& house, const std::string& path, const std::string& text) {
  const Source source = describe(path);
  std::vector<std::string> faults;
  std::istringstream stream(text);
  int number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    const auto fault = [&](const std::string& what) {
      faults.push_back(path + ":" + std::to_string(number) + ": " + what);
    };
    std::smatch match;
    if (std::regex_search(line, match, include_line))
      if (const auto what = fault_of_include(house, source, match[1]); !what.empty()) fault(what);
    const auto code = line.substr(0, line.find("//"));
    if (std::regex_search(code, awaits) && !std::regex_search(code, awaits_a_name) && !source.in("tests/architecture"))
      fault("the operand of co_await is a name (async/task.h)");
    if (std::regex_search(code, sql_text) && !may_hold_sql(source)) fault("SQL stands in *_store.cpp only");
    if (code.find("using namespace") != std::string::npos && source.name.ends_with(".h"))
      fault("a header imposes no namespace on who includes it");
    if (std::regex_search(code, std::regex(R"(\bstd::regex\b)")) && !source.in("tests/"))
      fault("std::regex is slow, and recurses on what strangers send");
    if (std::regex_search(code, std::regex(R"(\b(sleep_for|usleep|sleep)\()")) && source.in("modules/") &&
        !source.in("modules/core/async/") && !source.in("modules/core/sql/"))
      fault("nothing on a loop may sleep; await sleep_until()");
  }
  if (path.ends_with(".h") && text.find("#pragma once") == std::string::npos)
    faults.push_back(path + ":1: no #pragma once");
  return faults;
}

std::vector<std::string> scan_tree(const House& house, const fs::path& root) {
  std::vector<std::string> faults;
  for (const auto* top : {"app", "modules", "tests"})
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const auto path = fs::relative(entry.path(), root).string();
      const auto ending = entry.path().extension();
      if (ending != ".h" && ending != ".cpp") continue;
      if (path.starts_with("tests/architecture/scanned/") || path.starts_with("tests/architecture/compiled/")) continue;
      for (auto& fault : scan(house, path, read_text(entry.path()))) faults.push_back(std::move(fault));
    }
  // Floors look down only: nobody is above itself.
  std::function<bool(const std::string&, const std::string&, std::set<std::string>&)> reaches =
      [&](const std::string& from, const std::string& to, std::set<std::string>& seen) {
        for (const auto& below : house.floors.at(from)) {
          if (!house.floors.contains(below)) {
            faults.push_back("modules/core/CMakeLists.txt: " + from + " uses " + below + ", which is no floor");
            continue;
          }
          if (below == to || (seen.insert(below).second && reaches(below, to, seen))) return true;
        }
        return false;
      };
  for (const auto& [floor, uses] : house.floors) {
    std::set<std::string> seen;
    if (reaches(floor, floor, seen)) faults.push_back("modules/core/CMakeLists.txt: " + floor + " is above itself");
  }
  return faults;
}

}  // namespace svc::test
