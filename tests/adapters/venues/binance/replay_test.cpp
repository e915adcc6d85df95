/// Every recorded Binance capture, replayed from bytes to book, ends in the book its publisher
/// computed.
#include "adapters/venues/book_replica.hpp"
#include "tests/adapters/venues/recording.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <openssl/sha.h>
#include <simdjson.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

namespace {

using namespace tandem;
using namespace tandem::adapters::venues;
using core::market::Side;
using tests::Recording;

std::unique_ptr<Market> binance(core::MarketType type, const std::string& depth_stream = {}) {
  return make_market({core::VenueId{"binance"}, type}, {depth_stream});
}

/// Text of every level as last received, because hashes are over texts.
class Texts {
public:
  void apply(std::span<const LevelText> bids, std::span<const LevelText> asks) {
    apply(sides_[0], bids);
    apply(sides_[1], asks);
  }

  /// Price and size text of a level of the book, which must be known here with that size.
  std::pair<std::string, std::string> of(Side side, const core::market::Level& level,
                                         core::Scale scale) const {
    const auto& texts = sides_[side == Side::bid ? 0 : 1];
    const auto found = texts.find(level.price.units * core::pow10(decimals - scale.price_decimals));
    if (found == texts.end()
        || core::parse_scaled(found->second.second, scale.quantity_decimals)
               != level.quantity.units)
      return {"?", "?"};
    return found->second;
  }

  std::size_t size(Side side) const { return sides_[side == Side::bid ? 0 : 1].size(); }

private:
  static constexpr int decimals = 8; ///< enough for every price recorded
  using Map = std::unordered_map<std::int64_t, std::pair<std::string, std::string>>; ///< by price

  void apply(Map& texts, std::span<const LevelText> levels) {
    for (const LevelText& level : levels) {
      const auto price = core::parse_scaled(level.price, decimals);
      REQUIRE(price);
      if (level.size.find_first_not_of("0.") == std::string_view::npos)
        texts.erase(*price);
      else
        texts.insert_or_assign(*price,
                               std::pair{std::string{level.price}, std::string{level.size}});
    }
  }

  std::array<Map, 2> sides_;
};

/// One instrument of a capture: the replica under test and what the expectations speak about.
struct Replayed {
  Replayed(const Market& market, core::Scale scale)
      : type{market.key().type}, replica{market.make_book_sync(), scale} {}

  /// A depth frame kept by the test while the replica buffers it.
  struct Waiting {
    std::uint64_t first_id, last_id;
    std::vector<std::pair<std::string, std::string>> bids, asks;
  };

  void on_frame(const DepthFrame& frame) {
    ++depth;
    const auto step = replica.on_frame(frame);
    switch (step.action) {
    case SyncAction::buffer: {
      Waiting copy{frame.first_id, frame.last_id, {}, {}};
      for (const auto& level : frame.bids)
        copy.bids.emplace_back(level.price, level.size);
      for (const auto& level : frame.asks)
        copy.asks.emplace_back(level.price, level.size);
      waiting.push_back(std::move(copy));
      return;
    }
    case SyncAction::ignore:
      ++dropped;
      return;
    case SyncAction::resync:
      ++gaps;
      return;
    case SyncAction::apply:
      break;
    }
    if (applied == 0)
      first_applied = {frame.first_id, frame.last_id};
    ++applied;
    deleted_unknown += step.stats.deleted_unknown;
    texts.apply(frame.bids, frame.asks);
    after_apply();
  }

  void on_snapshot(const DepthSnapshot& snapshot) {
    snapshot_id = snapshot.last_id;
    const auto step = replica.on_snapshot(snapshot);
    REQUIRE(step.action == SyncAction::apply);
    texts.apply(snapshot.bids, snapshot.asks);
    deleted_unknown += step.stats.deleted_unknown;
    for (const auto& frame : waiting) {
      const bool old = type == core::MarketType::spot ? frame.last_id <= snapshot_id
                                                      : frame.last_id < snapshot_id;
      if (old) {
        ++dropped;
        continue;
      }
      if (applied == 0)
        first_applied = {frame.first_id, frame.last_id};
      ++applied;
      texts.apply(views(frame.bids), views(frame.asks));
    }
    CHECK(step.replayed == applied);
    CHECK(step.became_live == (applied > 0));
    waiting.clear();
    after_apply();
  }

