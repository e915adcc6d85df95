// One connection of the server while it speaks HTTP: one request at a time, each bounded in size
// and time.
#include "adapters/transport/server_core.hpp"
#include "adapters/transport/server_request.hpp"

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <algorithm>
#include <array>
#include <exception>

namespace tandem::adapters::transport {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

/// Read at once while a header is awaited: small, for there are many idle connections.
constexpr std::size_t header_piece_bytes = 4U * 1024;
constexpr std::size_t body_piece_bytes = 32U * 1024;
/// A buffer that grew beyond this is given back after the request.
constexpr std::size_t kept_buffer_bytes_max = 8U * 1024;

std::string text_of(const Socket& socket) {
  ErrorCode error;
  const auto peer = socket.remote_endpoint(error);
  if (error)
    return "unknown";
  const auto address = peer.address().to_string();
  return (peer.address().is_v6() ? "[" + address + "]" : address) + ":"
         + std::to_string(peer.port());
}

std::string lower(std::string_view name) {
  std::string result{name};
  for (char& c : result)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return result;
}

/// Two who disagree about where a request ends can be made to see different requests (RFC 9112,
/// section 6.3 and 11.2).
bool length_is_plain(const ParsedRequest& request) {
  const auto coded = request.count(http::field::transfer_encoding);
  if (coded == 0)
    return true;
  return coded == 1 && request.count(http::field::content_length) == 0
         && beast::iequals(request[http::field::transfer_encoding], "chunked");
}

/// RFC 6455 section 4.2.1: 16 bytes in Base64, which are 22 characters and the padding of two.
bool is_socket_key(std::string_view key) {
  constexpr std::size_t characters = 22;
  return key.size() == characters + 2 && key.substr(characters) == "=="
         && std::all_of(key.begin(), key.begin() + characters, [](char c) {
              return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
                     || c == '+' || c == '/';
            });
}

class HttpSession final : public Session, public std::enable_shared_from_this<HttpSession> {
public:
  HttpSession(std::shared_ptr<ServerCore> core, ServerStream stream)
      : core_{std::move(core)}, stream_{std::move(stream)}, peer_{text_of(stream_.socket())},
        in_{core_->limits.header_bytes_max + body_piece_bytes} {}

  /// The time of the first request runs from here, so that a silent connection ends as soon as a
  /// slow one.
  void start() {
    core_->enter(shared_from_this());
    renew_parser();
    enter(Phase::reading, core_->limits.request_timeout);
    read();
  }

  void start_refused() {
    core_->enter(shared_from_this());
    refuse(503, "too many connections");
  }

  void cut() override {
    phase_ = Phase::over;
    stream_.close();
    core_->leave(*this);
  }

  void on_tick() override {
    if (!core_->reached(deadline_))
      return;
    switch (phase_) {
    case Phase::reading:
      ++core_->counters.timed_out;
      if (begun())
        return refuse(408, "the request took too long");
      return cut();
    case Phase::waiting:
      ++core_->counters.timed_out;
      return refuse(503, "no answer in time");
    case Phase::idle:
    case Phase::writing:
    case Phase::lingering:
      return cut();
    case Phase::over:
      return;
    }
  }

  [[nodiscard]] std::optional<std::uint64_t> waited_for_since() const override {
    return phase_ == Phase::idle || phase_ == Phase::reading ? std::optional{since_} : std::nullopt;
  }

private:
  enum class Phase { idle, reading, waiting, writing, lingering, over };

  void enter(Phase phase, std::chrono::milliseconds limit) {
    phase_ = phase;
    since_ = core_->now();
    deadline_ = core_->deadline(limit);
  }

  [[nodiscard]] bool begun() const { return in_.size() > 0 || parser_->got_some(); }

