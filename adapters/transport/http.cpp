#include "adapters/transport/http.hpp"

#include "adapters/transport/dial.hpp"
#include "adapters/transport/http_exchange.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <deque>
#include <exception>
#include <map>
#include <optional>
#include <unordered_set>

namespace tandem::adapters::transport {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using core::Errc;

/// What the JSON parser may read beyond a body.
constexpr std::size_t padding_bytes = 64;
constexpr std::uint32_t header_bytes_max = 64U * 1024;
constexpr std::size_t piece_bytes = 32U * 1024;
/// A buffer that grew beyond this is given back after the response.
constexpr std::size_t kept_buffer_bytes_max = 64U * 1024;
/// A connection unused for so long is closed: routers on the way forget it silently.
constexpr std::chrono::seconds idle_max{30};

class Pool;

/// One connection. A read is pending from the beginning, so a server that closes an idle connection
/// is noticed before the next request.
class Link final : public std::enable_shared_from_this<Link> {
public:
  Link(Io::Impl& io, std::weak_ptr<Pool> pool)
      : io_{io}, pool_{std::move(pool)}, idle_{io.executor()} {}

  void open(std::shared_ptr<TlsContexts> contexts, const Route& route, ExchangePtr first);
  void send(ExchangePtr exchange);

  /// Ends the connection without a word to anybody.
  void close() {
    closed_ = true;
    exchange_.reset();
    idle_.cancel();
    if (dialing_)
      dialing_->cancel();
    if (channel_)
      channel_->end();
  }

  [[nodiscard]] const ExchangePtr& exchange() const { return exchange_; }

private:
  using Parser = http::response_parser<http::string_body>;

  void fail(Errc code, const std::string& why);
  void write();
  void renew_parser();
  void read();
  void on_read(ErrorCode error, std::size_t bytes);
  void on_end(ErrorCode error);
  void parse();
  void on_response();
  void rest();

  Io::Impl& io_;
  const std::weak_ptr<Pool> pool_;
  Timer idle_;
  std::shared_ptr<Dialing> dialing_;
  std::unique_ptr<Channel> channel_;
  ExchangePtr exchange_;
  std::optional<Parser> parser_;
  beast::flat_buffer in_;
  bool writing_ = false;
  bool used_ = false;     ///< has carried a response
  bool answered_ = false; ///< a byte of the present response has come
  bool closed_ = false;
};

using LinkPtr = std::shared_ptr<Link>;

/// The connections of one route and the requests that wait for one.
class Pool final : public std::enable_shared_from_this<Pool> {
public:
  Pool(Io::Impl& io, std::shared_ptr<TlsContexts> contexts, Route route, std::size_t links_max,
       std::shared_ptr<Gate> gate)
      : io_{io}, contexts_{std::move(contexts)}, route_{std::move(route)}, links_max_{links_max},
        gate_{std::move(gate)} {}

  void submit(ExchangePtr exchange, bool fresh) {
    if (!fresh && !idle_.empty()) {
      const LinkPtr link = std::move(idle_.back());
      idle_.pop_back();
      link->send(std::move(exchange));
      return;
    }
    if (links_.size() >= links_max_ && !idle_.empty()) {
      const LinkPtr stale = std::move(idle_.front());
      idle_.pop_front();
      links_.erase(stale);
      stale->close();
    }
    if (links_.size() >= links_max_) {
      waiting_.push_back(std::move(exchange));
      return;
    }
    const auto link = std::make_shared<Link>(io_, weak_from_this());
    links_.insert(link);
    link->open(contexts_, route_, std::move(exchange));
  }

  /// The link can carry the next request.
  void rested(const LinkPtr& link) {
    while (!waiting_.empty()) {
      const auto next = std::move(waiting_.front());
      waiting_.pop_front();
      if (next->over)
        continue;
      link->send(next);
      return;
    }
    idle_.push_back(link);
  }

  /// The link is gone; its place is free.
  void lost(const LinkPtr& link) {
    links_.erase(link);
    std::erase(idle_, link);
    while (!waiting_.empty() && links_.size() < links_max_) {
      const auto next = std::move(waiting_.front());
      waiting_.pop_front();
      if (!next->over)
        submit(next, false);
    }
  }

  void finish(Exchange& exchange, core::Result<HttpResponse> result) {
    if (std::exchange(exchange.over, true))
      return;
    exchange.timer.reset();
    if (!result)
      result.error().source = exchange.name;
    const auto done = std::move(exchange.done);
    try {
      gate_->pass([&] { done(std::move(result)); });
    } catch (const std::exception& error) {
      io_.fault(error.what());
    }
  }

