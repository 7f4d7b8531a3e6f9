// Session: runs SQL. The text of a statement is always a literal of the program, so no value can ever become
// part of it; prepared statements are kept by it.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/clock.h"
#include "base/fields.h"

struct sqlite3_stmt;

namespace svc {
class Bell;
}

namespace svc::sql {

/// A statement's text, known when the program is compiled.
class Sql {
 public:
  consteval Sql(const char* text) : text_(text) {}  // NOLINT: meant to convert
  constexpr const char* text() const { return text_; }

 private:
  const char* text_;
};

/// A parameter. Refers to strings; used within one call.
class Value {
 public:
  Value(std::nullptr_t) {}
  Value(std::string_view text) : value_(text) {}
  Value(const std::string& text) : value_(std::string_view(text)) {}
  Value(const char* text) : value_(std::string_view(text)) {}
  Value(Time time) : value_(time.ms) {}
  template <class I>
    requires std::is_integral_v<I>
  Value(I number) : value_(static_cast<std::int64_t>(number)) {}
  template <NamedEnum E>
  Value(E named) : value_(to_name(named)) {}
  template <class T>
  Value(const std::optional<T>& maybe) {
    if (maybe) *this = Value(*maybe);
  }
  using Variant = std::variant<std::monostate, std::int64_t, std::string_view>;
  const Variant& get() const { return value_; }

 private:
  Variant value_;
};

/// A row of an answer; good only while it is being visited. Columns count from 0.
class Row {
 public:
  std::int64_t integer(int column) const;
  std::string text(int column) const;
  Time time(int column) const { return {integer(column)}; }
  bool is_null(int column) const;
  std::optional<std::string> maybe_text(int column) const {
    return is_null(column) ? std::nullopt : std::optional(text(column));
  }
  /// A text that names an enumerator. Throws std::runtime_error for any other: the row is not one of ours.
  template <NamedEnum E>
  E named(int column) const {
    const auto value = from_name<E>(text(column));
    if (!value) unknown_name(column);
    return *value;
  }

 private:
  friend class Connection;
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  [[noreturn]] void unknown_name(int column) const;
  sqlite3_stmt* statement_;
};

/// One database connection with its prepared statements. Internal to core/sql.
class Connection;

/// Reads. Parameters are written `?` and given in order.
class Session {
 public:
  /// Calls `visit(row)` for each row.
  template <class Visit, class... Args>
  void each(Sql sql, Visit&& visit, const Args&... args) {
    const auto visit_row = [](void* context, const Row& row) {
      (*static_cast<std::remove_reference_t<Visit>*>(context))(row);
      return true;
    };
    run(sql, {Value(args)...}, visit_row, const_cast<void*>(static_cast<const void*>(&visit)));
  }
  /// `make(row)` of the first row, if there is one.
  template <class Make, class... Args>
  auto first(Sql sql, Make&& make, const Args&... args) -> std::optional<std::invoke_result_t<Make&, const Row&>> {
    struct Context {
      std::remove_reference_t<Make>& make;
      std::optional<std::invoke_result_t<Make&, const Row&>> found{};
    } context{make};
    const auto visit_row = [](void* raw, const Row& row) {
      auto& into = *static_cast<Context*>(raw);
      into.found.emplace(into.make(row));
      return false;
    };
    run(sql, {Value(args)...}, visit_row, &context);
    return std::move(context.found);
  }
  /// Whether there is any row.
  template <class... Args>
  bool any(Sql sql, const Args&... args) {
    return first(sql, [](const Row&) { return true; }, args...).has_value();
  }

 protected:
  friend class Database;
  friend class Writer;
  explicit Session(Connection& connection) : connection_(connection) {}
  using VisitRow = bool (*)(void* context, const Row& row);  // false: enough
  /// Answers how many rows were changed.
  int run(Sql sql, std::initializer_list<Value> values, VisitRow visit, void* context);

  Connection& connection_;
};

/// Reads and writes, all or nothing.
class Transaction : public Session {
 public:
  /// Answers how many rows were changed.
  template <class... Args>
  int execute(Sql sql, const Args&... args) {
    return run(sql, {Value(args)...}, nullptr, nullptr);
  }
  /// Rings `bell` as soon as what is written here is on disk; perhaps too when it was undone. The bell must
  /// outlive the write.
  void ring_when_kept(Bell& bell);
  /// Does `act` behind all transactions of this commit, and as part of it: once for `key`, however many of them ask.
  /// It may refer to what the caller of the write holds. Undone with this transaction it is not done; throws it,
  /// nothing of the commit is kept.
  void before_commit(std::string key, std::function<void(Transaction&)> act);

 private:
  friend class Database;
  friend class Writer;
  using Session::Session;
};

}  // namespace svc::sql
