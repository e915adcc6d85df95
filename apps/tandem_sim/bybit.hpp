/// Bybit v5 spot and linear, public side, as its documentation describes it: market REST in one
/// envelope, topics with fixed-depth books. What wants a key is passed on to bybit_private.hpp.
/// Sources: bybit-exchange.github.io/docs/v5, "Connect", "Market", "WebSocket Stream: Public".
#pragma once

#include "apps/tandem_sim/bybit_private.hpp"
#include "apps/tandem_sim/surface.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::sim {

/// What the subscribers of one orderbook topic have been told so far.
struct BybitWindow {
  std::size_t depth = 0;
  core::UnixMillis every = 0;
  core::UnixMillis due = 0;
  core::UnixMillis said_at = 0;
  std::int64_t update_id = 0;
  std::int64_t sequence = 0; ///< market's update id when last looked at
  std::vector<Level> bids, asks;
};

struct BybitTopic final : Stream {
  enum class Kind : std::uint8_t { book, trade, ticker, kline };
  Kind type = Kind::book;
  BybitWindow window;
  core::UnixMillis due = 0;
  std::string interval_name;
  Interval interval;
  core::UnixMillis bar_begin = 0;
  std::vector<std::pair<std::string, std::string>> told; ///< ticker: fields as last sent
};

class Bybit final : public Surface {
public:
  /// @param account_side the private side, shared by the two surfaces.
  Bybit(SurfaceId id, const Scenario& scenario, Flow& flow, Faults& faults, ReplayBooks& replay,
        Exchange& exchange, Outlet& outlet, std::shared_ptr<BybitPrivate> account_side);

  void on_http(const HttpAsk& ask, Reply reply, Time now) override;
  void on_step(Market& market, const Step& step, Time now) override;
  std::vector<SocketId> play(const RecordedFrame& frame, Time now) override;
  [[nodiscard]] bool has_listener(std::string_view symbol, std::string_view kind) const override;

protected:
  std::optional<HttpAnswer> check_upgrade(const HttpAsk& ask) override;
  void opened(Socket& socket, const HttpAsk& ask, Time now) override;
  void handle(Socket& socket, std::string_view text, Time now) override;
  void on_tick(Time now) override;
  std::string wrap(const Stream& stream, const std::string& data, bool combined) const override;
  void say_shutdown(Socket& socket, Time now) override;
  void keep_snapshots(std::string_view symbol) override;
  void answer_snapshot(const HttpAsk& ask, const Reply& reply, Time now) override;

private:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  struct Ban {
    Time until{};
  };

  [[nodiscard]] bool spot() const noexcept { return id_ == SurfaceId::bybit_spot; }

  [[nodiscard]] std::string_view category() const noexcept { return spot() ? "spot" : "linear"; }

  // REST (bybit_rest.cpp)
  [[nodiscard]] HttpAnswer envelope(int code, std::string_view message, std::string_view result,
                                    Time now) const;
  [[nodiscard]] std::optional<HttpAnswer> refused(const HttpAsk& ask, std::string_view symbol,
                                                  Time now);
  [[nodiscard]] HttpAnswer answer(const HttpAsk& ask, Time now);
  [[nodiscard]] HttpAnswer instruments(const HttpAsk& ask, Time now) const;
  [[nodiscard]] HttpAnswer orderbook(const HttpAsk& ask, Time now);
  [[nodiscard]] HttpAnswer klines(const HttpAsk& ask, Time now);
  [[nodiscard]] HttpAnswer recent_trades(const HttpAsk& ask, Time now);
  [[nodiscard]] HttpAnswer tickers(const HttpAsk& ask, Time now);
  [[nodiscard]] bool known(std::string_view symbol) const;

  // sockets (bybit_socket.cpp)
  [[nodiscard]] std::unique_ptr<BybitTopic> make_topic(const std::string& name) const;
  void subscribe(Socket& socket, const boost::json::object& request, const std::string& req_id,
                 Time now);
  void unsubscribe(Socket& socket, const boost::json::object& request, const std::string& req_id);
  void greet(Socket& socket, BybitTopic& topic, Time now);
  void open_private(Socket& socket, const HttpAsk& ask, Time now);
  void reply(Socket& socket, bool success, std::string_view message, std::string_view op,
             const std::string& req_id);

  // frames (bybit_frames.cpp)
  void refresh(BybitTopic& topic, Time now);
  void refresh_ticker(BybitTopic& topic, Time now);
  void refresh_kline(BybitTopic& topic, Time now);
  [[nodiscard]] std::string book_frame(const BybitTopic& topic, bool snapshot,
                                       std::string_view bids, std::string_view asks,
                                       core::UnixMillis now, core::UnixMillis matched) const;
  [[nodiscard]] std::string window_frame(const BybitTopic& topic, core::UnixMillis now) const;
  [[nodiscard]] std::string trade_frame(const BybitTopic& topic, const std::vector<Trade>& trades,
                                        core::UnixMillis now);
  [[nodiscard]] std::string kline_frame(const BybitTopic& topic, const Bar& bar, bool closed,
                                        core::UnixMillis now) const;
  [[nodiscard]] std::string ticker_frame(const BybitTopic& topic, const Fields& fields,
                                         bool snapshot, core::UnixMillis now) const;
  [[nodiscard]] Fields ticker_fields(const Market& market, core::UnixMillis now, bool rest) const;
  [[nodiscard]] std::string price_text(const Instrument& instrument, std::int64_t price) const;
  [[nodiscard]] std::string quantity_text(const Instrument& instrument,
                                          std::int64_t quantity) const;
  [[nodiscard]] std::string quote_text(const Instrument& instrument, core::Int128 quote) const;
  [[nodiscard]] std::string levels_text(const Instrument& instrument,
                                        const std::vector<Level>& levels) const;
  [[nodiscard]] std::string trade_name(std::int64_t id, const Instrument& instrument) const;

  std::shared_ptr<BybitPrivate> account_side_;
  std::vector<Instrument> instruments_;
  std::map<std::string, Window> requests_; ///< by host
  std::map<std::string, Ban> bans_;
  std::map<SocketId, std::string> connection_names_;
  std::map<std::string, std::int64_t>
      update_ids_; ///< by topic: goes on where it was when the last listener left
  std::map<std::string, BybitWindow> kept_;         ///< by topic, for stale_snapshot
  std::map<std::string, std::int64_t> last_prices_; ///< for the tick direction of trades
};

} // namespace tandem::sim
