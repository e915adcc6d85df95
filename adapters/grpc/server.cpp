#include "adapters/grpc/server.hpp"

#include "adapters/grpc/server_state.hpp"
#include "adapters/grpc/stream_call.hpp"
#include "adapters/grpc/tls_credentials.hpp"
#include "adapters/grpc/unary_call.hpp"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/impl/codegen/server_callback_handlers.h>
#include <grpcpp/impl/rpc_service_method.h>
#include <grpcpp/impl/service_type.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <sys/stat.h>
#include <tandem/v1/streams.pb.h>
#include <tandem/v1/trader.pb.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::adapters::grpc {
namespace {

using core::Errc;
using ::grpc::ByteBuffer;
using ::grpc::CallbackServerContext;
using ::grpc::internal::CallbackServerStreamingHandler;
using ::grpc::internal::CallbackUnaryHandler;
using ::grpc::internal::RpcMethod;
using ::grpc::internal::RpcServiceMethod;

constexpr std::string_view unix_scheme = "unix:";
constexpr std::size_t memory_max = 256U * 1024 * 1024; ///< of gRPC's buffers, all clients together
constexpr int threads_max = 16;                        ///< that gRPC may start for callbacks
constexpr int metadata_bytes_max = 16 * 1024;
constexpr int streams_per_connection_max = 1'000;
/// Half-open connections are found, and slow handshakes cut.
constexpr int keepalive_ms = 60'000;
constexpr int keepalive_timeout_ms = 20'000;
constexpr int ping_interval_ms_min = 10'000;
constexpr int handshake_ms_max = 10'000;
constexpr std::chrono::seconds tls_look_interval{1};
constexpr std::chrono::seconds tls_copies_grace{10}; ///< gRPC looks at them every second

const pb::ServiceDescriptor& trader() {
  return *tandem::v1::GetHealthRequest::descriptor()->file()->FindServiceByName("Trader");
}

const pb::ServiceDescriptor& streams() {
  return *tandem::v1::SubscribeRequest::descriptor()->file()->FindServiceByName("Streams");
}

/// A service made from its descriptor: its methods get bytes, as generated code registers them.
class DescribedService final : public ::grpc::Service {
public:
  DescribedService(StatePtr state, const pb::ServiceDescriptor& service)
      : state_{std::move(state)} {
    for (int n = 0; n < service.method_count(); ++n) {
      const auto& method = *service.method(n);
      names_.push_back(
          std::make_unique<std::string>("/" + service.full_name() + "/" + method.name()));
      if (method.server_streaming())
        add_stream(n, method);
      else
        add_unary(n, method);
    }
  }

private:
  void add_unary(int n, const pb::MethodDescriptor& method) {
    const auto* route = route_of(method);
    AddMethod(new RpcServiceMethod{names_.back()->c_str(), RpcMethod::NORMAL_RPC, nullptr});
    MarkMethodRawCallback(
        n, new CallbackUnaryHandler<ByteBuffer, ByteBuffer>{
               [this, route, &method](CallbackServerContext* context, const ByteBuffer* request,
                                      ByteBuffer* response) {
                 return begin_unary(state_, *route, method, context, *request, response);
               }});
  }

  void add_stream(int n, const pb::MethodDescriptor& method) {
    AddMethod(new RpcServiceMethod{names_.back()->c_str(), RpcMethod::SERVER_STREAMING, nullptr});
    MarkMethodRawCallback(
        n, new CallbackServerStreamingHandler<ByteBuffer, ByteBuffer>{
               [this, &method](CallbackServerContext* context, const ByteBuffer* request) {
                 return begin_stream(state_, method, context, *request);
               }});
  }

  [[nodiscard]] const Route* route_of(const pb::MethodDescriptor& method) const {
    for (const auto& route : state_->options.routes)
      if (route.name == method.name())
        return &route;
    return nullptr; // check_routes saw to it
  }

