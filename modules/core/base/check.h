// Checks a value against the rules of its fields, naming every one that is broken.
#pragma once

#include "base/error.h"
#include "base/fields.h"

namespace svc {

/// Where a value stands in its document: a chain kept on the stack, so that a sound value costs nothing.
struct Place {
  const Place* parent = nullptr;
  std::string_view name{};
  std::size_t index = no_index;  ///< in a list, in place of a name
  static constexpr std::size_t no_index = ~std::size_t{0};

  /// As a JSON Pointer (RFC 6901).
  std::string pointer() const;
};

namespace detail {

template <class M, class... Rules>
void check_member(const M& value, const std::tuple<Rules...>& rules, const Place& at, Violations& found);

}  // namespace detail

/// Appends unless there are so many already that nobody would read them: an answer stays small, however much
/// is wrong with a request.
void report(Violations& found, Violation violation);
void report(Violations& found, const Place& at, std::string_view keyword, std::string_view detail);

/// A type may have rules that no single field can state (such as "skus are distinct"): it then has
/// `void check_whole(Violations&) const`, which is called when each field alone is sound. Its pointers begin
/// at the value itself.
template <class T>
concept ChecksWhole = requires(const T& value, Violations& found) { value.check_whole(found); };

/// Appends every broken rule of `value` to `found`.
template <Described T>
void check(const T& value, Violations& found, const Place* at = nullptr) {
  each_field<T>([&](const auto& f) { detail::check_member(value.*f.member, f.rules, Place{at, f.name}, found); });
  if constexpr (ChecksWhole<T>) {
    if (!found.empty()) return;
    Violations own;
    value.check_whole(own);
    for (auto& violation : own) {
      if (at != nullptr) violation.pointer.insert(0, at->pointer());
      report(found, std::move(violation));
    }
  }
}

namespace detail {

template <class M, class... Rules>
void check_member(const M& value, const std::tuple<Rules...>& rules, const Place& at, Violations& found) {
  if constexpr (is_optional<M>) {
    if (value) check_member(*value, rules, at, found);
  } else {
    const auto one = [&](const auto& rule) {
      if (auto broken = rule.check(value)) report(found, at, broken->keyword, broken->detail);
    };
    std::apply([&](const auto&... rule) { (one(rule), ...); }, rules);
    if constexpr (is_map<M>) {
      const auto entries = [&](const auto& rule) {
        if constexpr (requires { rule.check_entry("", ""); })
          for (const auto& [name, text] : value)
            if (auto broken = rule.check_entry(name, text))
              report(found, Place{&at, name}, broken->keyword, broken->detail);
      };
      std::apply([&](const auto&... rule) { (entries(rule), ...); }, rules);
    } else if constexpr (Described<M>) {
      check(value, found, &at);
    } else if constexpr (is_list<M>) {
      if constexpr (Described<typename M::value_type>)
        for (std::size_t i = 0; i < value.size(); ++i) {
          const Place entry{&at, {}, i};
          check(value[i], found, &entry);
        }
    }
  }
}

/// Whether one of `found` speaks of the field at `pointer` or of what holds it.
bool already_found(const Violations& found, std::string_view pointer);

}  // namespace detail

/// For a value of which some fields could not be read, as `found` says: adds the broken rules of the others.
template <Described T>
void add_broken_rules(const T& value, Violations& found) {
  Violations broken;
  check(value, broken);
  const Violations unreadable = found;
  for (auto& violation : broken)
    if (!detail::already_found(unreadable, violation.pointer)) report(found, std::move(violation));
}

/// The refusal that names them all.
inline tl::unexpected<Error> refuse(Violations found) {
  Error error{Code::invalid, "rule_broken", "See errors for each field and the rule it breaks"};
  error.violations = std::move(found);
  return fail(std::move(error));
}

}  // namespace svc