  void on_timeout(const ExchangePtr& exchange) {
    if (exchange->over)
      return;
    std::erase(waiting_, exchange);
    const auto found = std::find_if(links_.begin(), links_.end(), [&](const LinkPtr& link) {
      return link->exchange() == exchange;
    });
    if (found != links_.end()) {
      // A copy: lost() erases the entry.
      const LinkPtr link = *found; // NOLINT(performance-unnecessary-copy-initialization)
      link->close();               // its response would be taken for the next one's
      lost(link);
    }
    finish(*exchange,
           core::fail(Errc::timed_out, "no response within "
                                           + std::to_string(exchange->request.timeout.count())
                                           + " ms; last step: " + exchange->step));
  }

  void close() {
    for (const auto& link : std::exchange(links_, {}))
      link->close();
    idle_.clear();
    waiting_.clear();
  }

private:
  Io::Impl& io_;
  const std::shared_ptr<TlsContexts> contexts_;
  const Route route_;
  const std::size_t links_max_;
  const std::shared_ptr<Gate> gate_;
  std::unordered_set<LinkPtr> links_;
  std::deque<LinkPtr> idle_; ///< the most recently used at the back
  std::deque<ExchangePtr> waiting_;
};

void Link::open(std::shared_ptr<TlsContexts> contexts, const Route& route, ExchangePtr first) {
  exchange_ = std::move(first);
  exchange_->step = "opening a connection";
  dialing_ = dial(io_, std::move(contexts),
                  {.peer = route.origin,
                   .ca_file = route.ca_file,
                   .proxy = route.proxy,
                   .tunnel = !route.by_proxy()},
                  [self = shared_from_this()](core::Result<std::unique_ptr<Channel>> channel) {
                    self->dialing_.reset();
                    if (self->closed_)
                      return;
                    if (!channel)
                      return self->fail(channel.error().code, channel.error().detail);
                    self->channel_ = std::move(*channel);
                    self->read();
                    self->write();
                  });
}

void Link::send(ExchangePtr exchange) {
  idle_.cancel();
  exchange_ = std::move(exchange);
  write();
}

void Link::write() {
  renew_parser();
  answered_ = false;
  exchange_->step = "waiting for the response";
  exchange_->sent_at = io_.clocks.mono();
  writing_ = true;
  // The read tells a failure: it also knows whether a response came before it.
  channel_->write_all(exchange_->bytes, Done{[self = shared_from_this()](ErrorCode, std::size_t) {
                        self->writing_ = false;
                      }});
}

void Link::renew_parser() {
  parser_.emplace();
  parser_->header_limit(header_bytes_max);
  parser_->body_limit(exchange_->request.response_bytes_max);
  parser_->skip(exchange_->request.method == "HEAD");
}

void Link::read() {
  channel_->read_some(in_.prepare(piece_bytes),
                      Done{[self = shared_from_this()](ErrorCode error, std::size_t bytes) {
                        self->on_read(error, bytes);
                      }});
}

void Link::on_read(ErrorCode error, std::size_t bytes) {
  if (closed_)
    return;
  if (error)
    return on_end(error);
  in_.commit(bytes);
  if (!exchange_) // nobody asked
    return on_end(asio::error::connection_reset);
  answered_ = true;
  parse();
}

/// Some responses end with the connection. A GET on a connection that the server had given up goes
/// once more, on a new one.
void Link::on_end(ErrorCode error) {
  const auto pool = pool_.lock();
  if (!pool)
    return close();
  if (!exchange_) {
    close();
    return pool->lost(shared_from_this());
  }
  if (answered_ && parser_->need_eof() && parser_->is_header_done()) {
    ErrorCode incomplete;
    parser_->put_eof(incomplete);
    if (!incomplete)
      return on_response();
  }
  const bool stale = used_ && !answered_ && !exchange_->retried;
  if (!stale || exchange_->request.method != "GET")
    return fail(Errc::connection_lost, (answered_ ? "the connection ended within the response: "
                                                  : "the connection ended before the response: ")
                                           + error.message());
  const auto exchange = std::move(exchange_);
  close();
  pool->lost(shared_from_this());
  exchange->retried = true;
  pool->submit(exchange, true);
}

void Link::parse() {
  while (in_.size() > 0) {
    ErrorCode error;
    in_.consume(parser_->put(in_.cdata(), error));
    if (error == http::error::need_more)
      break;
    if (error == http::error::body_limit)
      return fail(Errc::malformed, "the response is larger than "
                                       + std::to_string(exchange_->request.response_bytes_max)
                                       + " bytes");
    if (error)
      return fail(Errc::malformed, "not an HTTP response: " + error.message());
    if (!parser_->is_done())
      continue;
    if (parser_->get().result_int() >= 200)
      return on_response();
    if (parser_->get().result() == http::status::switching_protocols)
      return fail(Errc::malformed, "the server switched protocols unasked");
    renew_parser(); // 100 Continue and its kin announce the real one
  }
  read();
}

void Link::on_response() {
  // An answer may come before the whole request has left; such a connection is not used again.
  const bool reusable
      = parser_->keep_alive() && !parser_->need_eof() && in_.size() == 0 && !writing_;
  auto message = parser_->release();
  parser_.reset();
  HttpResponse response{.status = static_cast<int>(message.result_int()),
                        .headers = {},
                        .body = std::move(message.body()),
                        .sent_at = exchange_->sent_at,
                        .received_at = channel_->read_at()};
  for (const auto& field : message)
    response.headers.emplace_back(std::string{field.name_string()}, std::string{field.value()});
  response.body.reserve(response.body.size() + padding_bytes);
  const auto exchange = std::move(exchange_);
  const auto pool = pool_.lock();
  if (!pool)
    return close();
  used_ = true;
  if (reusable) {
    rest();
    pool->rested(shared_from_this());
  } else {
    close();
    pool->lost(shared_from_this());
  }
  pool->finish(*exchange, std::move(response));
}

/// Waits for the next request, or for the server to close.
void Link::rest() {
  exchange_.reset();
  if (in_.capacity() > kept_buffer_bytes_max)
    in_.shrink_to_fit();
  idle_.expires_after(idle_max);
  idle_.async_wait([self = shared_from_this()](ErrorCode error) {
    if (!error && !self->closed_ && !self->exchange_)
      self->on_end(asio::error::timed_out);
  });
  read();
}

void Link::fail(Errc code, const std::string& why) {
  const auto exchange = std::move(exchange_);
  close();
  const auto pool = pool_.lock();
  if (!pool)
    return;
  pool->lost(shared_from_this());
  if (exchange)
    pool->finish(*exchange, core::fail(code, why));
}

/// Lives on the Io's thread; the client's handle only posts to it.
class Pools final : public std::enable_shared_from_this<Pools> {
public:
  Pools(Io::Impl& network, std::size_t links_max) : io{network}, links_max_{links_max} {}

