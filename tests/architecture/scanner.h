// Scanner: what the house forbids and the compiler cannot see. Reads the sources as text; what may know what is
// read from the CMake files that build it, so there is one list.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace svc::test {

/// Who may use whom, as modules/core/CMakeLists.txt and modules/*/CMakeLists.txt declare.
struct House {
  std::map<std::string, std::set<std::string>> floors;   ///< floor of core → floors it uses
  std::map<std::string, std::set<std::string>> modules;  ///< module → modules whose contracts it uses
};
House read_house(const std::filesystem::path& root);

/// Broken rules of one source, as it stands at `path` (relative to the root): "path:line: what is wrong".
std::vector<std::string> scan(const House& house, const std::string& path, const std::string& text);

/// Broken rules of the tree as a whole.
std::vector<std::string> scan_tree(const House& house, const std::filesystem::path& root);

}  // namespace svc::test
