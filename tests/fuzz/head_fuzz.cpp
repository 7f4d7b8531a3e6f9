// Heads of requests and answers: HeadScanner, parse_request_head, parse_response_head. For every input:
//   - it makes no difference in what pieces the bytes arrive, nor what follows the head
//   - a head that is accepted is lines that end with CR LF, with no other control character in its fields
//   - every line of it is one header field, and no field is of two lines
//   - there is one framing at most, and it is the one that the fields name
//   - a target is path and query as RFC 9112 section 3.2 splits it, be it in origin-form or absolute-form
//   - what was understood, said again, is understood alike
//   - a traceparent that was understood, said again, is understood alike
//   - tight limits change nothing but which heads are refused
#include <algorithm>
#include <cctype>
#include <string>

#include "contract/trace.h"
#include "fuzz.h"
#include "http/parse.h"

namespace {

using namespace svc::http;
using svc::fuzz::Choices;
using svc::fuzz::Exact;
using svc::fuzz::must;
using State = HeadScanner::State;

struct Scanned {
  State state = State::more;
  std::size_t end = 0;  // when complete
  int status = 0;       // when broken
  bool operator==(const Scanned&) const = default;
};

Scanned as_scanned(State state, const HeadScanner& scanner) {
  return {state, state == State::complete ? scanner.end() : 0, state == State::broken ? scanner.fault().status : 0};
}

Scanned scan_whole(std::string_view bytes, const Limits& limits) {
  HeadScanner scanner;
  const auto state = scanner.scan(bytes, limits);
  return as_scanned(state, scanner);
}

Scanned scan_in_pieces(std::string_view bytes, const Limits& limits, Choices& choices) {
  HeadScanner scanner;
  const std::size_t longest = choices.next(2) == 0 ? 4 : bytes.size() / 2 + 1;
  for (std::size_t arrived = 0; arrived < bytes.size();) {
    arrived = std::min(bytes.size(), arrived + 1 + choices.next(longest));
    const Exact so_far(bytes.substr(0, arrived));
    const auto state = scanner.scan(so_far.view(), limits);
    if (state != State::more) return as_scanned(state, scanner);
  }
  return {};
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// What holds for the fields of any head. `lines`: behind the first line, up to the end of the empty one.
void check_fields(std::string_view lines, const Headers& headers, const Framing& framing) {
  must(lines.ends_with("\r\n"), "a head ends with CR LF");
  lines.remove_suffix(2);
  std::size_t lengths = 0, encodings = 0;
  for (const auto& field : headers) {
    const auto end = lines.find("\r\n");
    must(end != std::string_view::npos, "every field is a line");
    const auto line = lines.substr(0, end);
    lines.remove_prefix(end + 2);
    must(std::ranges::none_of(line, [](char c) { return is_control(c) && c != '\t'; }), "fields hold no controls");
    must(!field.name.empty() && line.starts_with(std::string(field.name) + ":"), "a name stands before its colon");
    must(field.name.find_first_of(" \t:") == std::string_view::npos, "a name is one word");
    const auto value = line.substr(field.name.size() + 1);
    const auto first = value.find_first_not_of(" \t");
    must(field.value == (first == std::string_view::npos
                             ? std::string_view{}
                             : value.substr(first, value.find_last_not_of(" \t") + 1 - first)),
         "a value is what stands behind the colon, without spaces around it");
    if (const auto trace = svc::read_traceparent(field.value))
      must(svc::read_traceparent(svc::traceparent(*trace)) == trace, "a trace that is understood is said alike");
    if (lower(field.name) == "content-length") {
      ++lengths;
      must(framing.length && !field.value.empty() &&
               std::ranges::all_of(field.value, [](unsigned char c) { return std::isdigit(c) != 0; }) &&
               *framing.length == std::stoull(std::string(field.value)),
           "Content-Length is what it says");
    }
    if (lower(field.name) == "transfer-encoding") {
      ++encodings;
      must(lower(field.value) == "chunked", "no Transfer-Encoding but chunked is accepted");
    }
  }
  must(lines.empty(), "every line is a field");
  must(lengths + encodings <= 1, "a body is framed in one way");
  must(framing.chunked == (encodings == 1) && framing.length.has_value() == (lengths == 1),
       "a body is framed as the fields say");
}

bool same_fields(const Headers& a, const Headers& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) { return x.name == y.name && x.value == y.value; });
}
bool same_framing(const Framing& a, const Framing& b) { return a.chunked == b.chunked && a.length == b.length; }

std::string written(const Headers& headers) {
  std::string text;
  for (const auto& [name, value] : headers) text += std::string(name) + ": " + std::string(value) + "\r\n";
  return text + "\r\n";
}

// Path and query of a target, in the plainest way.
std::string origin_form(std::string_view target) {
  if (target.starts_with('/') || target == "*") return std::string(target);
  must(lower(target.substr(0, 7)) == "http://", "a target is a path, * or a URL");
  target.remove_prefix(7);
  const auto end = std::min(target.find_first_of("/?#"), target.size());
  must(end > 0 && target.substr(0, end).find('@') == std::string_view::npos, "a URL has a host, and no user");
  target.remove_prefix(end);
  return (target.starts_with('/') ? "" : "/") + std::string(target);
}

