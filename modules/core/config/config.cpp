#include "config/config.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>

namespace svc::config {
namespace {

std::string text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  if (const auto* list = node.as_array()) {
    std::string text;
    for (const auto& entry : *list) text += (text.empty() ? "" : ",") + text_of(entry);
    return text;
  }
  std::ostringstream other;
  node.visit([&](const auto& value) {
    if constexpr (toml::is_value<decltype(value)>) other << value.get();
  });
  return other.str();
}

void flatten(const toml::table& table, const std::string& prefix,
             const std::function<void(const std::string&, const toml::node&)>& visit) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix.empty() ? std::string(key.str()) : prefix + "." + std::string(key.str());
    if (const auto* inner = node.as_table()) flatten(*inner, name, visit);
    else visit(name, node);
  }
}

// A basic string of TOML, which holds no control characters but escaped ones.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out.push_back("0123456789abcdef"[byte >> 4]);
      out.push_back("0123456789abcdef"[byte & 0xf]);
      continue;
    }
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

// With *** for the password of a URL. Whatever might be part of one goes: it may hold any character, also
// those that it should not.
std::string without_password(std::string text) {
  const auto begin = text.find("://");
  if (begin == std::string::npos) return text;
  const auto colon = text.find(':', begin + 3), at = text.rfind('@');
  if (at != std::string::npos && colon < at) text.replace(colon + 1, at - colon - 1, "***");
  return text;
}

// With its sentence before it. `name`: within its table.
std::string print_key(const Key& key, const std::string& name, bool as_template) {
  return "# " + key.doc + ".\n" + (as_template ? "#" : "") + name + " = " +
         (key.is_text ? quoted(without_password(key.value)) : key.value) +
         (as_template ? "\n" : "  # " + key.source + "\n");
}

std::string last_word(const std::string& name) { return name.substr(name.rfind('.') + 1); }

// Behind all tables, where TOML takes them from anyone.
std::string print_list(const List& list, bool as_template) {
  std::string out;
  const auto print = [&](const std::vector<Key>& keys) {
    out += (as_template ? "\n# " + list.doc + ".\n#[[" : "\n[[") + list.name + "]]\n";
    for (const auto& key : keys) out += print_key(key, last_word(key.name), as_template);
  };
  if (as_template) print(list.example);
  else
    for (const auto& entry : list.entries) print(entry);
  return out;
}

// Keys in the order they were added, under a heading for each table.
std::string print_keys(const std::vector<Key>& keys, bool as_template) {
  const auto table_of = [](const std::string& name) {
    const auto dot = name.rfind('.');
    return dot == std::string::npos ? std::string{} : name.substr(0, dot);
  };
  // TOML wants keys of the top level first, and a table's keys together.
  std::vector<std::string> tables;
  for (const auto& key : keys)
    if (std::ranges::find(tables, table_of(key.name)) == tables.end()) tables.push_back(table_of(key.name));
  std::ranges::stable_partition(tables, [](const auto& table) { return table.empty(); });
  std::string out;
  for (const auto& table : tables) {
    if (!table.empty()) out += "\n[" + table + "]\n";
    for (const auto& key : keys) {
      if (table_of(key.name) != table) continue;
      out += print_key(key, last_word(key.name), as_template);
    }
  }
  return out;
}

}  // namespace

struct Config::Node {
  const toml::node& node;
  const std::string& file;
  std::string place() const { return file + ":" + std::to_string(node.source().begin.line); }
};

