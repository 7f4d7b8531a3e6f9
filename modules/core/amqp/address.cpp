#include "amqp/address.h"

#include "base/ascii.h"
#include "base/integer.h"
#include "base/percent.h"

namespace svc::amqp {
namespace {

tl::unexpected<Error> refuse_uri(std::string_view detail) {
  return fail(Code::invalid, "amqp_uri", "The broker's URI " + std::string(detail));
}

// What stands before the first `mark`, which goes too; all of it where there is none.
std::string_view take_to(std::string_view& text, char mark) {
  const auto at = text.find(mark);
  const auto taken = text.substr(0, at);
  text.remove_prefix(at == text.npos ? text.size() : at + 1);
  return taken;
}

bool read(std::string_view encoded, std::string& into) {
  auto decoded = percent_decode(encoded);
  if (!decoded) return false;
  into = std::move(*decoded);
  return true;
}

}  // namespace

Result<Address> parse_address(std::string_view uri) {
  Address address;
  const auto scheme_end = uri.find("://");
  const auto scheme = to_lower(std::string(uri.substr(0, scheme_end)));
  if (scheme_end == uri.npos || (scheme != "amqp" && scheme != "amqps"))
    return refuse_uri("begins with amqp:// or amqps://");
  address.tls = scheme == "amqps";
  address.port = address.tls ? 5671 : 5672;
  uri.remove_prefix(scheme_end + 3);
  if (uri.find_first_of("?#") != uri.npos) return refuse_uri("has no parameters: ? and # in a name are %3F and %23");

  const bool has_vhost = uri.find('/') != uri.npos;
  auto authority = take_to(uri, '/');
  if (uri.find('/') != uri.npos) return refuse_uri("has one vhost: a slash in its name is %2F");
  if (has_vhost && !read(uri, address.vhost)) return refuse_uri("has a vhost that is not soundly percent-encoded");

  if (authority.find('@') != authority.npos) {
    auto who = take_to(authority, '@');
    if (authority.find('@') != authority.npos) return refuse_uri("has one @: one in a name or a password is %40");
    const bool has_password = who.find(':') != who.npos;
    const auto user = take_to(who, ':');
    if (!read(user, address.user) || (has_password && !read(who, address.password)))
      return refuse_uri("has a user or password that is not soundly percent-encoded");
  }

  std::string_view host;
  if (authority.starts_with('[')) {
    authority.remove_prefix(1);
    if (authority.find(']') == authority.npos) return refuse_uri("has a [ without its ]");
    host = take_to(authority, ']');
    if (!authority.empty() && authority.front() != ':') return refuse_uri("has something behind the ] that is no port");
  } else {
    host = authority.substr(0, authority.find(':'));
    authority.remove_prefix(host.size());
  }
  if (!read(host, address.host)) return refuse_uri("has a host that is not soundly percent-encoded");
  if (address.host.empty()) return refuse_uri("names no host");
  if (!authority.empty()) {
    const auto port = parse_integer<int>(authority.substr(1));
    if (!port || *port < 1 || *port > 65'535) return refuse_uri("has a port that is not a number from 1 to 65535");
    address.port = *port;
  }
  return address;
}

std::string told(const Address& address) {
  const bool bracketed = address.host.find(':') != std::string::npos;
  return (address.tls ? "amqps://" : "amqp://") + (bracketed ? "[" + address.host + "]" : address.host) + ":" +
         std::to_string(address.port) + "/" + percent_encode(address.vhost);
}

}  // namespace svc::amqp
