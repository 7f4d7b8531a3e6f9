// The pieces of HTTP: framing, routes, problems, headers.
#include "base/percent.h"
#include "http/client.h"
#include "http/field_values.h"
#include "http/host_rules.h"
#include "http/identify.h"
#include "http/parse.h"
#include "http/problem.h"
#include "http/router.h"
#include "support/catch.h"

namespace svc::http {
namespace {

const Limits limits{};

std::optional<Fault> parse(const std::string& text, RequestHead* into = nullptr) {
  HeadScanner scanner;
  const auto state = scanner.scan(text, limits);
  if (state == HeadScanner::State::broken) return scanner.fault();
  REQUIRE(state == HeadScanner::State::complete);
  RequestHead head;
  const auto fault = parse_request_head(std::string_view(text).substr(0, scanner.end()), limits, head);
  if (into != nullptr) *into = head;
  return fault;
}

int status_of(const std::string& text) {
  const auto fault = parse(text);
  return fault ? fault->status : 0;
}

TEST_CASE("a sound head is taken apart") {
  RequestHead head;
  const std::string text =
      "POST /a/b?x=1&y=2 HTTP/1.1\r\nHost: h:80\r\nX-A: \t one \r\nx-a: two\r\nContent-Length: 5\r\n\r\n";
  REQUIRE_FALSE(parse(text, &head));
  CHECK(head.method == "POST");
  CHECK(head.path == "/a/b");
  CHECK(head.query == "x=1&y=2");
  CHECK(head.headers.get("x-A") == "one");
  CHECK(head.headers.count("X-a") == 2);
  CHECK(head.framing.length == 5);
  CHECK(head.keep_alive);
}

TEST_CASE("framing that two programs could read in two ways is refused") {
  const std::string start = "POST / HTTP/1.1\r\nHost: h\r\n";
  struct Row {
    std::string fields;
    int status;
  };
  const std::vector<Row> rows{
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Content-Length: 5\r\nContent-Length: 6\r\n", 400},
      {"Content-Length: 5\r\nContent-Length: 5\r\n", 400},
      {"Content-Length: +5\r\n", 400},
      {"Content-Length: -5\r\n", 400},
      {"Content-Length: 5abc\r\n", 400},
      {"Content-Length: 5, 5\r\n", 400},
      {"Content-Length: 0x5\r\n", 400},
      {"Content-Length:\r\n", 400},
      {"Content-Length: 9999999999999999999\r\n", 400},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: gzip, chunked\r\n", 501},
      {"Transfer-Encoding: identity\r\n", 501},
      {"Transfer-Encoding: xchunked\r\n", 501},
      {"Transfer-Encoding : chunked\r\n", 400},
      {"X-A: one\r\n two\r\n", 400},
      {"X-A: a\rb\r\n", 400},
      {std::string("X-A: a\0b\r\n", 10), 400},
      {"X-A: a\x01\r\n", 400},
      {"X A: b\r\n", 400},
      {": b\r\n", 400},
      {"no colon\r\n", 400},
      {"X-A: b\n", 400},
      {"Host: other\r\n", 400},
      {"Expect: something\r\n", 417},
  };
  for (const auto& row : rows) {
    CAPTURE(row.fields);
    CHECK(status_of(start + row.fields + "\r\n") == row.status);
  }
}

TEST_CASE("a target in absolute-form names the host, whatever the field Host says") {
  const auto host_of = [](const std::string& text) {
    RequestHead head;
    REQUIRE_FALSE(parse_request_head(text, Limits{}, head));
    return std::string(head.host);
  };
  CHECK(host_of("GET http://other:81/a HTTP/1.1\r\nHost: h\r\n\r\n") == "other:81");
  CHECK(host_of("GET http://[::1] HTTP/1.0\r\n\r\n") == "[::1]");
  CHECK(host_of("GET /a HTTP/1.1\r\nHost: h\r\n\r\n") == "h");
}

TEST_CASE("request lines") {
  const auto line = [](const std::string& text) { return status_of(text + "\r\nHost: h\r\n\r\n"); };
  CHECK(line("GET / HTTP/1.1") == 0);
  CHECK(line("GET http://h/a HTTP/1.1") == 0);
  CHECK(line("OPTIONS * HTTP/1.1") == 0);
  for (const std::string bad :
       {"GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET / http/1.1", "GET / HTTP/1",
        "GET a HTTP/1.1", "GET * HTTP/1.1", "GET /a b HTTP/1.1", "GET /\x7f HTTP/1.1", "GET /\xc3\xa9 HTTP/1.1",
        "GET /#f HTTP/1.1", "G@T / HTTP/1.1", "GET\t/ HTTP/1.1", "GET http:///a HTTP/1.1", "GET http://h?a=/b HTTP/1.1",
        "GET http://me@h/a HTTP/1.1", ""}) {
    CAPTURE(bad);
    CHECK(line(bad) == 400);
  }
  CHECK(line("GET / HTTP/2.0") == 505);
  CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 400);  // no Host
  CHECK(status_of("GET / HTTP/1.0\r\n\r\n") == 0);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: a b\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\nHost: h\n\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n") == 400);
  CHECK(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
}

TEST_CASE("a head that comes byte by byte is found, and each limit is met with its status") {
  const std::string text = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  HeadScanner scanner;
  for (std::size_t i = 1; i < text.size(); ++i)
    REQUIRE(scanner.scan(std::string_view(text).substr(0, i), limits) == HeadScanner::State::more);
  CHECK(scanner.scan(text, limits) == HeadScanner::State::complete);
  CHECK(scanner.end() == text.size());

  HeadScanner endless;
  CHECK(endless.scan("GET /" + std::string(10'000, 'a'), limits) == HeadScanner::State::broken);
  CHECK(endless.fault().status == 414);
  HeadScanner large;
  CHECK(large.scan("GET / HTTP/1.1\r\nX: " + std::string(40'000, 'a'), limits) == HeadScanner::State::broken);
  CHECK(large.fault().status == 431);
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 100; ++i) many += "X: 1\r\n";
  CHECK(status_of(many + "\r\n") == 431);
}

TEST_CASE("persistence") {
  const auto keeps = [](const std::string& version, const std::string& connection) {
    RequestHead head;
    parse("GET / HTTP/" + version + "\r\nHost: h\r\n" + connection + "\r\n", &head);
    return head.keep_alive;
  };
  CHECK(keeps("1.1", ""));
  CHECK_FALSE(keeps("1.1", "Connection: close\r\n"));
  CHECK_FALSE(keeps("1.1", "Connection: X-A, CLOSE\r\n"));
  CHECK_FALSE(keeps("1.0", ""));
  CHECK(keeps("1.0", "Connection: Keep-Alive\r\n"));
}

struct Chunks {
  std::optional<Fault> fault;
  std::string out, rest;
  bool done = false, too_large = false;
};
Chunks decode_chunks(const std::string& text, std::size_t step, std::size_t limit = 1'000) {
  ChunkedDecoder decoder;
  Chunks result;
  for (std::size_t at = 0; at < text.size() && !decoder.done() && !result.fault && !decoder.too_large(); at += step) {
    std::string_view piece = std::string_view(text).substr(at, step);
    result.fault = decoder.decode(piece, result.out, limit);
    result.rest = piece;
  }
  result.done = decoder.done();
  result.too_large = decoder.too_large();
  return result;
}

TEST_CASE("chunked bodies") {
  for (const std::size_t step : {1, 2, 3, 1'000}) {
    CAPTURE(step);
    const auto good = decode_chunks("5\r\nhello\r\nB;x=y\r\n, my world!\r\n0\r\nX-T: 1\r\n\r\n", step);
    CHECK_FALSE(good.fault);
    CHECK(good.done);
    CHECK(good.out == "hello, my world!");
    for (const std::string bad :
         {"0x5\r\nhello\r\n", "+5\r\nhello\r\n", "5zz\r\nhello\r\n", "-1\r\n", "\r\n", " 5\r\nhello", "5\nhello\r\n",
          "5\r\nhelloo\r\n", "5\r\nhello\n0\r\n\r\n", "FFFFFFFFFFFFFFFFF\r\n", "0\r\nX\nY\r\n\r\n", "5;\n\r\nhello"}) {
      CAPTURE(bad);
      CHECK(decode_chunks(bad, step).fault);
    }
  }
  CHECK(decode_chunks("0\r\n\r\nGET / HTTP/1.1", 1'000).rest == "GET / HTTP/1.1");
  CHECK(decode_chunks("400\r\n" + std::string(1'024, 'a'), 1'000, 1'000).too_large);
  CHECK(decode_chunks("0\r\n" + std::string(10'000, 'a'), 1'000).fault);
}

Response dispatch(const Router& router, const std::string& method, const std::string& path,
                  std::vector<std::string>* parameters = nullptr) {
  Request request;
  request.method = method;
  request.path = path;
  auto task = router.dispatch(request);
  REQUIRE(task.ready());
  if (parameters != nullptr)
    for (const auto parameter : request.parameters) parameters->emplace_back(parameter);
  return task.take();
}

TEST_CASE("routes are found by their segments") {
  Router router;
  const auto says = [](std::string word) {
    return [word](Request&) { return Task<Response>(Response{200, "text/plain", word}); };
  };
  router.add(Verb::get, "/users", says("list"));
  router.add(Verb::post, "/users", says("make"));
  router.add(Verb::get, "/users/{id}", says("one"));
  router.add(Verb::get, "/users/me", says("me"));
  router.add(Verb::put, "/users/{id}/role", says("role"));
  CHECK_THROWS(router.add(Verb::put, "/users/{other}/role", says("twice")));

  std::vector<std::string> parameters;
  CHECK(dispatch(router, "GET", "/users/a%2Fb", &parameters).body == "one");
  CHECK(parameters == std::vector<std::string>{"a%2Fb"});
  CHECK(dispatch(router, "GET", "/users/me").body == "me");
  CHECK(dispatch(router, "PUT", "/users/me/role").body == "role");
  CHECK(dispatch(router, "HEAD", "/users").body == "list");
  for (const std::string unknown : {"/", "", "/nothing", "/users/", "/users//role", "//users", "/users/x/role/y",
                                    "/USERS", "/users/..", "/users/.", "users", "*"}) {
    CAPTURE(unknown);
    CHECK(dispatch(router, "GET", unknown).status == 404);
  }
  const auto refused = dispatch(router, "DELETE", "/users");
  CHECK(refused.status == 405);
  CHECK(refused.header("Allow") == "GET, HEAD, POST");
  CHECK(dispatch(router, "get", "/users").status == 405);
  CHECK(dispatch(router, "BREW", "/users/1").status == 405);
}

TEST_CASE("every error survives the wire") {
  for (const auto& known : code_table) {
    Error error{known.code, "some_reason", "words \"quoted\"", {}, {}};
    if (known.code == Code::invalid) error.violations = {{"/a/0", "minimum", "at least 1"}};
    if (known.code == Code::exhausted || known.code == Code::unavailable) error.retry_after = 7;
    const auto response = problem(error);
    CHECK(response.status == known.status);
    CHECK(response.content_type == "application/problem+json");
    CHECK(error_of(response.status, response.body, response.header("Retry-After")) == error);
  }
}

TEST_CASE("whatever a peer answers becomes an error") {
  CHECK(error_of(502, "<html>bad gateway</html>", "").code == Code::unavailable);
  CHECK(error_of(418, "", "").code == Code::unavailable);
  CHECK(error_of(503, "", "soon").retry_after == 1);
  // A refusal is believed only from whom it can come.
  CHECK(error_of(404, "{}", "").code == Code::unavailable);
  CHECK(error_of(404, problem(Error{Code::not_found, "no_such_route", ""}).body, "").code == Code::unavailable);
}

TEST_CASE("percent encoding") {
  CHECK(percent_decode("a%2fb%C3%A9") == "a/b\xc3\xa9");
  CHECK(percent_decode("a+b") == "a+b");
  CHECK(percent_decode("a+b", true) == "a b");
  for (const std::string bad : {"%", "%1", "%zz", "%00", "a%2"}) CHECK_FALSE(percent_decode(bad));
  CHECK(percent_encode("a/b é~") == "a%2Fb%20%C3%A9~");
}

TEST_CASE("lists are taken apart at their commas, and white space is spaces and tabs") {
  const auto elements = [](std::string_view list) {
    std::vector<std::string_view> found;
    while (!list.empty()) found.push_back(take_element(list));
    return found;
  };
  CHECK(elements("").empty());
  CHECK(elements("a") == std::vector<std::string_view>{"a"});
  CHECK(elements("a,b c ,\td\t") == std::vector<std::string_view>{"a", "b c", "d"});
  CHECK(elements(" , a,,b,") == std::vector<std::string_view>{"", "a", "", "b"});
  CHECK(trim(" \t ").empty());
  CHECK(trim("\na\n") == "\na\n");
}

TEST_CASE("idempotency keys are quoted or bare, 1 to 255 characters") {
  const auto key = [](std::vector<std::string> values) {
    Headers headers;
    for (const auto& value : values) headers.add("Idempotency-Key", value);
    return idempotency_key(headers);
  };
  CHECK(key({}) == "");
  CHECK(key({"abc"}) == "abc");
  CHECK(key({"\"abc\""}) == "abc");
  CHECK(key({R"("a\"b\\c")"}) == R"(a"b\c)");
  CHECK(key({std::string(255, 'a')})->size() == 255);
  for (const auto& bad : std::vector<std::vector<std::string>>{{""},
                                                               {"\"\""},
                                                               {std::string(256, 'a')},
                                                               {"a", "b"},
                                                               {"a\"b"},
                                                               {"\"a"},
                                                               {"\"a\"b\""},
                                                               {"\"a\\x\""},
                                                               {"\xc3\xa9"}})
    CHECK(key(bad).error().code == Code::malformed);
}

TEST_CASE("preferences that are understood are honoured, others ignored") {
  const auto wait = [](std::vector<std::string> values) {
    Headers headers;
    for (const auto& value : values) headers.add("Prefer", value);
    return preferred_wait(headers, seconds{30});
  };
  CHECK_FALSE(wait({}));
  CHECK(wait({"wait=5"}) == seconds{5});
  CHECK(wait({"handling=lenient, wait = 7"}) == seconds{7});
  CHECK(wait({"wait=100"}) == seconds{30});
  CHECK(wait({"respond-async"}) == seconds{0});
  CHECK(wait({"respond-async, wait=5"}) == seconds{0});
  for (const std::string odd : {"wait", "wait=", "wait=-1", "wait=x", "wait=99999999999999999999", "nonsense", ",,"})
    CHECK_FALSE(wait({odd}));
}

TEST_CASE("base URLs") {
  CHECK(parse_base_url("http://127.0.0.1:3001") == Address{"127.0.0.1", 3001});
  CHECK(parse_base_url("http://order") == Address{"order", 80});
  CHECK(parse_base_url("http://[::1]:5/") == Address{"::1", 5});
  for (const std::string bad : {"", "order", "https://order", "http://", "http://a:0", "http://a:99999", "http://a/b",
                                "http://a:1/b", "http://u@a:1", "http://a:x"})
    CHECK_FALSE(parse_base_url(bad));
}

TEST_CASE("hosts that strangers may name, and hosts they may not, however they are written") {
  const HostRules rules({});
  for (const auto* good :
       {"127.0.0.1", "::1", "10.0.0.1", "192.168.1.7", "172.17.0.2", "203.0.113.9", "fd12::1", "2001:db8::1",
        "::ffff:10.0.0.1", "localhost", "orders", "orders_1", "node-3.example.com", "0a.example", "1.2.example"}) {
    CAPTURE(good);
    CHECK_FALSE(rules.refuses(good));
  }
  for (const auto* bad : {"169.254.169.254",
                          "169.254.0.1",
                          "fe80::1",
                          "febf::1",
                          "::ffff:169.254.169.254",
                          "::ffff:a9fe:a9fe",
                          "64:ff9b::a9fe:a9fe",
                          "2002:a9fe:a9fe::1",
                          "::169.254.169.254",
                          "100.100.100.200",
                          "192.0.0.192",
                          "168.63.129.16",
                          "fd00:ec2::254",
                          "0.0.0.0",
                          "0.1.2.3",
                          "::",
                          "::ffff:0.0.0.0",
                          "224.0.0.1",
                          "ff02::1",
                          "255.255.255.255",
                          "2852039166",
                          "0xa9fea9fe",
                          "0xA9.0xfe.169.254",
                          "169.254.43518",
                          "0251.0376.0251.0376",
                          "127.1",
                          "metadata.google.internal",
                          "Metadata.Google.Internal",
                          "metadata",
                          "a..b",
                          ".a",
                          "a.",
                          "-a",
                          "a-.b",
                          "fe80::1%eth0",
                          "[::1]",
                          "a:80",
                          "1.2.3.4.",
                          "",
                          ":"}) {
    CAPTURE(bad);
    CHECK(rules.refuses(bad));
  }
}

TEST_CASE("ranges deny and allow, to the bit") {
  const HostRules rules({.denied = {"10.1.0.0/20", "10.9.9.9"}, .allowed = {"10.0.0.0/8", "fd00::/8"}});
  for (const auto* good : {"10.0.0.1", "10.1.16.0", "10.9.9.8", "fdff::1", "by-name"}) CHECK_FALSE(rules.refuses(good));
  for (const auto* bad : {"10.1.0.0", "10.1.15.255", "10.9.9.9", "11.0.0.1", "127.0.0.1", "fc00::1", "fd00:ec2::254"}) {
    CAPTURE(bad);
    CHECK(rules.refuses(bad));
  }
  for (const auto* bad :
       {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.0.0/8", "fd00::/129", "name", "/8", "10.0.0.0/-1"}) {
    CAPTURE(bad);
    CHECK_FALSE(AddressRange::parse(bad));
    CHECK_THROWS(HostRules({.denied = {bad}, .allowed = {}}));
  }
}

}  // namespace
}  // namespace svc::http
