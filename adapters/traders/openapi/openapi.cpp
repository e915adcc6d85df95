#include "adapters/traders/openapi/openapi.hpp"

#include "adapters/traders/openapi/schema.hpp"
#include "adapters/traders/operations.hpp"
#include "core/error.hpp"

#include <google/protobuf/descriptor.h>
#include <tandem/v1/trader.pb.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace tandem::adapters::traders::openapi {
namespace {

namespace pb = google::protobuf;
using traders::Effect;
using traders::Operation;
using traders::ParameterKind;
using traders::QueryParameter;
using transport::JsonWriter;

/// Those that an interface shows.
constexpr std::array codes{
    core::Errc::validation_error,   core::Errc::unauthenticated,
    core::Errc::forbidden,          core::Errc::not_found,
    core::Errc::conflict,           core::Errc::risk_rejected,
    core::Errc::insufficient_funds, core::Errc::rate_limited,
    core::Errc::upstream_error,     core::Errc::exchange_unavailable,
    core::Errc::internal,
};

std::string lower_first(std::string_view name) {
  std::string text{name};
  text.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
  return text;
}

std::string lower(std::string_view name) {
  std::string text{name};
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

const pb::MethodDescriptor& method_of(const Operation& operation) {
  const auto& pool = *tandem::v1::GetHealthRequest::descriptor()->file()->pool();
  for (const auto* name : {"tandem.v1.Trader", "tandem.v1.Control"})
    if (const auto* service = pool.FindServiceByName(name))
      if (const auto* method = service->FindMethodByName(std::string{operation.name}))
        return *method;
  throw std::logic_error{"no service has a method " + std::string{operation.name}};
}

void write_query(JsonWriter& out, const QueryParameter& parameter) {
  out.begin_object()
      .field("name", parameter.name)
      .field("in", "query")
      .field("required", parameter.required)
      .field("description", parameter.about)
      .key("schema")
      .begin_object();
  switch (parameter.kind) {
  case ParameterKind::text:
    out.field("type", "string");
    break;
  case ParameterKind::whole_number:
    out.field("type", "integer").field("minimum", 1).field("maximum", parameter.most);
    break;
  case ParameterKind::choice: {
    out.field("type", "string").key("enum").begin_array();
    auto rest = parameter.choices;
    while (!rest.empty()) {
      const auto bar = rest.find('|');
      out.string(rest.substr(0, bar));
      rest = bar == std::string_view::npos ? std::string_view{} : rest.substr(bar + 1);
    }
    out.end_array();
    break;
  }
  }
  out.end_object().end_object();
}

void write_parameters(JsonWriter& out, const Operation& operation) {
  out.key("parameters").begin_array();
  for (const auto name : traders::path_parameters(operation.path))
    out.begin_object()
        .field("name", name)
        .field("in", "path")
        .field("required", true)
        .key("schema")
        .begin_object()
        .field("type", "string")
        .field("minLength", 1)
        .end_object()
        .end_object();
  for (const auto& parameter : operation.query)
    write_query(out, parameter);
  if (operation.effect == Effect::commands)
    out.begin_object().field("$ref", "#/components/parameters/IdempotencyKey").end_object();
  out.end_array();
}

/// Names of a request that do not stand in its body.
std::vector<std::string_view> outside_body(const Operation& operation) {
  auto names = traders::path_parameters(operation.path);
  for (const auto& parameter : operation.query)
    names.push_back(parameter.name);
  return names;
}

void write_body(JsonWriter& out, const Operation& operation, const pb::Descriptor& request,
                Schemas& schemas) {
  if (!operation.has_body)
    return;
  out.key("requestBody")
      .begin_object()
      .field("required", true)
      .key("content")
      .begin_object()
      .key("application/json")
      .begin_object()
      .key("schema");
  const auto without = outside_body(operation);
  if (without.empty())
    schemas.refer(out, request, Use::request);
  else
    schemas.object(out, request, Use::request, without);
  out.end_object().end_object().end_object();
}

void write_success(JsonWriter& out, const pb::Descriptor& answer, Schemas& schemas) {
  const bool has_data = answer.field_count() > 0;
  out.key("200")
      .begin_object()
      .field("description", has_data ? "What was asked for." : "Done.")
      .key("content")
      .begin_object()
      .key("application/json")
      .begin_object()
      .key("schema")
      .begin_object()
      .field("type", "object")
      .key("properties")
      .begin_object();
  out.key("success").begin_object().field("const", true).end_object();
  out.key("mode").begin_object().field("$ref", "#/components/schemas/Mode").end_object();
  if (has_data) {
    out.key("data");
    schemas.refer(out, answer, Use::answer);
  }
  out.end_object().key("required").begin_array().string("success").string("mode");
  if (has_data)
    out.string("data");
  out.end_array().field("additionalProperties", false);
  out.end_object().end_object().end_object().end_object();
}

/// @param as its own method, or the one that is also taken.
void write_operation(JsonWriter& out, const Operation& operation, std::string_view as,
                     Schemas& schemas) {
  const auto& method = method_of(operation);
  const bool own = as == operation.method;
  out.key(lower(as))
      .begin_object()
      .field("operationId", lower_first(operation.name) + (own ? "" : "By" + std::string{as}))
      .field("summary", operation.summary)
      .field("deprecated", !own)
      .key("tags")
      .begin_array()
      .string(operation.tag)
      .end_array()
      .field("x-role", core::security::to_string(operation.role))
      .field("x-effect", operation.effect == Effect::commands ? "command" : "read");
  write_parameters(out, operation);
  write_body(out, operation, *method.input_type(), schemas);
  out.key("responses").begin_object();
  write_success(out, *method.output_type(), schemas);
  std::set<int> statuses;
  for (const auto code : codes)
    statuses.insert(core::http_status(code));
  for (const auto status : statuses)
    out.key(std::to_string(status))
        .begin_object()
        .field("$ref", "#/components/responses/Refused")
        .end_object();
  out.end_object().end_object();
}

void write_paths(JsonWriter& out, Schemas& schemas) {
  std::map<std::string_view, std::vector<const Operation*>> paths;
  for (const auto& operation : traders::operations())
    paths[operation.path].push_back(&operation);
  out.key("paths").begin_object();
  for (const auto& [path, here] : paths) {
    out.key(path).begin_object();
    for (const auto* operation : here) {
      write_operation(out, *operation, operation->method, schemas);
      if (const auto also = traders::also_taken(*operation); !also.empty())
        write_operation(out, *operation, also, schemas);
    }
    out.end_object();
  }
  for (const auto& page : pages()) {
    out.key(page.path).begin_object().key("get").begin_object();
    out.field("summary", page.summary).key("tags").begin_array().string("pages").end_array();
    out.key("responses").begin_object().key("200").begin_object();
    out.field("description", "The page.").key("content").begin_object().key(page.type);
    out.begin_object().end_object().end_object().end_object().end_object();
    out.end_object().end_object();
  }
  out.end_object();
}

void write_error_components(JsonWriter& out) {
  out.key("Mode")
      .begin_object()
      .field("type", "string")
      .key("enum")
      .begin_array()
      .string("mock")
      .string("dev")
      .string("prod")
      .end_array()
      .field("description",
             "How the engine runs. In mock every price, order and fill is simulated.")
      .end_object();
  out.key("Refusal").begin_object().field("type", "object").key("properties").begin_object();
  out.key("code").begin_object().field("type", "string").key("enum").begin_array();
  for (const auto code : codes)
    out.string(core::to_string(code));
  out.end_array().end_object();
  out.key("message").begin_object().field("type", "string").end_object();
  out.key("details")
      .begin_object()
      .field("type", "object")
      .field("description", "What the sentence is about: the field of the request, the rule that "
                            "refused with its two numbers, the part of the engine.")
      .end_object();
  out.end_object()
      .key("required")
      .begin_array()
      .string("code")
      .string("message")
      .end_array()
      .end_object();
}

void write_components(JsonWriter& out, Schemas& schemas) {
  out.key("components").begin_object().key("schemas").begin_object();
  schemas.components(out);
  write_error_components(out);
  out.end_object();
  out.key("parameters")
      .begin_object()
      .key("IdempotencyKey")
      .begin_object()
      .field("name", "Idempotency-Key")
      .field("in", "header")
      .field("description",
             "A text of the caller's own, new for each command. The same key with the same request "
             "is answered as before, and nothing is done twice.")
      .key("schema")
      .begin_object()
      .field("type", "string")
      .field("minLength", 1)
      .field("maxLength", 128)
      .end_object()
      .end_object()
      .end_object();
  out.key("responses")
      .begin_object()
      .key("Refused")
      .begin_object()
      .field("description", "Refused; the code says why, the status is its.")
      .key("content")
      .begin_object()
      .key("application/json")
      .begin_object()
      .key("schema")
      .begin_object()
      .field("type", "object")
      .key("properties")
      .begin_object();
  out.key("success").begin_object().field("const", false).end_object();
  out.key("mode").begin_object().field("$ref", "#/components/schemas/Mode").end_object();
  out.key("error").begin_object().field("$ref", "#/components/schemas/Refusal").end_object();
  out.end_object()
      .key("required")
      .begin_array()
      .string("success")
      .string("mode")
      .string("error")
      .end_array();
  out.end_object().end_object().end_object().end_object().end_object();
  out.key("securitySchemes")
      .begin_object()
      .key("key")
      .begin_object()
      .field("type", "http")
      .field("scheme", "bearer")
      .field("description", "A key made by `tandem keys create`. A listener on loopback without "
                            "`auth: keys` asks for none.")
      .end_object()
      .end_object()
      .end_object();
}

} // namespace

std::string document(std::string_view version, std::string_view mode) {
  Schemas schemas;
  JsonWriter out;
  out.begin_object().field("openapi", "3.1.0").key("info").begin_object();
  out.field("title", "Tandem")
      .field("version", version)
      .field("summary", "The traders' REST interface of a Tandem engine.")
      .field("description",
             "Answers are an envelope: success with data, or an error with one of a dozen codes. "
             "Numbers are written exactly. Events come by WebSocket at /ws. Every operation has a "
             "twin in gRPC (tandem.v1.Trader) behind the same handler.")
      .field("x-mode", mode)
      .end_object();
  // Where the document itself is: also below the path prefix of a reverse proxy.
  out.key("servers").begin_array().begin_object().field("url", ".").end_object().end_array();
  out.key("security")
      .begin_array()
      .begin_object()
      .end_object()
      .begin_object()
      .key("key")
      .begin_array()
      .end_array()
      .end_object()
      .end_array();
  write_paths(out, schemas);
  write_components(out, schemas);
  out.end_object();
  return out.take();
}

} // namespace tandem::adapters::traders::openapi