void check_request(std::string_view text, const Limits& limits) {
  RequestHead head;
  if (const auto fault = parse_request_head(text, limits, head)) {
    must(fault->status >= 400 && fault->status <= 599, "a refusal has a status");
    return;
  }
  const auto line = text.substr(0, text.find("\r\n"));
  must(std::ranges::none_of(line, [](char c) { return is_control(c) || static_cast<unsigned char>(c) >= 0x80; }),
       "a request line is of visible ASCII");
  const auto rest = line.substr(std::min(head.method.size() + 1, line.size()));
  must(!head.method.empty() && line.starts_with(std::string(head.method) + " "), "a method stands first");
  must(rest.ends_with(" HTTP/1.1") || rest.ends_with(" HTTP/1.0"), "a version stands last");
  const auto target = rest.substr(0, rest.size() - 9);
  must(target.find(' ') == std::string_view::npos, "a request line has three parts");
  const std::string path_and_query = origin_form(target);
  const auto question = path_and_query.find('?');
  must(head.path == path_and_query.substr(0, question), "the path is the target's");
  must(head.query == (question == std::string::npos ? "" : path_and_query.substr(question + 1)),
       "the query is the target's");
  must(head.path.starts_with('/') || (head.path == "*" && head.method == "OPTIONS"), "a path begins with a slash");
  check_fields(text.substr(line.size() + 2), head.headers, head.framing);
  must(!head.framing.chunked || rest.ends_with('1'), "HTTP/1.0 has no chunks");
  must(head.headers.count("host") == 1 || (rest.ends_with('0') && head.headers.count("host") == 0),
       "there is one Host");
  const bool names_host = !target.starts_with('/') && target != "*";
  must(head.host == (names_host ? target.substr(7, target.find_first_of("/?#", 7) - 7) : head.headers.get("host")),
       "the host is the target's, or the field's");

  const Exact again(std::string(head.method) + " " + path_and_query + std::string(rest.substr(rest.size() - 9)) +
                    "\r\n" + written(head.headers));
  RequestHead understood;
  must(!parse_request_head(again.view(), limits, understood), "what was understood can be said again");
  must(understood.method == head.method && understood.path == head.path && understood.query == head.query &&
           same_fields(understood.headers, head.headers) && same_framing(understood.framing, head.framing) &&
           understood.keep_alive == head.keep_alive && understood.expects_continue == head.expects_continue,
       "a request said again is understood alike");
}

void check_response(std::string_view text, const Limits& limits) {
  ResponseHead head;
  if (parse_response_head(text, limits, head)) return;
  const auto line = text.substr(0, text.find("\r\n"));
  must(line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 "), "an answer begins with its version");
  must(head.status >= 100 && head.status <= 599 && line.substr(9).starts_with(std::to_string(head.status)),
       "a status is the one that was sent");
  check_fields(text.substr(line.size() + 2), head.headers, head.framing);

  const Exact again(std::string(line.substr(0, 12)) + "\r\n" + written(head.headers));
  ResponseHead understood;
  must(!parse_response_head(again.view(), limits, understood), "an answer that was understood can be said again");
  must(understood.status == head.status && same_fields(understood.headers, head.headers) &&
           same_framing(understood.framing, head.framing) && understood.keep_alive == head.keep_alive,
       "an answer said again is understood alike");
}

void check(std::string_view bytes, const Limits& limits) {
  Choices choices(bytes);
  const Exact exact(bytes);
  const auto whole = scan_whole(exact.view(), limits);
  for (int i = 0; i < 3; ++i)
    must(scan_in_pieces(bytes, limits, choices) == whole, "it makes no difference in what pieces a head arrives");
  if (whole.state != State::complete) return;
  const Exact head(bytes.substr(0, whole.end));
  must(scan_whole(head.view(), limits) == whole, "what follows a head makes no difference");
  must(head.view().ends_with("\r\n\r\n"), "a head ends with an empty line");
  must(head.view().find("\r\n\r\n") == head.view().size() - 4, "a head ends with its first empty line");
  must(std::ranges::count(head.view(), '\n') > 1, "a head has a first line");
  check_request(head.view(), limits);
  check_response(head.view(), limits);
}

// A head accepted within tight limits is accepted within the usual ones.
void check_tight(std::string_view bytes, const Limits& tight) {
  const auto scanned = scan_whole(bytes, tight);
  if (scanned.state != State::complete) return;
  const Limits usual;
  must(scan_whole(bytes, usual) == scanned, "wider limits find the same head");
  const auto text = bytes.substr(0, scanned.end);
  RequestHead head, same;
  if (parse_request_head(text, tight, head)) return;
  must(!parse_request_head(text, usual, same) && same_fields(head.headers, same.headers) &&
           head.headers.size() <= static_cast<std::size_t>(tight.header_fields),
       "wider limits accept the same head");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = svc::fuzz::text_of(data, size);
  const Limits tight{.request_line = 40, .header_block = 120, .header_fields = 3};
  check(bytes, Limits{});
  check(bytes, tight);
  check_tight(bytes, tight);
  return 0;
}