  void renew_parser() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(core_->limits.header_bytes_max));
    parser_->body_limit(core_->limits.body_bytes_max);
    continued_ = false;
    head_only_ = false;
  }

  void next_request() {
    renew_parser();
    if (in_.size() > 0) {
      enter(Phase::reading, core_->limits.request_timeout);
      return parse();
    }
    if (in_.capacity() > kept_buffer_bytes_max)
      in_.shrink_to_fit();
    enter(Phase::idle, core_->limits.idle_timeout);
    read();
  }

  void read() {
    const bool body = parser_ && parser_->is_header_done();
    const auto piece = body ? body_piece_bytes : header_piece_bytes;
    if (in_.size() + piece > in_.max_size()) { // one line, in the middle of a chunked body
      ++core_->counters.malformed;
      return refuse(400, "malformed request");
    }
    if (std::exchange(reading_, true))
      return;
    auto on_bytes = [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
      self->on_read(error, bytes);
    };
    if (phase_ == Phase::lingering)
      stream_.drain(in_.prepare(piece), std::move(on_bytes));
    else
      stream_.read_some(in_.prepare(piece), std::move(on_bytes));
  }

  void on_read(ErrorCode error, std::size_t bytes) {
    reading_ = false;
    if (phase_ == Phase::over || phase_ == Phase::writing)
      return;
    if (error)
      return cut();
    if (phase_ == Phase::lingering)
      return read(); // into the same place: what comes now is not kept
    in_.commit(bytes);
    if (phase_ == Phase::idle)
      enter(Phase::reading, core_->limits.request_timeout);
    parse();
  }

  void parse() {
    while (in_.size() > 0) {
      ErrorCode error;
      in_.consume(parser_->put(in_.cdata(), error));
      if (error == http::error::need_more)
        break;
      if (error)
        return on_parse_error(error);
      if (parser_->is_done())
        return on_request();
      if (wants_continue())
        return send_continue();
    }
    read();
  }

  void on_parse_error(ErrorCode error) {
    if (error == http::error::header_limit)
      return refuse(431, "the request header is too large");
    if (error == http::error::body_limit)
      return refuse(413, "the request body is too large");
    ++core_->counters.malformed;
    refuse(400, "malformed request");
  }

  [[nodiscard]] bool wants_continue() const {
    return !continued_ && parser_->is_header_done()
           && beast::iequals(parser_->get()[http::field::expect], "100-continue");
  }

  void send_continue() {
    static constexpr std::string_view answer = "HTTP/1.1 100 Continue\r\n\r\n";
    continued_ = true;
    stream_.write(asio::buffer(answer), [self = shared_from_this()](ErrorCode error, std::size_t) {
      if (self->phase_ != Phase::reading)
        return;
      if (error)
        return self->cut();
      self->parse();
    });
  }

  void on_request() {
    ParsedRequest parsed = parser_->release();
    keep_alive_ = parsed.keep_alive();
    head_only_ = parsed.method() == http::verb::head;
    auto target = parse_target(parsed.target());
    if (!length_is_plain(parsed)) {
      ++core_->counters.malformed;
      return refuse(400, "the body may be chunked or have a length, nothing else and not both");
    }
    const bool has_host = parsed.version() < 11 || parsed.count(http::field::host) == 1;
    if (!target || !has_host) {
      ++core_->counters.malformed;
      return refuse(400, target ? "one Host header is needed" : "the path is not allowed");
    }
    ++core_->counters.requests;
    ServerRequest request{.method = std::string{parsed.method_string()},
                          .path = std::move(target->path),
                          .query = std::move(target->query),
                          .headers = {},
                          .body = {},
                          .peer = peer_};
    for (const auto& field : parsed)
      request.headers.emplace_back(lower(field.name_string()), std::string{field.value()});
    enter(Phase::waiting, core_->limits.answer_timeout);
    try {
      if (beast::websocket::is_upgrade(parsed))
        return on_upgrade(std::move(parsed), std::move(request));
      request.body = std::move(parsed.body());
      hand_over(std::move(request));
    } catch (const std::exception& error) {
      on_handler_threw(error.what());
    } catch (...) {
      on_handler_threw("a request handler threw something that is no std::exception");
    }
  }

  /// It may have answered before it threw; that answer stands.
  void on_handler_threw(std::string_view what) {
    core_->io.fault(what);
    if (phase_ == Phase::waiting)
      refuse(500, "internal error");
  }

  void hand_over(ServerRequest request) {
    if (!core_->events.on_request)
      return answer(core_->refusal(404, "not found"));
    auto used = std::make_shared<std::atomic<bool>>(false);
    core_->events.on_request(std::move(request), [used, postbox = core_->postbox,
                                                  session = weak_from_this(),
                                                  exchange = exchange_](ServerResponse response) {
      if (used->exchange(true))
        return;
      postbox->run([session, exchange, response = std::move(response)]() mutable {
        const auto self = session.lock();
        if (self && self->exchange_ == exchange && self->phase_ == Phase::waiting)
          self->answer(std::move(response));
      });
    });
  }

  void on_upgrade(ParsedRequest upgrade, ServerRequest request) {
    if (!core_->events.on_upgrade)
      return answer(core_->refusal(404, "not found"));
    if (!is_socket_key(header(request, "sec-websocket-key"))) {
      ++core_->counters.malformed;
      return refuse(400, "Sec-WebSocket-Key must be 16 bytes in Base64");
    }
    if (core_->counters.websockets_open >= core_->limits.websockets_max) {
      ++core_->counters.connections_refused;
      return refuse(503, "too many WebSocket connections");
    }
    if (auto refused = core_->events.on_upgrade(request))
      return answer(std::move(*refused));
    phase_ = Phase::over;
    std::string leftover = beast::buffers_to_string(in_.cdata());
    core_->leave(*this);
    start_socket_session(core_, std::move(stream_), std::move(upgrade), std::move(request),
                         std::move(leftover));
  }

  void refuse(int status, std::string_view reason) {
    keep_alive_ = false;
    answer(core_->refusal(status, reason));
  }

  void answer(ServerResponse response) {
    ++exchange_; // a late answer to the same request finds another number
    enter(Phase::writing, core_->limits.idle_timeout);
    auto head = core_->response_head(response, keep_alive_);
    if (!head) {
      core_->io.fault("a response has an impossible status or a line break in a header");
      keep_alive_ = false;
      response = core_->refusal(500, "internal error");
      response.headers.clear();
      response.status = 500;
      response.content_type = "text/plain";
      head = core_->response_head(response, keep_alive_);
    }
    head_ = std::move(*head);
    body_ = head_only_ ? std::string{} : std::move(response.body);
    stream_.write(std::array{asio::buffer(head_), asio::buffer(body_)},
                  [self = shared_from_this()](ErrorCode error, std::size_t) {
                    if (self->phase_ == Phase::writing)
                      self->on_written(error);
                  });
  }

  void on_written(ErrorCode error) {
    if (error)
      return cut();
    body_ = {};
    if (keep_alive_)
      return next_request();
    // Closing with unread bytes would reset the connection and might take the answer back.
    stream_.shutdown_send(shared_from_this());
    enter(Phase::lingering, linger_grace);
    in_.clear();
    read();
  }

  const std::shared_ptr<ServerCore> core_;
  ServerStream stream_;
  const std::string peer_;
  beast::flat_buffer in_;
  std::optional<http::request_parser<http::string_body>> parser_;
  Phase phase_ = Phase::reading;
  std::uint64_t deadline_ = 0;
  std::uint64_t since_ = 0; ///< tick at which the phase began
  std::uint64_t exchange_ = 0;
  bool reading_ = false;
  bool continued_ = false;
  bool keep_alive_ = true;
  bool head_only_ = false;
  std::string head_;
  std::string body_;
};

} // namespace

void start_http_session(std::shared_ptr<ServerCore> core, ServerStream stream, bool refused) {
  const auto session = std::make_shared<HttpSession>(std::move(core), std::move(stream));
  if (refused)
    session->start_refused();
  else
    session->start();
}

} // namespace tandem::adapters::transport