  const StatePtr state_;
  std::vector<std::unique_ptr<std::string>> names_; ///< gRPC keeps their addresses
};

bool is_unix(const std::string& address) {
  return address.starts_with(unix_scheme);
}

/// Every second until the server has gone.
void look_at_tls(transport::Strand& strand, std::weak_ptr<RenewedTls> tls) {
  strand.post_after(tls_look_interval, [&strand, tls = std::move(tls)] {
    const auto there = tls.lock();
    if (!there)
      return;
    there->look();
    look_at_tls(strand, tls);
  });
}

void set_limits(::grpc::ServerBuilder& builder) {
  ::grpc::ResourceQuota quota{"tandem"};
  quota.Resize(memory_max).SetMaxThreads(threads_max);
  builder.SetResourceQuota(quota);
  builder.SetMaxReceiveMessageSize(static_cast<int>(message_bytes_max));
  builder.SetMaxSendMessageSize(static_cast<int>(message_bytes_max));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, metadata_bytes_max);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, streams_per_connection_max);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_timeout_ms);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             ping_interval_ms_min);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, handshake_ms_max);
  // Two engines at one address would each get some of the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
}

class GrpcServer final : public transport::HttpServer {
public:
  explicit GrpcServer(StatePtr state)
      : state_{std::move(state)}, trader_{state_, trader()}, streams_{state_, streams()} {}

  ~GrpcServer() override {
    state_->gate.close();
    if (server_)
      server_->Shutdown(std::chrono::system_clock::time_point{}); // cancels what is open
    // Their descriptors would soon be others' files.
    if (tls_)
      state_->strand.post_after(tls_copies_grace, [kept = tls_->copies()] {});
  }

  core::Status listen(const std::string& address) {
    silence_libraries();
    ::grpc::EnableDefaultHealthCheckService(true);
    ::grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    ::grpc::ServerBuilder builder;
    set_limits(builder);
    int port = 0;
    // A Unix socket does not leave the machine, and is its owner's only.
    auto credentials = ::grpc::InsecureServerCredentials();
    if (state_->limits.tls && !is_unix(address)) {
      auto made = renewed_tls(*state_->limits.tls, state_->options.on_fault);
      if (!made)
        return tl::unexpected{std::move(made.error())};
      tls_ = *std::move(made);
      credentials = tls_->credentials();
      look_at_tls(state_->strand, tls_);
    }
    builder.AddListeningPort(address, credentials, &port);
    builder.RegisterService(&trader_);
    builder.RegisterService(&streams_);
    for (const auto& service : state_->options.services)
      builder.RegisterService(service.get());
    server_ = builder.BuildAndStart();
    if (!server_ || port == 0)
      return core::fail(Errc::connection_lost, "cannot be bound", address);
    for (const auto* service : {&trader(), &streams()})
      server_->GetHealthCheckService()->SetServingStatus(service->full_name(), true);
    const bool local = is_unix(address);
    address_ = local ? address : address.substr(0, address.rfind(':') + 1) + std::to_string(port);
    if (local && ::chmod(address.c_str() + unix_scheme.size(), S_IRUSR | S_IWUSR) != 0)
      return core::fail(Errc::connection_lost, "cannot be kept to its owner", address);
    return {};
  }

  [[nodiscard]] std::string address() const override { return address_; }

  [[nodiscard]] transport::ServerCounters counters() const override {
    transport::ServerCounters counters;
    counters.requests = state_->requests;
    counters.malformed = state_->malformed;
    counters.timed_out = state_->timed_out;
    counters.connections_refused = state_->calls->refused() + state_->streams->refused();
    counters.websockets_open = state_->streams->taken();
    counters.websockets_total = state_->streams_total;
    counters.websockets_cut_slow = state_->cut_slow;
    counters.messages_sent = state_->messages_sent;
    counters.bytes_sent = state_->bytes_sent;
    return counters;
  }

private:
  const StatePtr state_;
  DescribedService trader_, streams_;
  std::string address_;
  std::shared_ptr<RenewedTls> tls_;        ///< null: plain
  std::unique_ptr<::grpc::Server> server_; ///< before the services it serves
};

} // namespace

transport::Serve serve_on(transport::Strand& strand, ServeOptions options) {
  return
      [&strand, options = std::move(options)](
          const std::string& address, transport::ServerLimits limits,
          transport::ServerEvents events) -> core::Result<std::unique_ptr<transport::HttpServer>> {
        if (auto status = check_routes(trader(), options.routes); !status)
          return tl::unexpected{std::move(status.error())};
        auto server = std::make_unique<GrpcServer>(
            std::make_shared<ServerState>(strand, options, limits, std::move(events)));
        if (auto status = server->listen(address); !status)
          return tl::unexpected{std::move(status.error())};
        return server;
      };
}

} // namespace tandem::adapters::grpc
