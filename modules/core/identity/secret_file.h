// Secrets on disk: made once, whoever comes first, and readable by the owner only.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace svc {

/// Reads `file`; when there is none, writes what `make()` answers and reads that. The file appears whole, on
/// disk, with mode 0600, and processes that race agree on one content. Makes missing directories with mode
/// 0700. Throws std::runtime_error that names the file and what went wrong.
std::string read_or_make_secret(const std::filesystem::path& file, const std::function<std::string()>& make);

/// Replaces `file` with `content`, whole or not at all, mode 0600. Throws std::runtime_error.
void write_private_file(const std::filesystem::path& file, const std::string& content);

/// The whole of a file. Throws std::runtime_error.
std::string read_file(const std::filesystem::path& file);

}  // namespace svc
