// Mail kept as files: read back by Python's mailbox, once however often it is sent, and whole or not at all.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>
#include <iostream>

#include "mail/maildir.h"
#include "support/catch.h"
#include "support/mails.h"
#include "support/system.h"

namespace {

using namespace svc;
using namespace svc::test;
using namespace svc::notification;
namespace fs = std::filesystem;

TEST_CASE("a mail program finds in the Maildir what was sent") {
  const TempDir dir;
  Maildir maildir(dir / "mail");
  REQUIRE(send_now(maildir, some_mail()));
  REQUIRE(send_now(maildir, korean_mail()));
  const auto read = read_maildir(dir / "mail");
  REQUIRE(read.size() == 2);
  check_same(read[0], some_mail());
  check_same(read[1], korean_mail());
  CHECK(files_in(dir / "mail/tmp").empty());
}

TEST_CASE("a mail that is sent twice is there once, also when it was read in between") {
  const TempDir dir;
  Maildir maildir(dir / "mail");
  REQUIRE(send_now(maildir, some_mail("one")));
  auto again = some_mail("one");
  again.again = true;
  REQUIRE(send_now(maildir, again));
  CHECK(files_in(dir / "mail/new") == std::vector<std::string>{"one"});

  for (const auto* name : {"one:2,S", "one:2,", "one"}) {
    CAPTURE(name);
    const auto read =
        fs::exists(dir / "mail/new/one") ? dir / "mail/new/one" : *fs::directory_iterator(dir / "mail/cur");
    fs::rename(read, dir / "mail/cur" / name);
    REQUIRE(send_now(maildir, again));
    CHECK(files_in(dir / "mail/new").empty());
  }
  REQUIRE(send_now(maildir, some_mail("on")));  // another one, whose name begins alike
  CHECK(files_in(dir / "mail/new") == std::vector<std::string>{"on"});
}

TEST_CASE("what a delivery left behind that was cut short is removed after 36 hours") {
  const TempDir dir;
  Maildir maildir(dir / "mail");
  const auto now = fs::file_time_type::clock::now();
  for (const auto& [name, hours] : {std::pair{"old", 37}, std::pair{"young", 35}}) {
    std::ofstream(dir / "mail/tmp" / name) << "half";
    fs::last_write_time(dir / "mail/tmp" / name, now - std::chrono::hours{hours});
  }
  REQUIRE(send_now(maildir, some_mail()));
  CHECK(files_in(dir / "mail/tmp") == std::vector<std::string>{"young"});
}

TEST_CASE("a Maildir is its owner's alone, and one that cannot be made is told by name") {
  const TempDir dir;
  const Maildir made(dir / "a/mail");
  for (const auto* part : {"a", "a/mail", "a/mail/tmp", "a/mail/new", "a/mail/cur"})
    CHECK((fs::status(dir / part).permissions() & fs::perms::all) == fs::perms::owner_all);
  std::ofstream(dir / "file") << "in the way";
  CHECK_THROWS_WITH(Maildir(dir / "file/mail"), Catch::Matchers::ContainsSubstring((dir / "file").string()));
}

TEST_CASE("a mail whose time has passed is not delivered") {
  const TempDir dir;
  Maildir maildir(dir / "mail");
  const auto late = send_now(maildir, some_mail(), milliseconds{-1});
  REQUIRE_FALSE(late);
  CHECK(late.error().code == Code::timeout);
  CHECK(files_in(dir / "mail/new").empty());
}

TEST_CASE("a mail that no carrier could send is refused for good") {
  const TempDir dir;
  Maildir maildir(dir / "mail");
  const auto refused = send_now(maildir, some_mail("../../escape"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::invalid);
}

TEST_CASE("a full disk is told, leaves nothing half-written, and is forgotten once there is room") {
  const TempDir dir;
  // Mounted where nobody else sees it, and gone with this process.
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("tmpfs", dir.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
    std::cerr << "SKIPPED: no file system may be mounted here: a full disk is not tried\n";
    return;
  }
  Maildir maildir(dir / "mail");
  auto mail = some_mail("large");
  mail.body = std::string(60'000, 'x');
  std::ofstream(dir / "filler") << std::string(20'000, 'x');
  const auto full = send_now(maildir, mail);
  REQUIRE_FALSE(full);
  CHECK(full.error().code == Code::unavailable);
  CHECK(full.error().reason == "maildir_unwritable");
  CHECK_THAT(full.error().detail, Catch::Matchers::ContainsSubstring("No space left on device"));
  CHECK(files_in(dir / "mail/new").empty());
  CHECK(files_in(dir / "mail/tmp").empty());

  mail.body.resize(30'000);
  REQUIRE(send_now(maildir, mail));
  CHECK(read_maildir(dir / "mail").at(0)["body"] == mail.body + "\n");
  ::umount2(dir.path().c_str(), MNT_DETACH);
}

TEST_CASE("what is delivered was synced before it was named, and its name before that was said") {
  if (run_command({"strace", "-f", "-qq", "-o", "/dev/null", "true"}).status != 0) {
    std::cerr << "SKIPPED: strace is not there, or may not trace: the order of syncs is not seen\n";
    return;
  }
  const TempDir dir;
  const auto traced = run_command({"strace", "-f", "-y", "-qq", "-o", dir / "trace", "-e", "trace=fsync,rename",
                                   fs::read_symlink("/proc/self/exe"), "a mail that is sent twice is there once*"},
                                  {"ASAN_OPTIONS=detect_leaks=0"});  // which no traced process can do
  REQUIRE(traced.status == 0);
  std::ifstream stream(dir / "trace");
  const std::string trace{std::istreambuf_iterator<char>(stream), {}};
  const auto written = trace.find("/mail/tmp/one."), moved = trace.find("rename(", written),
             named = trace.find("/mail/new>", moved), said_again = trace.find("/mail/new>", named + 1),
             read = trace.find("rename(", moved + 1);
  CAPTURE(trace);
  CHECK(trace.rfind("fsync(", written) != std::string::npos);
  CHECK(written < moved);
  CHECK(moved < named);
  CHECK(named < said_again);  // the second time it only makes sure
  CHECK(said_again < read);
  CHECK(read != std::string::npos);
}

}  // namespace