  static std::vector<LevelText>
  views(const std::vector<std::pair<std::string, std::string>>& side) {
    std::vector<LevelText> levels;
    for (const auto& [price, size] : side)
      levels.push_back({price, size});
    return levels;
  }

  void after_apply() {
    crossed += replica.book().crossed() ? 1 : 0;
    if (replica.live())
      best_at[replica.last_id()] = {replica.book().best(Side::bid), replica.book().best(Side::ask)};
  }

  void on_best(const BestFrame& frame) {
    ++best;
    const auto level = [&](const LevelText& text) -> std::optional<core::market::Level> {
      if (text.price.empty())
        return std::nullopt;
      return core::market::Level{
          {core::parse_scaled(text.price, replica.book().scale().price_decimals).value()},
          {core::parse_scaled(text.size, replica.book().scale().quantity_decimals).value()}};
    };
    tickers.emplace_back(frame.id, Top{level(frame.bid), level(frame.ask)});
  }

  /// bookTicker and depth share their numbering: at the same id they must agree.
  std::size_t equal_to_ticker() const {
    std::size_t equal = 0;
    for (const auto& [id, top] : tickers)
      if (const auto book = best_at.find(id); book != best_at.end()) {
        CHECK(book->second == top);
        ++equal;
      }
    return equal;
  }

  std::pair<std::string, std::string> text_of(Side side, std::size_t n) const {
    return texts.of(side, replica.book().level(side, n), replica.book().scale());
  }

  std::string sha256() const {
    std::string lines;
    for (const Side side : {Side::bid, Side::ask})
      for (std::size_t n = 0; n < replica.book().depth(side); ++n) {
        const auto [price, size] = text_of(side, n);
        lines += fmt::format("{} {} {}\n", side == Side::bid ? 'b' : 'a', price, size);
      }
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(lines.data()), lines.size(), digest.data());
    std::string hex;
    for (const unsigned char byte : digest)
      hex += fmt::format("{:02x}", byte);
    return hex;
  }

  using Top = std::pair<std::optional<core::market::Level>, std::optional<core::market::Level>>;

  core::MarketType type;
  BookReplica replica;
  Texts texts;
  std::vector<Waiting> waiting;
  std::uint64_t snapshot_id = 0;
  std::pair<std::uint64_t, std::uint64_t> first_applied{0, 0};
  std::size_t depth = 0, dropped = 0, applied = 0, gaps = 0, crossed = 0, deleted_unknown = 0;
  std::size_t best = 0, trades = 0, trade_id_jumps = 0;
  std::uint64_t last_trade_id = 0;
  std::unordered_map<std::uint64_t, Top> best_at; ///< by update id
  std::vector<std::pair<std::uint64_t, Top>> tickers;
};

void on_trades(Replayed& into, const TradesFrame& frame) {
  for (const auto& trade : frame.trades) {
    const auto id = std::stoull(trade.trade_id);
    into.trade_id_jumps += into.trades > 0 && id != into.last_trade_id + 1 ? 1 : 0;
    into.last_trade_id = id;
    ++into.trades;
  }
}

simdjson::dom::element expected_set(simdjson::dom::parser& parser, std::string_view name) {
  const auto path = tests::shared_file("venues/binance/expected-replay.json");
  return parser.load(path->string())[name];
}

std::uint64_t number(const simdjson::dom::element& object, std::string_view key) {
  return object[key].get_uint64().value();
}

std::pair<std::string, std::string> level_text(const simdjson::dom::element& pair) {
  return {std::string{pair.at(0).get_string().value()},
          std::string{pair.at(1).get_string().value()}};
}

