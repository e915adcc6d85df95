/// A command sent twice under one key is done once, whatever happens in between.
#include "core/security/idempotency.hpp"

#include "tests/core/security/support.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>
#include <string>

using namespace tandem::core;
using namespace tandem::core::security;
using namespace tandem::core::security::testing;

namespace {

const Digest order = mix("place 1");
const Digest other_order = mix("place 2");

bool is_new(const Result<std::optional<Answer>>& result) {
  return result && !result->has_value();
}

bool is_refused(const Result<std::optional<Answer>>& result, Errc code) {
  return !result && result.error().code == code;
}

} // namespace

TEST_CASE("the second request under a key gets the first one's answer") {
  IdempotencyStore store;
  CHECK(is_new(store.begin("alice", "k1", order, start)));
  store.finish("alice", "k1", {200, "done"});
  const auto again = store.begin("alice", "k1", order, start + 1s);
  REQUIRE(again);
  CHECK(**again == Answer{200, "done"});
  SUBCASE("another caller's key of the same name is another key") {
    CHECK(is_new(store.begin("bob", "k1", order, start)));
  }
  SUBCASE("a failure is an answer too") {
    CHECK(is_new(store.begin("alice", "k2", order, start)));
    store.finish("alice", "k2", {422, "refused"});
    CHECK((*store.begin("alice", "k2", order, start))->status == 422);
  }
}

TEST_CASE("another request under the same key is a conflict") {
  IdempotencyStore store;
  CHECK(is_new(store.begin("alice", "k1", order, start)));
  CHECK(is_refused(store.begin("alice", "k1", other_order, start), Errc::conflict));
  store.finish("alice", "k1", {200, "done"});
  CHECK(is_refused(store.begin("alice", "k1", other_order, start), Errc::conflict));
}

TEST_CASE("a request that is still under way is not begun a second time") {
  IdempotencyStore store;
  CHECK(is_new(store.begin("alice", "k1", order, start)));
  CHECK(is_refused(store.begin("alice", "k1", order, start), Errc::conflict));
  SUBCASE("not even when its time is over") {
    CHECK(is_refused(store.begin("alice", "k1", order, start + 48h), Errc::conflict));
  }
  SUBCASE("unless it was given up before anything was done") {
    store.abandon("alice", "k1");
    CHECK(store.size() == 0);
    CHECK(is_new(store.begin("alice", "k1", order, start)));
  }
  SUBCASE("nor when it ended without an answer: it may have been done") {
    store.lose("alice", "k1");
    CHECK(is_refused(store.begin("alice", "k1", order, start), Errc::conflict));
    CHECK(is_new(store.begin("alice", "k1", order, start + 24h)));
  }
  SUBCASE("an answered one cannot be given up") {
    store.finish("alice", "k1", {200, ""});
    store.abandon("alice", "k1");
    CHECK((*store.begin("alice", "k1", order, start))->status == 200);
  }
}

TEST_CASE("what an earlier run has begun is refused, never done again") {
  IdempotencyStore store;
  store.remember("alice", "k1", order, start);
  CHECK(is_refused(store.begin("alice", "k1", order, start), Errc::conflict));
  store.finish("alice", "k1", {200, "late"});
  CHECK(is_refused(store.begin("alice", "k1", order, start), Errc::conflict));
}

TEST_CASE("a key is free again when its time is over") {
  IdempotencyStore store{{.kept = 24h}};
  CHECK(is_new(store.begin("alice", "k1", order, start)));
  store.finish("alice", "k1", {200, "done"});
  CHECK(**store.begin("alice", "k1", order, start + 24h - 1ns) == Answer{200, "done"});
  CHECK(is_new(store.begin("alice", "k1", other_order, start + 24h)));
}

TEST_CASE("what is kept is bounded in entries, callers and bytes") {
  IdempotencyStore store{
      {.entries_max = 2, .callers_max = 2, .answer_bytes_max = 10, .answers_bytes_max = 15}};
  SUBCASE("the oldest answered key goes, one under way stays") {
    CHECK(is_new(store.begin("a", "1", order, start)));
    CHECK(is_new(store.begin("a", "2", order, start)));
    CHECK(is_refused(store.begin("a", "3", order, start), Errc::rate_limited));
    store.finish("a", "2", {200, ""});
    CHECK(is_new(store.begin("a", "3", order, start)));
    CHECK(store.size() == 2);
    CHECK(is_refused(store.begin("a", "1", order, start), Errc::conflict));
  }
  SUBCASE("a third caller is refused until another one's keys are over") {
    CHECK(is_new(store.begin("a", "1", order, start)));
    CHECK(is_new(store.begin("b", "1", order, start)));
    CHECK(is_refused(store.begin("c", "1", order, start), Errc::rate_limited));
    store.finish("a", "1", {200, ""});
    CHECK(is_new(store.begin("c", "1", order, start + 24h)));
  }
  SUBCASE("an answer that is too long is not kept, and its request not done again") {
    CHECK(is_new(store.begin("a", "1", order, start)));
    store.finish("a", "1", {200, "12345678901"});
    CHECK(is_refused(store.begin("a", "1", order, start), Errc::conflict));
    CHECK(is_new(store.begin("b", "1", order, start)));
    store.finish("b", "1", {200, "1234567890"});
    CHECK((*store.begin("b", "1", order, start))->body == "1234567890");
    CHECK(is_new(store.begin("b", "2", order, start)));
    store.finish("b", "2", {200, "123456"});
    CHECK(is_refused(store.begin("b", "2", order, start), Errc::conflict));
  }
}

TEST_CASE("keys are visible ASCII of at most 128 characters") {
  CHECK(is_idempotency_key("5f0c6b7e-0001"));
  CHECK(is_idempotency_key(std::string(128, 'x')));
  for (const auto& key : {std::string{}, std::string(129, 'x'), std::string{"a b"},
                          std::string{"a\n"}, std::string{"\xc3\xa4"}}) {
    CAPTURE(key);
    CHECK_FALSE(is_idempotency_key(key));
  }
}

TEST_CASE("whatever is sent in whatever order, no key's request is done twice within its time") {
  CHECK(rc::check([] {
    IdempotencyStore store{{.kept = 24h, .entries_max = 1'000}};
    std::map<std::string, int> done;
    auto now = start;
    const auto steps = *rc::gen::inRange(1, 200);
    for (int i = 0; i < steps; ++i) {
      const auto key = std::to_string(*rc::gen::inRange(0, 5));
      now += std::chrono::seconds{*rc::gen::inRange(0, 60)};
      if (is_new(store.begin("a", key, order, now)))
        ++done[key];
      else if (*rc::gen::inRange(0, 2) == 0)
        store.finish("a", key, {200, key});
    }
    for (const auto& [key, times] : done)
      RC_ASSERT(times == 1);
  }));
}
