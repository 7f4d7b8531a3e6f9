// The user module's operations.
#pragma once

#include "base/clock.h"
#include "base/ids.h"
#include "events/outbox.h"
#include "identity/key_ring.h"
#include "passwords.h"
#include "sign_in_guard.h"
#include "sql/database.h"
#include "user/module.h"
#include "user/user.h"
#include "user_store.h"

namespace svc::user {

class UserService final : public Users {
 public:
  /// What it refers to must outlive it.
  UserService(sql::Database& database, events::Outbox& outbox, const Environment& environment, Config config);

  Reply<CreateUser> handle(Call call, CreateUser command) override;
  Reply<CreateSession> handle(Call call, CreateSession command) override;
  Reply<GetUser> handle(Call call, GetUser query) override;
  Reply<UpdateUser> handle(Call call, UpdateUser command) override;
  Reply<DeleteUser> handle(Call call, DeleteUser command) override;
  Reply<ListUsers> handle(Call call, ListUsers query) override;
  Reply<SetRole> handle(Call call, SetRole command) override;
  Reply<GetKeys> handle(Call call, GetKeys query) override;
  Reply<FindUser> handle(Call call, FindUser query) override;

  /// Makes the account of the configured e-mail an admin, if there is one.
  Task<Result<Nothing>> bootstrap();

 private:
  std::optional<Account> find(const std::string& id);
  struct Asker;
  Result<Asker> asker(const Call& call);
  Result<Account> visible_account(const Call& call, const std::string& id);
  Task<Result<Nothing>> check_current_password(Call call, Account account, std::string password);
  bool is_bootstrap(const std::string& email) const;
  Reply<UpdateUser> save(Call call, UpdateUser command, std::optional<std::string> new_hash);

  sql::Database& database_;
  events::Outbox& outbox_;
  const Clock& clock_;
  Ids& ids_;
  const Config config_;
  KeyRing keys_;
  Passwords passwords_;
  SignInGuard guard_;
};

}  // namespace svc::user