void check_end(const Replayed& replayed, const simdjson::dom::element& expected) {
  const auto& book = replayed.replica.book();
  CHECK(replayed.replica.live());
  CHECK(replayed.gaps == 0);
  CHECK(replayed.crossed == 0);
  CHECK(replayed.first_applied.first == expected["first_applied_U_u"].at(0).get_uint64().value());
  CHECK(replayed.first_applied.second == expected["first_applied_U_u"].at(1).get_uint64().value());
  CHECK(replayed.replica.last_id() == number(expected, "final_update_id"));
  CHECK(replayed.text_of(Side::bid, 0) == level_text(expected["final_best_bid"]));
  CHECK(replayed.text_of(Side::ask, 0) == level_text(expected["final_best_ask"]));
  CHECK(book.depth(Side::bid) == replayed.texts.size(Side::bid));
  CHECK(book.depth(Side::ask) == replayed.texts.size(Side::ask));
  CHECK(replayed.sha256() == expected["final_book_sha256"].get_string().value());
}

struct Set {
  std::string name;
  core::MarketType type;
  core::Scale scale;
  std::size_t equal_at_same_id; ///< measured over both orders of arrival
  std::uint64_t refinements;    ///< a level off the instrument's own grid was sent
};

/// Feeds one recording of one symbol. The line without a stream name is the REST snapshot.
void feed(Replayed& replayed, const Market& market, Codec& codec, const Recording& recording) {
  for (const auto& line : recording.lines()) {
    if (line.json.starts_with("{\"lastUpdateId\"")) {
      const auto snapshot = market.rest().parse_depth(line.json);
      REQUIRE(snapshot);
      replayed.on_snapshot(*snapshot);
      continue;
    }
    const auto frame = codec.decode(line.json);
    REQUIRE_MESSAGE(frame, line.json);
    if (const auto* depth = std::get_if<DepthFrame>(&*frame))
      replayed.on_frame(*depth);
    else if (const auto* best = std::get_if<BestFrame>(&*frame))
      replayed.on_best(*best);
    else if (const auto* trades = std::get_if<TradesFrame>(&*frame))
      on_trades(replayed, *trades);
    else
      FAIL("unexpected frame: " << line.json);
  }
}

void replay(const Set& set) {
  if (!tests::shared_file("venues/binance/expected-replay.json"))
    return;
  simdjson::dom::parser parser;
  const auto expected = expected_set(parser, set.name);
  const auto market = binance(set.type);
  const auto codec = market->make_codec();
  Replayed replayed{*market, set.scale};
  for (const auto file : expected["files"].get_array()) {
    const auto path
        = tests::shared_file("venues/binance/" + std::string{file.get_string().value()});
    REQUIRE(path);
    feed(replayed, *market, *codec, Recording{*path});
  }
  const auto messages = expected["messages"].value();
  CHECK(replayed.depth == number(messages, "depthUpdate"));
  CHECK(replayed.best == number(messages, "bookTicker"));
  CHECK(replayed.trades == number(messages, "trade"));
  CHECK(replayed.deleted_unknown == number(messages, "del_missing"));
  CHECK(replayed.snapshot_id == number(expected, "snapshot_lastUpdateId"));
  CHECK(replayed.dropped == number(expected, "depth_dropped_before_snapshot"));
  CHECK(replayed.applied == number(expected, "depth_applied"));
  CHECK(replayed.trade_id_jumps == number(expected, "trade_id_jumps"));
  const auto& book = replayed.replica.book();
  CHECK(book.depth(Side::bid) == number(expected, "final_bid_levels"));
  CHECK(book.depth(Side::ask) == number(expected, "final_ask_levels"));
  for (std::size_t n = 0; n < 5; ++n) {
    CHECK(replayed.text_of(Side::bid, n) == level_text(expected["final_top5_bids"].at(n)));
    CHECK(replayed.text_of(Side::ask, n) == level_text(expected["final_top5_asks"].at(n)));
  }
  CHECK(replayed.equal_to_ticker() == set.equal_at_same_id);
  CHECK(replayed.replica.scale_refinements() == set.refinements);
  check_end(replayed, expected);
}

} // namespace

