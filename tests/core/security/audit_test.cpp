/// The chain of the audit log: every touch of it is found and named.
#include "core/security/audit.hpp"

#include "tests/core/security/support.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

using namespace tandem::core;
using namespace tandem::core::security;
using namespace tandem::core::security::testing;

namespace {

struct Chain {
  ChainHead head;
  std::vector<std::string> lines; ///< without their line breaks

  explicit Chain(int records) {
    for (int i = 0; i < records; ++i)
      add("record " + std::to_string(i));
  }

  void add(const std::string& payload) {
    lines.push_back(chain_line(head, payload, mix));
    REQUIRE(lines.back().ends_with('\n'));
    lines.back().pop_back();
  }
};

/// The head of a whole chain, or what is wrong with it.
Result<ChainHead> walk(const std::vector<std::string>& lines) {
  ChainHead head;
  for (const auto& line : lines) {
    const auto read = read_chain_line(head, line, mix);
    if (!read)
      return tl::unexpected{read.error()};
    head = read->head;
  }
  return head;
}

} // namespace

TEST_CASE("a chain that nobody touched is walked to its head") {
  const Chain chain{20};
  const auto head = walk(chain.lines);
  REQUIRE(head);
  CHECK(*head == chain.head);
  CHECK(parse_chain_head(to_string(*head)) == chain.head);
  CHECK(read_chain_line({}, chain.lines[0], mix)->payload == "record 0");
}

TEST_CASE("an altered record is found") {
  Chain chain{5};
  chain.lines[2].back() = 'X';
  CHECK(walk(chain.lines).error().detail
        == "record 3 was altered, or what stands before it was exchanged");
}

TEST_CASE("removed records are found and counted") {
  Chain chain{9};
  chain.lines.erase(chain.lines.begin() + 3, chain.lines.begin() + 5);
  CHECK(walk(chain.lines).error().detail == "records 4 to 5 were removed");
  SUBCASE("also when those behind are numbered anew") {
    Chain cut{9};
    cut.lines.erase(cut.lines.begin() + 3);
    for (std::size_t i = 3; i < cut.lines.size(); ++i)
      cut.lines[i] = std::to_string(i + 1) + cut.lines[i].substr(1);
    CHECK_FALSE(walk(cut.lines));
  }
}

TEST_CASE("an inserted or repeated record is found") {
  Chain chain{5};
  chain.lines.insert(chain.lines.begin() + 2, chain.lines[1]);
  CHECK(walk(chain.lines).error().detail == "a record was inserted: number 2 comes after 2");
  SUBCASE("also one with a hash of its own") {
    Chain forged{2};
    auto fork = forged.head;
    const auto line = chain_line(fork, "forged", mix);
    forged.add("true");
    forged.lines.insert(forged.lines.begin() + 2, line.substr(0, line.size() - 1));
    CHECK_FALSE(walk(forged.lines));
  }
}

TEST_CASE("records that changed places are found") {
  Chain chain{4};
  std::swap(chain.lines[1], chain.lines[2]);
  CHECK_FALSE(walk(chain.lines));
}

TEST_CASE("a cut tail is a chain too: only who knows the head sees it") {
  Chain chain{6};
  chain.lines.pop_back();
  const auto head = walk(chain.lines);
  REQUIRE(head);
  CHECK(*head != chain.head);
  CHECK(head->sequence == 5);
}

TEST_CASE("any change of any character is found") {
  CHECK(rc::check([] {
    Chain chain{*rc::gen::inRange(1, 8)};
    auto& line = chain.lines[*rc::gen::inRange<std::size_t>(0, chain.lines.size())];
    const auto at = *rc::gen::inRange<std::size_t>(0, line.size());
    const auto before = line[at];
    line[at] = static_cast<char>(*rc::gen::distinctFrom<int>(rc::gen::inRange(32, 127), before));
    RC_ASSERT(!walk(chain.lines));
  }));
}

TEST_CASE("what is no line of a chain is refused") {
  for (const auto* line :
       {"", "1", "1 ", "x y z", "1 abc record", "01 0 x", "18446744073709551616 0 x"}) {
    CAPTURE(line);
    CHECK(read_chain_line({}, line, mix).error().detail == "this is no line of an audit log");
  }
  for (const auto* text : {"", "1", "1:", ":00", "1:zz"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_chain_head(text));
  }
}

TEST_CASE("digests are read as they are written") {
  const auto digest = mix("x");
  CHECK(parse_digest(to_hex(digest)) == digest);
  CHECK(same(digest, mix("x")));
  CHECK_FALSE(same(digest, mix("y")));
  CHECK_FALSE(parse_digest(to_hex(digest).substr(1)));
  auto upper = to_hex(digest);
  upper[0] = 'G';
  CHECK_FALSE(parse_digest(upper));
}
