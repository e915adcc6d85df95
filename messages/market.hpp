/// The conversation about market data: who wants which book, which feeds and instruments there are,
/// how good the clocks are. Prices themselves travel in slots (core/market/depth_slot.hpp), not in
/// messages.
#pragma once

#include "core/error.hpp"
#include "core/market/depth_slot.hpp"
#include "core/types/ids.hpp"
#include "core/types/instrument.hpp"
#include "messages/local.hpp"

#include <caf/typed_actor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tandem::messages {

/// A consumer wants this book in its slot, until it says otherwise. The slot is shared by consumer
/// and feed.
struct SubscribeBook {
  core::InstrumentKey instrument;
  std::shared_ptr<core::market::DepthSlot> slot;
};

struct UnsubscribeBook {
  core::InstrumentKey instrument;
  std::shared_ptr<core::market::DepthSlot> slot;
};

/// A market's instruments were read (again).
struct InstrumentsLoaded {
  core::MarketKey market;
  std::shared_ptr<const core::InstrumentTable> table;
};

/// The venue's clock was compared with ours: offset = venue minus local.
struct ClockMeasured {
  core::MarketKey market;
  std::chrono::milliseconds offset{0};
  bool beyond = false; ///< above the configured limit: books of this market are not to be trusted
};

/// What a connection tells its feed. Sent from the I/O thread.
struct LinkNotice {
  enum class Kind : std::uint8_t {
    opened,        ///< handshake done, subscribing
    all_live,      ///< every book of the link is synchronised
    book_changed,  ///< one book's condition changed; `symbol`, `condition`
    down,          ///< over, for the reason in `error`
    shutdown_soon, ///< the venue announced that it will close
    refused,       ///< a subscription was refused by the venue; `error`
  };

  std::uint64_t link = 0;
  Kind kind = Kind::down;
  std::string symbol{};
  core::market::BookCondition condition = core::market::BookCondition::down;
  core::Error error{};
};

/// An actor's own clockwork.
struct Tick {};

/// One of an actor's slots changed.
struct BookChanged {};

/// A whole book as it stands, best first; for inspection, never for decisions.
struct WholeBook {
  core::market::BookCondition condition = core::market::BookCondition::down;
  core::Scale scale;
  std::uint64_t last_id = 0;
  std::vector<core::market::Level> bids, asks;
};

/// Asks for a whole book. `done` runs once, on the I/O thread; nullopt when the feed keeps no such
/// book.
struct ReadBook {
  core::Symbol symbol;
  std::function<void(std::optional<WholeBook>)> done;
};

/// One market's connections and books. Sent to by the market bus, its own links and timers.
using FeedHandle
    = caf::typed_actor<caf::reacts_to<SubscribeBook>, caf::reacts_to<UnsubscribeBook>,
                       caf::reacts_to<InstrumentsLoaded>, caf::reacts_to<ClockMeasured>,
                       caf::reacts_to<LinkNotice>, caf::reacts_to<ReadBook>, caf::reacts_to<Tick>>;

/// A feed (re)started and wants to hear all that concerns its market.
struct FeedStarted {
  core::MarketKey market;
  FeedHandle feed;
};

/// One market's instrument list and clock, by REST.
using InstrumentsHandle
    = caf::typed_actor<caf::reacts_to<Tick>, caf::reacts_to<InstrumentsLoaded>,
                       caf::reacts_to<ClockMeasured>, caf::reacts_to<core::Error>>;

} // namespace tandem::messages

TANDEM_LOCAL_MESSAGE(tandem::messages::SubscribeBook)
TANDEM_LOCAL_MESSAGE(tandem::messages::UnsubscribeBook)
TANDEM_LOCAL_MESSAGE(tandem::messages::InstrumentsLoaded)
TANDEM_LOCAL_MESSAGE(tandem::messages::ClockMeasured)
TANDEM_LOCAL_MESSAGE(tandem::messages::LinkNotice)
TANDEM_LOCAL_MESSAGE(tandem::messages::ReadBook)
TANDEM_LOCAL_MESSAGE(tandem::messages::Tick)
TANDEM_LOCAL_MESSAGE(tandem::messages::BookChanged)
TANDEM_LOCAL_MESSAGE(tandem::messages::FeedStarted)
TANDEM_LOCAL_MESSAGE(tandem::core::Error)
