// One WebSocket client of the server. Beast reads and answers control frames; all bytes out,
// Beast's and ours, pass one queue here, so that texts that gathered while a write was under way
// leave in one, and frames never mix.
#include "adapters/transport/byte_stream.hpp"
#include "adapters/transport/socket_handle.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <exception>
#include <optional>
#include <vector>

namespace tandem::adapters::transport {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

/// A write buffer that grew beyond this is given back.
constexpr std::size_t kept_batch_bytes_max = 8U * 1024;
constexpr std::size_t kept_buffer_bytes_max = 64U * 1024;
/// Readable bytes behind a text, for the JSON parser.
constexpr std::size_t padding_bytes = 64;
/// RFC 6455 section 5.5: a control frame's payload, and in a close frame two bytes of it are the
/// code.
constexpr std::size_t control_bytes_max = 125;
constexpr std::size_t close_reason_bytes_max = control_bytes_max - 2;

/// A text that ends within a character. Beast looks at all else, but not at the end of a message
/// whose last frame is empty.
bool ends_within_character(std::string_view text) {
  const auto tail = text.substr(text.size() - std::min<std::size_t>(text.size(), 3));
  for (std::size_t from_end = 1; from_end <= tail.size(); ++from_end) {
    const auto byte = static_cast<unsigned char>(tail[tail.size() - from_end]);
    if (byte < 0x80)
      return false;
    if (byte >= 0xc0) // leads a sequence of 2, 3 or 4
      return from_end < (byte >= 0xf0 ? 4U : byte >= 0xe0 ? 3U : 2U);
  }
  return false;
}

bool is_violation(ErrorCode error) {
  return error && error != websocket::error::closed
         && error.category() == make_error_code(websocket::error::closed).category();
}

class SocketSession final : public Session,
                            public ByteStream,
                            public SocketLink,
                            public std::enable_shared_from_this<SocketSession> {
public:
  SocketSession(std::shared_ptr<ServerCore> core, ServerStream stream, ParsedRequest upgrade,
                ServerRequest request, std::string leftover)
      : core_{std::move(core)}, stream_{std::move(stream)}, upgrade_{std::move(upgrade)},
        request_{std::move(request)}, leftover_{std::move(leftover)},
        in_{core_->limits.websocket_message_bytes_max + padding_bytes} {}

  void start() {
    core_->enter(shared_from_this());
    ++core_->counters.websockets_open;
    counted_ = true;
    handle_ = std::make_shared<SocketHandle>(++core_->socket_ids,
                                             core_->limits.websocket_buffer_bytes_max,
                                             core_->postbox, weak_from_this());
    enter(Phase::accepting, core_->limits.request_timeout);
    ws_.emplace(BeastLayer{*this});
    ws_->read_message_max(core_->limits.websocket_message_bytes_max);
    ws_->control_callback([this](websocket::frame_type kind, beast::string_view payload) {
      if (kind == websocket::frame_type::pong)
        on_pong(payload);
      peer_closes_ = peer_closes_ || kind == websocket::frame_type::close;
    });
    ws_->async_accept(upgrade_,
                      [self = shared_from_this()](ErrorCode error) { self->on_accepted(error); });
  }

  // As a Session.
  void cut() override {
    silent_ = true;
    lose();
  }

  void on_tick() override {
    if (!core_->reached(deadline_))
      return;
    switch (phase_) {
    case Phase::open:
      return on_idle();
    case Phase::accepting:
      ++core_->counters.timed_out;
      return lose();
    case Phase::closing:
    case Phase::lingering:
      return lose();
    case Phase::over:
      return;
    }
  }

  // As the stream below Beast.
  [[nodiscard]] Executor executor() override { return core_->io.executor(); }

  void read_some(asio::mutable_buffer into, Done done) override {
    if (!leftover_.empty()) {
      const auto bytes = asio::buffer_copy(into, asio::buffer(leftover_));
      leftover_.erase(0, bytes);
      asio::post(core_->io.context, [self = shared_from_this(), bytes,
                                     done = std::move(done)]() mutable { done({}, bytes); });
      return;
    }
    stream_.read_some(into, [self = shared_from_this(),
                             done = std::move(done)](ErrorCode error, std::size_t bytes) mutable {
      self->on_bytes(error, bytes, std::move(done));
    });
  }

  void write_all(std::string bytes, Done done) override {
    if (phase_ == Phase::over)
      return abandon(std::move(done)); // kept here it would keep us
    const bool goodbye
        = phase_ != Phase::accepting && !bytes.empty() && bytes.front() == close_frame;
    if (goodbye)
      prepare_goodbye({std::move(bytes), std::move(done)});
    else
      control_.push_back({std::move(bytes), std::move(done)});
    pump();
  }

  /// Both close frames went over, or Beast gave the connection up and said why. The peer may still
  /// be sending: closing now would reset the connection and take the close frame back, so it is
  /// listened to a little longer.
  void end() override {
    if (phase_ == Phase::over || phase_ == Phase::lingering)
      return;
    enter(Phase::lingering, linger_grace);
    stream_.shutdown_send(shared_from_this());
    drain();
    tell_closed();
  }

  // What the handle posts.
  void wake() override { pump(); }

  void ping(std::string_view payload) override {
    if (phase_ != Phase::open)
      return;
    payload = payload.substr(0, control_bytes_max);
    std::string frame;
    append_frame_header(frame, ping_frame, payload.size());
    control_.push_back({frame.append(payload), Done{}});
    pump();
  }

  void close(std::uint16_t code, std::string reason) override {
    if (phase_ != Phase::open)
      return;
    handle_->stop();
    enter(Phase::closing, close_grace);
    reason.resize(std::min(reason.size(), close_reason_bytes_max));
    goodbye_.emplace(static_cast<websocket::close_code>(code), reason.c_str());
    pump();
  }

  void cut_slow() override {
    if (phase_ != Phase::open)
      return;
    ++core_->counters.websockets_cut_slow;
    handle_->drop();
    close(static_cast<std::uint16_t>(websocket::close_code::try_again_later), "reading too slowly");
  }

  void abort() override {
    stream_.reset_on_close();
    lose();
  }

  void pause_reading(bool paused) override {
    paused_ = paused;
    if (paused || !held_)
      return;
    auto held = std::move(*held_);
    held_.reset();
    enter_idle();
    held.done(held.error, held.bytes);
  }

private:
  enum class Phase { accepting, open, closing, lingering, over };

  struct ControlFrame {
    std::string bytes;
    Done done;
  };

  struct HeldRead {
    ErrorCode error;
    std::size_t bytes;
    Done done;
  };

  void enter(Phase phase, std::chrono::milliseconds limit) {
    phase_ = phase;
    deadline_ = core_->deadline(limit);
  }

  void enter_idle() {
    heard_ = true;
    deadline_ = core_->deadline(core_->limits.websocket_idle_timeout / 2);
  }

  /// Nothing may follow a close frame. What was queued before the peer broke the protocol still
  /// leaves, in the time that a closing has; to a peer that closes it says nothing any more.
  void prepare_goodbye(ControlFrame frame) {
    if (peer_closes_)
      handle_->drop();
    else
      handle_->stop();
    if (phase_ == Phase::open)
      enter(Phase::closing, close_grace);
    last_ = std::move(frame);
  }

  /// A user's callback that throws ends its connection, not the server.
  template <class Event>
  void tell(Event&& event) {
    if (silent_)
      return;
    try {
      event();
    } catch (const std::exception& error) {
      core_->io.fault(error.what());
      close(static_cast<std::uint16_t>(websocket::close_code::internal_error), "internal error");
    } catch (...) {
      core_->io.fault("a WebSocket handler threw something that is no std::exception");
      close(static_cast<std::uint16_t>(websocket::close_code::internal_error), "internal error");
    }
  }

  void on_accepted(ErrorCode error) {
    if (phase_ != Phase::accepting)
      return;
    if (error) { // Beast has answered what was wrong with the request
      ++core_->counters.malformed;
      return end();
    }
    upgrade_ = {};
    phase_ = Phase::open;
    enter_idle();
    ++core_->counters.websockets_total;
    announced_ = true;
    if (core_->events.on_socket_open)
      tell([&] { core_->events.on_socket_open(handle_, request_); });
    request_ = {};
    read();
  }

  void read() {
    ws_->async_read(
        in_, [self = shared_from_this()](ErrorCode error, std::size_t) { self->on_read(error); });
  }

  void on_read(ErrorCode error) {
    if (is_violation(error))
      ++core_->counters.malformed;
    if (phase_ == Phase::lingering || phase_ == Phase::over)
      return;
    if (error) {
      if (error != asio::error::operation_aborted || phase_ == Phase::open)
        lose();
      return;
    }
    in_.prepare(padding_bytes);
    const auto bytes = in_.cdata();
    if (!ws_->got_text()) {
      ++core_->counters.malformed;
      close(static_cast<std::uint16_t>(websocket::close_code::unknown_data), "text only");
    } else if (ends_within_character({static_cast<const char*>(bytes.data()), bytes.size()})) {
      ++core_->counters.malformed;
      close(static_cast<std::uint16_t>(websocket::close_code::bad_payload), "no UTF-8");
    }
    if (phase_ == Phase::open && core_->events.on_socket_text)
      tell([&] {
        core_->events.on_socket_text(handle_,
                                     {static_cast<const char*>(bytes.data()), bytes.size()});
      });
    in_.consume(bytes.size());
    if (in_.capacity() > kept_buffer_bytes_max)
      in_.shrink_to_fit();
    if (phase_ == Phase::open || phase_ == Phase::closing)
      read();
  }

  void on_bytes(ErrorCode error, std::size_t bytes, Done done) {
    heard_ = true;
    if (paused_ && phase_ != Phase::over)
      held_ = HeldRead{error, bytes, std::move(done)};
    else
      done(error, bytes);
  }

  void on_pong(std::string_view payload) {
    if (phase_ == Phase::open && core_->events.on_socket_pong)
      tell([&] { core_->events.on_socket_pong(handle_, payload); });
  }

  /// Twice within the idle time: silent once = pinged, silent again = gone.
  void on_idle() {
    deadline_ = core_->deadline(core_->limits.websocket_idle_timeout / 2);
    if (paused_)
      return;
    if (std::exchange(heard_, false))
      return ping({});
    ++core_->counters.timed_out;
    lose();
  }

  void pump() {
    if (writing_ || phase_ == Phase::over)
      return;
    Batch batch;
    batch.bytes = std::move(spare_);
    batch.bytes.clear();
    std::vector<Done> dones;
    for (auto& frame : control_) {
      batch.bytes += frame.bytes;
      if (frame.done)
        dones.push_back(std::move(frame.done));
    }
    control_.clear();
    const bool texts = phase_ != Phase::accepting && handle_->take(batch);
    if (!texts && last_) {
      batch.bytes += last_->bytes;
      if (last_->done)
        dones.push_back(std::move(last_->done));
      last_.reset();
    }
    if (!batch.bytes.empty())
      return write(std::move(batch), std::move(dones));
    if (batch.bytes.capacity() <= kept_batch_bytes_max)
      spare_ = std::move(batch.bytes);
    if (!texts && phase_ == Phase::closing && goodbye_)
      say_goodbye();
  }

  void write(Batch batch, std::vector<Done> dones) {
    writing_ = true;
    batch_ = std::move(batch);
    const auto tail = batch_.long_text ? asio::buffer(*batch_.long_text) : asio::const_buffer{};
    stream_.write(std::array<asio::const_buffer, 2>{asio::buffer(batch_.bytes), tail},
                  [self = shared_from_this(), dones = std::move(dones)](ErrorCode error,
                                                                        std::size_t bytes) mutable {
                    self->on_written(error, bytes, std::move(dones));
                  });
  }

  void on_written(ErrorCode error, std::size_t bytes, std::vector<Done> dones) {
    writing_ = false;
    handle_->written(batch_.cost);
    if (!error) {
      core_->counters.messages_sent += batch_.texts;
      core_->counters.bytes_sent += bytes;
    }
    spare_ = std::move(batch_.bytes);
    batch_ = {};
    for (auto& done : dones)
      done(error, bytes);
    if (error)
      return lose();
    pump();
  }

  void say_goodbye() {
    const auto reason = *goodbye_;
    goodbye_.reset();
    ws_->async_close(reason, [self = shared_from_this()](ErrorCode error) {
      if (error && self->phase_ == Phase::closing) // not when the peer closed at the same time
        self->lose();
    });
  }

  void drain() {
    stream_.drain(asio::buffer(sink_), [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (self->phase_ != Phase::lingering)
        return;
      if (error)
        self->lose();
      else
        self->drain();
    });
  }

  /// Tells Beast that the operation will not be.
  void abandon(Done done) {
    if (done)
      asio::post(core_->io.context,
                 [done = std::move(done)]() mutable { done(asio::error::operation_aborted, 0); });
  }

  /// Closes at once.
  void lose() {
    if (phase_ == Phase::over)
      return;
    phase_ = Phase::over;
    const auto self = shared_from_this(); // the server's list may have been the last to hold us
    stream_.close();
    core_->leave(*this);
    if (held_) // it holds Beast's operation, and that holds us
      abandon(std::move(held_->done));
    held_.reset();
    for (auto& frame : std::exchange(control_, {}))
      abandon(std::move(frame.done));
    if (last_)
      abandon(std::move(last_->done));
    last_.reset();
    tell_closed();
  }

  void tell_closed() {
    handle_->drop();
    if (std::exchange(counted_, false))
      --core_->counters.websockets_open;
    if (std::exchange(announced_, false) && core_->events.on_socket_closed)
      tell([&] { core_->events.on_socket_closed(handle_); });
  }

  const std::shared_ptr<ServerCore> core_;
  ServerStream stream_;
  ParsedRequest upgrade_;
  ServerRequest request_;
  std::string leftover_;
  std::shared_ptr<SocketHandle> handle_;
  beast::flat_buffer in_;
  std::optional<websocket::stream<BeastLayer, false>> ws_;
  Phase phase_ = Phase::accepting;
  std::uint64_t deadline_ = 0;
  std::optional<websocket::close_reason> goodbye_;
  std::deque<ControlFrame> control_;
  std::optional<ControlFrame> last_; ///< the close frame: leaves when no text waits
  Batch batch_;                      ///< being written
  std::string spare_;
  std::optional<HeldRead> held_;
  std::array<char, 2048> sink_{};
  bool writing_ = false;
  bool paused_ = false;
  bool peer_closes_ = false;
  bool heard_ = true;
  bool counted_ = false;
  bool announced_ = false;
  bool silent_ = false;
};

} // namespace

void start_socket_session(std::shared_ptr<ServerCore> core, ServerStream stream,
                          ParsedRequest upgrade, ServerRequest request, std::string leftover) {
  std::make_shared<SocketSession>(std::move(core), std::move(stream), std::move(upgrade),
                                  std::move(request), std::move(leftover))
      ->start();
}

} // namespace tandem::adapters::transport
