/// Every recorded depth frame in turn is lost, swapped with the next, doubled, cut short, or
/// separated from the next by a reconnect: the book must distrust itself at once, stay as it was,
/// and be exact after the next snapshot.
#include "adapters/venues/book_replica.hpp"
#include "tests/adapters/venues/binance/fixture.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace {

using namespace tandem;
using namespace tandem::adapters::venues;
using core::market::Level;
using core::market::Side;
using tests::RecordedDepth;

constexpr core::Scale scale{2, 8};

struct Set {
  core::MarketType type;
  std::vector<std::string> files;
};

const std::vector<Set> sets{
    {core::MarketType::spot, {"spot-btcusdt-20240808-a.rec.gz", "spot-btcusdt-20240809-b.rec.gz"}},
    {core::MarketType::linear, {"usdm-btcusdt-20240808.rec.gz"}},
    {core::MarketType::linear,
     {"usdm-btcusdt-20240718-a.rec.gz", "usdm-btcusdt-20240719-b.rec.gz"}},
    {core::MarketType::linear,
     {"usdm-ethusdt-20240718-a.rec.gz", "usdm-ethusdt-20240719-b.rec.gz"}},
};

/// Depth, best level and ids: what a reader of the book could see change.
struct Seen {
  explicit Seen(const BookReplica& replica)
      : bids{replica.book().depth(Side::bid)}, asks{replica.book().depth(Side::ask)},
        best_bid{replica.book().best(Side::bid)}, best_ask{replica.book().best(Side::ask)},
        last_id{replica.last_id()} {}

  std::size_t bids, asks;
  std::optional<Level> best_bid, best_ask;
  std::uint64_t last_id;

  bool operator==(const Seen&) const = default;
};

/// A small but lawful REST answer whose id is `id`.
DepthSnapshot snapshot_at(std::uint64_t id) {
  return {id, 0, {{"0.01", "1"}, {"0.02", "2"}}, {{"9999999", "3"}}};
}

/// A book that waits for `frame` as its first event.
void begin(BookReplica& replica, core::MarketType type, const DepthFrame& frame) {
  replica.restart();
  const auto id = type == core::MarketType::spot ? frame.first_id - 1 : frame.first_id;
  REQUIRE(replica.on_snapshot(snapshot_at(id)).action == SyncAction::apply);
}

/// A book that has just applied `frame` as its first event.
void go_live(BookReplica& replica, core::MarketType type, const DepthFrame& frame) {
  begin(replica, type, frame);
  REQUIRE(replica.on_frame(frame).became_live);
}

/// What the venue would have sent behind the end of the recording.
void add_successors(RecordedDepth& recorded, std::size_t count) {
  for (; count > 0; --count) {
    auto next = recorded.frames.back().frame();
    if (next.previous_id)
      next.previous_id = next.last_id;
    next.first_id = next.last_id + 1;
    next.last_id = next.first_id + 3;
    recorded.frames.emplace_back(next, std::string::npos);
  }
}

/// The naive book of a snapshot and the frames after it.
struct Model {
  std::map<std::int64_t, std::int64_t> bids{{1, 100'000'000}, {2, 200'000'000}};
  std::map<std::int64_t, std::int64_t> asks{{999'999'900, 300'000'000}};

  static void apply(std::map<std::int64_t, std::int64_t>& side, std::span<const LevelText> levels) {
    for (const LevelText& level : levels) {
      const auto size = core::parse_scaled(level.size, scale.quantity_decimals).value();
      const auto price = core::parse_scaled(level.price, scale.price_decimals).value();
      if (size == 0)
        side.erase(price);
      else
        side[price] = size;
    }
  }

  void apply(const DepthFrame& frame) {
    apply(bids, frame.bids);
    apply(asks, frame.asks);
  }

  bool equals(const core::market::OrderBook& book) const {
    if (book.depth(Side::bid) != bids.size() || book.depth(Side::ask) != asks.size())
      return false;
    std::size_t n = bids.size();
    for (const auto& [price, size] : bids)
      if (book.level(Side::bid, --n) != Level{{price}, {size}})
        return false;
    for (const auto& [price, size] : asks)
      if (book.level(Side::ask, n++) != Level{{price}, {size}})
        return false;
    return true;
  }
};

