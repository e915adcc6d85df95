#include "apps/tandem/lab_book.hpp"

#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <span>

namespace tandem::apps {

namespace {

using namespace adapters::venues;
using core::Decimal;
using core::market::OrderBook;
using core::market::Side;

constexpr std::size_t checksum_levels = 25;
constexpr std::size_t minutes_max = 100'000; // 69 days
constexpr std::size_t texts_slack = 50'000;  // texts of trimmed levels kept before a sweep

/// Digits behind the point as written, trailing zeros included.
std::int8_t decimals_written(std::string_view text) {
  const auto point = text.find('.');
  const auto digits = point == std::string_view::npos ? 0 : text.size() - point - 1;
  return static_cast<std::int8_t>(std::min<std::size_t>(digits, core::decimals_max));
}

Decimal price_of(const OrderBook& book, Side side, std::size_t n) {
  return {book.level(side, n).price.units, book.scale().price_decimals};
}

bool same_number(std::string_view a, std::string_view b) {
  const auto left = Decimal::parse(a);
  const auto right = Decimal::parse(b);
  return left && right && *left == *right;
}

std::span<const LevelText> views(const std::vector<TextPair>& levels,
                                 std::vector<LevelText>& scratch) {
  scratch.clear();
  for (const auto& [price, size] : levels)
    scratch.push_back({price, size});
  return scratch;
}

std::vector<TextPair> owned(std::span<const LevelText> levels) {
  std::vector<TextPair> texts;
  texts.reserve(levels.size());
  for (const auto& level : levels)
    texts.emplace_back(level.price, level.size);
  return texts;
}

} // namespace

// ---- texts --------------------------------------------------------------------------------------

std::size_t LevelTexts::Hash::operator()(const Decimal& price) const noexcept {
  return std::hash<std::int64_t>{}(price.mantissa()) * 31
         + static_cast<std::size_t>(price.decimals());
}

void LevelTexts::clear() {
  for (auto& side : sides_)
    side.clear();
}

void LevelTexts::record(std::span<const LevelText> bids, std::span<const LevelText> asks) {
  record_side(sides_[0], bids);
  record_side(sides_[1], asks);
}

void LevelTexts::record_side(Texts& texts, std::span<const LevelText> levels) {
  for (const auto& level : levels) {
    const auto price = Decimal::parse(level.price);
    const auto size = Decimal::parse(level.size);
    if (!price || !size)
      continue;
    if (size->is_zero())
      texts.erase(*price);
    else
      texts.insert_or_assign(*price, TextPair{level.price, level.size});
  }
}

TextPair LevelTexts::level(const OrderBook& book, Side side, std::size_t n) const {
  const auto level = book.level(side, n);
  const Decimal price = price_of(book, side, n);
  const Decimal size{level.quantity.units, book.scale().quantity_decimals};
  const auto& texts = sides_[side == Side::bid ? 0 : 1];
  const auto found = texts.find(price);
  if (found != texts.end() && same_number(found->second.second, size.to_string()))
    return found->second;
  return {price.to_string(), size.to_string()};
}

void LevelTexts::prune(const OrderBook& book) {
  for (const auto side : {Side::bid, Side::ask}) {
    auto& texts = sides_[side == Side::bid ? 0 : 1];
    if (texts.size() > book.depth(side) + texts_slack)
      prune_side(texts, book, side);
  }
}

void LevelTexts::prune_side(Texts& texts, const OrderBook& book, Side side) {
  Texts kept;
  for (std::size_t n = 0; n < book.depth(side); ++n) {
    if (auto node = texts.extract(price_of(book, side, n)))
      kept.insert(std::move(node));
  }
  texts = std::move(kept);
}

// ---- bars ---------------------------------------------------------------------------------------

void MinuteBars::add(const core::market::Trade& trade, std::string_view price,
                     std::string_view quantity) {
  if (aggregator_.size() >= minutes_max || !aggregator_.add(trade)) {
    ++refused_;
    return;
  }
  const auto widen = [](std::int8_t& decimals, std::string_view text, const Decimal& value) {
    const auto needed = static_cast<std::int8_t>(value.decimals());
    decimals = std::max({decimals, decimals_written(text), needed});
  };
  widen(written_.price_decimals, price, trade.price);
  widen(written_.quantity_decimals, quantity, trade.quantity);
  first_ = first_ == 0 ? trade.venue_time : std::min(first_, trade.venue_time);
  last_ = std::max(last_, trade.venue_time);
}

std::vector<MinuteBars::Row> MinuteBars::full_minutes() const {
  constexpr core::UnixMillis minute = 60'000;
  std::vector<Row> rows;
  const auto price
      = core::pow10(scale.price_decimals - std::min(scale.price_decimals, written_.price_decimals));
  const auto quantity = core::pow10(
      scale.quantity_decimals - std::min(scale.quantity_decimals, written_.quantity_decimals));
  for (auto bar : aggregator_.bars()) {
    if (bar.open_time < first_ || bar.open_time + minute > last_)
      continue;
    for (auto* value : {&bar.open, &bar.high, &bar.low, &bar.close})
      value->units /= price; // exact: no trade has more decimals than were written
    bar.volume /= quantity;
    bar.taker_buy_volume /= quantity;
    bar.quote_volume.units /= static_cast<core::Int128>(price) * quantity;
    rows.push_back({bar.open_time, core::market::to_texts(bar, written_)});
  }
  return rows;
}

// ---- one symbol ---------------------------------------------------------------------------------

const BookReplica* SymbolBook::replica() const noexcept {
  return replica_.get();
}

/// Begins at the scale of the first texts; the replica refines it when a finer number comes.
void SymbolBook::start(std::span<const LevelText> bids, std::span<const LevelText> asks,
                       std::uint32_t levels) {
  if (replica_)
    return;
  core::Scale scale;
  for (const auto& side : {bids, asks}) {
    for (const auto& level : side) {
      scale.price_decimals = std::max(scale.price_decimals, decimals_written(level.price));
      scale.quantity_decimals = std::max(scale.quantity_decimals, decimals_written(level.size));
    }
  }
  if (levels != 0) // the recording says which depth topic it follows
    other_depth_ = make_market(market_.key(), {std::to_string(levels)});
  const auto& market = other_depth_ ? *other_depth_ : market_;
  replica_ = std::make_unique<BookReplica>(market.make_book_sync(), scale);
}

ReplicaStep SymbolBook::on_depth(const DepthFrame& frame) {
  start(frame.bids, frame.asks, frame.levels);
  crc25_.reset();
  auto step = replica_->on_frame(frame);
  switch (step.action) {
  case SyncAction::apply:
    if (frame.snapshot)
      texts_.clear();
    texts_.record(frame.bids, frame.asks);
    counts_.cross_sequence = frame.cross_sequence;
    if (!frame.snapshot)
      note_applied(frame.first_id, frame.last_id);
    else if (!counts_.snapshot_id)
      counts_.snapshot_id = frame.last_id;
    break;
  case SyncAction::ignore:
    counts_.dropped_before_first += counts_.first_applied ? 0 : 1;
    break;
  case SyncAction::buffer:
  case SyncAction::resync:
    waiting_.push_back({frame.first_id, frame.last_id, owned(frame.bids), owned(frame.asks)});
    break;
  }
  while (waiting_.size() > replica_->buffered())
    waiting_.pop_front();
  note(step);
  return step;
}

ReplicaStep SymbolBook::on_snapshot(const DepthSnapshot& snapshot) {
  ++counts_.snapshots;
  if (!market_.traits().snapshot_by_rest)
    return {}; // such a venue's books come with the stream
  start(snapshot.bids, snapshot.asks, 0);
  const auto offered = waiting_.size();
  const auto last_before = replica_->last_id();
  crc25_.reset();
  auto step = replica_->on_snapshot(snapshot);
  const bool taken = step.action == SyncAction::apply || replica_->last_id() != last_before
                     || step.replayed != 0;
  if (!taken) {
    note(step);
    return step;
  }
  if (!counts_.snapshot_id)
    counts_.snapshot_id = snapshot.last_id;
  texts_.clear();
  texts_.record(snapshot.bids, snapshot.asks);
  const auto dropped = offered - std::min(offered, step.replayed + replica_->buffered());
  counts_.dropped_before_first += counts_.first_applied ? 0 : dropped;
  std::vector<LevelText> bids;
  std::vector<LevelText> asks;
  for (std::size_t i = dropped; i < dropped + step.replayed && i < offered; ++i) {
    const auto& frame = waiting_[i];
    texts_.record(views(frame.bids, bids), views(frame.asks, asks));
    note_applied(frame.first_id, frame.last_id);
  }
  while (waiting_.size() > replica_->buffered())
    waiting_.pop_front();
  note(step);
  return step;
}

void SymbolBook::note_applied(std::uint64_t first_id, std::uint64_t last_id) {
  ++counts_.applied;
  if (!counts_.first_applied)
    counts_.first_applied = {first_id, last_id};
}

void SymbolBook::note(const ReplicaStep& step) {
  counts_.deleted_unknown += step.stats.deleted_unknown;
  const bool gap
      = step.action == SyncAction::resync && step.error && step.error->code == core::Errc::book_gap;
  counts_.gaps += gap ? 1 : 0;
  if (step.action != SyncAction::apply)
    return;
  counts_.crossed += replica_->book().crossed() ? 1 : 0;
  texts_.prune(replica_->book());
}

void SymbolBook::on_best(const BestFrame& frame) {
  // Only what the venue stamped with the very state the book is in can be compared.
  if (!replica_ || !replica_->live() || frame.id != replica_->last_id())
    return;
  const auto equal = [&](Side side, const LevelText& best) {
    const auto ours = top(side, 1);
    if (ours.empty() || best.price.empty())
      return ours.empty() == best.price.empty();
    return same_number(ours[0].first, best.price) && same_number(ours[0].second, best.size);
  };
  (equal(Side::bid, frame.bid) && equal(Side::ask, frame.ask) ? counts_.best_equal
                                                              : counts_.best_different)
      += 1;
}

void SymbolBook::on_trade(const core::market::Trade& trade, std::string_view price,
                          std::string_view quantity) {
  bars_.add(trade, price, quantity);
  std::int64_t id = 0;
  const auto* end = trade.trade_id.data() + trade.trade_id.size();
  const auto parsed = std::from_chars(trade.trade_id.data(), end, id);
  if (parsed.ec != std::errc{} || parsed.ptr != end)
    return; // not every venue counts its trades
  counts_.trade_id_jumps += last_trade_id_ && id != *last_trade_id_ + 1 ? 1 : 0;
  last_trade_id_ = id;
}

std::vector<TextPair> SymbolBook::top(Side side, std::size_t count) const {
  std::vector<TextPair> levels;
  if (!replica_)
    return levels;
  const auto& book = replica_->book();
  for (std::size_t n = 0; n < std::min(count, book.depth(side)); ++n)
    levels.push_back(texts_.level(book, side, n));
  return levels;
}

std::string SymbolBook::sha256() const {
  std::string lines;
  for (const auto side : {Side::bid, Side::ask}) {
    for (const auto& [price, size] : top(side, replica_ ? replica_->book().depth(side) : 0))
      lines += (side == Side::bid ? "b " : "a ") + price + " " + size + "\n";
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(lines.data(), lines.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += digits[digest[i] >> 4U];
    hex += digits[digest[i] & 15U];
  }
  return hex;
}

std::int32_t SymbolBook::crc25() const {
  if (crc25_)
    return *crc25_;
  const auto bids = top(Side::bid, checksum_levels);
  const auto asks = top(Side::ask, checksum_levels);
  std::string text;
  for (std::size_t n = 0; n < std::max(bids.size(), asks.size()); ++n) {
    for (const auto* side : {&bids, &asks}) {
      if (n < side->size())
        text += (text.empty() ? "" : ":") + (*side)[n].first + ":" + (*side)[n].second;
    }
  }
  const auto* bytes = reinterpret_cast<const Bytef*>(text.data());
  const auto sum = crc32(0, bytes, static_cast<uInt>(text.size()));
  crc25_ = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum));
  return *crc25_;
}

} // namespace tandem::apps
