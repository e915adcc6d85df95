/// What the server's calls share, and how their messages travel. Private to adapters/grpc.
#pragma once

#include "adapters/grpc/server.hpp"
#include "core/supervision/places.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace tandem::adapters::grpc {

namespace pb = google::protobuf;

/// What a method is called with, and answers with.
inline constexpr std::size_t message_bytes_max = 4U * 1024 * 1024;
/// A call that no handler answered by then is UNAVAILABLE, whatever deadline its client set.
inline constexpr std::chrono::seconds answer_timeout{40};

/// The events, until the server closes: then nobody is told anything any more.
class EventGate {
public:
  explicit EventGate(transport::ServerEvents events) : events_{std::move(events)} {}

  /// On the strand.
  template <class Tell>
  void tell(Tell tell) {
    const std::lock_guard lock{mutex_};
    if (!closed_)
      tell(events_);
  }

  /// Waits for an event that is being told.
  void close() {
    const std::lock_guard lock{mutex_};
    closed_ = true;
  }

private:
  std::mutex mutex_;
  bool closed_ = false;
  const transport::ServerEvents events_;
};

struct ServerState {
  ServerState(transport::Strand& the_strand, const ServeOptions& the_options,
              transport::ServerLimits the_limits, transport::ServerEvents events)
      : strand{the_strand}, options{the_options}, limits{the_limits}, gate{std::move(events)},
        calls{std::make_shared<core::supervision::Places>(limits.connections_max)},
        streams{std::make_shared<core::supervision::Places>(limits.websockets_max)} {}

  transport::Strand& strand;
  const ServeOptions options;
  const transport::ServerLimits limits;
  EventGate gate;
  const std::shared_ptr<core::supervision::Places> calls, streams;
  std::atomic<std::uint64_t> socket_ids{0};
  std::atomic<std::uint64_t> requests{0}, malformed{0}, timed_out{0}, streams_total{0}, cut_slow{0},
      messages_sent{0}, bytes_sent{0};
};

using StatePtr = std::shared_ptr<ServerState>;

/// gRPC and protobuf write what clients do wrong to standard error, as often as they do it; we
/// count it instead.
void silence_libraries();

/// The request's message. Error: validation_error (bytes that are none, a field that is not known,
/// a text that is no UTF-8).
[[nodiscard]] core::Result<std::unique_ptr<pb::Message>>
parse_request(const ::grpc::ByteBuffer& bytes, const pb::Descriptor& type);

[[nodiscard]] std::unique_ptr<pb::Message> make_message(const pb::Descriptor& type);

/// Error: INTERNAL when it does not fit in a message.
[[nodiscard]] ::grpc::Status serialise(const pb::Message& message, ::grpc::ByteBuffer& bytes);

[[nodiscard]] ::grpc::Status to_status(Refusal refusal);
[[nodiscard]] ::grpc::Status to_status(const core::Error& error);

/// Who calls: address, and the metadata that are headers in REST (authorization, x-api-key,
/// accept-language, idempotency-key, x-request-id). The one place where a call's credentials are
/// read.
void add_caller(const ::grpc::CallbackServerContext& context, transport::ServerRequest& request);

/// Headers of an answer as trailing metadata: retry-after, x-request-id,
/// idempotency-replayed.
void add_trailers(const transport::ServerResponse& response,
                  ::grpc::CallbackServerContext& context);

} // namespace tandem::adapters::grpc
