#include "adapters/grpc/unary_call.hpp"

#include <mutex>
#include <utility>

namespace tandem::adapters::grpc {
namespace {

using core::Errc;

/// Lives until gRPC is done and no handler may answer any more.
class UnaryCall final : public ::grpc::ServerUnaryReactor,
                        public std::enable_shared_from_this<UnaryCall> {
public:
  UnaryCall(StatePtr state, const pb::MethodDescriptor& method,
            ::grpc::CallbackServerContext* context, ::grpc::ByteBuffer* response)
      : state_{std::move(state)}, method_{method}, context_{context}, response_{response} {}

  void begin(const Route& route, const ::grpc::ByteBuffer& bytes) {
    self_ = shared_from_this();
    state_->requests.fetch_add(1, std::memory_order_relaxed);
    auto request = prepare(route, bytes);
    if (request)
      ask(*std::move(request));
    else
      finish(to_status(request.error()));
  }

  void OnCancel() override { finish(::grpc::Status::CANCELLED); }

  void OnDone() override {
    place_.reset();
    const auto last = std::move(self_); // may be the end of this object
  }

private:
  core::Result<transport::ServerRequest> prepare(const Route& route,
                                                 const ::grpc::ByteBuffer& bytes) {
    place_ = state_->calls->take();
    if (!place_)
      return core::fail(Errc::rate_limited, "too many calls are being answered at once");
    const auto message = parse_request(bytes, *method_.input_type());
    if (!message) {
      state_->malformed.fetch_add(1, std::memory_order_relaxed);
      return tl::unexpected{message.error()};
    }
    auto request = to_request(route, **message);
    if (!request)
      return request;
    if (request->body.size() > state_->limits.body_bytes_max)
      return core::fail(Errc::validation_error, "the request is too long");
    add_caller(*context_, *request);
    return request;
  }

  void ask(transport::ServerRequest request) {
    state_->strand.post([self = shared_from_this(), request = std::move(request)]() mutable {
      self->state_->gate.tell([&](const transport::ServerEvents& events) {
        events.on_request(std::move(request),
                          [self](transport::ServerResponse response) { self->answer(response); });
      });
    });
    state_->strand.post_after(answer_timeout, [weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->time_out();
    });
  }

  void answer(const transport::ServerResponse& response) {
    const auto message = make_message(*method_.output_type());
    auto answer = to_answer(response, *message);
    ::grpc::ByteBuffer bytes;
    const auto status
        = answer.refusal ? to_status(*std::move(answer.refusal)) : serialise(*message, bytes);
    const std::lock_guard lock{mutex_};
    if (std::exchange(finished_, true))
      return;
    if (!answer.mode.empty())
      context_->AddInitialMetadata("tandem-mode", answer.mode);
    add_trailers(response, *context_);
    response_->Swap(&bytes);
    Finish(status);
  }

  void time_out() {
    if (finish(to_status(core::Error{Errc::exchange_unavailable, "nothing answered", {}})))
      state_->timed_out.fetch_add(1, std::memory_order_relaxed);
  }

  /// False: it was finished before.
  bool finish(const ::grpc::Status& status) {
    const auto alive = shared_from_this(); // Finish may end in OnDone on another thread
    const std::lock_guard lock{mutex_};
    if (std::exchange(finished_, true))
      return false;
    Finish(status);
    return true;
  }

  const StatePtr state_;
  const pb::MethodDescriptor& method_;
  ::grpc::CallbackServerContext* context_; ///< gRPC's; valid until Finish
  ::grpc::ByteBuffer* response_;           ///< gRPC's; valid until Finish
  core::supervision::Place place_;
  std::shared_ptr<UnaryCall> self_; ///< until OnDone
  std::mutex mutex_;
  bool finished_ = false;
};

} // namespace

::grpc::ServerUnaryReactor* begin_unary(const StatePtr& state, const Route& route,
                                        const pb::MethodDescriptor& method,
                                        ::grpc::CallbackServerContext* context,
                                        const ::grpc::ByteBuffer& request,
                                        ::grpc::ByteBuffer* response) {
  const auto call = std::make_shared<UnaryCall>(state, method, context, response);
  call->begin(route, request);
  return call.get();
}

} // namespace tandem::adapters::grpc
