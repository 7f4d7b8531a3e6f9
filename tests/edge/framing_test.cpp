// What two programs could read in two ways is refused, and nothing of it is ever run: a table, one row per input.
//
// Every row carries a request where only content, or what is behind a refusal, may be; its X-Request-Id is
// "smuggled". The answers tell by their X-Request-Id which requests were run.
#include "support/catch.h"
#include "support/system.h"
#include "support/wire.h"

namespace {

using namespace svc::test;
using namespace std::string_literals;

enum class After { closes, stays, either };

struct Row {
  std::string name, bytes;
  int status;
  std::string code;  // of the problem document
  After after = After::closes;
};

const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\nX-Request-Id: smuggled\r\n\r\n";
const std::string probe = "GET /probe HTTP/1.1\r\nHost: h\r\nX-Request-Id: probe\r\nConnection: close\r\n\r\n";

std::string length(const std::string& body) { return "Content-Length: " + std::to_string(body.size()) + "\r\n"; }
const std::string chunked = "Transfer-Encoding: chunked\r\n";

// A request whose header fields end with `fields`.
std::string request(const std::string& line, const std::string& fields, const std::string& rest) {
  return line + "\r\nHost: h\r\nX-Request-Id: outer\r\n" + fields + "\r\n" + rest;
}
// To a route that reads JSON from anyone: {} is answered 422, so it was read as {}.
std::string post(const std::string& fields, const std::string& rest) {
  return request("POST /users HTTP/1.1", "Content-Type: application/json\r\n" + fields, rest);
}
std::string get(const std::string& fields) { return request("GET /items HTTP/1.1", fields, smuggled); }
std::string target(const std::string& text) { return request("GET " + text + " HTTP/1.1", "", smuggled); }
std::string version(const std::string& text) { return request("GET /items " + text, "", smuggled); }
std::string in_chunks(const std::string& body) { return post(chunked, body + smuggled); }

std::vector<Row> lengths() {
  const auto bad = [](const std::string& name, const std::string& value) {
    return Row{name, post("Content-Length: " + value + "\r\n", "{}" + smuggled), 400, "bad_content_length"};
  };
  const auto ambiguous = [](const std::string& name, const std::string& fields, const std::string& rest) {
    return Row{name, post(fields, rest + smuggled), 400, "ambiguous_length"};
  };
  return {
      ambiguous("length, then chunked", "Content-Length: 5\r\n" + chunked, "0\r\n\r\n"),
      ambiguous("chunked, then length", chunked + "Content-Length: 2\r\n", "{}"),
      ambiguous("chunked and no length at all", chunked + "Content-Length: 0\r\n", "0\r\n\r\n"),
      ambiguous("two lengths", "Content-Length: 2\r\n" + length("{}" + smuggled), "{}"),
      ambiguous("two lengths, the smaller last", length("{}" + smuggled) + "Content-Length: 2\r\n", "{}"),
      ambiguous("the same length twice", "Content-Length: 2\r\nContent-Length: 2\r\n", "{}"),
      bad("a list of lengths", "2, 2"),
      bad("+2", "+2"),
      bad("2abc", "2abc"),
      bad("-2", "-2"),
      bad("0x2", "0x2"),
      bad("2.0", "2.0"),
      bad("2 2", "2 2"),
      bad("empty", ""),
      bad("a length beyond 64 bits", "18446744073709551618"),
      bad("a length of a hundred digits", std::string(99, '0') + "2"),
      {"a length beyond all limits", post("Content-Length: 999999999999999999\r\n", smuggled), 413, "body_too_large"},
  };
}

std::vector<Row> encodings() {
  const auto row = [](const std::string& name, const std::string& fields, int status) {
    return Row{name, post(fields, "0\r\n\r\n" + smuggled), status, "bad_transfer_encoding"};
  };
  return {
      row("gzip, chunked", "Transfer-Encoding: gzip, chunked\r\n", 501),
      row("chunked, gzip", "Transfer-Encoding: chunked, gzip\r\n", 501),
      row("chunked, chunked", "Transfer-Encoding: chunked, chunked\r\n", 501),
      row("identity", "Transfer-Encoding: identity\r\n", 501),
      row("xchunked", "Transfer-Encoding: xchunked\r\n", 501),
      row("in quotes", "Transfer-Encoding: \"chunked\"\r\n", 501),
      row("no encoding named", "Transfer-Encoding:\r\n", 501),
      row("chunked twice", chunked + chunked, 400),
      row("gzip and chunked in two fields", "Transfer-Encoding: gzip\r\n" + chunked, 400),
      {"chunked in HTTP/1.0", request("POST /users HTTP/1.0", chunked, "0\r\n\r\n" + smuggled), 400,
       "bad_transfer_encoding"},
      {"a vertical tab behind it", post("Transfer-Encoding: chunked\v\r\n", "0\r\n\r\n" + smuggled), 400, "bad_header"},
      {"a space before the colon", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n" + smuggled), 400, "bad_header"},
      {"an underscore makes another field", post("Transfer_Encoding: chunked\r\n" + length("{}"), "{}"), 422,
       "rule_broken", After::stays},
  };
}

std::vector<Row> chunks() {
  const auto bad = [](const std::string& name, const std::string& body) {
    return Row{name, in_chunks(body), 400, "bad_chunk"};
  };
  const std::string end = "0\r\n\r\n";
  return {
      bad("size 0x2", "0x2\r\n{}\r\n" + end),
      bad("size +2", "+2\r\n{}\r\n" + end),
      bad("size -2", "-2\r\n{}\r\n" + end),
      bad("size 2zz", "2zz\r\n{}\r\n" + end),
      bad("size 2 and a space", "2 \r\n{}\r\n" + end),
      bad("a space and size 2", " 2\r\n{}\r\n" + end),
      bad("no size", "\r\n{}\r\n" + end),
      bad("an extension without size", ";a=b\r\n{}\r\n" + end),
      bad("a size of 17 digits", "10000000000000002\r\n{}\r\n" + end),
      bad("a size of many zeros", std::string(64, '0') + "2\r\n{}\r\n" + end),
      bad("more data than its size", "2\r\n{}}}\r\n" + end),
      bad("less data than its size", "4\r\n{}\r\n" + end),
      bad("no CR LF behind data", "2\r\n{}" + end),
      bad("LF alone behind data", "2\r\n{}\n" + end),
      bad("LF alone behind a size", "2\n{}\r\n" + end),
      bad("CR alone behind a size", "2\r{}\r\n" + end),
      bad("LF alone in an extension", "2;a\n{}\r\n" + end),
      bad("NUL in an extension", "2;a=\0b\r\n{}\r\n"s + end),
      bad("DEL in an extension", "2;a=\x7f\r\n{}\r\n" + end),
      bad("LF alone at the end", "2\r\n{}\r\n0\r\n\n"),
      bad("LF alone in a trailer", "2\r\n{}\r\n0\r\nA: b\n\r\n"),
      bad("CR alone in a trailer", "2\r\n{}\r\n0\r\nA: b\rc\r\n\r\n"),
      bad("NUL in a trailer", "2\r\n{}\r\n0\r\nA: \0\r\n\r\n"s),
      bad("a trailer without a colon", "2\r\n{}\r\n0\r\n" + smuggled),
      bad("a trailer without a name", "2\r\n{}\r\n0\r\n: b\r\n\r\n"),
      bad("a trailer with a space before the colon", "2\r\n{}\r\n0\r\nA : b\r\n\r\n"),
      bad("a trailer folded", "2\r\n{}\r\n0\r\nA: b\r\n c\r\n\r\n"),
      {"a body that is chunked, and sound", post(chunked, "2\r\n{}\r\n" + end), 422, "rule_broken", After::stays},
  };
}

std::vector<Row> fields() {
  const auto bad = [](const std::string& name, const std::string& lines) {
    return Row{name, get(lines), 400, "bad_header"};
  };
  const auto folded = [](const std::string& name, const std::string& lines) {
    return Row{name, get(lines), 400, "folded_header"};
  };
  const auto lf = [](const std::string& name, const std::string& lines) {
    return Row{name, get(lines), 400, "bare_lf"};
  };
  const auto with_hosts = [](const std::string& name, const std::string& lines) {
    return Row{name, "GET /items HTTP/1.1\r\n" + lines + "\r\n" + smuggled, 400, "bad_host"};
  };
  return {
      lf("LF alone behind a field", "X-A: b\n"),
      lf("LF alone, then a field", "X-A: b\nTransfer-Encoding: chunked\r\n"),
      lf("LF LF as the end", "X-A: b\n\n"),
      lf("CR LF LF as the end", "X-A: b\r\n\n"),
      {"LF alone everywhere", "GET /items HTTP/1.1\nHost: h\n\n" + smuggled, 400, "bare_lf"},
      folded("a field folded by a space", "X-A: one\r\n two\r\n"),
      folded("a field folded by a tab", "X-A: one\r\n\ttwo\r\n"),
      {"a first field folded", "GET /items HTTP/1.1\r\n Host: h\r\n\r\n" + smuggled, 400, "folded_header"},
      {"a length folded", post("Content-Length:\r\n 2\r\n", "{}" + smuggled), 400, "folded_header"},
      bad("NUL in a value", "X-A: a\0b\r\n"s),
      bad("CR in a value", "X-A: a\rb\r\n"),
      bad("CR CR LF", "X-A: a\r\r\n"),
      bad("escape in a value", "X-A: \x1b[2J\r\n"),
      bad("DEL in a value", "X-A: \x7f\r\n"),
      bad("NUL in a name", "X\0A: b\r\n"s),
      bad("a space in a name", "X A: b\r\n"),
      bad("a space before the colon", "X-A : b\r\n"),
      bad("a name that is not ASCII", "X-\xc3\xa9: b\r\n"),
      bad("no name", ": b\r\n"),
      bad("no colon", "X-A\r\n"),
      with_hosts("no Host", "X-A: b\r\n"),
      with_hosts("two Hosts", "Host: h\r\nHost: i\r\n"),
      with_hosts("the same Host twice", "Host: h\r\nHost: h\r\n"),
      with_hosts("a list of Hosts", "Host: h i\r\n"),
      with_hosts("a Host with a path", "Host: h/items\r\n"),
      with_hosts("a Host with a user", "Host: a@h\r\n"),
      with_hosts("two Hosts in one", "Host: a,b\r\n"),
      with_hosts("a Host with parameters", "Host: h;c=d\r\n"),
      with_hosts("a Host half in brackets", "Host: [::1\r\n"),
      with_hosts("a Host in brackets that is no address", "Host: [h]\r\n"),
      with_hosts("an address without brackets", "Host: ::1\r\n"),
      with_hosts("a Host with two ports", "Host: h:80:80\r\n"),
      with_hosts("a Host with a port that is no number", "Host: h:x\r\n"),
      with_hosts("a Host with other sub-delims", "Host: !$&'()*+\r\n"),
      {"a Host of every sound kind", "GET /items HTTP/1.1\r\nHost: [fe80::1%25eth0]:80\r\nX-Request-Id: outer\r\n\r\n",
       401, "token_missing", After::stays},
      {"CR LF by percent signs in a value",
       request("GET /items HTTP/1.1", "X-A: a%0d%0aX-Request-Id:%20smuggled\r\n", ""), 401, "token_missing",
       After::stays},
  };
}

std::vector<Row> lines() {
  const auto bad_line = [](const std::string& name, const std::string& line) {
    return Row{name, request(line, "", smuggled), 400, "bad_request_line"};
  };
  const auto bad_target = [](const std::string& name, const std::string& text) {
    return Row{name, target(text), 400, "bad_target"};
  };
  const auto other = [](const std::string& text) { return Row{text, version(text), 505, "bad_version"}; };
  return {
      {"HTTP/0.9", "GET /items\r\n\r\n" + smuggled, 400, "bad_request_line"},
      bad_line("two spaces", "GET  /items HTTP/1.1"),
      bad_line("a tab for a space", "GET\t/items\tHTTP/1.1"),
      bad_line("a space at the end", "GET /items HTTP/1.1 "),
      bad_line("a space at the start", " GET /items HTTP/1.1"),
      bad_line("a space in the target", "GET /items /x HTTP/1.1"),
      bad_line("version in lower case", "GET /items http/1.1"),
      bad_line("a version of two digits", "GET /items HTTP/1.10"),
      bad_line("another protocol", "GET /items ICAP/1.0"),
      bad_line("a method that is no token", "G(T /items HTTP/1.1"),
      bad_line("no method", " /items HTTP/1.1"),
      bad_line("NUL for a method", "\0 /items HTTP/1.1"s),
      {"CR in the request line", "GET /items\rHTTP/1.1\r\nHost: h\r\n\r\n" + smuggled, 400, "bad_request_line"},
      other("HTTP/2.0"),
      other("HTTP/1.2"),
      other("HTTP/0.9"),
      {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + smuggled, 505, "bad_version"},
      bad_target("no slash", "items"),
      bad_target("asterisk and GET", "*"),
      bad_target("https", "https://h/items"),
      bad_target("no authority", "http:///items"),
      bad_target("a fragment", "/items#x"),
      bad_target("a control character", "/items\x01"),
      bad_target("NUL", "/items\0"s),
      bad_target("not ASCII", "/it\xc3\xa9ms"),
      bad_target("backslash", "/items\\x"),
      {"authority-form", request("CONNECT h:80 HTTP/1.1", "", smuggled), 400, "bad_target"},
      {"absolute-form", request("GET http://h/items HTTP/1.1", "", ""), 401, "token_missing", After::stays},
      {"absolute-form without a path", request("GET http://h?x=/items HTTP/1.1", "", smuggled), 400, "bad_target"},
      bad_target("two hosts in one", "http://a,b/items"),
      {"asterisk-form", request("OPTIONS * HTTP/1.1", "", ""), 404, "no_such_route", After::stays},
      {"a method in lower case", request("get /items HTTP/1.1", "", ""), 405, "method_not_allowed", After::stays},
      {"CR LF by percent signs in the target", request("GET /items%0d%0aX-Request-Id:%20smuggled HTTP/1.1", "", ""),
       404, "no_such_route", After::stays},
      {"one empty line before", "\r\n" + request("GET /items HTTP/1.1", "", ""), 401, "token_missing", After::stays},
      {"many empty lines before", "\r\n\r\n\r\n" + smuggled, 400, "bad_request_line"},
      {"TLS to a port without", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n"s + smuggled, 400, "bare_lf"},
  };
}

// Bodies that nobody reads.
std::vector<Row> unread_bodies() {
  const auto sized = [](const std::string& line) { return request(line, length(smuggled), smuggled); };
  const auto in_chunk = [](const std::string& line) {
    return request(line, chunked, "3b\r\n" + smuggled + "\r\n0\r\n\r\n");
  };
  REQUIRE(smuggled.size() == 0x3b);
  return {
      {"GET with a body", sized("GET /items HTTP/1.1"), 400, "unexpected_body"},
      {"GET with a chunked body", in_chunk("GET /items HTTP/1.1"), 400, "unexpected_body"},
      {"GET to no route, with a body", sized("GET /nothing HTTP/1.1"), 400, "unexpected_body"},
      {"POST to no route, with a body", sized("POST /nothing HTTP/1.1"), 404, "no_such_route", After::either},
      {"POST to no route, with a chunked body", in_chunk("POST /nothing HTTP/1.1"), 404, "no_such_route",
       After::either},
      {"a method that is not there, with a body", sized("PATCH /items HTTP/1.1"), 405, "method_not_allowed",
       After::either},
      {"a method nobody knows, with a body", sized("BREW /items HTTP/1.1"), 405, "method_not_allowed", After::either},
      {"OPTIONS with a body", sized("OPTIONS * HTTP/1.1"), 404, "no_such_route", After::either},
      {"a body without token", sized("POST /orders HTTP/1.1"), 401, "token_missing", After::either},
      {"DELETE with a body", sized("DELETE /users/x HTTP/1.1"), 401, "token_missing", After::either},
      {"a body that is not JSON", post(length(smuggled), smuggled), 400, "malformed_json", After::stays},
      {"a chunked body that is not JSON", post(chunked, "3b\r\n" + smuggled + "\r\n0\r\n\r\n"), 400, "malformed_json",
       After::stays},
      {"a body of another type", sized("POST /users HTTP/1.1"), 415, "content_type", After::either},
      {"an encoded body", post("Content-Encoding: gzip\r\n" + length(smuggled), smuggled), 415, "content_encoding",
       After::either},
      {"an encoded body in chunks", post("Content-Encoding: gzip\r\n" + chunked, "3b\r\n" + smuggled + "\r\n0\r\n\r\n"),
       415, "content_encoding", After::either},
      {"an encoding behind an empty one",
       post("Content-Encoding:\r\nContent-Encoding: gzip\r\n" + length(smuggled), smuggled), 415, "content_encoding",
       After::either},
      {"two types", post("Content-Type: text/plain\r\n" + length(smuggled), smuggled), 415, "content_type",
       After::either},
      {"an unknown Expect behind an empty one",
       post("Expect:\r\nExpect: the-unexpected\r\n" + length(smuggled), smuggled), 417, "bad_expect"},
      {"an unknown Expect behind a known one",
       post("Expect: 100-continue\r\nExpect: the-unexpected\r\n" + length(smuggled), smuggled), 417, "bad_expect"},
      {"an unknown Expect", post("Expect: the-unexpected\r\n" + length(smuggled), smuggled), 417, "bad_expect"},
  };
}

void play(int port, const Row& row, bool byte_by_byte) {
  CAPTURE(row.name, byte_by_byte);
  Wire wire(port);
  if (byte_by_byte) wire.drip(row.bytes);
  else wire.send(row.bytes);
  if (row.after != After::closes) wire.send(probe);
  const auto replies = wire.replies();
  REQUIRE_FALSE(replies.empty());
  CHECK(replies[0].status == row.status);
  CHECK(replies[0].code() == row.code);
  CHECK_FALSE(replies[0].id().empty());
  CHECK(replies[0].id() != "smuggled");
  if (row.after == After::stays) CHECK(replies.size() == 2);
  if (row.after == After::closes) CHECK(replies.size() == 1);
  CHECK(replies[0].header("connection") == (replies.size() == 1 ? "close" : "keep-alive"));
  if (replies.size() == 1) return;
  CHECK(replies.size() == 2);
  CHECK(replies[1].id() == "probe");
  CHECK(replies[1].status == 404);
}

void play_all(const std::vector<Row>& rows) {
  for (const auto& placement : {whole, split}) {
    System system(placement);
    CAPTURE(name_of(placement));
    for (const auto& row : rows) {
      play(system.gateway(), row, false);
      play(system.gateway(), row, true);
    }
  }
}

TEST_CASE("Content-Length") { play_all(lengths()); }
TEST_CASE("Transfer-Encoding") { play_all(encodings()); }
TEST_CASE("chunks") { play_all(chunks()); }
TEST_CASE("header fields") { play_all(fields()); }
TEST_CASE("request lines") { play_all(lines()); }
TEST_CASE("bodies that nobody reads") { play_all(unread_bodies()); }
TEST_CASE("the port for operations has the same front") {
  System system(whole);
  for (const auto& row : fields())
    if (row.after == After::closes) play(system.operations(), row, false);
}

}  // namespace
