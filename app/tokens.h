// Operators' tokens: `svc token`.
#pragma once

#include <filesystem>
#include <string>

#include "settings.h"

namespace svc::app {

/// Where the keys that verify tokens are kept for processes that cannot ask the user module.
std::filesystem::path published_keys_file(const Settings& settings);

/// The secret that the processes of one system share.
std::filesystem::path cluster_key_file(const Settings& settings);

/// An access token of `scope`, signed with the keys under the data directory, which are made if absent.
/// Throws std::runtime_error when they cannot be used.
std::string operator_token(const Settings& settings, const std::string& subject, const std::string& scope,
                           seconds time_to_live);

}  // namespace svc::app