/// Frame i of a recording and its neighbours; the replica is live behind frame i - 1, or has just
/// the snapshot when there is none.
struct Here {
  BookReplica& replica;
  const RecordedDepth& recorded;
  std::size_t i;

  DepthFrame frame(std::size_t offset) const { return recorded.frames[i + offset].frame(); }

  /// Behind frame i - 1 nothing but the snapshot's own bridge can be missing.
  bool starts_live() const { return replica.live() == (i > 0); }
};

bool lost(const Here& here) {
  BookReplica& replica = here.replica;
  const Seen before{replica};
  const auto next = here.frame(1);
  const auto after = here.frame(2);
  bool good = here.starts_live(); // until another frame comes nothing can show what was lost
  const auto step = replica.on_frame(next);
  good = good && step.action == SyncAction::resync && step.error.has_value() && !replica.live();
  good = good && replica.on_frame(after).action == SyncAction::buffer && Seen{replica} == before;
  good = good && replica.on_snapshot(snapshot_at(next.last_id)).became_live;
  Model model;
  if (next.previous_id) // USD-M applies the event that ends at the snapshot
    model.apply(next);
  model.apply(after);
  return good && replica.last_id() == after.last_id && model.equals(replica.book());
}

bool swapped(const Here& here) {
  BookReplica& replica = here.replica;
  const Seen before{replica};
  const auto next = here.frame(1);
  bool good = replica.on_frame(next).action == SyncAction::resync;
  good = good && replica.on_frame(here.frame(0)).action == SyncAction::buffer;
  good = good && replica.on_frame(here.frame(2)).action == SyncAction::buffer;
  good = good && !replica.live() && Seen{replica} == before;
  return good && replica.on_snapshot(snapshot_at(next.last_id)).became_live
         && replica.last_id() == here.recorded.frames[here.i + 2].numbers.last_id;
}

bool doubled(const Here& here) {
  BookReplica& replica = here.replica;
  const auto frame = here.frame(0);
  bool good = replica.on_frame(frame).action == SyncAction::apply;
  const Seen before{replica};
  good = good && replica.on_frame(frame).action == SyncAction::ignore && Seen{replica} == before;
  return good && replica.live() && replica.on_frame(here.frame(1)).action == SyncAction::apply;
}

bool cut_short(const Here& here, Codec& codec) {
  const Seen before{here.replica};
  const std::string& line = here.recorded.lines[here.i];
  const tests::Padded cut{std::string_view{line}.substr(0, here.i * 7'919 % line.size())};
  const auto frame = codec.decode(cut.view());
  bool good = !frame && frame.error().code == core::Errc::malformed;
  good = good && here.starts_live() && Seen{here.replica} == before;
  good = good && here.replica.on_frame(here.frame(1)).action == SyncAction::resync;
  return good && !here.replica.live() && Seen{here.replica} == before;
}

bool reconnected(const Here& here) {
  BookReplica& replica = here.replica;
  replica.restart();
  return replica.on_frame(here.frame(0)).action == SyncAction::buffer && !replica.live()
         && replica.book().depth(Side::bid) == 0 && replica.book().depth(Side::ask) == 0
         && replica.last_id() == 0;
}

/// Five accidents to every frame, from the one that completes the snapshot to the very last.
void check_every_frame(const Set& set) {
  constexpr std::size_t levels_kept = 3; // the chain does not depend on them, the test's time does
  RecordedDepth recorded{set.type, set.files, levels_kept};
  if (recorded.frames.empty())
    return;
  const auto count = recorded.frames.size();
  add_successors(recorded, 2);
  const auto market = tests::binance_market(set.type);
  const auto codec = market->make_codec();
  BookReplica replica{market->make_book_sync(), scale};
  std::size_t cases = 0;
  std::size_t failed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Here here{replica, recorded, i};
    const auto run = [&](std::string_view accident, auto scenario) {
      if (i == 0)
        begin(replica, set.type, recorded.frames[0].frame());
      else
        go_live(replica, set.type, recorded.frames[i - 1].frame());
      ++cases;
      if (scenario(here))
        return;
      ++failed;
      if (failed <= 5)
        FAIL_CHECK(accident << " at frame " << i << " of " << set.files.front());
    };
    run("lost", lost);
    run("swapped", swapped);
    run("doubled", doubled);
    run("cut short", [&codec](const Here& at) { return cut_short(at, *codec); });
    run("reconnected", reconnected);
  }
  CHECK(failed == 0);
  CHECK(cases == 5 * count);
  MESSAGE(cases << " accidents in " << set.files.front());
}

} // namespace

