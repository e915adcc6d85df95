/// The simulated venues as one pure machine: time and requests in, frames and answers out through
/// an Outlet. No clock, no thread, no socket; the program binds it to listeners, a test or the
/// deterministic engine drives it directly.
#pragma once

#include "apps/tandem_sim/exchange.hpp"
#include "apps/tandem_sim/faults.hpp"
#include "apps/tandem_sim/flow.hpp"
#include "apps/tandem_sim/outlet.hpp"
#include "apps/tandem_sim/replay.hpp"
#include "apps/tandem_sim/replay_books.hpp"
#include "apps/tandem_sim/scenario.hpp"
#include "apps/tandem_sim/surface.hpp"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::sim {

class Simulator {
public:
  /// @param outlet must outlive it. @param recording null without a replay. @param start the first
  /// moment.
  Simulator(const Scenario& scenario, std::unique_ptr<LineSource> recording, Outlet& outlet,
            Time start);
  ~Simulator();

  // Times never go back. Calls may come from one thread only.
  void on_http(SurfaceId surface, const HttpAsk& ask, Reply reply, Time now);
  /// Nullopt accepts the socket; then on_open follows.
  [[nodiscard]] std::optional<HttpAnswer> on_upgrade(SurfaceId surface, const HttpAsk& ask,
                                                     Time now);
  void on_open(SurfaceId surface, SocketId socket, const HttpAsk& ask, Time now);
  void on_text(SurfaceId surface, SocketId socket, std::string_view text, Time now);
  void on_pong(SurfaceId surface, SocketId socket, std::string_view payload, Time now);
  void on_closed(SurfaceId surface, SocketId socket, Time now);

  /// The admin listener: /faults (GET, POST, DELETE), /state, /health, and of the accounts /ledger,
  /// /accounts (GET, POST), /orders/manual (POST); see admin_accounts.cpp.
  [[nodiscard]] HttpAnswer on_admin(const HttpAsk& ask, Time now);

  /// Lets everything happen that is due.
  void advance(Time now);
  /// advance() has something to do then; never later than `step` of the scenario from the last
  /// call.
  [[nodiscard]] Time next_due() const noexcept;

  /// Hears everything that happens at the exchange, of all venues, besides the surfaces; outlives
  /// this.
  void listen(ExchangeListener& listener) { exchange_.listen(listener); }

  [[nodiscard]] const Replay* replay() const noexcept { return replay_.get(); }

  /// A generated market as it stands, for whoever compares a client's book with the venue's own;
  /// null when there is none.
  [[nodiscard]] const Market* market(SurfaceId surface, std::string_view symbol) noexcept {
    return flow_.find(surface, symbol);
  }

private:
  [[nodiscard]] Surface& at(SurfaceId id) noexcept {
    return *surfaces_[static_cast<std::size_t>(id)];
  }

  /// Bybit is one host: what is asked of the other category is that surface's, whichever listener
  /// took it.
  [[nodiscard]] static SurfaceId serving(SurfaceId listener, const HttpAsk& ask);
  [[nodiscard]] SurfaceId serving(SurfaceId listener, SocketId socket) const;

  [[nodiscard]] HttpAnswer faults_text() const;
  [[nodiscard]] HttpAnswer add_fault(const std::string& body, Time now);
  [[nodiscard]] HttpAnswer state_text();
  [[nodiscard]] HttpAnswer accounts_text() const;
  [[nodiscard]] HttpAnswer change_account(const std::string& body, Time now);
  [[nodiscard]] HttpAnswer order_by_hand(const std::string& body, Time now);

  Outlet& outlet_;
  std::vector<TimedFault> timed_;
  Time start_;
  Time now_;
  Millis step_;
  Faults faults_;
  ReplayBooks books_;
  Flow flow_;
  Exchange exchange_;
  std::array<std::unique_ptr<Surface>, surface_count> surfaces_;
  std::unique_ptr<Replay> replay_;
  std::map<SocketId, SurfaceId> elsewhere_; ///< sockets that are not their listener's
  std::int64_t manual_orders_ = 0;
  Time next_tick_;
};

} // namespace tandem::sim
