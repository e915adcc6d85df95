/// Watches one world from outside the engine and says which promise was broken. It sees the bytes
/// that leave the engine, the disk, and the venues' ledger; of the engine's own knowledge it uses
/// only what an order is for.
#pragma once

#include "adapters/files/memory_files.hpp"
#include "apps/tandem_sim/simulator.hpp"
#include "apps/tandem_world/books.hpp"
#include "apps/tandem_world/memory_net.hpp"
#include "apps/tandem_world/timeline.hpp"
#include "config/schema.hpp"
#include "core/orders/order.hpp"
#include "core/risk/kill.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::world {

class Judge final : public sim::ExchangeListener {
public:
  /// What the engine knows of an order that is about to leave; null: nothing.
  using Lookup
      = std::function<std::shared_ptr<const core::orders::Order>(const std::string& client_id)>;

  /// All outlive it. @param scenario the venues' instruments.
  Judge(const Timeline& timeline, adapters::files::MemoryDisk& disk, sim::Simulator& simulator,
        const config::Config& config, const sim::Scenario& scenario, Lookup lookup);

  /// Bytes leave the engine: every order among them is judged at that moment.
  void on_sent(LinkId link, const std::string& head, const std::string& body);
  void on_delivered(LinkId link);
  /// A new process: what it knows of markets it knows from now on.
  void on_begin();

  /// Mode `os` promises nothing of what a power loss took from the journal but that it is found.
  void on_journal_lost() { journal_lost_ = true; }

  /// The engine's own word: no actor may fail as long as the world made none fail.
  void on_log(std::string_view event, const std::string& fields);

  /// The world makes an actor fail: those that begin meanwhile may miss it, and fail, too.
  void on_struck() { struck_ = true; }

  [[nodiscard]] bool is_struck() const noexcept { return struck_; }

  // The venues' truth: what is open and what was filled.
  void on_order(const sim::OrderEvent& event) override;

  void on_transfer(const sim::TransferEvent&) override {}

  /// From now on no order may be decided (by the engine's clock), until released.
  void on_kill(core::UnixMillis engine_time) { killed_at_ = engine_time; }

  void on_release() { killed_at_.reset(); }

  /// Both sides, as they are now; nullopt while the journal cannot be read.
  struct Accounts {
    Books engine, venues;
    std::vector<std::string> differences;
  };

  [[nodiscard]] std::optional<Accounts> accounts();
  /// What of the positions that this switch covers is left, by the venues' fills; empty = nothing
  /// that an order could close; nullopt while the journal cannot be read. @param moved markets
  /// where somebody else trades the account: with the opposite held there, a derivative's order
  /// that may only reduce is refused, and nobody asks for it.
  [[nodiscard]] std::optional<std::string> held(const core::risk::KillOrder& order,
                                                const std::set<core::MarketKey>& moved);

  /// What the journal holds, and what was folded in it; empty while it cannot be read.
  [[nodiscard]] std::vector<core::orders::Record> records() const;

  /// When all is settled: residuals, totals of plans, filled against ordered.
  void check_settled(const Accounts& accounts);
  /// The journal on the disk is whole and without a gap, and in its order nothing was decided while
  /// a breaker was open, a kill switch thrown or the strategy paused.
  void check_journal();

  /// Old files are about to be folded into one: what they held is kept here.
  void before_fold() { archive_ = records(); }

  void fault(std::string text);

  [[nodiscard]] const std::vector<std::string>& broken() const noexcept { return broken_; }

  [[nodiscard]] std::size_t orders() const noexcept { return sent_.size(); }

  /// What an order did at its venue, in the venue's units; below zero sold.
  struct Done {
    std::int64_t filled = 0, rest = 0;
  };

  /// As the venue's page shows it; nullopt: it is not there.
  [[nodiscard]] std::optional<Done> at_venue(const std::string& client_id) const;

private:
  void judge_order(LinkId link, const std::string& id);
  void judge_limits(const sim::Order& order);
  void judge_rate(const core::VenueId& venue);
  void judge_market(LinkId link, const core::orders::Order& order);
  void check_checkpoint(const core::orders::CheckpointRecord& checkpoint);
  [[nodiscard]] core::Money lot_of(const core::InstrumentKey& instrument) const;
  [[nodiscard]] bool is_dust(const std::string& instrument, core::Money quantity);

  const Timeline& timeline_;
  adapters::files::MemoryDisk& disk_;
  sim::Simulator& simulator_;
  const config::Config& config_;
  const sim::Scenario& scenario_;
  Lookup lookup_;
  std::string prefix_; ///< of this engine's client ids

  /// An order through time.
  class Track {
  public:
    void add(core::MonoTime at, Done done) { states_.emplace_back(at, done); }

    [[nodiscard]] const Done& now() const { return states_.back().second; }

    /// As an engine may still see it that heard nothing since: with all of it open before it came.
    [[nodiscard]] Done before(core::MonoTime at) const;

    /// The venue had called it over: nobody could reckon with that fill any more.
    [[nodiscard]] bool filled_late() const;

  private:
    std::vector<std::pair<core::MonoTime, Done>> states_; ///< never empty once it is kept
  };

  /// Null: no venue ever had it.
  [[nodiscard]] const Track* track_of(const std::string& client_id) const;

  /// One instrument at its venue: its orders by client id, which is the order of their decisions.
  struct Standing {
    std::map<std::string, Track> orders;

    /// How far the position may come on that side of zero by what was decided up to this order: a
    /// sale out of a long position makes nothing worse.
    [[nodiscard]] std::int64_t worst(bool buys, const std::string& upto) const;
    /// How far it may come to either side by what was decided before this order, for an engine that
    /// may have heard nothing since.
    [[nodiscard]] std::int64_t worst_before(const std::string& order, core::MonoTime since) const;
  };

  using Place = std::pair<sim::SurfaceId, std::string>;
  [[nodiscard]] core::Money value_of(const Place& place, std::int64_t quantity);

  std::set<std::string> sent_;
  std::map<Place, Standing> standings_;
  std::map<core::VenueId, std::deque<core::MonoTime>> opened_at_; ///< the last second's
  std::array<std::optional<core::MonoTime>, sim::surface_count> heard_;
  std::optional<core::UnixMillis> killed_at_;
  bool struck_ = false;
  bool journal_lost_ = false;
  std::vector<core::orders::Record> archive_; ///< of the journal, from its first on
  std::vector<std::string> broken_;
};

} // namespace tandem::world
