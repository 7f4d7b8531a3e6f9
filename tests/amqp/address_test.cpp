// URIs of brokers, by the examples of RabbitMQ's URI specification and beyond them.
#include "amqp/address.h"
#include "support/catch.h"

namespace {

using namespace svc;
using amqp::Address;
using amqp::parse_address;

TEST_CASE("a broker's URI is taken apart as its specification says") {
  const std::vector<std::pair<std::string, Address>> rows{
      {"amqp://host", {"host", 5672, "/", "guest", "guest", false}},
      {"amqps://host", {"host", 5671, "/", "guest", "guest", true}},
      {"AMQP://host", {"host", 5672, "/", "guest", "guest", false}},
      {"amqp://host/", {"host", 5672, "", "guest", "guest", false}},
      {"amqp://host/%2f", {"host", 5672, "/", "guest", "guest", false}},
      {"amqp://host:10000/vhost", {"host", 10000, "vhost", "guest", "guest", false}},
      {"amqp://user:pass@host:10000/vhost", {"host", 10000, "vhost", "user", "pass", false}},
      {"amqp://user%61:%61pass@ho%61st:10000/v%2fhost", {"hoast", 10000, "v/host", "usera", "apass", false}},
      {"amqp://user@host", {"host", 5672, "/", "user", "guest", false}},
      {"amqp://:@host/", {"host", 5672, "", "", "", false}},
      {"amqp://u:a:b@host", {"host", 5672, "/", "u", "a:b", false}},
      {"amqp://u:%40%2F%3A%25+@host", {"host", 5672, "/", "u", "@/:%+", false}},
      {"amqp://[::1]", {"::1", 5672, "/", "guest", "guest", false}},
      {"amqps://u:p@[2001:db8::7]:99/v", {"2001:db8::7", 99, "v", "u", "p", true}},
  };
  for (const auto& [uri, expected] : rows) {
    CAPTURE(uri);
    const auto address = parse_address(uri);
    REQUIRE(address);
    CHECK(*address == expected);
  }
}

TEST_CASE("a URI that is no broker's is refused, and none of it is repeated") {
  for (const std::string uri : {"",
                                "sesame",
                                "http://sesame",
                                "amqp:sesame",
                                "amqp://",
                                "amqp://u:sesame@",
                                "amqp://u:sesame@:5672",
                                "amqp:///sesame",
                                "amqp://sesame/a/b",
                                "amqp://u:sesame/@host/v",
                                "amqp://u:sesame@b@host",
                                "amqp://u:%sesame@host",
                                "amqp://u%0:sesame@host",
                                "amqp://u:sesame%00@host",
                                "amqp://sesame:0",
                                "amqp://sesame:65536",
                                "amqp://sesame:",
                                "amqp://sesame:+1",
                                "amqp://sesame:5672x",
                                "amqp://[sesame",
                                "amqp://[::1]sesame",
                                "amqp://[::1]99",
                                "amqp://host/v?password=sesame",
                                "amqp://host/#sesame",
                                "amqp://host/sesame%",
                                "amqp://ho%st/sesame"}) {
    CAPTURE(uri);
    const auto address = parse_address(uri);
    REQUIRE_FALSE(address);
    CHECK(address.error().code == Code::invalid);
    CHECK(address.error().reason == "amqp_uri");
    CHECK(address.error().detail.find("sesame") == std::string::npos);
  }
}

TEST_CASE("what is told of a broker's address is neither user nor password") {
  CHECK(amqp::told({"host", 5672, "/", "anna", "sesame", false}) == "amqp://host:5672/%2F");
  CHECK(amqp::told({"::1", 5671, "a b", "anna", "sesame", true}) == "amqps://[::1]:5671/a%20b");
}

}  // namespace
