// A directory of a test's own, gone behind it.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

#include "base/ids.h"

namespace svc::test {

class TempDir {
 public:
  TempDir() : path_(std::filesystem::temp_directory_path() / ("svc-test-" + std::to_string(random_bits()))) {
    std::filesystem::create_directories(path_);
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace svc::test
