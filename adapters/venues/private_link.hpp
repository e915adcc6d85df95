/// One live private stream: its key where the venue wants one, authentication, subscriptions, signs
/// of life. It opens once and ends once; whether another one follows is its owner's decision. All
/// public calls are thread safe; events come on the strand.
#pragma once

#include "adapters/transport/io.hpp"
#include "adapters/transport/websocket.hpp"
#include "adapters/venues/signed_client.hpp"
#include "adapters/venues/trading.hpp"
#include "core/log.hpp"
#include "core/types/time.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace tandem::adapters::venues {

/// None is called after stop() took effect on the strand.
struct PrivateEvents {
  std::function<void()> ready; ///< authenticated and subscribed: events flow from now
  std::function<void(const PrivateEvent&)> event; ///< orders, fills, balances, positions
  std::function<void(core::Error)> down;          ///< once
  std::function<void(core::Error)> malformed;
  /// True: what it said before is not worked off, and it is not read; false: it is read again.
  std::function<void(bool)> held{};
};

/// Things a private connection uses and does not own, except the client; they outlive it.
struct PrivateTools {
  const Trading* trading = nullptr;
  transport::Strand* strand = nullptr;
  transport::WebSocketConnector* connector = nullptr;
  std::shared_ptr<SignedClient> rest;
  core::Clocks clocks;
  /// How much of what the private streams said waits to be worked off; thread safe. Empty: nobody
  /// counts.
  std::function<std::size_t()> waiting{};
};

/// A private stream is not read while so many updates wait to be worked off, and again when half
/// of them are: what it says is money and never dropped, so the venue has to wait. The bound is
/// passed by what one message says (of each stream), by answers under way, and by one reading of
/// the account.
inline constexpr std::size_t updates_waiting_max = 10'000;

/// What a private socket says first and how it is kept alive: shared by stream and order socket.
class PrivateSession {
public:
  /// @param send puts a text on the socket. @param done runs once when the last frame was accepted.
  PrivateSession(StreamOpening opening, std::function<void(std::string)> send,
                 std::function<void()> done);

  void on_open();
  /// True when the event belonged to the opening. A refusal comes back as the error.
  [[nodiscard]] core::Result<bool> on_event(const PrivateEvent& event);

  [[nodiscard]] bool done() const noexcept { return next_ > opening_.frames.size(); }

private:
  void advance();

  StreamOpening opening_;
  std::function<void(std::string)> send_;
  std::function<void()> done_;
  std::size_t next_ = 0;
};

class PrivateLink final : public std::enable_shared_from_this<PrivateLink> {
public:
  /// @param socket url = the base; the route is appended (and never logged: it may hold a key).
  [[nodiscard]] static std::shared_ptr<PrivateLink>
  open(PrivateTools tools, transport::WebSocketOptions socket, PrivateEvents events);

  /// Closes without further events.
  void stop();

private:
  PrivateLink(PrivateTools tools, transport::WebSocketOptions socket, PrivateEvents events);
  void start();
  void fetch_key();
  void connect(const std::string& stream_key);
  void on_text(std::string_view text, core::MonoTime received_at);
  void handle(const PrivateEvent& event);
  void arm_timer();
  void on_timer();
  void hold_when_full();
  void look_again();
  void fail(core::Error why);

  PrivateTools tools_;
  transport::WebSocketOptions options_;
  PrivateEvents events_;
  std::unique_ptr<PrivateCodec> codec_;
  std::unique_ptr<PrivateSession> session_;
  std::unique_ptr<transport::WebSocket> socket_;
  std::string stream_key_;
  core::MonoTime heard_at_{}, pinged_at_{}, key_renewed_at_{}, opened_at_{};
  bool over_ = false, open_ = false, held_ = false;
};

} // namespace tandem::adapters::venues
