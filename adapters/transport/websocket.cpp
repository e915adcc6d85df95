#include "adapters/transport/websocket.hpp"

#include "adapters/transport/dial.hpp"
#include "adapters/transport/reading.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <deque>
#include <exception>
#include <optional>
#include <utility>

namespace tandem::adapters::transport {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using core::Errc;

/// What the JSON parser may read beyond a text.
constexpr std::size_t padding_bytes = 64;
/// A buffer that grew beyond this for one message is given back.
constexpr std::size_t kept_buffer_bytes_max = 1024 * 1024;
/// Masking happens in pieces of this size; a longer text goes out in several writes of one frame.
constexpr std::size_t write_piece_bytes = 16U * 1024;
/// Outbound texts waiting for the socket; a venue that takes no more for so long is as good as
/// gone.
constexpr std::size_t queue_bytes_max = 4U * 1024 * 1024;
/// How long a close handshake may take before the connection is cut.
constexpr std::chrono::seconds close_grace{1};

/// The protocol was violated by the peer, as against a lost connection.
bool is_violation(ErrorCode error) {
  if (error == websocket::error::closed)
    return false;
  return error.category() == make_error_code(websocket::error::closed).category()
         || error == beast::http::error::end_of_stream
         || error.category() == make_error_code(beast::http::error::bad_version).category();
}

class Connection final : public std::enable_shared_from_this<Connection> {
public:
  Connection(Io::Impl& io, std::shared_ptr<TlsContexts> contexts, WebSocketOptions options,
             WebSocketEvents events)
      : io_{io}, contexts_{std::move(contexts)}, options_{std::move(options)},
        events_{std::move(events)}, timer_{io.executor()},
        buffer_{options_.message_bytes_max + padding_bytes} {}

  /// Runs on the Io's thread, at once when already there.
  template <class Task>
  void on_io(Task task) {
    if (io_.on_thread())
      task(*this);
    else
      asio::post(io_.context,
                 [self = shared_from_this(), task = std::move(task)]() mutable { task(*self); });
  }

  /// From any thread: no event begins or runs after this.
  void silence() { gate_.shut(); }

  void start() {
    auto url = parse_url(options_.url);
    if (!url)
      return fail(std::move(url.error()));
    url_ = std::move(*url);
    name_ = std::string{url_.secure ? "wss://" : "ws://"} + url_.host_header();
    auto proxy = parse_proxy(options_.proxy);
    if (!proxy)
      return fail(std::move(proxy.error()));
    timer_.expires_after(options_.open_timeout);
    timer_.async_wait([self = shared_from_this()](ErrorCode error) {
      if (!error)
        self->on_open_timeout();
    });
    dialing_ = dial(
        io_, contexts_, {.peer = url_, .ca_file = options_.tls.ca_file, .proxy = std::move(*proxy)},
        [self = shared_from_this()](auto channel) { self->on_dialed(std::move(channel)); });
  }

  void send(std::string text) {
    if (state_ == State::over)
      return;
    queued_bytes_ += text.size();
    queue_.push_back(std::move(text));
    if (queued_bytes_ > queue_bytes_max)
      return fail(Errc::connection_lost, "more than 4 MiB wait to be sent");
    write();
  }

  void ping() {
    if (state_ != State::open)
      return;
    if (std::exchange(pinging_, true))
      return; // the one under way is as good
    ws_->async_ping({}, [self = shared_from_this()](ErrorCode) { self->pinging_ = false; });
  }

  void pause_reading(bool paused) {
    paused_ = paused;
    if (!paused && state_ == State::open && !reading_)
      read();
  }

  /// Says goodbye when there is somebody to hear it; the events are silent already.
  void close() {
    if (std::exchange(closing_, true))
      return;
    if (state_ != State::open) {
      finish();
      return;
    }
    state_ = State::over;
    timer_.expires_after(close_grace);
    timer_.async_wait([self = shared_from_this()](ErrorCode error) {
      if (!error)
        self->finish();
    });
    ws_->async_close(websocket::close_code::normal,
                     [self = shared_from_this()](ErrorCode) { self->finish(); });
  }

private:
  enum class State { opening, open, over };

