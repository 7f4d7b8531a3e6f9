#include "http/host_rules.h"

#include <arpa/inet.h>

#include <algorithm>
#include <stdexcept>

#include "base/ascii.h"
#include "base/integer.h"
#include "http/message.h"

namespace svc::http {
namespace {

using Bytes = AddressRange::Bytes;

struct Parsed {
  Bytes bytes{};
  bool is_v4 = false;
};

Bytes mapped(const std::uint8_t* v4) {
  Bytes bytes{};
  bytes[10] = bytes[11] = 0xff;
  std::copy_n(v4, 4, bytes.begin() + 12);
  return bytes;
}

std::optional<Parsed> parse_address(const std::string& text) {
  std::array<std::uint8_t, 4> v4{};
  Parsed address;
  if (::inet_pton(AF_INET, text.c_str(), v4.data()) == 1) return Parsed{mapped(v4.data()), true};
  if (::inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

AddressRange range(std::string_view text) {
  const auto parsed = AddressRange::parse(text);
  if (!parsed) throw std::runtime_error("no range of addresses: " + std::string(text));
  return *parsed;
}

struct Refused {
  AddressRange range;
  std::string_view why;
};

const std::vector<Refused>& always_refused() {
  static const std::vector<Refused> all{
      {range("169.254.0.0/16"), "is link-local"},
      {range("fe80::/10"), "is link-local"},
      {range("100.100.100.200"), "is a cloud's metadata service"},  // Alibaba Cloud
      {range("192.0.0.192"), "is a cloud's metadata service"},      // Oracle Cloud, classic
      {range("168.63.129.16"), "is a cloud's metadata service"},    // Azure's wire server
      {range("fd00:ec2::254"), "is a cloud's metadata service"},    // AWS
      {range("fd20:ce::254"), "is a cloud's metadata service"},     // Google Cloud
      {range("0.0.0.0/8"), "is no host's address"},
      {range("::"), "is no host's address"},
      {range("224.0.0.0/4"), "is a multicast address"},
      {range("ff00::/8"), "is a multicast address"},
      {range("255.255.255.255"), "is the broadcast address"}};
  return all;
}

// The IPv4 address that an IPv6 address leads to: 6to4 (RFC 3056), NAT64 (RFC 6052), IPv4-compatible (RFC 4291).
std::optional<Bytes> carried(const Bytes& address) {
  static const AddressRange six_to_four = range("2002::/16"), nat64 = range("64:ff9b::/96"),
                            compatible = range("::/96");
  if (six_to_four.holds(address)) return mapped(address.data() + 2);
  if (nat64.holds(address) || compatible.holds(address)) return mapped(address.data() + 12);
  return std::nullopt;
}

// Resolvers take names that end in a number for addresses in other notations: 2852039166, 0xa9fea9fe, 169.254.43518.
bool ends_in_a_number(std::string_view name) {
  const auto last = name.substr(name.rfind('.') + 1);
  return std::ranges::all_of(last, is_digit) ||
         (last.size() >= 2 && last[0] == '0' && (last[1] == 'x' || last[1] == 'X'));
}

bool has_sound_labels(std::string_view name) {
  while (true) {
    const auto label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (label.find(':') != label.npos) return false;
    if (label.size() == name.size()) return true;
    name.remove_prefix(label.size() + 1);
  }
}

std::optional<std::string> refuses_name(std::string_view name) {
  if (!has_sound_labels(name)) return "is no host's name or address";
  if (ends_in_a_number(name)) return "must be an address of four numbers if it ends in one";
  for (const auto* metadata : {"metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal"})
    if (same_name(name, metadata)) return "is a cloud's metadata service";
  return std::nullopt;
}

}  // namespace

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_address(std::string(text.substr(0, slash)));
  if (!address) return std::nullopt;
  AddressRange range;
  range.first_ = address->bytes;
  const int width = address->is_v4 ? 32 : 128;
  const auto bits = slash == text.npos ? width : parse_integer<int>(text.substr(slash + 1));
  if (!bits || *bits < 0 || *bits > width) return std::nullopt;
  range.bits_ = *bits + 128 - width;
  return range;
}

bool AddressRange::holds(const Bytes& address) const {
  for (int bit = 0; bit < bits_; bit += 8) {
    const int left = std::min(bits_ - bit, 8);
    const int mask = 0xff & ~(0xff >> left);
    const auto at = static_cast<std::size_t>(bit / 8);
    if ((first_[at] & mask) != (address[at] & mask)) return false;
  }
  return true;
}

HostRules::HostRules(const Options& options) {
  for (const auto& text : options.denied) denied_.push_back(range(text));
  for (const auto& text : options.allowed) allowed_.push_back(range(text));
}

std::optional<std::string> HostRules::refuses(std::string_view host) const {
  const auto address = parse_address(std::string(host));
  if (!address) return refuses_name(host);
  // :: and ::1 are not carriers of 0.0.0.0 and 0.0.0.1.
  static const AddressRange loopback = range("::1");
  if (!loopback.holds(address->bytes))
    if (const auto inner = carried(address->bytes))
      if (auto why = refuses_address(*inner)) return why;
  return refuses_address(address->bytes);
}

std::optional<std::string> HostRules::refuses_address(const Bytes& address) const {
  const auto in = [&](const AddressRange& candidate) { return candidate.holds(address); };
  for (const auto& refused : always_refused())
    if (refused.range.holds(address)) return std::string(refused.why);
  if (std::ranges::any_of(denied_, in)) return "is in a range that the configuration denies";
  if (!allowed_.empty() && std::ranges::none_of(allowed_, in)) return "is in no range that the configuration allows";
  return std::nullopt;
}

}  // namespace svc::http
