/// One live connection of a feed: socket, session and their timer on one strand. It opens once and
/// ends once; whether another one follows is its feed actor's decision. All public calls are thread
/// safe.
#pragma once

#include "adapters/transport/io.hpp"
#include "adapters/transport/websocket.hpp"
#include "adapters/venues/market_session.hpp"
#include "adapters/venues/rest_client.hpp"
#include "core/types/time.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tandem::adapters::venues {

/// What a link says to its owner, from the strand. None is called after stop() took effect there.
struct LinkEvents {
  std::function<void()> opened;
  std::function<void()> all_live;
  std::function<void(core::Symbol, core::market::BookCondition, core::Error)> book_changed;
  std::function<void(core::Error)> down; ///< once
  std::function<void()> shutdown_soon;
  std::function<void(Stream, core::Error)> refused;
  std::function<void(std::string frame, core::Error)> malformed; ///< first bytes of the frame
  std::function<void(core::Symbol, core::Error)> top_differs;    ///< see SessionPort
};

/// Things a link uses and does not own; they outlive it.
struct LinkTools {
  const Market* market = nullptr;
  transport::Strand* strand = nullptr;
  transport::WebSocketConnector* connector = nullptr;
  std::shared_ptr<RestClient> rest;
  std::shared_ptr<MarketSinks> sinks;
  std::shared_ptr<SessionCounters> counters;
  core::Clocks clocks;
  std::function<std::uint64_t()> random;
};

class FeedLink final : public SessionPort, public std::enable_shared_from_this<FeedLink> {
public:
  /// @param publishing false: a second connection that takes over later (take_over).
  [[nodiscard]] static std::shared_ptr<FeedLink> open(LinkTools tools,
                                                      transport::WebSocketOptions socket,
                                                      SessionLimits limits, bool publishing,
                                                      LinkEvents events);

  void add(std::vector<Stream> streams, std::shared_ptr<const core::InstrumentTable> table);
  void remove(Stream stream);
  /// A consumer joined: its slot gets the book as it stands.
  void republish(core::Symbol symbol);
  /// Runs `done` on the strand with this link's replica of the book; null when it has none.
  void read(core::Symbol symbol, std::function<void(const BookReplica*)> done);
  void set_instruments(std::shared_ptr<const core::InstrumentTable> table);
  void set_clock_bad(bool bad);

  void take_over(std::shared_ptr<FeedLink> old);

  /// Closes without further events. @param mark_down every book on it loses its trust at once.
  void stop(bool mark_down);

  // SessionPort, on the strand
  void send(std::string text) override;
  void ping() override;
  void give_up(core::Error why) override;
  void fetch_snapshot(const core::Symbol& symbol, std::uint32_t generation,
                      std::chrono::milliseconds delay) override;
  void book_changed(const core::Symbol& symbol, core::market::BookCondition condition,
                    const core::Error& why) override;
  void all_live() override;
  void refused(const Stream& stream, const core::Error& why) override;
  void malformed(std::string_view frame, const core::Error& why) override;
  void shutdown_soon() override;
  void top_differs(const core::Symbol& symbol, const core::Error& why) override;
  std::uint64_t random() override;

private:
  FeedLink(LinkTools tools, SessionLimits limits, bool publishing, LinkEvents events);
  void start(transport::WebSocketOptions socket);
  void on_down(core::Error why);
  void finish();
  void arm_timer();

  LinkTools tools_;
  LinkEvents events_;
  MarketSession session_;
  std::unique_ptr<transport::WebSocket> socket_;
  bool over_ = false;
};

} // namespace tandem::adapters::venues
