// The house's boundaries: kept by the tree, and proven by fixtures that must fail. Each fixture begins with
//   // ERROR: <the message expected>
//   // AT: <the path it pretends to be at>
// Those under scanned/ are for the scanner, those under compiled/ for the compiler, with the include directories
// of the module they pretend to be part of.
#include <fstream>
#include <iterator>
#include <map>

#include "architecture/scanner.h"
#include "support/catch.h"
#include "support/system.h"

namespace {

using namespace svc::test;
namespace fs = std::filesystem;

const fs::path root = SVC_SOURCE_DIR;
const fs::path fixtures = root / "tests/architecture";

struct Fixture {
  fs::path file;
  std::string error, at, text;
};

std::vector<Fixture> read_fixtures(const std::string& folder) {
  std::vector<Fixture> found;
  for (const auto& entry : fs::directory_iterator(fixtures / folder)) {
    std::ifstream stream(entry.path());
    Fixture fixture{entry.path(), "", "", ""};
    std::getline(stream, fixture.error);
    std::getline(stream, fixture.at);
    fixture.text = {std::istreambuf_iterator<char>(stream), {}};
    REQUIRE(fixture.error.starts_with("// ERROR: "));
    REQUIRE(fixture.at.starts_with("// AT: "));
    fixture.error.erase(0, 10);
    fixture.at.erase(0, 7);
    found.push_back(std::move(fixture));
  }
  return found;
}

TEST_CASE("the tree keeps the house's rules") {
  const auto house = read_house(root);
  REQUIRE(house.floors.size() >= 8);
  REQUIRE(house.modules.at("order") == std::set<std::string>{"user", "inventory", "payment"});
  const auto faults = scan_tree(house, root);
  for (const auto& fault : faults) UNSCOPED_INFO(fault);
  CHECK(faults.empty());
}

TEST_CASE("the top level holds what it may, and nothing else") {
  const std::set<std::string> allowed{"CMakeLists.txt", "CMakePresets.json", "README.md", "modules", "app",
                                      "config",         "scripts",           "tests"};
  const std::set<std::string> made{"build", "svc", "data"};  // .gitignore names them
  for (const auto& entry : fs::directory_iterator(root)) {
    const std::string name = entry.path().filename();
    CAPTURE(name);
    CHECK((name.starts_with('.') || allowed.contains(name) || made.contains(name)));
  }
}

TEST_CASE("the scanner finds each fixture's fault, and no other") {
  const auto house = read_house(root);
  const auto all = read_fixtures("scanned");
  REQUIRE(all.size() >= 10);
  for (const auto& fixture : all) {
    CAPTURE(fixture.file);
    const auto faults = scan(house, fixture.at, fixture.text);
    REQUIRE(faults.size() == 1);
    CHECK_THAT(faults[0], Catch::Matchers::ContainsSubstring(fixture.error));
  }
}

// Include directories and definitions of a module's target, written by CMake.
std::vector<std::string> compile_flags(const std::string& module) {
  std::vector<std::string> flags;
  std::ifstream stream(fs::path(SVC_FLAGS_DIR) / (module + ".flags"));
  for (std::string line; std::getline(stream, line);)
    if (line.size() > 2 && !line.starts_with("-I/usr")) flags.push_back(line);
  REQUIRE(flags.size() > 1);
  return flags;
}

Outcome compile(const std::string& module, const fs::path& file) {
  std::vector<std::string> command{SVC_COMPILER, "-std=c++20", "-fsyntax-only"};
  for (const auto& flag : compile_flags(module)) command.push_back(flag);
  command.push_back(file.string());
  return run_command(command);
}

TEST_CASE("the compiler refuses each fixture with its message") {
  const auto all = read_fixtures("compiled");
  REQUIRE(all.size() >= 4);
  for (const auto& fixture : all) {
    const auto module = fixture.at.substr(8, fixture.at.find('/', 8) - 8);  // modules/<module>/…
    CAPTURE(fixture.file, module);
    const auto outcome = compile(module, fixture.file);
    CHECK(outcome.status != 0);
    CHECK_THAT(outcome.err, Catch::Matchers::ContainsSubstring(fixture.error));
  }
}

TEST_CASE("a sound source compiles with the same flags: the refusals above are not for other reasons") {
  const TempDir dir;
  std::ofstream(dir / "sound.cpp") << "#include \"inventory/inventory.h\"\n#include \"order/order.h\"\n"
                                      "#include \"order_store.h\"\n#include \"sql/database.h\"\n";
  const auto outcome = compile("order", dir / "sound.cpp");
  CAPTURE(outcome.err);
  CHECK(outcome.status == 0);
}

}  // namespace
