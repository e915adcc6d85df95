/// Recorded markets through the real codec and replica: exactly the known results, and every fault
/// noticed.
#include "adapters/venues/book_replica.hpp"
#include "tests/adapters/venues/bybit/support.hpp"

#include <boost/json.hpp>
#include <openssl/sha.h>

#include <array>

using namespace tandem;
using namespace tandem::tests::bybit;
using core::MarketType;
using core::market::Side;

namespace {

std::string sha256(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string hex;
  for (const auto byte : digest) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += digits[byte >> 4U];
    hex += digits[byte & 15U];
  }
  return hex;
}

boost::json::object expected(std::string_view set) {
  const auto all = boost::json::parse(read_text(*recordings() / "expected-replay.json"));
  return all.at(boost::json::string_view{set.data(), set.size()}).as_object();
}

std::string text_of(const core::market::OrderBook& book) {
  std::string lines;
  for (const auto side : {Side::bid, Side::ask}) {
    for (std::size_t n = 0; n < book.depth(side); ++n) {
      const auto level = book.level(side, n);
      lines += side == Side::bid ? "b " : "a ";
      lines += core::format_scaled(level.price.units, book.scale().price_decimals) + " "
               + core::format_scaled(level.quantity.units, book.scale().quantity_decimals) + "\n";
    }
  }
  return lines;
}

/// The same lines from texts as received, in the spelling of text_of.
std::string plain(const NaiveBook& book) {
  std::string lines;
  const auto add = [&](char side, const core::Decimal& price, const std::string& size) {
    lines += std::string{side, ' '} + price.to_string() + " "
             + core::Decimal::parse(size)->to_string() + "\n";
  };
  for (const auto& [price, texts] : book.bids)
    add('b', price, texts.second);
  for (const auto& [price, texts] : book.asks)
    add('a', price, texts.second);
  return lines;
}

struct Counts {
  std::size_t snapshots = 0, deltas = 0, best = 0, trades = 0, crossed = 0, resyncs = 0;
};

struct Outcome {
  Counts counts;
  NaiveBook naive;
  std::uint64_t last_id = 0;
  std::uint64_t cross_sequence = 0;
  std::string book;
};

Outcome replay(const Market& market, const std::filesystem::path& file, core::Scale scale) {
  Outcome outcome;
  Decoder decode{market};
  BookReplica replica{market.make_book_sync(), scale};
  for_each_line(file, [&](std::string_view json) {
    const auto frame = decode(json);
    REQUIRE(frame.has_value());
    outcome.counts.best += std::holds_alternative<BestFrame>(*frame) ? 1 : 0;
    outcome.counts.trades += std::holds_alternative<TradesFrame>(*frame) ? 1 : 0;
    const auto* depth = std::get_if<DepthFrame>(&*frame);
    if (depth == nullptr)
      return;
    (depth->snapshot ? outcome.counts.snapshots : outcome.counts.deltas) += 1;
    REQUIRE(depth->cross_sequence > outcome.cross_sequence);
    outcome.cross_sequence = depth->cross_sequence;
    const auto step = replica.on_frame(*depth);
    REQUIRE(step.action == SyncAction::apply);
    outcome.naive.apply(*depth);
    outcome.counts.crossed += replica.book().crossed() ? 1 : 0;
    REQUIRE(replica.book().depth(Side::bid) == outcome.naive.bids.size());
    REQUIRE(replica.book().depth(Side::ask) == outcome.naive.asks.size());
  });
  outcome.last_id = replica.last_id();
  outcome.book = text_of(replica.book());
  return outcome;
}

} // namespace