  Io::Impl& io;
  const std::shared_ptr<Gate> gate = std::make_shared<Gate>();

  void send(HttpRequest request, HttpCallback done) {
    auto exchange = std::make_shared<Exchange>();
    exchange->request = std::move(request);
    exchange->done = std::move(done);
    const auto url = parse_url(exchange->request.url);
    if (!url)
      return refuse(*exchange, url.error());
    exchange->name
        = exchange->request.method + (url->secure ? " https://" : " http://") + url->host_header();
    const auto proxy = parse_proxy(exchange->request.proxy);
    if (!proxy)
      return refuse(*exchange, proxy.error());
    Route route{.origin = *url, .ca_file = exchange->request.tls.ca_file, .proxy = *proxy};
    route.origin.target.clear();
    auto bytes = request_bytes(exchange->request, *url, route.by_proxy());
    if (!bytes)
      return refuse(*exchange, bytes.error());
    exchange->bytes = std::move(*bytes);
    const auto pool = pool_for(route);
    exchange->timer.emplace(io.executor(), exchange->request.timeout);
    exchange->timer->async_wait([pool, exchange](ErrorCode error) {
      if (!error)
        pool->on_timeout(exchange);
    });
    pool->submit(exchange, false);
  }

  void close() {
    for (const auto& [key, pool] : std::exchange(pools_, {}))
      pool->close();
  }

private:
  std::shared_ptr<Pool> pool_for(const Route& route) {
    auto& pool = pools_[route.key()];
    if (!pool)
      pool = std::make_shared<Pool>(io, contexts_, route, links_max_, gate);
    return pool;
  }

  void refuse(Exchange& exchange, core::Error error) {
    if (error.source.empty())
      error.source = exchange.name;
    try {
      gate->pass([&] { exchange.done(tl::unexpected{std::move(error)}); });
    } catch (const std::exception& thrown) {
      io.fault(thrown.what());
    }
  }

  const std::size_t links_max_;
  const std::shared_ptr<TlsContexts> contexts_ = std::make_shared<TlsContexts>();
  std::map<std::string, std::shared_ptr<Pool>> pools_;
};

class Client final : public HttpClient {
public:
  Client(Io& io, std::size_t links_max) : pools_{std::make_shared<Pools>(io.impl(), links_max)} {}

  ~Client() override {
    pools_->gate->shut();
    asio::post(pools_->io.context, [pools = pools_] { pools->close(); });
  }

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(HttpRequest request, HttpCallback done) override {
    asio::post(pools_->io.context,
               [pools = pools_, request = std::move(request), done = std::move(done)]() mutable {
                 pools->send(std::move(request), std::move(done));
               });
  }

private:
  const std::shared_ptr<Pools> pools_;
};

} // namespace

std::unique_ptr<HttpClient> make_http_client(Io& io, std::size_t connections_per_host_max) {
  return std::make_unique<Client>(io, std::max<std::size_t>(connections_per_host_max, 1));
}

} // namespace tandem::adapters::transport
