#include "adapters/grpc/bridge.hpp"

#include "adapters/grpc/message_json.hpp"
#include "adapters/transport/json.hpp"
#include "adapters/transport/url.hpp"
#include "core/grpc_status.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <tandem/v1/common.pb.h>
#include <tandem/v1/options.pb.h>

#include <algorithm>
#include <utility>

namespace tandem::adapters::grpc {
namespace {

namespace pb = google::protobuf;
using core::Errc;

constexpr std::size_t parameter_bytes_max = 256;
constexpr int status_refused = 400; ///< and above

/// The parts of a path: text, or the name within braces.
struct Part {
  std::string_view text;
  bool is_parameter = false;
};

std::vector<Part> parts_of(std::string_view path) {
  std::vector<Part> parts;
  while (!path.empty()) {
    path.remove_prefix(1); // the slash
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(part.size());
    const bool braced = part.starts_with('{') && part.ends_with('}');
    parts.push_back({braced ? part.substr(1, part.size() - 2) : part, braced});
  }
  return parts;
}

const pb::FieldDescriptor* field_of(const pb::Descriptor& type, std::string_view json_name) {
  for (int n = 0; n < type.field_count(); ++n)
    if (type.field(n)->json_name() == json_name)
      return type.field(n);
  return nullptr;
}

bool is_scalar(const pb::FieldDescriptor& field) {
  return !field.is_repeated() && field.message_type() == nullptr;
}

core::Status misfit(std::string what, std::string source) {
  return core::fail(Errc::configuration, std::move(what), std::move(source));
}

core::Status check_route(const pb::MethodDescriptor& method, const Route& route) {
  const auto& type = *method.input_type();
  if (method.client_streaming() || method.server_streaming())
    return misfit("is a stream", method.full_name());
  int placed = 0;
  const auto place = [&](std::string_view name) -> core::Status {
    const auto* field = field_of(type, name);
    if (field == nullptr || !is_scalar(*field))
      return misfit("has no scalar field for '" + std::string{name} + "' of " + route.path,
                    type.full_name());
    ++placed;
    return {};
  };
  for (const auto& part : parts_of(route.path))
    if (part.is_parameter)
      if (auto status = place(part.text); !status)
        return status;
  for (const auto& name : route.query)
    if (auto status = place(name); !status)
      return status;
  if (!route.has_body && placed != type.field_count())
    return misfit("has fields that " + route.path + " has no place for", type.full_name());
  return {};
}

Refusal refusal_of(const tandem::v1::Error& error) {
  const auto code = core::parse_public_code(error.code()).value_or(Errc::internal);
  tandem::v1::Status status;
  status.set_code(core::grpc_status(code));
  status.set_message(error.message());
  status.add_details()->PackFrom(error);
  return {status.code(), error.message(), status.SerializeAsString()};
}

/// Code and message of an error whose details are of another kind.
bool read_plain_error(std::string_view body, tandem::v1::Error& error) {
  const auto json = transport::parse_json(body);
  const auto* found = json ? json->find("error") : nullptr;
  const auto* code = found == nullptr ? nullptr : found->find("code");
  const auto* message = found == nullptr ? nullptr : found->find("message");
  if (code == nullptr || message == nullptr || code->string() == nullptr
      || message->string() == nullptr)
    return false;
  error.Clear();
  error.set_code(*code->string());
  error.set_message(*message->string());
  return true;
}

Answer to_refused(std::string_view body) {
  tandem::v1::Error error;
  const auto read = read_envelope(body, {"error", &error});
  Answer answer;
  if (read)
    answer.mode = read->mode;
  const bool understood = (read && read->found) || read_plain_error(body, error);
  answer.refusal = understood
                       ? refusal_of(error)
                       : to_refusal(core::Error{Errc::internal, "an answer without an error", {}});
  return answer;
}

} // namespace

core::Status check_routes(const pb::ServiceDescriptor& service, const std::vector<Route>& routes) {
  for (const auto& route : routes) {
    const auto* method = service.FindMethodByName(route.name);
    if (method == nullptr)
      return misfit("has no method in " + service.full_name(), route.name);
    if (auto status = check_route(*method, route); !status)
      return status;
  }
  for (int n = 0; n < service.method_count(); ++n) {
    const auto& name = service.method(n)->name();
    if (std::ranges::count(routes, name, &Route::name) != 1)
      return misfit("has no route of its own", service.method(n)->full_name());
  }
  return {};
}

core::Result<transport::ServerRequest> to_request(const Route& route, const pb::Message& request) {
  const auto& type = *request.GetDescriptor();
  transport::ServerRequest made;
  made.method = route.method;
  std::vector<std::string_view> placed; // outside the body
  for (const auto& part : parts_of(route.path)) {
    made.path += '/';
    if (!part.is_parameter) {
      made.path += part.text;
      continue;
    }
    const auto text = scalar_text(request, *field_of(type, part.text));
    // What would be two parts would be another route.
    if (text.empty() || text.size() > parameter_bytes_max || text.find('/') != std::string::npos)
      return core::fail(Errc::validation_error,
                        text.empty() ? "is missing" : "must have 1 to 256 bytes and no '/'",
                        std::string{part.text});
    made.path += text;
    placed.push_back(part.text);
  }
  for (const auto& name : route.query) {
    const auto& field = *field_of(type, name);
    placed.push_back(name);
    if (!request.GetReflection()->HasField(request, &field))
      continue;
    made.query += (made.query.empty() ? "" : "&") + name + '='
                  + transport::percent_encoded(scalar_text(request, field));
  }
  if (route.has_body) {
    transport::JsonWriter out;
    write_message(out, request, Plain::when_set, placed);
    made.body = out.take();
  }
  return made;
}

Refusal to_refusal(const core::Error& error) {
  const auto code = core::public_code(error.code);
  tandem::v1::Error made;
  made.set_code(std::string{core::to_string(code)});
  made.set_message(error.detail);
  if (!error.source.empty()) {
    const bool field = code == Errc::validation_error || code == Errc::not_found;
    auto& details = *made.mutable_details();
    (field ? *details.mutable_field() : *details.mutable_source()) = error.source;
  }
  return refusal_of(made);
}

Answer to_answer(const transport::ServerResponse& response, pb::Message& message) {
  if (response.status >= status_refused)
    return to_refused(response.body);
  Answer answer;
  const auto read = read_envelope(response.body, {"data", &message});
  if (!read) {
    answer.refusal = to_refusal(core::Error{Errc::internal,
                                            "the answer " + read.error().detail + " ("
                                                + message.GetDescriptor()->full_name() + ")",
                                            read.error().source});
    return answer;
  }
  answer.mode = read->mode;
  if (!read->found && message.GetDescriptor()->field_count() > 0)
    answer.refusal = to_refusal(core::Error{Errc::internal, "an answer without data", {}});
  return answer;
}

} // namespace tandem::adapters::grpc
