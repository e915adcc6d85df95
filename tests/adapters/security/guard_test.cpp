/// The door as a whole: who gets in, who is not listened to, and what is written of it.
#include "adapters/security/guard.hpp"

#include "adapters/files/memory_files.hpp"
#include "adapters/security/audit_codec.hpp"
#include "adapters/security/sha256.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::adapters;
using core::Errc;
using core::security::AuditPhase;
using core::security::Role;
using security::Guard;

namespace {

using namespace std::chrono_literals;

struct Door {
  core::MonoTime mono{100s};
  core::WallTime wall{1'700'000'000'000ms};
  files::MemoryDisk disk;
  std::unique_ptr<Guard> guard;
  core::security::NewKey key;

  Door() {
    auto log = security::AuditLog::open(disk.files());
    REQUIRE(log);
    guard = std::make_unique<Guard>(
        core::Clocks{[this] { return mono; }, [this] { return wall; }},
        std::make_unique<security::AuditWriter>(*std::move(log), nullptr));
    key = *core::security::make_key(
        "ann", {Role::trader}, wall, wall + 1h,
        [bits = std::uint64_t{7}]() mutable { return bits *= 31; }, security::sha256);
    guard->set_keys(core::security::ApiKeys{{key.key}});
  }

  auto ask(const std::string& token, const std::string& address = "10.0.0.1",
           std::uint32_t per_second = 1'000, bool urgent = false) {
    const auto header = "Bearer " + token;
    return guard->admit({.authorization = header,
                         .api_key = {},
                         .address = address,
                         .peer = address + ":1",
                         .target = "GET /x",
                         .urgent = urgent},
                        per_second);
  }

  /// All that was written; ends the guard.
  std::vector<core::security::AuditRecord> audit() {
    guard.reset();
    std::vector<core::security::AuditRecord> records;
    const auto files = disk.files();
    const auto report = security::walk_audit(*files, [&](std::uint64_t, std::string_view json) {
      records.push_back(*security::read_audit(json));
    });
    CHECK((!report || !report->fault));
    return records;
  }
};

} // namespace

TEST_CASE_FIXTURE(Door, "a key says who it is and what he may") {
  const auto caller = ask(key.token);
  REQUIRE(caller);
  CHECK(caller->name == "ann");
  CHECK(caller->key_id == key.key.id);
  CHECK(caller->roles == core::security::RoleSet{Role::trader});
  CHECK(caller->address == "10.0.0.1");
  CHECK(audit().empty());
}

TEST_CASE_FIXTURE(Door, "no key is no try: it is refused as often as it comes, and not written") {
  for (int i = 0; i < 50; ++i) {
    const auto nobody = guard->admit({.authorization = {},
                                      .api_key = {},
                                      .address = "10.0.0.1",
                                      .peer = "10.0.0.1:1",
                                      .target = "GET /x",
                                      .urgent = false},
                                     1);
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().error.code == Errc::unauthenticated);
  }
  CHECK(ask(key.token));
  CHECK(guard->counters().keyless == 50);
  CHECK(audit().empty());
}

TEST_CASE_FIXTURE(Door,
                  "after ten wrong keys the right one is not heard either, until time has passed") {
  for (int i = 0; i < 10; ++i)
    CHECK(ask("tk_wrong").error().error.code == Errc::unauthenticated);
  const auto locked = ask(key.token);
  REQUIRE_FALSE(locked);
  CHECK(locked.error().error.code == Errc::rate_limited);
  CHECK(locked.error().retry_after == 900s);
  CHECK(ask(key.token, "10.0.0.2"));
  mono += 900s;
  CHECK(ask(key.token));
  const auto records = audit();
  REQUIRE(records.size() == 11);
  CHECK(records[0].what == "authenticate");
  CHECK(records[0].who == "unknown");
  CHECK(records[0].status == 401);
  CHECK(records[10].what == "lock_out");
  CHECK(records[10].from == "10.0.0.1:1");
}

TEST_CASE_FIXTURE(Door, "an expired key is refused and written, and locks nobody out") {
  wall += 1h;
  for (int i = 0; i < 20; ++i)
    CHECK(ask(key.token).error().error.detail == "the API key has expired");
  CHECK(guard->counters().locked_out == 0);
  const auto records = audit();
  REQUIRE(records.size() == 20);
  CHECK(records[0].key_id == key.key.id);
}

TEST_CASE_FIXTURE(Door, "other schemes, and two keys that differ, are wrong keys") {
  const auto other = "tk_" + key.token.substr(3);
  for (const auto& [authorization, api_key] :
       {std::pair{"Basic " + key.token, std::string{}}, std::pair{key.token, std::string{}},
        std::pair{"Bearer " + key.token, std::string{"tk_other"}},
        std::pair{std::string{"Bearer "}, std::string{}}}) {
    const auto caller = guard->admit({.authorization = authorization,
                                      .api_key = api_key,
                                      .address = "10.0.0.1",
                                      .peer = "p",
                                      .target = "t"},
                                     1'000);
    CAPTURE(authorization);
    CHECK_FALSE(caller);
  }
  CHECK(guard->counters().wrong == 4);
}

TEST_CASE_FIXTURE(Door, "a key is heard as often as its rate allows, whatever addresses it uses") {
  int heard = 0;
  for (int i = 0; i < 20; ++i)
    heard += ask(key.token, "10.0.0." + std::to_string(i), 5) ? 1 : 0;
  CHECK(heard == 5);
  CHECK(ask(key.token, "10.0.0.1", 5).error().error.code == Errc::rate_limited);
  mono += 1s;
  CHECK(ask(key.token, "10.0.0.1", 5));
}

TEST_CASE_FIXTURE(Door, "what a key asked too often does not keep it from what is urgent") {
  while (ask(key.token, "10.0.0.1", 5)) {
  }
  for (int i = 0; i < 5; ++i)
    CHECK(ask(key.token, "10.0.0.1", 5, true));
  CHECK(ask(key.token, "10.0.0.1", 5, true).error().error.code == Errc::rate_limited);
}

TEST_CASE_FIXTURE(Door, "a changed set of keys holds from the next request on") {
  auto revoked = key.key;
  revoked.revoked = wall;
  guard->set_keys(core::security::ApiKeys{{revoked}});
  CHECK(ask(key.token).error().error.detail == "the API key was revoked");
  guard->set_keys({});
  CHECK(ask(key.token).error().error.detail == "the API key is not valid");
}

TEST_CASE_FIXTURE(Door, "what an earlier run has begun is not begun again") {
  core::security::AuditRecord record{.phase = AuditPhase::asked, .who = "ann"};
  record.idempotency_key = "k";
  record.request = security::sha256("body");
  guard->remember(record);
  CHECK(guard->begin("ann", "k", *record.request).error().code == Errc::conflict);
  CHECK(guard->begin("bob", "k", *record.request));
  SUBCASE("but what was refused may be asked again") {
    record.phase = AuditPhase::refused;
    record.idempotency_key = "refused";
    guard->remember(record);
    CHECK(guard->begin("ann", "refused", *record.request));
  }
}
