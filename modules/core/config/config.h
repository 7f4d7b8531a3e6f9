// Config: settings from four places, the later winning over the earlier: defaults, the TOML file, environment
// variables, flags. What may be set is described by the same field rows as everything else, so one struct per
// module gives the keys, their checks, their documentation and their flags.
//
//   key "order.wait_seconds"   file   [order]
//                                     wait_seconds = 2
//                              env    SVC_ORDER_WAIT_SECONDS=2
//                              flag   --order.wait-seconds 2
//
// A member that is a list of described structs is set by the file alone, one table for each:
//
//   list "gateway.routes"      file   [[gateway.routes]]
//                                     prefix = "/shop"        # key "gateway.routes.0.prefix"
//
// Every fault of every place is found before the first one is told. The password of a URL is told nowhere.
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/fields.h"
#include "base/integer.h"

namespace svc::config {

/// One thing that can be set.
struct Key {
  std::string name;                                    ///< "order.wait_seconds"
  std::string doc;                                     ///< a sentence without its full stop
  bool is_flag = false;                                ///< true or false; as a flag it may stand without a value
  std::string value;                                   ///< in force, as text
  std::string source;                                  ///< "default", a file, a variable or a flag
  bool is_text = true;                                 ///< in TOML, between quotes, or a list of such
  std::function<std::string(const std::string&)> set;  ///< answers what is wrong with a text, or nothing
};

/// A list of tables, `[[name]]`.
struct List {
  std::string name;
  std::string doc;
  std::vector<Key> example;  ///< an entry as the template shows it
  /// Adds an entry to the member, and answers the keys that set it.
  std::function<std::vector<Key>()> append{};
  std::vector<std::vector<Key>> entries{};
};

namespace detail {

template <class M>
std::string parse(const std::string& text, M& into) {
  if constexpr (std::is_same_v<M, std::string>) {
    into = text;
  } else if constexpr (std::is_same_v<M, bool>) {
    if (text != "true" && text != "false") return "must be true or false";
    into = text == "true";
  } else if constexpr (std::is_integral_v<M>) {
    const auto integer = parse_integer<M>(text);
    if (!integer) return "must be an integer";
    into = *integer;
  } else if constexpr (NamedEnum<M>) {
    const auto named = from_name<M>(text);
    if (!named) {
      std::string known;
      for (const auto& entry : names(std::type_identity<M>{}))
        known += (known.empty() ? "" : ", ") + std::string(entry.name);
      return "must be one of " + known;
    }
    into = *named;
  } else {
    static_assert(std::is_same_v<M, std::vector<std::string>>, "no such type can be set");
    into.clear();
    for (std::size_t at = 0; at < text.size();) {
      const auto comma = std::min(text.find(',', at), text.size());
      into.push_back(text.substr(at, comma - at));
      at = comma + 1;
    }
  }
  return {};
}

template <class M>
std::string print(const M& value) {
  if constexpr (std::is_same_v<M, std::string>) {
    return value;
  } else if constexpr (std::is_same_v<M, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_integral_v<M>) {
    return std::to_string(value);
  } else if constexpr (NamedEnum<M>) {
    return std::string(to_name(value));
  } else {
    std::string text;
    for (const auto& entry : value) text += (text.empty() ? "" : ",") + entry;
    return text;
  }
}

}  // namespace detail

class Config {
 public:
  /// Makes the members of `section` settable as "<prefix>.<field>"; an empty prefix adds none. Nested
  /// Described members become sections of their own, and lists of such become lists; what the template shows
  /// of a list's type is its `example()`. `section` must outlive this, and is filled by the calls below.
  template <Described T>
  void add(const std::string& prefix, T& section);

  const std::vector<Key>& keys() const { return keys_; }

  // In this order. Each notes its faults.
  void read_file(const std::filesystem::path& file);
  /// `variables`: as in environ, "NAME=value". Those beginning with SVC_ are ours; an unknown one is a fault.
  void read_environment(const std::vector<std::string>& variables);
  void read_flag(const std::string& key, const std::string& value);
  /// Checks the rules of all sections as they stand now.
  void check();