  /// Ends the connection without a word. Pending operations complete later and find State::over.
  void finish() {
    state_ = State::over;
    timer_.cancel();
    if (dialing_)
      dialing_->cancel();
    if (channel_)
      channel_->end();
  }

  void fail(core::Error error) {
    if (state_ == State::over)
      return;
    finish();
    if (error.source.empty())
      error.source = name_;
    try {
      gate_.pass([&] {
        if (events_.on_down)
          events_.on_down(std::move(error));
      });
    } catch (const std::exception& thrown) {
      io_.fault(thrown.what());
    }
  }

  void fail(Errc code, std::string detail) {
    fail(core::Error{.code = code, .detail = std::move(detail), .source = name_});
  }

  /// A handler that throws takes its connection down, not the thread.
  template <class Event>
  void tell(Event&& event) {
    try {
      gate_.pass(event);
    } catch (const std::exception& thrown) {
      fail(Errc::internal, std::string{"the event handler threw: "} + thrown.what());
    } catch (...) {
      fail(Errc::internal, "the event handler threw");
    }
  }

  void on_open_timeout() {
    if (state_ != State::opening)
      return;
    const auto step = ws_ ? std::string{"WebSocket upgrade"} : dialing_->step();
    fail(Errc::timed_out, "not open within " + std::to_string(options_.open_timeout.count())
                              + " ms; last step: " + step);
  }

  void on_dialed(core::Result<std::unique_ptr<Channel>> channel) {
    dialing_.reset();
    if (state_ == State::over)
      return;
    if (!channel)
      return fail(channel.error().code, channel.error().detail);
    channel_ = std::move(*channel);
    upgrade();
  }