TEST_CASE("an accident to any spot frame is noticed at once and healed by the next snapshot") {
  check_every_frame(sets[0]);
}

TEST_CASE("an accident to any USD-M frame is noticed at once and healed by the next snapshot") {
  check_every_frame(sets[1]);
  check_every_frame(sets[2]);
  check_every_frame(sets[3]);
}

TEST_CASE("a whole recording with a lost frame ends in the same book after a later snapshot") {
  const auto& set = sets[2];
  const RecordedDepth recorded{set.type, set.files};
  if (recorded.frames.empty())
    return;
  const auto market = tests::binance_market(set.type);
  // The capture's own snapshot, from its first file.
  const tests::Recording file{*tests::shared_file("venues/binance/" + set.files.front())};
  const auto own = std::ranges::find_if(
      file.lines(), [](const auto& line) { return line.json.starts_with("{\"lastUpdateId\""); });
  REQUIRE(own != file.lines().end());
  const auto first = market->rest().parse_depth(own->json);
  REQUIRE(first);

  const auto texts_of = [](const core::market::OrderBook& book, Side side) {
    std::vector<std::pair<std::string, std::string>> texts;
    for (std::size_t n = 0; n < book.depth(side); ++n)
      texts.emplace_back(
          core::format_scaled(book.level(side, n).price.units, scale.price_decimals),
          core::format_scaled(book.level(side, n).quantity.units, scale.quantity_decimals));
    return texts;
  };
  const std::size_t lost_at[] = {7, 1'000, 4'500, 8'000};
  constexpr std::size_t healed_after = 200;
  BookReplica whole{market->make_book_sync(), scale};
  std::vector<BookReplica> holed;
  for (std::size_t n = 0; n < std::size(lost_at); ++n)
    holed.emplace_back(market->make_book_sync(), scale);
  for (std::size_t i = 0; i < recorded.frames.size(); ++i) {
    const auto frame = recorded.frames[i].frame();
    static_cast<void>(whole.on_frame(frame));
    if (i == 5)
      REQUIRE(whole.on_snapshot(*first).action == SyncAction::apply);
    for (std::size_t n = 0; n < holed.size(); ++n) {
      if (i != lost_at[n])
        static_cast<void>(holed[n].on_frame(frame));
      if (i == 5)
        REQUIRE(holed[n].on_snapshot(*first).action == SyncAction::apply);
      if (i != lost_at[n] + healed_after)
        continue;
      REQUIRE_FALSE(holed[n].live());
      const auto bids = texts_of(whole.book(), Side::bid);
      const auto asks = texts_of(whole.book(), Side::ask);
      DepthSnapshot healing{whole.last_id(), 0, {}, {}};
      for (const auto& [price, size] : bids)
        healing.bids.push_back({price, size});
      for (const auto& [price, size] : asks)
        healing.asks.push_back({price, size});
      REQUIRE(holed[n].on_snapshot(healing).became_live);
    }
  }
  for (const auto& replica : holed) {
    CHECK(replica.live());
    CHECK(replica.last_id() == whole.last_id());
    for (const Side side : {Side::bid, Side::ask})
      CHECK(texts_of(replica.book(), side) == texts_of(whole.book(), side));
  }
}