std::string variable_name(std::string_view key) {
  std::string name = "SVC_";
  for (const char c : key)
    name.push_back(c == '.' || c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  return name;
}

std::string flag_name(std::string_view key) {
  std::string name = "--" + std::string(key);
  std::ranges::replace(name, '_', '-');
  return name;
}

void Config::add_key(const std::string& name, std::string_view doc, bool is_flag, bool is_text, std::string value,
                     std::function<std::string(const std::string&)> set) {
  keys_.push_back({name, std::string(doc), is_flag, std::move(value), "default", is_text, std::move(set)});
}

Key* Config::find(std::string_view name) {
  const auto found = std::ranges::find(keys_, name, &Key::name);
  return found == keys_.end() ? nullptr : &*found;
}

// Keys of entries, by a name such as "gateway.routes.0.prefix".
const Key* Config::find_in_lists(std::string_view name) const {
  for (const auto& list : lists_)
    for (const auto& entry : list.entries)
      if (const auto found = std::ranges::find(entry, name, &Key::name); found != entry.end()) return &*found;
  return nullptr;
}

void Config::fault(std::string what) { faults_.push_back(without_password(std::move(what))); }

void Config::fault_of(std::string_view name, const std::string& what) {
  const Key* const plain = find(name);
  const Key* const key = plain != nullptr ? plain : find_in_lists(name);
  fault(std::string(name) + (key ? " = " + key->value : "") + ": " + what + (key ? " (" + key->source + ")" : ""));
}

void Config::set(const std::string& name, const std::string& value, const std::string& source) {
  if (Key* const key = find(name)) set(*key, value, source);
  else fault("unknown key " + name + " (" + source + ")");
}

void Config::set(Key& key, const std::string& value, const std::string& source) {
  if (auto wrong = key.set(value); !wrong.empty()) {
    fault(key.name + " = " + value + ": " + wrong + " (" + source + ")");
    return;
  }
  key.value = value;
  key.source = source;
}

// `key` null: there is none of that name.
void Config::read_value(Key* key, const std::string& name, const Node& at) {
  const auto& node = at.node;
  const std::string source = at.place();
  if (key == nullptr) return fault("unknown key " + name + " (" + source + ")");
  const bool fits = key->is_text   ? node.is_string() || node.is_array()
                    : key->is_flag ? node.is_boolean()
                                   : node.is_integer();
  if (fits) return set(*key, text_of(node), source);
  const std::string kind = key->is_text ? "text" : key->is_flag ? "true or false" : "an integer";
  fault(name + " = " + text_of(node) + ": must be " + kind + " (" + source + ")");
}

void Config::read_list(List& list, const Node& at) {
  const auto* const tables = at.node.as_array();
  const auto is_table = [](const toml::node& each) { return each.is_table(); };
  if (tables == nullptr || !std::all_of(tables->begin(), tables->end(), is_table))
    return fault(list.name + ": must be tables, each under [[" + list.name + "]] (" + at.place() + ")");
  for (const auto& table : *tables) {
    const auto prefix = list.name + "." + std::to_string(list.entries.size()) + ".";
    auto& entry = list.entries.emplace_back(list.append());
    const auto place = Node{table, at.file}.place();
    for (auto& key : entry) key.source = "default in " + place;  // what is missing is missing there
    flatten(*table.as_table(), "", [&](const std::string& name, const toml::node& value) {
      const auto key = std::ranges::find(entry, prefix + name, &Key::name);
      read_value(key == entry.end() ? nullptr : &*key, prefix + name, {value, at.file});
    });
  }
}

void Config::read_file(const std::filesystem::path& file) {
  if (std::filesystem::is_directory(file)) return fault(file.string() + ": is a directory");
  try {
    const auto table = toml::parse_file(file.string());
    flatten(table, "", [&, text = file.string()](const std::string& name, const toml::node& node) {
      const auto list = std::ranges::find(lists_, name, &List::name);
      if (list != lists_.end()) read_list(*list, {node, text});
      else read_value(find(name), name, {node, text});
    });
  } catch (const toml::parse_error& error) {
    fault(file.string() + ":" + std::to_string(error.source().begin.line) + ": " + std::string(error.description()));
  }
}

void Config::read_environment(const std::vector<std::string>& variables) {
  for (const auto& variable : variables) {
    if (!variable.starts_with("SVC_")) continue;
    const auto equals = variable.find('=');
    const auto name = variable.substr(0, equals);
    const auto key = std::ranges::find_if(keys_, [&](const Key& known) { return variable_name(known.name) == name; });
    if (key == keys_.end()) fault("unknown variable " + name);
    else set(key->name, equals == std::string::npos ? "" : variable.substr(equals + 1), name);
  }
}

void Config::read_flag(const std::string& key, const std::string& value) { set(key, value, flag_name(key)); }

void Config::check() {
  std::set<std::string> told;  // a nested section is checked by itself and with the one it is part of
  for (const auto& section : checks_) {
    Violations found;
    section.run(found);
    for (const auto& violation : found) {
      std::string name = violation.pointer.substr(1);
      std::ranges::replace(name, '/', '.');
      if (!section.prefix.empty()) name = section.prefix + "." + name;
      if (!told.insert(name).second) continue;
      fault_of(name, "must be " + violation.detail);
    }
  }
}

std::string Config::print() const {
  std::string out = print_keys(keys_, false);
  for (const auto& list : lists_) out += print_list(list, false);
  return out;
}

std::string Config::print_template() const {
  std::string out = print_keys(keys_, true);
  for (const auto& list : lists_) out += print_list(list, true);
  return out;
}

}  // namespace svc::config
