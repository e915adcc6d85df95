#include "adapters/console/client.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <tandem/v1/control.grpc.pb.h>

#include <fstream>
#include <iterator>
#include <utility>

namespace tandem::adapters::console {
namespace {

using core::Errc;

/// As soon again as a person looks again.
constexpr int reconnect_ms_max = 1'000;
constexpr int message_bytes_max = 64 * 1024 * 1024;

bool is_local(const std::string& address) {
  return address.starts_with("unix:") || address.starts_with("127.")
         || address.starts_with("localhost:") || address.starts_with("[::1]:");
}

core::Error error_of(const ::grpc::Status& status, const std::string& address) {
  switch (status.error_code()) {
  case ::grpc::StatusCode::DEADLINE_EXCEEDED:
    return {Errc::timed_out, "no answer in time", address};
  case ::grpc::StatusCode::UNAUTHENTICATED:
    return {Errc::unauthenticated, status.error_message(), address};
  case ::grpc::StatusCode::PERMISSION_DENIED:
    return {Errc::forbidden, status.error_message(), address};
  case ::grpc::StatusCode::RESOURCE_EXHAUSTED:
    return {Errc::rate_limited, status.error_message(), address};
  case ::grpc::StatusCode::INVALID_ARGUMENT:
    return {Errc::validation_error, status.error_message(), address};
  case ::grpc::StatusCode::UNIMPLEMENTED:
    return {Errc::malformed, "what answers there is no engine's console", address};
  default:
    return {Errc::connection_lost, status.error_message(), address};
  }
}

core::Result<std::string> read_file(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file || text.empty())
    return core::fail(Errc::configuration, "cannot be read", path);
  return text;
}

class GrpcClient final : public Client {
public:
  GrpcClient(ClientOptions options, const std::shared_ptr<::grpc::ChannelCredentials>& credentials)
      : options_{std::move(options)} {
    ::grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, reconnect_ms_max);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, reconnect_ms_max / 4);
    arguments.SetMaxReceiveMessageSize(message_bytes_max);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    stub_ = tandem::v1::Control::NewStub(
        ::grpc::CreateCustomChannel(options_.address, credentials, arguments));
  }

  core::Result<Reply> call(const std::string& method, const std::string& target,
                           const std::string& body, std::chrono::milliseconds timeout) override {
    tandem::v1::CallRequest request;
    request.set_method(method);
    request.set_target(target);
    request.set_body(body);
    ::grpc::ClientContext context;
    prepare(context);
    context.set_deadline(gpr_time_from_millis(timeout.count(), GPR_TIMESPAN)); // from now
    tandem::v1::CallReply reply;
    if (const auto status = stub_->Call(&context, request, &reply); !status.ok())
      return tl::unexpected{error_of(status, options_.address)};
    return Reply{reply.status(), std::move(*reply.mutable_body())};
  }

  core::Status watch(const std::string& subscription,
                     const std::function<bool(std::string_view)>& on_frame) override {
    tandem::v1::WatchRequest request;
    request.set_subscription(subscription);
    ::grpc::ClientContext context;
    prepare(context);
    const auto stream = stub_->Watch(&context, request);
    tandem::v1::WatchEvent event;
    while (stream->Read(&event)) {
      if (on_frame(event.frame()))
        continue;
      context.TryCancel();
      (void)stream->Finish();
      return {};
    }
    return tl::unexpected{error_of(stream->Finish(), options_.address)};
  }

private:
  void prepare(::grpc::ClientContext& context) const {
    if (!options_.key.empty())
      context.AddMetadata("authorization", "Bearer " + options_.key);
  }

  ClientOptions options_;
  std::unique_ptr<tandem::v1::Control::Stub> stub_;
};

} // namespace

core::Result<std::unique_ptr<Client>> make_client(const ClientOptions& options) {
  if (options.certificate_file.empty() != options.certificate_key_file.empty())
    return core::fail(Errc::configuration, "a certificate and its key go together",
                      options.certificate_file + options.certificate_key_file);
  const bool plain
      = is_local(options.address) && options.ca_file.empty() && options.certificate_file.empty();
  if (plain)
    return std::make_unique<GrpcClient>(options, ::grpc::InsecureChannelCredentials());
  ::grpc::SslCredentialsOptions tls;
  if (!options.ca_file.empty()) {
    auto roots = read_file(options.ca_file);
    if (!roots)
      return tl::unexpected{std::move(roots.error())};
    tls.pem_root_certs = *std::move(roots);
  }
  if (!options.certificate_file.empty()) {
    auto certificate = read_file(options.certificate_file);
    if (!certificate)
      return tl::unexpected{std::move(certificate.error())};
    auto key = read_file(options.certificate_key_file);
    if (!key)
      return tl::unexpected{std::move(key.error())};
    tls.pem_cert_chain = *std::move(certificate);
    tls.pem_private_key = *std::move(key);
  }
  return std::make_unique<GrpcClient>(options, ::grpc::SslCredentials(tls));
}

} // namespace tandem::adapters::console