TEST_CASE("the recorded Bybit linear book of 500 levels ends as it did at the venue") {
  if (!recordings())
    return;
  const auto want = expected("linear-xrpusdt-ob500-20241201");
  const auto got = replay(*market(MarketType::linear, "500"),
                          *recordings() / want.at("file").as_string().c_str(), {4, 0});
  CHECK(got.counts.snapshots + got.counts.deltas == want.at("messages").as_int64());
  CHECK(got.last_id == static_cast<std::uint64_t>(want.at("final_u").as_int64()));
  CHECK(got.cross_sequence == static_cast<std::uint64_t>(want.at("final_seq").as_int64()));
  CHECK(got.counts.crossed == 0);
  CHECK(got.naive.bids.size() == static_cast<std::size_t>(want.at("bid_levels").as_int64()));
  CHECK(got.naive.asks.size() == static_cast<std::size_t>(want.at("ask_levels").as_int64()));
  CHECK(got.naive.bids.begin()->second.first == want.at("final_best_bid").at(0).as_string());
  CHECK(got.naive.asks.begin()->second.second == want.at("final_best_ask").at(1).as_string());
  CHECK(sha256(got.naive.text()) == want.at("final_book_sha256").as_string());
  CHECK(got.book == plain(got.naive));
}

TEST_CASE("six minutes of a Bybit linear market end as computed from their source") {
  if (!recordings())
    return;
  const auto want = expected("derived-linear-btcusdt-20240808");
  const auto got = replay(*market(MarketType::linear),
                          *recordings() / want.at("file").as_string().c_str(), {2, 3});
  const auto& counts = want.at("counts").as_object();
  CHECK(got.counts.snapshots == counts.at("snapshot50").as_int64());
  CHECK(got.counts.deltas == counts.at("delta50").as_int64());
  CHECK(got.counts.best == counts.at("l1").as_int64());
  // The file counts trades; several share one message.
  CHECK(got.counts.trades <= counts.at("trade").as_int64());
  CHECK(got.last_id == static_cast<std::uint64_t>(want.at("final_u").as_int64()));
  CHECK(got.naive.bids.size() == 50);
  CHECK(got.naive.asks.size() == 50);
  CHECK(sha256(got.naive.text()) == want.at("final_book_sha256").as_string());
  CHECK(got.book == plain(got.naive));
}

TEST_CASE("every real Bybit message decodes to what it is") {
  if (!recordings())
    return;
  Decoder decode{*market(MarketType::linear)};
  std::size_t checked = 0;
  for_each_line(*recordings() / "real-messages.jsonl", [&](std::string_view line) {
    CAPTURE(line);
    const auto message = boost::json::parse({line.data(), line.size()}).at("message");
    const auto frame = decode(boost::json::serialize(message));
    REQUIRE(frame.has_value());
    const auto* topic = message.as_object().if_contains("topic");
    const std::string_view name = topic != nullptr ? std::string_view{topic->as_string()} : "";
    if (name.empty())
      CHECK(std::get<ControlReply>(*frame).accepted);
    else if (name.starts_with("orderbook.1."))
      CHECK(std::get<BestFrame>(*frame).id
            == static_cast<std::uint64_t>(message.at("data").at("u").as_int64()));
    else if (name.starts_with("orderbook."))
      CHECK(std::get<DepthFrame>(*frame).bids.size()
            == message.at("data").at("b").as_array().size());
    else if (name.starts_with("publicTrade."))
      CHECK(std::get<TradesFrame>(*frame).trades.size() == message.at("data").as_array().size());
    else if (name.starts_with("tickers."))
      CHECK(std::get<TickerFrame>(*frame).delta == (message.at("type") == "delta"));
    else
      FAIL("a kind of message this test does not know: " << name);
    ++checked;
  });
  CHECK(checked == 23);
}

TEST_CASE("the public samples of Bybit's documentation decode") {
  if (!recordings())
    return;
  Decoder decode{*market(MarketType::linear)};
  const auto pages = boost::json::parse(read_text(*recordings() / "doc-samples.json")).as_object();
  std::size_t checked = 0;
  for (const auto& [page, samples] : pages) {
    const std::string_view name{page.data(), page.size()};
    const bool market_data = name.starts_with("websocket/public/")
                             || name == "websocket/system/system-status"
                             || name == "websocket/wss-authentication";
    if (!market_data)
      continue;
    for (const auto& item : samples.as_array()) {
      const auto json = boost::json::serialize(item.at("sample"));
      CAPTURE(json);
      if (item.at("sample").as_object().contains("args")
          && !json.starts_with(R"({"req_id":"test","op":"pong")")
          && !json.starts_with(R"({"args")"))
        continue; // what the client sends
      CHECK(decode(json).has_value());
      ++checked;
    }
  }
  CHECK(checked >= 15);
}
