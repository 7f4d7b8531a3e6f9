// What the tests of mail have in common: a mail, sending it, and reading it back by somebody else's code.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mail/mailer.h"

namespace svc::test {

/// A sound mail.
notification::Mail some_mail(const std::string& id = "0190-a");
/// The same in Korean, to a name of a hundred syllables.
notification::Mail korean_mail(const std::string& id = "0190-b");

/// Sends it from a loop of this thread's own.
Result<Nothing> send_now(notification::Mailer& mailer, const notification::Mail& mail,
                         milliseconds limit = milliseconds{20'000});

/// What Python makes of messages (read.py); those of a Maildir in order of their Message-IDs.
nlohmann::json read_maildir(const std::filesystem::path& directory);
nlohmann::json read_messages(const std::vector<std::string>& messages);

/// Checks that a message says what the mail does, and has the fields it must and no other.
void check_same(const nlohmann::json& read, const notification::Mail& mail);

/// The names of the files in a directory, in order.
std::vector<std::string> files_in(const std::filesystem::path& directory);

}  // namespace svc::test