  void upgrade() {
    ws_.emplace(BeastLayer{*channel_});
    ws_->read_message_max(options_.message_bytes_max);
    ws_->auto_fragment(false);
    ws_->write_buffer_bytes(write_piece_bytes);
    ws_->text(true);
    ws_->set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
      request.set(beast::http::field::user_agent, "tandem");
    }));
    ws_->control_callback([this](websocket::frame_type kind, beast::string_view) {
      if (state_ == State::open && kind != websocket::frame_type::close && events_.on_control)
        tell([this] { events_.on_control(channel_->read_at()); });
    });
    const std::string target = url_.target.starts_with('/') ? url_.target : "/" + url_.target;
    ws_->async_handshake(
        response_, url_.host_header(), target,
        [self = shared_from_this()](ErrorCode error) { self->on_upgraded(error); });
  }

  void on_upgraded(ErrorCode error) {
    if (state_ != State::opening)
      return;
    if (error == websocket::error::upgrade_declined)
      return fail(Errc::upstream_error, "WebSocket upgrade refused: HTTP "
                                            + std::to_string(response_.result_int()) + " "
                                            + std::string{response_.reason()});
    if (error)
      return fail(is_violation(error) ? Errc::malformed : Errc::connection_lost,
                  "WebSocket upgrade: " + error.message());
    timer_.cancel();
    state_ = State::open;
    response_ = {};
    if (events_.on_open)
      tell([this] { events_.on_open(); });
    if (state_ != State::open)
      return;
    read();
    write();
  }

  void read() {
    if (paused_)
      return;
    reading_ = true;
    ws_->async_read(buffer_, [self = shared_from_this()](ErrorCode error, std::size_t) {
      self->on_read(error);
    });
  }

  void on_read(ErrorCode error) {
    if (state_ != State::open)
      return;
    // Stays set until the text was told: who goes on from within that call must not read twice.
    if (error)
      return on_read_failed(error);
    if (!ws_->got_text())
      return fail(Errc::malformed, "a binary message where text was expected");
    // Not committed: only makes sure that these bytes exist behind the text. May move it.
    buffer_.prepare(padding_bytes);
    const auto bytes = buffer_.cdata();
    if (events_.on_text)
      tell([&] {
        events_.on_text({static_cast<const char*>(bytes.data()), bytes.size()},
                        channel_->read_at());
      });
    buffer_.consume(bytes.size());
    if (buffer_.capacity() > kept_buffer_bytes_max)
      buffer_.shrink_to_fit();
    reading_ = false;
    if (state_ == State::open)
      read();
  }

  void on_read_failed(ErrorCode error) {
    if (error == websocket::error::closed) {
      const auto& reason = ws_->reason();
      return fail(Errc::connection_lost, "closed by the server, code " + std::to_string(reason.code)
                                             + ", reason \"" + std::string{reason.reason.c_str()}
                                             + "\"");
    }
    if (error == websocket::error::message_too_big || error == websocket::error::buffer_overflow)
      return fail(Errc::malformed,
                  "a message larger than " + std::to_string(options_.message_bytes_max) + " bytes");
    if (is_violation(error))
      return fail(Errc::malformed, "WebSocket protocol violation: " + error.message());
    fail(Errc::connection_lost, "reading: " + error.message());
  }

  void write() {
    if (state_ != State::open || writing_ || queue_.empty())
      return;
    writing_ = true;
    ws_->async_write(
        asio::buffer(queue_.front()),
        [self = shared_from_this()](ErrorCode error, std::size_t) { self->on_written(error); });
  }

  void on_written(ErrorCode error) {
    writing_ = false;
    if (state_ != State::open)
      return;
    // The read ends with the reason of the failure; only a failed write alone is told here.
    if (error == asio::error::operation_aborted)
      return;
    if (error)
      return fail(Errc::connection_lost, "writing: " + error.message());
    queued_bytes_ -= queue_.front().size();
    queue_.pop_front();
    write();
  }

  Io::Impl& io_;
  const std::shared_ptr<TlsContexts> contexts_;
  const WebSocketOptions options_;
  const WebSocketEvents events_;
  Gate gate_;
  Timer timer_;
  State state_ = State::opening;
  Url url_;
  std::string name_; // scheme, host and port only: paths and queries may carry listen keys
  std::shared_ptr<Dialing> dialing_;
  std::unique_ptr<Channel> channel_;
  std::optional<websocket::stream<BeastLayer, false>> ws_;
  websocket::response_type response_;
  beast::flat_buffer buffer_;
  std::deque<std::string> queue_;
  std::size_t queued_bytes_ = 0;
  bool closing_ = false;
  bool writing_ = false;
  bool pinging_ = false;
  bool paused_ = false;
  bool reading_ = false; ///< a read is under way, or what it brought is being told
};

class Handle final : public WebSocket, public HeldReading {
public:
  explicit Handle(std::shared_ptr<Connection> connection) : connection_{std::move(connection)} {}

  ~Handle() override { close(); }

  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  void send(std::string text) override {
    connection_->on_io([text = std::move(text)](Connection& connection) mutable {
      connection.send(std::move(text));
    });
  }

  void ping() override {
    connection_->on_io([](Connection& connection) { connection.ping(); });
  }

  void pause_reading(bool paused) override {
    connection_->on_io([paused](Connection& connection) { connection.pause_reading(paused); });
  }

  void close() override {
    connection_->silence();
    connection_->on_io([](Connection& connection) { connection.close(); });
  }

private:
  const std::shared_ptr<Connection> connection_;
};

class Connector final : public WebSocketConnector {
public:
  explicit Connector(Io& io) : io_{io.impl()} {}

  std::unique_ptr<WebSocket> open(WebSocketOptions options, WebSocketEvents events) override {
    auto connection
        = std::make_shared<Connection>(io_, contexts_, std::move(options), std::move(events));
    // Always by way of the queue: the caller has its handle before the first event.
    asio::post(io_.context, [connection] { connection->start(); });
    return std::make_unique<Handle>(std::move(connection));
  }

private:
  Io::Impl& io_;
  const std::shared_ptr<TlsContexts> contexts_ = std::make_shared<TlsContexts>();
};

} // namespace

std::unique_ptr<WebSocketConnector> make_websocket_connector(Io& io) {
  return std::make_unique<Connector>(io);
}

} // namespace tandem::adapters::transport
