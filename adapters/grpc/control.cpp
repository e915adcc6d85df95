#include "adapters/grpc/control.hpp"

#include "adapters/grpc/server_state.hpp"
#include "adapters/transport/server_request.hpp"
#include "core/supervision/places.hpp"

#include <grpcpp/server_context.h>
#include <tandem/v1/control.grpc.pb.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace tandem::adapters::grpc {
namespace {

using core::supervision::Place;
using core::supervision::Places;
using tandem::v1::CallReply;
using tandem::v1::CallRequest;
using tandem::v1::WatchEvent;
using tandem::v1::WatchRequest;
using transport::ServerEvents;

/// A call that no handler answered by then is UNAVAILABLE, whatever deadline its client set.
constexpr std::chrono::seconds answer_timeout{40};
/// What consoles may have under way at once, all together.
constexpr std::size_t calls_max = 64;
constexpr std::size_t watches_max = 32;

/// What calls and watches share, as long as one of them lives.
struct Shared {
  Shared(transport::Strand& the_strand, transport::ServerLimits the_limits, ServerEvents the_events)
      : strand{the_strand}, limits{the_limits}, events{std::move(the_events)} {}

  /// On the strand; nobody is told anything after close().
  template <class Tell>
  void tell(Tell tell_them) {
    const std::lock_guard lock{mutex};
    if (!closed)
      tell_them(events);
  }

  /// Waits for an event that is being told.
  void close() {
    const std::lock_guard lock{mutex};
    closed = true;
  }

  transport::Strand& strand;
  const transport::ServerLimits limits;
  const ServerEvents events;
  std::mutex mutex;
  bool closed = false;
  std::shared_ptr<Places> calls = std::make_shared<Places>(calls_max);
  std::shared_ptr<Places> watches = std::make_shared<Places>(watches_max);
  std::atomic<std::uint64_t> ids{0};
};

using SharedPtr = std::shared_ptr<Shared>;

/// A watch that is not let in, by the status that a WebSocket's handshake would get.
::grpc::Status refused(int http_status) {
  if (http_status == 401)
    return {::grpc::StatusCode::UNAUTHENTICATED, "a key is needed"};
  if (http_status == 403)
    return {::grpc::StatusCode::PERMISSION_DENIED, "not with this key"};
  return {::grpc::StatusCode::UNAVAILABLE, "not let in"};
}

/// One call; finishes its reactor exactly once.
class Call : public std::enable_shared_from_this<Call> {
public:
  Call(SharedPtr shared, ::grpc::ServerUnaryReactor* reactor, CallReply* reply, Place place)
      : shared_{std::move(shared)}, reactor_{reactor}, reply_{reply}, place_{std::move(place)} {}

  void ask(transport::ServerRequest request) {
    shared_->strand.post([self = shared_from_this(), request = std::move(request)]() mutable {
      self->shared_->tell([&](const ServerEvents& events) {
        events.on_request(std::move(request), [self](const transport::ServerResponse& response) {
          self->finish(::grpc::Status::OK, response.status, response.body);
        });
      });
    });
    shared_->strand.post_after(answer_timeout, [weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->finish({::grpc::StatusCode::UNAVAILABLE, "nothing answered"}, 0, {});
    });
  }

  void finish(const ::grpc::Status& status, int http_status, const std::string& body) {
    const std::lock_guard lock{mutex_};
    if (std::exchange(finished_, true))
      return;
    reply_->set_status(http_status);
    reply_->set_body(body);
    place_.reset();
    reactor_->Finish(status);
  }

