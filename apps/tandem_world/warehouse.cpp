#include "apps/tandem_world/warehouse.hpp"

#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <variant>

namespace tandem::world {
namespace {

using adapters::sinks::BatchPtr;
using adapters::sinks::Writer;
using core::sinks::Outcome;
using std::chrono::milliseconds;

std::string text_of(const core::sinks::Record& record, std::string_view name) {
  for (const auto& field : record.fields)
    if (field.name == name)
      return std::get<std::string>(field.value);
  return {};
}

} // namespace

class Warehouse::Way final : public Writer {
public:
  Way(Warehouse& house, Operations& operations) : house_{house}, operations_{operations} {}

  void open(const std::string& stream, Opened done) override {
    operations_.pass([&] {
      answer([this, stream, done = std::move(done)] {
        if (house_.closed_)
          return done(core::fail(core::Errc::connection_lost, "nobody is there"));
        const auto known = house_.streams_.find(stream);
        std::optional<std::uint64_t> last;
        if (house_.knows_place_)
          last = known == house_.streams_.end() ? 0 : known->second.rbegin()->first;
        done(last);
      });
    });
  }

  void write(BatchPtr batch, Written done) override {
    operations_.pass([&] {
      if (house_.closed_)
        return answer([done = std::move(done)] {
          done({Outcome::Kind::failed, "nobody is there"});
        });
      const bool lost = house_.random_.chance(house_.lost_per_mille_ * 1'000);
      // What knows its place takes a batch whole or not at all.
      const auto whole = batch->items.size();
      const auto part
          = static_cast<std::size_t>(house_.random_.between(0, static_cast<std::int64_t>(whole)));
      house_.take(*batch, !lost ? whole : house_.knows_place_ ? (part == 0 ? 0 : whole) : part);
      answer([lost, done = std::move(done)] {
        done(lost ? Outcome{Outcome::Kind::failed, "no answer"} : Outcome{});
      });
    });
  }

private:
  void answer(std::function<void()> what) {
    house_.timeline_.after(milliseconds{house_.random_.between(1, 30)},
                           [this, alive = std::weak_ptr{alive_}, what = std::move(what)] {
                             if (!alive.expired() && !operations_.dead())
                               what();
                           });
  }

  Warehouse& house_;
  Operations& operations_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

Warehouse::Warehouse(Timeline& timeline, std::uint64_t seed, std::function<void(std::string)> tell)
    : timeline_{timeline}, random_{seed}, tell_{std::move(tell)},
      knows_place_{random_.chance(500'000)} {}

std::unique_ptr<Writer> Warehouse::writer(Operations& operations) {
  return std::make_unique<Way>(*this, operations);
}

void Warehouse::take(const adapters::sinks::Batch& batch, std::size_t count) {
  auto& stream = streams_[batch.stream];
  for (std::size_t n = 0; n < count; ++n) {
    const auto& item = batch.items[n];
    const auto [known, added] = stream.emplace(item.sequence, item.record);
    if (!added && !(known->second == item.record) && !forgiven_)
      tell_("number " + std::to_string(item.sequence) + " of stream " + batch.stream
            + " stands for two records");
    if (!added && knows_place_)
      tell_("number " + std::to_string(item.sequence) + " of stream " + batch.stream
            + " came twice to a destination that had said how far it was");
  }
  if (stream.empty())
    streams_.erase(batch.stream);
}

std::vector<std::string> Warehouse::missing(const std::vector<core::orders::Record>& journal,
                                            core::UnixMillis until) const {
  std::set<std::pair<std::string, std::string>> here;
  for (const auto& [name, stream] : streams_)
    for (const auto& [sequence, record] : stream)
      if (record.kind == core::sinks::Kind::fill)
        here.emplace(text_of(record, "clientOrderId"), record.name);
  std::vector<std::string> found;
  for (const auto& record : journal)
    if (const auto* fill = std::get_if<core::orders::FillRecord>(&record))
      if (fill->fill.venue_time <= until && !here.contains({fill->id.text(), fill->fill.trade_id}))
        found.push_back("fill " + fill->fill.trade_id + " of order " + fill->id.text()
                        + " is not there");
  return found;
}

std::vector<std::string> Warehouse::gaps() const {
  std::vector<std::string> found;
  if (forgiven_)
    return found;
  for (const auto& [name, stream] : streams_) {
    std::uint64_t wanted = 1;
    for (const auto& [sequence, record] : stream) {
      if (sequence != wanted)
        found.push_back("stream " + name + " has no numbers " + std::to_string(wanted) + " to "
                        + std::to_string(sequence - 1));
      wanted = sequence + 1;
    }
  }
  return found;
}

std::size_t Warehouse::records() const {
  std::size_t count = 0;
  for (const auto& [name, stream] : streams_)
    count += stream.size();
  return count;
}

} // namespace tandem::world
