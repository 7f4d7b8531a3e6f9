#include "identity/key_ring.h"

#include <algorithm>
#include <stdexcept>

#include "base/base64url.h"
#include "base/decode.h"
#include "base/encode.h"
#include "base/integer.h"
#include "identity/secret_file.h"

namespace svc {
namespace {

// A key's file: signing-<number>.json
struct KeyFile {
  std::string seed;  // base64url
  Time made;
  static constexpr auto fields() { return rows(field(&KeyFile::seed, "seed", ""), field(&KeyFile::made, "made", "")); }
};

constexpr std::string_view prefix = "signing-", suffix = ".json";

std::optional<int> number_of(std::string_view file_name) {
  if (!file_name.starts_with(prefix) || !file_name.ends_with(suffix)) return std::nullopt;
  file_name.remove_prefix(prefix.size());
  file_name.remove_suffix(suffix.size());
  return parse_integer<int>(file_name);
}

}  // namespace

KeyRing::KeyRing(Options options, const Clock& clock) : options_(std::move(options)), clock_(clock) {
  load();
  if (keys_.empty()) make(1);
}

void KeyRing::make(int number) {
  const auto file = options_.directory / (std::string(prefix) + std::to_string(number) + std::string(suffix));
  read_or_make_secret(file, [this] { return encode(KeyFile{base64url(SigningKey::random_seed()), clock_.now()}); });
  load();
}

void KeyRing::load() {
  keys_.clear();
  looked_ = clock_.now();
  if (!std::filesystem::is_directory(options_.directory)) return;
  for (const auto& entry : std::filesystem::directory_iterator(options_.directory)) {
    const auto number = number_of(entry.path().filename().string());
    if (!number) continue;
    auto content = decode_answer<KeyFile>(read_file(entry.path()));
    const auto seed = content ? from_base64url(content->seed) : std::nullopt;
    if (!seed) throw std::runtime_error("no signing key in " + entry.path().string());
    keys_.push_back({*number, content->made, SigningKey(*seed)});
  }
  std::ranges::sort(keys_, {}, &Held::number);
}

void KeyRing::refresh() {
  const Time now = clock_.now();
  if (now - looked_ < seconds{1}) return;
  load();
  if (keys_.empty()) make(1);
  if (options_.rotate_after > milliseconds{0} && now - keys_.back().made >= options_.rotate_after)
    make(keys_.back().number + 1);
  // A key is followed when the next one was made; tokens it signed live on for keep_for.
  for (std::size_t i = 0; i + 1 < keys_.size();) {
    if (now - keys_[i + 1].made < options_.keep_for) {
      ++i;
      continue;
    }
    std::filesystem::remove(options_.directory /
                            (std::string(prefix) + std::to_string(keys_[i].number) + std::string(suffix)));
    keys_.erase(keys_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

std::string KeyRing::sign(const Claims& claims) {
  const std::lock_guard lock(mutex_);
  refresh();
  return keys_.back().key.sign(claims);
}

Jwks KeyRing::published() {
  const std::lock_guard lock(mutex_);
  refresh();
  Jwks published;
  for (const auto& held : keys_) published.keys.push_back(held.key.jwk());
  return published;
}

}  // namespace svc
