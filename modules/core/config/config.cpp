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
      const auto name = table.empty() ? key.name : key.name.substr(table.size() + 1);
      out += "# " + key.doc + ".\n" + (as_template ? "#" : "") + name + " = ";
      out += key.is_text ? quoted(key.value) : key.value;
      out += as_template ? "\n" : "  # " + key.source + "\n";
    }
  }
  return out;
}

}  // namespace

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

void Config::set(const std::string& name, const std::string& value, const std::string& source) {
  Key* const key = find(name);
  if (key == nullptr) {
    fault("unknown key " + name + " (" + source + ")");
    return;
  }
  if (auto wrong = key->set(value); !wrong.empty()) {
    fault(name + " = " + value + ": " + wrong + " (" + source + ")");
    return;
  }
  key->value = value;
  key->source = source;
}

void Config::read_file(const std::filesystem::path& file) {
  if (std::filesystem::is_directory(file)) return fault(file.string() + ": is a directory");
  try {
    const auto table = toml::parse_file(file.string());
    flatten(table, "", [&](const std::string& name, const toml::node& node) {
      const std::string source = file.string() + ":" + std::to_string(node.source().begin.line);
      const Key* const key = find(name);
      const bool fits = key == nullptr || (key->is_text ? node.is_string() || node.is_array()
                                                        : key->is_flag ? node.is_boolean() : node.is_integer());
      if (fits) set(name, text_of(node), source);
      else fault(name + " = " + text_of(node) + ": must be " +
                 (key->is_text ? "text" : key->is_flag ? "true or false" : "an integer") + " (" + source + ")");
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
      const Key* const key = find(name);
      fault(name + (key ? " = " + key->value : "") + ": must be " + violation.detail +
            (key ? " (" + key->source + ")" : ""));
    }
  }
}

std::string Config::print() const { return print_keys(keys_, false); }
std::string Config::print_template() const { return print_keys(keys_, true); }

}  // namespace svc::config
