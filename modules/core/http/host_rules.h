// HostRules: where requests may be sent when a stranger names the host. A program that may register as a service
// could otherwise have us fetch what only this machine can reach, such as the credentials that clouds hand out at
// link-local addresses.
//
// Refused always: link-local addresses (169.254.0.0/16, fe80::/10), the metadata services of clouds that are
// elsewhere, the unspecified address (0.0.0.0/8, ::), multicast and broadcast; also where they stand inside an
// IPv6 address (mapped, 6to4, NAT64). Loopback and private addresses are where services live, and are allowed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace svc::http {

/// Addresses that begin alike: "10.0.0.0/8", "fd00::/8", or one address.
class AddressRange {
 public:
  /// Nothing when the text is no range.
  static std::optional<AddressRange> parse(std::string_view text);

  using Bytes = std::array<std::uint8_t, 16>;  ///< of an IPv6 address; IPv4 as mapped (RFC 4291 section 2.5.5.2)
  bool holds(const Bytes& address) const;

 private:
  Bytes first_{};
  int bits_ = 0;
};

class HostRules {
 public:
  struct Options {
    std::vector<std::string> denied{};   ///< ranges refused beside those that always are
    std::vector<std::string> allowed{};  ///< ranges beside which all others are refused; empty: none are
  };
  /// Throws std::runtime_error for a text that is no range.
  explicit HostRules(const Options& options);

  /// Why a host is refused, or nothing. An address is judged by its range. Of a name only its form is: judge the
  /// addresses that it resolves to, before connecting to them.
  std::optional<std::string> refuses(std::string_view host) const;

 private:
  std::optional<std::string> refuses_address(const AddressRange::Bytes& address) const;

  std::vector<AddressRange> denied_, allowed_;
};

}  // namespace svc::http
