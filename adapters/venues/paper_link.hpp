/// Order entry of mode dev: takes what the risk gate approved exactly where an OrderLink would send
/// it, makes and signs the venue's request to see that it can be made, throws that away, and fills
/// the order on paper against the live book. Nothing here can reach a venue: it has no connection.
#pragma once

#include "adapters/transport/io.hpp"
#include "adapters/venues/key_ring.hpp"
#include "adapters/venues/trading.hpp"
#include "core/log.hpp"
#include "core/market/board.hpp"
#include "core/orders/desk.hpp"
#include "core/orders/paper.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace tandem::adapters::venues {

/// What outlives the link: all of it is handed in.
struct PaperTools {
  const Trading* trading = nullptr;
  transport::Strand* strand = nullptr;
  std::shared_ptr<KeyRing> keys;
  std::shared_ptr<core::market::Board> board;
  core::Clocks clocks;
  core::Log* log = nullptr;
  std::chrono::milliseconds recv_window{2'000};
  std::function<void(const core::PairId& pair)> order_left{}; ///< it is out; empty: of a plan
};

class PaperLink final : public core::orders::OrderPort,
                        public std::enable_shared_from_this<PaperLink> {
public:
  /// @param paper the account, kept over restarts of whoever opens links on it. @param desk
  /// outlives the link.
  [[nodiscard]] static std::shared_ptr<PaperLink>
  open(core::MarketKey market, PaperTools tools, std::shared_ptr<core::orders::PaperMarket> paper,
       core::orders::Desk& desk);

  // OrderPort; thread safe, called by the desk.
  void send(const core::risk::ApprovedOrder& order) override;
  void cancel(const core::orders::OrderIntent& intent, const std::string& venue_order_id) override;
  void query(const core::orders::OrderIntent& intent, const std::string& venue_order_id,
             bool fills_too) override;
  void cancel_all() override;

  /// Fills nothing any more.
  void stop();

  struct Account {
    std::map<std::string, core::orders::PaperMarket::AssetRow> assets;
    std::map<core::InstrumentKey, core::orders::Position> positions;
  };

  /// Thread safe.
  [[nodiscard]] Account account() const;

private:
  PaperLink(core::MarketKey market, PaperTools tools,
            std::shared_ptr<core::orders::PaperMarket> paper, core::orders::Desk& desk);

  [[nodiscard]] core::risk::Now now() const;
  void intercept(const core::orders::OrderIntent& intent);
  void tell(const core::orders::PaperNews& news);
  void on_unknown(const core::orders::ClientOrderId& id, core::MonoTime asked_at);
  void arm_timer();
  void on_timer();
  void publish();

  const core::MarketKey market_;
  const PaperTools tools_;
  const std::shared_ptr<core::orders::PaperMarket> paper_; ///< on the strand
  core::orders::Desk& desk_;
  bool over_ = false;
  mutable std::mutex mutex_;
  Account account_;
};

} // namespace tandem::adapters::venues
