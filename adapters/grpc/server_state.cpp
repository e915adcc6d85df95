#include "adapters/grpc/server_state.hpp"

#include <google/protobuf/message_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/proto_buffer_writer.h>

#include <array>
#include <string_view>
#include <vector>

namespace tandem::adapters::grpc {
namespace {

using core::Errc;
using Traits = ::grpc::SerializationTraits<pb::MessageLite>;

constexpr std::array<std::string_view, 5> headers_taken{
    "authorization", "x-api-key", "accept-language", "idempotency-key", "x-request-id"};
constexpr std::array<std::string_view, 3> headers_given{"retry-after", "x-request-id",
                                                        "idempotency-replayed"};

/// A field that this server does not know was meant to mean something.
bool has_unknown(const pb::Message& message) {
  const auto& reflection = *message.GetReflection();
  if (!reflection.GetUnknownFields(message).empty())
    return true;
  std::vector<const pb::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->message_type() == nullptr)
      continue;
    if (!field->is_repeated()) {
      if (has_unknown(reflection.GetMessage(message, field)))
        return true;
      continue;
    }
    for (int n = 0; n < reflection.FieldSize(message, field); ++n)
      if (has_unknown(reflection.GetRepeatedMessage(message, field, n)))
        return true;
  }
  return false;
}

/// "ipv4:127.0.0.1:51234", "ipv6:%5B::1%5D:51234", "unix:" -> as an HTTP server tells it.
std::string peer_of(const std::string& told) {
  if (told.starts_with("unix:"))
    return "unix:0";
  std::string peer = told.substr(told.find(':') + 1);
  for (const auto& [coded, plain] :
       {std::pair<std::string_view, char>{"%5B", '['}, {"%5D", ']'}, {"%25", '%'}})
    if (const auto at = peer.find(coded); at != std::string::npos)
      peer.replace(at, coded.size(), 1, plain);
  return peer;
}

std::string lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return result;
}

} // namespace

void silence_libraries() {
  gpr_set_log_function([](gpr_log_func_args*) {});
  pb::SetLogHandler(nullptr);
}

std::unique_ptr<pb::Message> make_message(const pb::Descriptor& type) {
  return std::unique_ptr<pb::Message>{
      pb::MessageFactory::generated_factory()->GetPrototype(&type)->New()};
}

core::Result<std::unique_ptr<pb::Message>> parse_request(const ::grpc::ByteBuffer& bytes,
                                                         const pb::Descriptor& type) {
  auto message = make_message(type);
  // In one piece: of a stream protobuf does not know the end, and reserves up to 50 MB for whatever
  // length a field claims; told the end, gRPC's stream of several pieces aborts.
  ::grpc::Slice whole;
  if ((!bytes.TrySingleSlice(&whole).ok() && !bytes.DumpToSingleSlice(&whole).ok())
      || !message->ParseFromArray(whole.begin(), static_cast<int>(whole.size())))
    return core::fail(Errc::validation_error, "these bytes are no " + type.full_name());
  if (has_unknown(*message))
    return core::fail(Errc::validation_error,
                      "has a field that this server does not know in " + type.full_name());
  return message;
}

::grpc::Status serialise(const pb::Message& message, ::grpc::ByteBuffer& bytes) {
  if (message.ByteSizeLong() > message_bytes_max)
    return to_status(core::Error{Errc::internal, "the answer has more than 4 MiB", {}});
  bool own = false;
  return Traits::Serialize(message, &bytes, &own);
}

::grpc::Status to_status(Refusal refusal) {
  return {static_cast<::grpc::StatusCode>(refusal.code), std::move(refusal.message),
          std::move(refusal.details)};
}

::grpc::Status to_status(const core::Error& error) {
  return to_status(to_refusal(error));
}

void add_caller(const ::grpc::CallbackServerContext& context, transport::ServerRequest& request) {
  request.peer = peer_of(context.peer());
  for (const auto& [name, value] : context.client_metadata()) {
    const std::string_view key{name.data(), name.size()};
    for (const auto taken : headers_taken)
      if (key == taken)
        request.headers.emplace_back(std::string{key}, std::string{value.data(), value.size()});
  }
}

void add_trailers(const transport::ServerResponse& response,
                  ::grpc::CallbackServerContext& context) {
  for (const auto& [name, value] : response.headers) {
    const auto key = lower(name);
    for (const auto given : headers_given)
      if (key == given)
        context.AddTrailingMetadata(key, value);
  }
}

} // namespace tandem::adapters::grpc