  ~Call() { finish({::grpc::StatusCode::UNAVAILABLE, "the engine is ending"}, 0, {}); }

  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

private:
  const SharedPtr shared_;
  ::grpc::ServerUnaryReactor* reactor_; ///< gRPC's; valid until Finish
  CallReply* reply_;                    ///< gRPC's; valid until Finish
  Place place_;
  std::mutex mutex_;
  bool finished_ = false;
};

/// One watch, as a WebSocket client to the engine. Lives until gRPC is done and everybody has let
/// go of it.
class Watch final : public ::grpc::ServerWriteReactor<WatchEvent>,
                    public transport::ServerSocket,
                    public std::enable_shared_from_this<Watch> {
public:
  explicit Watch(SharedPtr shared) : shared_{std::move(shared)}, id_{++shared_->ids} {}

  void begin(transport::ServerRequest request, std::string subscription) {
    self_ = shared_from_this();
    place_ = shared_->watches->take();
    if (!place_)
      return finish({::grpc::StatusCode::RESOURCE_EXHAUSTED, "too many watches are open"});
    shared_->strand.post([self = shared_from_this(), request = std::move(request),
                          subscription = std::move(subscription)] {
      self->shared_->tell([&](const ServerEvents& events) {
        if (const auto refusal = events.on_upgrade(request))
          return self->finish(refused(refusal->status));
        self->opened_ = true;
        events.on_socket_open(self, request);
        events.on_socket_text(self, subscription);
      });
    });
  }

  // ---- gRPC

  void OnCancel() override { finish(::grpc::Status::CANCELLED); }

  void OnWriteDone(bool written) override {
    if (!written)
      return finish(::grpc::Status::CANCELLED);
    const std::lock_guard lock{mutex_};
    buffered_ -= queue_.front()->size();
    queue_.pop_front();
    writing_ = false;
    write_next();
  }

  void OnDone() override {
    place_.reset();
    shared_->strand.post([self = shared_from_this()] {
      if (self->opened_)
        self->shared_->tell([&](const ServerEvents& events) { events.on_socket_closed(self); });
    });
    const auto last = std::move(self_); // may be the end of this object
  }

  // ---- the engine's client

  [[nodiscard]] std::uint64_t id() const override { return id_; }

  bool send(std::shared_ptr<const std::string> text) override {
    const std::lock_guard lock{mutex_};
    if (finished_)
      return false;
    if (buffered_ + text->size() > shared_->limits.websocket_buffer_bytes_max) {
      finish_locked({::grpc::StatusCode::RESOURCE_EXHAUSTED, "it reads too slowly"});
      return false;
    }
    buffered_ += text->size();
    queue_.push_back(std::move(text));
    write_next();
    return true;
  }

  [[nodiscard]] std::size_t buffered() const override {
    const std::lock_guard lock{mutex_};
    return buffered_;
  }

  void ping(std::string) override {}

  void close(std::uint16_t, std::string reason) override {
    finish({::grpc::StatusCode::UNAVAILABLE, std::move(reason)});
  }

  void abort() override { finish({::grpc::StatusCode::UNAVAILABLE, "closed"}); }

  void pause_reading(bool) override {}

private:
  void write_next() {
    if (writing_ || finished_ || queue_.empty())
      return;
    writing_ = true;
    event_.set_frame(*queue_.front());
    StartWrite(&event_);
  }

  void finish(const ::grpc::Status& status) {
    const std::lock_guard lock{mutex_};
    finish_locked(status);
  }

  void finish_locked(const ::grpc::Status& status) {
    if (!std::exchange(finished_, true))
      Finish(status);
  }

  const SharedPtr shared_;
  const std::uint64_t id_;
  Place place_;
  std::shared_ptr<Watch> self_; ///< until OnDone
  bool opened_ = false;         ///< on the strand
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<const std::string>> queue_; ///< its first one is being written
  std::size_t buffered_ = 0;
  WatchEvent event_;
  bool writing_ = false, finished_ = false;
};

class ControlService final : public tandem::v1::Control::CallbackService {
public:
  explicit ControlService(SharedPtr shared) : shared_{std::move(shared)} {}

  ::grpc::ServerUnaryReactor* Call(::grpc::CallbackServerContext* context, const CallRequest* asked,
                                   CallReply* reply) override {
    auto* reactor = context->DefaultReactor();
    auto place = shared_->calls->take();
    const auto target = transport::parse_target(asked->target());
    if (!place || !target || asked->body().size() > shared_->limits.body_bytes_max) {
      reactor->Finish(place ? ::grpc::Status{::grpc::StatusCode::INVALID_ARGUMENT,
                                             "no target, or too long a body"}
                            : ::grpc::Status{::grpc::StatusCode::RESOURCE_EXHAUSTED,
                                             "too many calls are being answered at once"});
      return reactor;
    }
    transport::ServerRequest request;
    request.method = asked->method();
    request.path = target->path;
    request.query = target->query;
    request.body = asked->body();
    add_caller(*context, request);
    std::make_shared<grpc::Call>(shared_, reactor, reply, std::move(place))
        ->ask(std::move(request));
    return reactor;
  }

  ::grpc::ServerWriteReactor<WatchEvent>* Watch(::grpc::CallbackServerContext* context,
                                                const WatchRequest* asked) override {
    transport::ServerRequest request;
    request.method = "GET";
    request.path = "/ws";
    add_caller(*context, request);
    const auto watch = std::make_shared<grpc::Watch>(shared_);
    watch->begin(std::move(request), asked->subscription());
    return watch.get();
  }

private:
  const SharedPtr shared_;
};

/// The server with Control closed before it.
class ConsoleServer final : public transport::HttpServer {
public:
  ConsoleServer(SharedPtr shared, std::unique_ptr<transport::HttpServer> server)
      : shared_{std::move(shared)}, server_{std::move(server)} {}

  ~ConsoleServer() override { shared_->close(); }

  [[nodiscard]] std::string address() const override { return server_->address(); }

  [[nodiscard]] transport::ServerCounters counters() const override {
    auto counters = server_->counters();
    counters.websockets_open += shared_->watches->taken();
    counters.connections_refused += shared_->calls->refused() + shared_->watches->refused();
    return counters;
  }

private:
  const SharedPtr shared_;
  const std::unique_ptr<transport::HttpServer> server_;
};

} // namespace

transport::Serve serve_with_control(transport::Strand& strand, ServeOptions options) {
  return [&strand, options = std::move(options)](
             const std::string& address, transport::ServerLimits limits,
             ServerEvents events) -> core::Result<std::unique_ptr<transport::HttpServer>> {
    const auto shared = std::make_shared<Shared>(strand, limits, events);
    auto with_control = options;
    with_control.services.push_back(std::make_shared<ControlService>(shared));
    auto server = serve_on(strand, std::move(with_control))(address, limits, std::move(events));
    if (!server)
      return tl::unexpected{std::move(server.error())};
    return std::make_unique<ConsoleServer>(shared, *std::move(server));
  };
}

} // namespace tandem::adapters::grpc
