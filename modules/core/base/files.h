// Files that outlive a power cut: written beside their place, synced, and only then given their name by who
// calls. Every failure is a std::system_error whose what() names the file and the reason.
#pragma once

#include <filesystem>
#include <string_view>

namespace svc {

/// Makes what is missing of `directory` and of those that hold it, with mode 0700; on return it is on disk.
void make_directories(const std::filesystem::path& directory);

/// Makes `file`, which must not exist, with mode 0600; on return its content is on disk, though its name may
/// not be (sync_directory). Where that fails there is no file.
void write_new_file(const std::filesystem::path& file, std::string_view content);

/// What was made, renamed or removed in `directory` is so on disk.
void sync_directory(const std::filesystem::path& directory);

}  // namespace svc
