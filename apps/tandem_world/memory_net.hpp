/// The network between the engine and the simulated venues, in memory: it carries the real frames
/// and requests as bytes, each connection in its order, and can be slow, stall (a half-open link:
/// what was sent arrives when it wakes), lose requests or replies, refuse and cut.
#pragma once

#include "adapters/transport/http.hpp"
#include "adapters/transport/websocket.hpp"
#include "apps/tandem_sim/simulator.hpp"
#include "apps/tandem_world/operations.hpp"
#include "apps/tandem_world/timeline.hpp"
#include "apps/tandem_world/trace.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::world {

/// "127.0.0.1:7101": where a configuration finds this surface in the network in memory.
[[nodiscard]] std::string address_of(sim::SurfaceId surface);

/// What of the engine uses a way.
enum class Channel : std::uint8_t { market, account, rest };

inline constexpr std::array channel_names{"market", "account", "rest"};

struct LinkId {
  sim::SurfaceId surface = sim::SurfaceId::binance_spot;
  Channel channel = Channel::market;

  friend auto operator<=>(const LinkId&, const LinkId&) = default;
};

/// "binance_spot/rest"
[[nodiscard]] std::string to_string(LinkId link);

/// How a link behaves at the moment.
struct LinkState {
  bool stalled = false;                     ///< nothing arrives, either way; what was sent waits
  bool refusing = false;                    ///< new connections and requests fail at once
  std::chrono::nanoseconds delay{0};        ///< beyond the usual
  std::uint32_t lose_request_per_mille = 0; ///< of requests: never arrive
  std::uint32_t lose_reply_per_mille = 0;   ///< arrive, and nobody hears
};

/// One process's end of the network. Dies with it.
class NetSide {
public:
  virtual ~NetSide() = default;
  [[nodiscard]] virtual adapters::transport::WebSocketConnector& connector(Channel channel) = 0;
  [[nodiscard]] virtual adapters::transport::HttpClient& http() = 0;
  /// The process has ended: what it sent still arrives, and then its connections end.
  virtual void cut() = 0;
};

class MemoryNet final : public sim::Outlet {
public:
  /// Sees what leaves the engine, at that moment, before any link may lose it.
  using Observer = std::function<void(LinkId, const std::string& head, const std::string& body)>;
  /// Sees what the engine is handed.
  using Delivered = std::function<void(LinkId)>;

  /// @param timeline,trace outlive it. @param base wall time at the timeline's start.
  MemoryNet(Timeline& timeline, Trace& trace, std::uint64_t seed, sim::Time base);
  ~MemoryNet() override;
  MemoryNet(const MemoryNet&) = delete;
  MemoryNet& operator=(const MemoryNet&) = delete;

  /// The venues. Before anything is connected.
  void bind(sim::Simulator& simulator) { simulator_ = &simulator; }

  void observe(Observer sent, Delivered delivered);

  /// @param strand where the process hears; @param operations its own.
  [[nodiscard]] std::shared_ptr<NetSide> connect(adapters::transport::Strand& strand,
                                                 Operations& operations);

  /// True wall time: the venues'.
  [[nodiscard]] sim::Time wall() const;

  /// One way: from `least` to `least` plus `jitter`, evenly.
  void set_latency(std::chrono::nanoseconds least, std::chrono::nanoseconds jitter);

  [[nodiscard]] const LinkState& state(LinkId link) const;
  void set(LinkId link, LinkState state);
  /// Resets every connection of this link.
  void reset(LinkId link);
  /// Every connection of this link gets the last text it was sent so many times more, at once.
  void flood(LinkId link, std::size_t times);

  // Outlet: the venues speak.
  void send(sim::SocketId socket, sim::Text text) override;
  void ping(sim::SocketId socket, std::string payload) override;
  void close(sim::SocketId socket, std::uint16_t code, std::string reason) override;
  void abort(sim::SocketId socket) override;
  void pause_reading(sim::SocketId socket, bool paused) override;

  void say(std::string) override {}

private:
  class Side;
  class Socket;
  struct Wire;
  struct Pipe;
  using WirePtr = std::shared_ptr<Wire>;

  [[nodiscard]] std::chrono::nanoseconds latency(LinkId link);
  [[nodiscard]] bool chance(std::uint32_t per_mille);
  void trace(std::string_view what, LinkId link, std::string_view bytes);
  void push(const WirePtr& wire, bool to_venue, std::function<void()> item);
  void pump(const WirePtr& wire, bool to_venue);
  /// Of a request or reply, which has no order among others.
  void carry(LinkId link, std::function<void()> item);
  void to_engine(const WirePtr& wire, std::function<void(Wire&)> item);
  void connect_wire(const WirePtr& wire, std::string target);
  /// The engine's end of it closes: the venue hears of it behind what is on its way.
  void hang_up(const WirePtr& wire);
  /// The venue knows it no more.
  void end_at_venue(Wire& wire);
  void exchange(LinkId link, const std::shared_ptr<Side>& side,
                adapters::transport::HttpRequest request, adapters::transport::HttpCallback done);
  [[nodiscard]] WirePtr wire_of(sim::SocketId socket) const;

  Timeline& timeline_;
  Trace& trace_;
  std::mt19937_64 random_;
  sim::Time base_;
  core::MonoTime start_;
  sim::Simulator* simulator_ = nullptr;
  std::chrono::nanoseconds latency_least_{std::chrono::microseconds{400}};
  std::chrono::nanoseconds latency_jitter_{std::chrono::microseconds{400}};
  Observer sent_;
  Delivered delivered_;
  std::map<LinkId, LinkState> links_;
  std::map<sim::SocketId, WirePtr> wires_; ///< until both ends have let go
  std::vector<std::weak_ptr<Wire>> made_;  ///< every wire that may still be somewhere
  std::map<LinkId, std::vector<std::function<void()>>> waiting_; ///< behind a stalled link
  sim::SocketId last_socket_ = 0;
};

} // namespace tandem::world