TEST_CASE("the spot capture of August 2024 ends in the published book") {
  replay({"spot-btcusdt-20240808 (a then b)", core::MarketType::spot, {2, 5}, 1072, 1});
}

TEST_CASE("the USD-M BTCUSDT capture of August 2024 ends in the published book") {
  replay({"usdm-btcusdt-20240808", core::MarketType::linear, {1, 3}, 629, 0});
}

TEST_CASE("the USD-M BTCUSDT capture of July 2024 ends in the published book") {
  replay({"usdm-btcusdt-20240718 (a then b)", core::MarketType::linear, {1, 3}, 625, 0});
}

TEST_CASE("the USD-M ETHUSDT capture of July 2024 ends in the published book") {
  replay({"usdm-ethusdt-20240718 (a then b)", core::MarketType::linear, {2, 3}, 834, 0});
}

TEST_CASE("four symbols on one connection in 2021 end in the published books") {
  const auto expected_path = tests::shared_file("venues/binance/expected-replay.json");
  const auto info = tests::shared_file("venues/binance/usdm-exchangeInfo-20210722.txt.gz");
  const auto http = tests::shared_file("venues/binance/usdm-4symbols-20210722.http.txt.gz");
  const auto ws = tests::shared_file("venues/binance/usdm-4symbols-20210722.ws.txt.gz");
  if (!expected_path || !info || !http || !ws)
    return;
  simdjson::dom::parser parser;
  const auto expected = expected_set(parser, "usdm-4symbols-20210722");
  const auto market = binance(core::MarketType::linear);
  const auto codec = market->make_codec();

  std::map<std::string, Replayed, std::less<>> books;
  const Recording rules{*info};
  const auto page = market->rest().parse_instruments(rules.lines().front().json);
  REQUIRE(page);
  for (const auto& instrument : page->instruments)
    if (expected["symbols"][instrument.key.symbol.text()].error() == simdjson::SUCCESS)
      books.try_emplace(instrument.key.symbol.text(), *market, instrument.scale);
  REQUIRE(books.size() == 4);

  // The snapshots came while the stream ran: hand each out at its time.
  const Recording replies{*http};
  const Recording stream{*ws};
  auto reply = replies.lines().begin();
  std::size_t best = 0, depth = 0, klines = 0, trades = 0;
  for (const auto& line : stream.lines()) {
    for (; reply != replies.lines().end() && reply->received_ns <= line.received_ns; ++reply) {
      const auto from = reply->source.find("symbol=") + 7;
      const auto symbol = reply->source.substr(from, reply->source.find('&', from) - from);
      const auto snapshot = market->rest().parse_depth(reply->json);
      REQUIRE(snapshot);
      books.find(symbol)->second.on_snapshot(*snapshot);
    }
    const auto frame = codec->decode(line.json);
    REQUIRE_MESSAGE(frame, line.json);
    if (const auto* update = std::get_if<DepthFrame>(&*frame)) {
      ++depth;
      books.find(update->symbol)->second.on_frame(*update);
    } else if (const auto* top = std::get_if<BestFrame>(&*frame)) {
      ++best;
      books.find(top->symbol)->second.on_best(*top);
    } else if (std::holds_alternative<KlinesFrame>(*frame)) {
      ++klines;
    } else if (std::holds_alternative<TradesFrame>(*frame)) {
      ++trades;
    }
  }
  CHECK(best == number(expected["messages"], "bookTicker"));
  CHECK(depth == number(expected["messages"], "depth"));
  CHECK(klines == number(expected["messages"], "kline_1m"));
  CHECK(trades == number(expected["messages"], "aggTrade"));
  for (const auto& [symbol, replayed] : books) {
    CAPTURE(symbol);
    const auto own = expected["symbols"][symbol].value();
    CHECK(replayed.snapshot_id == number(own, "lastUpdateId"));
    CHECK(replayed.applied == number(own, "applied"));
    replayed.equal_to_ticker();
    // CTK's snapshot still had levels from before its tick became 0.00100.
    CHECK(replayed.replica.scale_refinements() == (symbol == "CTKUSDT" ? 1 : 0));
    check_end(replayed, own);
  }
}