  /// For faults that only others can find.
  void fault(std::string what);
  /// The same, of a key's value: told with it and its place.
  void fault_of(std::string_view key, const std::string& what);
  const std::vector<std::string>& faults() const { return faults_; }

  /// What is in force, as TOML, each key with its sentence and where its value came from.
  std::string print() const;
  /// The file that sets nothing: every key with its sentence and default, commented out.
  std::string print_template() const;

 private:
  /// A member by its type alone, which many have in common.
  template <class M>
  void add_member(const std::string& name, std::string_view doc, M& member) {
    add_key(name, doc, std::is_same_v<M, bool>, !std::is_arithmetic_v<M>, detail::print(member),
            [&member](const std::string& text) { return detail::parse(text, member); });
  }
  void add_key(const std::string& name, std::string_view doc, bool is_flag, bool is_text, std::string value,
               std::function<std::string(const std::string&)> set);
  void set(const std::string& key, const std::string& value, const std::string& source);
  void set(Key& key, const std::string& value, const std::string& source);
  struct Node;  // of the file
  void read_list(List& list, const Node& node);
  void read_value(Key* key, const std::string& name, const Node& node);
  Key* find(std::string_view name);
  const Key* find_in_lists(std::string_view name) const;

  std::vector<Key> keys_;
  std::vector<List> lists_;
  struct SectionCheck {
    std::string prefix;
    std::function<void(Violations&)> run;
  };
  std::vector<SectionCheck> checks_;
  std::vector<std::string> faults_;
};

/// "SVC_ORDER_WAIT_SECONDS" and "--order.wait-seconds" for the key "order.wait_seconds".
std::string variable_name(std::string_view key);
std::string flag_name(std::string_view key);

// ---- implementation of the template

namespace detail {

template <class M>
inline constexpr bool is_table_list = false;
template <Described T>
inline constexpr bool is_table_list<std::vector<T>> = true;

/// The keys of one entry. `entry` answers it anew each time, for a list that grows moves its entries.
template <Described T, class Entry>
std::vector<Key> keys_of_entry(const std::string& prefix, Entry entry) {
  std::vector<Key> keys;
  each_field<T>([&](const auto& f) {
    auto& member = entry().*f.member;
    using M = std::remove_reference_t<decltype(member)>;
    keys.push_back({prefix + std::string(f.name), std::string(f.doc), std::is_same_v<M, bool>, print(member), "default",
                    !std::is_arithmetic_v<M>,
                    [entry, at = f.member](const std::string& text) { return parse(text, entry().*at); }});
  });
  return keys;
}

template <Described T>
List list_of(const std::string& name, std::string_view doc, std::vector<T>& member) {
  T example = T::example();
  List list{name, std::string(doc), keys_of_entry<T>("", [&example]() -> T& { return example; })};
  for (auto& key : list.example) key.set = nullptr;
  list.append = [name, &member] {
    const auto index = member.size();
    member.emplace_back();
    const auto prefix = name + "." + std::to_string(index) + ".";
    return keys_of_entry<T>(prefix, [&member, index]() -> T& { return member[index]; });
  };
  return list;
}

}  // namespace detail

template <Described T>
void Config::add(const std::string& prefix, T& section) {
  each_field<T>([&](const auto& f) {
    auto& member = section.*f.member;
    using M = std::remove_reference_t<decltype(member)>;
    const std::string name = prefix.empty() ? std::string(f.name) : prefix + "." + std::string(f.name);
    if constexpr (Described<M>) {
      add(name, member);
    } else if constexpr (detail::is_table_list<M>) {
      lists_.push_back(detail::list_of(name, f.doc, member));
    } else {
      add_member(name, f.doc, member);
    }
  });
  checks_.push_back({prefix, [&section](Violations& found) { svc::check(section, found); }});
}

}  // namespace svc::config
