/// Binance Spot and Binance USD-M futures, public side, as their documentation describes them: REST
/// with request weights, raw and combined streams, control frames. What wants a key is passed on to
/// binance_private.hpp. Sources: developers.binance.com,
/// "Binance Spot API: REST API, WebSocket Streams, Errors" and "USD-M Futures: Market Data
/// Endpoints, Websocket Market Streams, General Info".
#pragma once

#include "apps/tandem_sim/binance_private.hpp"
#include "apps/tandem_sim/surface.hpp"

#include <boost/json/object.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::sim {

struct BinanceStream final : Stream {
  enum class Kind : std::uint8_t {
    depth,
    partial,
    book_ticker,
    trade,
    aggregate,
    kline,
    ticker,
    mini_ticker
  };
  Kind type = Kind::depth;
  core::UnixMillis every = 0; ///< ms between two frames; 0 = each step
  std::size_t levels = 0;     ///< partial
  std::string interval_name;  ///< kline
  Interval interval;
  // what has gathered since the last frame
  core::UnixMillis due = 0;
  std::int64_t first_id = 0; ///< 0: no change yet
  std::int64_t previous_id = 0;
  std::vector<std::int64_t> bids, asks; ///< prices that changed
  core::UnixMillis bar_begin = 0;       ///< kline: of the bar shown last
};

class Binance final : public Surface {
public:
  Binance(SurfaceId id, const Scenario& scenario, Flow& flow, Faults& faults, ReplayBooks& replay,
          Exchange& exchange, Outlet& outlet);

  void on_http(const HttpAsk& ask, Reply reply, Time now) override;
  void on_step(Market& market, const Step& step, Time now) override;
  std::vector<SocketId> play(const RecordedFrame& frame, Time now) override;
  [[nodiscard]] bool has_listener(std::string_view symbol, std::string_view kind) const override;

  void on_order(const OrderEvent& event) override { private_.on_order(event); }

  void on_transfer(const TransferEvent& event) override { private_.on_transfer(event); }

protected:
  std::optional<HttpAnswer> check_upgrade(const HttpAsk& ask) override;
  void opened(Socket& socket, const HttpAsk& ask, Time now) override;
  void handle(Socket& socket, std::string_view text, Time now) override;
  void on_tick(Time now) override;

  void closed(SocketId socket) override { private_.on_closed(socket); }

  [[nodiscard]] bool counts_messages(const Socket& socket) const override {
    return !private_.is_api(socket.id);
  }

  std::string wrap(const Stream& stream, const std::string& data, bool combined) const override;
  void say_shutdown(Socket& socket, Time now) override;
  void keep_snapshots(std::string_view symbol) override;
  void answer_snapshot(const HttpAsk& ask, const Reply& reply, Time now) override;

private:
  struct Ban {
    std::int64_t overruns = 0;
    core::UnixMillis window = -1;
    Time until{};
  };

  struct Kept {
    std::vector<Level> bids, asks;
    std::int64_t update_id = 0;
    core::UnixMillis at = 0;
  };

  [[nodiscard]] bool spot() const noexcept { return id_ == SurfaceId::binance_spot; }

  // REST (binance_rest.cpp)
  [[nodiscard]] std::optional<HttpAnswer> throttle(const std::string& host, std::int64_t weight,
                                                   Time now, std::int64_t& used);
  [[nodiscard]] BinanceLinks links();
  [[nodiscard]] std::optional<HttpAnswer> faulty(std::string_view symbol, Time now);
  [[nodiscard]] std::int64_t weight_of(const HttpAsk& ask, std::string_view route) const;
  [[nodiscard]] HttpAnswer answer(const HttpAsk& ask, std::string_view route, Time now);
  [[nodiscard]] HttpAnswer exchange_info(const HttpAsk& ask, Time now) const;
  [[nodiscard]] HttpAnswer depth(const HttpAsk& ask, Time now);
  [[nodiscard]] HttpAnswer klines(const HttpAsk& ask, Time now);
  [[nodiscard]] HttpAnswer trades(const HttpAsk& ask);
  [[nodiscard]] HttpAnswer aggregates(const HttpAsk& ask);
  [[nodiscard]] HttpAnswer day_tickers(const HttpAsk& ask, Time now);
  [[nodiscard]] HttpAnswer book_tickers(const HttpAsk& ask, Time now);
  [[nodiscard]] HttpAnswer price_tickers(const HttpAsk& ask);
  [[nodiscard]] bool known(const std::string& symbol) const;

  // sockets (binance_socket.cpp)
  [[nodiscard]] std::unique_ptr<BinanceStream> make_stream(const std::string& name) const;
  /// Whether the socket's path delivers this stream (USD-M only delivers on the right tier).
  [[nodiscard]] bool routed(const Socket& socket, const BinanceStream& stream) const;
  void open_user_stream(const Socket& socket, const HttpAsk& ask, std::string_view path);
  void subscribe(Socket& socket, const std::string& name, Time now);
  void control(Socket& socket, const boost::json::object& request, Time now);
  void set_property(Socket& socket, const boost::json::object& request, const std::string& id);
  void get_property(Socket& socket, const boost::json::object& request, const std::string& id);
  void refuse(Socket& socket, int code, const std::string& message, const std::string& id);

  // frames (binance_frames.cpp)
  void flush(BinanceStream& stream, Time now);
  [[nodiscard]] std::string depth_frame(const BinanceStream& stream, core::UnixMillis now) const;
  [[nodiscard]] std::string partial_frame(const BinanceStream& stream, core::UnixMillis now) const;
  [[nodiscard]] std::string book_ticker_frame(const Market& market, core::UnixMillis now) const;
  [[nodiscard]] std::string trade_frame(const Market& market, const Trade& trade,
                                        core::UnixMillis now) const;
  [[nodiscard]] std::string aggregate_frame(const Market& market, const Aggregate& sum,
                                            core::UnixMillis now) const;
  [[nodiscard]] std::string kline_frame(const BinanceStream& stream, const Bar& bar, bool closed,
                                        core::UnixMillis now) const;
  [[nodiscard]] std::string ticker_frame(const Market& market, core::UnixMillis now,
                                         bool mini) const;
  void add_price(std::string& out, const Instrument& instrument, std::int64_t price) const;
  void add_quantity(std::string& out, const Instrument& instrument, std::int64_t quantity) const;
  void add_quote(std::string& out, const Instrument& instrument, core::Int128 quote) const;
  void add_level(std::string& out, const Instrument& instrument, const Level& level) const;
  void add_levels(std::string& out, const Instrument& instrument,
                  const std::vector<Level>& levels) const;
  void add_day(std::string& out, const Market& market, core::UnixMillis now, bool frame) const;

  std::vector<Instrument> instruments_; ///< generated and replayed
  std::map<std::string, Window> weights_;
  std::map<std::string, Ban> bans_;
  std::map<std::string, Kept> kept_; ///< snapshots for stale_snapshot
  BinancePrivate private_;
};

} // namespace tandem::sim
