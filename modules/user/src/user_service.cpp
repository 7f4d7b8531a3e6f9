#include "user_service.h"

namespace svc::user {
namespace {

tl::unexpected<Error> no_such_user() { return fail(Code::not_found, "not_found", "There is no such user"); }
tl::unexpected<Error> email_taken() {
  return fail(Code::conflict, "email_taken", "There is an account with this e-mail already");
}
tl::unexpected<Error> bad_credentials() {
  return fail(Code::unauthenticated, "bad_credentials", "The e-mail or the password is wrong");
}

}  // namespace

/// Who asks, by the state of the account now: a token may be older than that.
struct UserService::Asker {
  std::string id;
  bool admin = false;
  std::optional<Account> account{};  ///< of a session; an operator's token has none
};

UserService::UserService(sql::Database& database, events::Outbox& outbox, const Environment& environment, Config config)
    : database_(database),
      outbox_(outbox),
      clock_(environment.clock),
      ids_(environment.ids),
      config_(std::move(config)),
      keys_(key_ring_options(config_, environment.data), environment.clock),
      passwords_(config_),
      guard_(database, environment.clock, environment.ids, config_) {}

bool UserService::is_bootstrap(const std::string& email) const {
  return !config_.bootstrap_email.empty() && email_key(email) == email_key(config_.bootstrap_email);
}

std::optional<Account> UserService::find(const std::string& id) {
  return database_.read([&](sql::Session& session) { return find_account(session, id); });
}

Result<UserService::Asker> UserService::asker(const Call& call) {
  if (!call.caller->session) return Asker{call.caller->subject, call.caller->admin};
  auto account = find(call.caller->subject);
  if (!account) return fail(Code::unauthenticated, "account_gone", "The account of this token does not exist any more");
  const bool admin = account->user.role == Role::admin;
  return Asker{call.caller->subject, admin, std::move(account)};
}

Result<Account> UserService::visible_account(const Call& call, const std::string& id) {
  auto who = asker(call);
  if (!who) return fail(who.error());
  if (!who->admin && who->id != id) return no_such_user();
  auto account = who->account && who->id == id ? std::move(who->account) : find(id);
  if (!account) return no_such_user();
  return std::move(*account);
}

Reply<CreateUser> UserService::handle(Call call, CreateUser command) {
  auto hashing = passwords_.hash(std::move(command.password));
  auto hash = co_await hashing;
  if (!hash) co_return refusal(hash);
  const Role role = is_bootstrap(command.email) ? Role::admin : Role::customer;
  const Account account{{ids_.next(), command.name, command.email, command.locale, role, clock_.now()}, *hash};
  auto writing = database_.write(call.deadline, [&](sql::Transaction& transaction) -> Result<User> {
    if (!insert_account(transaction, account)) return email_taken();
    outbox_.publish(transaction, UserCreated{account.user}, call);
    return account.user;
  });
  auto made = co_await writing;
  co_return made;
}

Reply<CreateSession> UserService::handle(Call call, CreateSession command) {
  const auto key = email_key(command.email);
  auto noting = guard_.attempt(key, call.origin->client_address, call.deadline);
  auto attempt = co_await noting;
  if (!attempt) co_return refusal(attempt);

  const auto account =
      database_.read([&](sql::Session& session) { return find_account_by_email(session, command.email); });
  auto verifying = passwords_.verify(std::move(command.password), account ? account->password_hash : std::string{});
  auto verified = co_await verifying;
  if (!verified) {
    auto withdrawing = guard_.withdraw(*attempt);
    co_await withdrawing;
    co_return refusal(verified);
  }
  if (!*verified) {
    auto noting_failure = guard_.failed(*attempt);
    auto noted = co_await noting_failure;
    if (!noted) co_return refusal(noted);
    co_return bad_credentials();
  }
  auto forgetting = guard_.succeeded(key);
  auto forgotten = co_await forgetting;
  if (!forgotten) co_return refusal(forgotten);

  const auto now = clock_.now().ms / 1000;
  Claims claims;
  claims.sub = account->user.id;
  claims.scope = to_name(account->user.role);
  claims.sid = ids_.next();
  claims.iat = now;
  claims.exp = now + config_.token_seconds;
  Session session;
  session.access_token = keys_.sign(claims);
  session.expires_in = config_.token_seconds;
  co_return session;
}

Reply<GetUser> UserService::handle(Call call, GetUser query) {
  auto account = visible_account(call, query.id);
  if (!account) return refusal(account);
  return std::move(account->user);
}

Task<Result<Nothing>> UserService::check_current_password(Call call, Account account, std::string password) {
  const auto key = email_key(account.user.email);
  auto noting = guard_.attempt(key, call.origin->client_address, call.deadline);
  auto attempt = co_await noting;
  if (!attempt) co_return refusal(attempt);
  auto verifying = passwords_.verify(std::move(password), account.password_hash);
  auto verified = co_await verifying;
  const bool wrong = verified && !*verified;
  auto ending = wrong ? guard_.failed(*attempt) : guard_.withdraw(*attempt);
  auto ended = co_await ending;
  if (!ended) co_return refusal(ended);
  if (!verified) co_return refusal(verified);
  if (wrong) co_return refuse({{"/currentPassword", "match", "is not the password"}});
  co_return Nothing{};
}

Reply<UpdateUser> UserService::handle(Call call, UpdateUser command) {
  auto account = visible_account(call, command.id);
  if (!account) co_return refusal(account);
  std::optional<std::string> new_hash;
  if (command.password) {
    auto checking = check_current_password(call, *account, *command.current_password);
    auto checked = co_await checking;
    if (!checked) co_return refusal(checked);
    auto hashing = passwords_.hash(*command.password);
    auto hash = co_await hashing;
    if (!hash) co_return refusal(hash);
    new_hash = std::move(*hash);
  }
  auto saving = save(std::move(call), std::move(command), std::move(new_hash));
  auto saved = co_await saving;
  co_return saved;
}

Reply<UpdateUser> UserService::save(Call call, UpdateUser command, std::optional<std::string> new_hash) {
  auto writing = database_.write(call.deadline, [&](sql::Transaction& transaction) -> Result<User> {
    auto account = find_account(transaction, command.id);
    if (!account) return no_such_user();
    User& user = account->user;
    user.name = command.name.value_or(user.name);
    user.email = command.email.value_or(user.email);
    user.locale = command.locale.value_or(user.locale);
    account->password_hash = new_hash.value_or(account->password_hash);
    if (!update_account(transaction, *account)) return email_taken();
    outbox_.publish(transaction, UserUpdated{user}, call);
    return user;
  });
  auto saved = co_await writing;
  co_return saved;
}

Reply<DeleteUser> UserService::handle(Call call, DeleteUser command) {
  auto account = visible_account(call, command.id);
  if (!account) co_return refusal(account);
  auto writing = database_.write(call.deadline, [&](sql::Transaction& transaction) -> Result<Nothing> {
    if (!delete_account(transaction, command.id)) return no_such_user();
    outbox_.publish(transaction, UserDeleted{command.id}, call);
    return Nothing{};
  });
  auto deleted = co_await writing;
  co_return deleted;
}

Reply<ListUsers> UserService::handle(Call call, ListUsers query) {
  const auto who = asker(call);
  if (!who) return fail(who.error());
  if (!who->admin) return fail(Code::forbidden, "forbidden", "The caller may not do this");
  auto before = key_of_cursor(query.cursor, is_canonical_uuid);
  if (!before) return refusal(before);
  UserPage page;
  page.items =
      database_.read([&](sql::Session& session) { return list_users_before(session, *before, query.limit + 1); });
  page.next_cursor = cut_page(page.items, query.limit, [](const User& user) { return user.id; });
  return page;
}

Reply<SetRole> UserService::handle(Call call, SetRole command) {
  const auto who = asker(call);
  if (!who) co_return fail(who.error());
  if (!who->admin) co_return fail(Code::forbidden, "forbidden", "The caller may not do this");
  auto writing = database_.write(call.deadline, [&](sql::Transaction& transaction) -> Result<User> {
    auto account = find_account(transaction, command.id);
    if (!account) return no_such_user();
    account->user.role = command.role;
    update_account(transaction, *account);
    outbox_.publish(transaction, UserUpdated{account->user}, call);
    return account->user;
  });
  auto saved = co_await writing;
  co_return saved;
}

Reply<GetKeys> UserService::handle(Call, GetKeys) { return keys_.published(); }

Reply<FindUser> UserService::handle(Call, FindUser query) {
  auto account = find(query.id);
  if (!account) return no_such_user();
  return std::move(account->user);
}

Task<Result<Nothing>> UserService::bootstrap() {
  if (config_.bootstrap_email.empty()) co_return Nothing{};
  auto writing = database_.write(Steady::now() + seconds{10}, [&](sql::Transaction& transaction) -> Result<Nothing> {
    auto account = find_account_by_email(transaction, config_.bootstrap_email);
    if (!account || account->user.role == Role::admin) return Nothing{};
    account->user.role = Role::admin;
    update_account(transaction, *account);
    outbox_.publish(transaction, UserUpdated{account->user}, Call{});
    return Nothing{};
  });
  auto written = co_await writing;
  co_return written;
}

}  // namespace svc::user
