#include "identity/secret_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/ids.h"

namespace svc {
namespace {

[[noreturn]] void fail_on(const std::filesystem::path& file, const char* doing) {
  throw std::runtime_error(std::string(doing) + " " + file.string() + ": " + std::strerror(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

void make_directories(const std::filesystem::path& directory) {
  if (directory.empty() || std::filesystem::is_directory(directory)) return;
  make_directories(directory.parent_path());
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) fail_on(directory, "cannot make directory");
}

void sync_directory(const std::filesystem::path& directory) {
  const Descriptor fd(::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || ::fsync(fd.get()) != 0) fail_on(directory, "cannot sync directory");
}

// Writes `content` to a new file beside `file`, on disk, and answers its name.
std::filesystem::path write_beside(const std::filesystem::path& file, const std::string& content) {
  make_directories(file.parent_path());
  auto temporary = file;
  temporary += ".new-" + std::to_string(::getpid()) + "-" + std::to_string(random_bits());
  const Descriptor fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (fd.get() < 0) fail_on(temporary, "cannot write");
  for (std::size_t done = 0; done < content.size();) {
    const auto written = ::write(fd.get(), content.data() + done, content.size() - done);
    if (written < 0) {
      if (errno == EINTR) continue;
      ::unlink(temporary.c_str());
      fail_on(temporary, "cannot write");
    }
    done += static_cast<std::size_t>(written);
  }
  if (::fsync(fd.get()) != 0) {
    ::unlink(temporary.c_str());
    fail_on(temporary, "cannot sync");
  }
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
