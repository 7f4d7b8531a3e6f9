#include "identity/secret_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/files.h"
#include "base/ids.h"

namespace svc {
namespace {

[[noreturn]] void fail_on(const std::filesystem::path& file, const char* doing) {
  throw std::runtime_error(std::string(doing) + " " + file.string() + ": " + std::strerror(errno));
}

// Writes `content` to a new file beside `file`, on disk, and answers its name.
std::filesystem::path write_beside(const std::filesystem::path& file, const std::string& content) {
  make_directories(file.parent_path());
  auto temporary = file;
  temporary += ".new-" + std::to_string(::getpid()) + "-" + std::to_string(random_bits());
  write_new_file(temporary, content);
  return temporary;
}

}  // namespace

std::string read_file(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) fail_on(file, "cannot read");
  std::string content{std::istreambuf_iterator<char>(stream), {}};
  if (stream.bad()) fail_on(file, "cannot read");
  return content;
}

std::string read_or_make_secret(const std::filesystem::path& file, const std::function<std::string()>& make) {
  if (::access(file.c_str(), F_OK) != 0) {
    const auto temporary = write_beside(file, make());
    // link() fails when another process was faster; then its secret is the one.
    const int linked = ::link(temporary.c_str(), file.c_str());
    const int error = errno;
    ::unlink(temporary.c_str());
    errno = error;
    if (linked != 0 && error != EEXIST) fail_on(file, "cannot make");
    sync_directory(file.parent_path());
  }
  return read_file(file);
}

void write_private_file(const std::filesystem::path& file, const std::string& content) {
  const auto temporary = write_beside(file, content);
  if (::rename(temporary.c_str(), file.c_str()) != 0) {
    const int error = errno;
    ::unlink(temporary.c_str());
    errno = error;
    fail_on(file, "cannot replace");
  }
  sync_directory(file.parent_path());
}

}  // namespace svc
