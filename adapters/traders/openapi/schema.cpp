#include "adapters/traders/openapi/schema.hpp"

#include "adapters/traders/openapi/comments.hpp"

#include <google/protobuf/descriptor.h>
#include <tandem/v1/options.pb.h>

#include <algorithm>
#include <set>

namespace tandem::adapters::traders::openapi {
namespace {

namespace pb = google::protobuf;
using pb::Descriptor;
using pb::FieldDescriptor;
using transport::JsonWriter;

bool is_decimal(const FieldDescriptor& field) {
  return field.options().GetExtension(tandem::v1::decimal);
}

bool may_be_null(const FieldDescriptor& field, Use use) {
  return use == Use::answer ? field.options().GetExtension(tandem::v1::nullable)
                            : field.options().GetExtension(tandem::v1::null_when_empty);
}

bool is_required(const FieldDescriptor& field, Use use) {
  if (use == Use::answer)
    return !field.has_optional_keyword() || may_be_null(field, use);
  return !field.has_optional_keyword() && !field.is_repeated();
}

std::string name_of(const Descriptor& message, Use use) {
  return use == Use::answer ? message.name() : message.name() + "In";
}

void describe(JsonWriter& out, const std::string& comment) {
  if (!comment.empty())
    out.field("description", comment);
}

/// "type": one of JSON's, and null where that is allowed.
void type(JsonWriter& out, std::string_view name, bool nullable) {
  if (nullable)
    out.key("type").begin_array().string(name).string("null").end_array();
  else
    out.field("type", name);
}

} // namespace

void Schemas::refer(JsonWriter& out, const Descriptor& message, Use use) {
  const auto name = name_of(message, use);
  wanted_.emplace(name, Wanted{&message, use});
  out.begin_object().field("$ref", "#/components/schemas/" + name).end_object();
}

/// A single value of the field: an element where it is a list.
void Schemas::element(JsonWriter& out, const FieldDescriptor& field, Use use, bool nullable) {
  if (field.message_type() != nullptr) {
    if (!nullable)
      return refer(out, *field.message_type(), use);
    out.begin_object().key("oneOf").begin_array();
    refer(out, *field.message_type(), use);
    out.begin_object().field("type", "null").end_object().end_array().end_object();
    return;
  }
  out.begin_object();
  switch (field.cpp_type()) {
  case FieldDescriptor::CPPTYPE_BOOL:
    type(out, "boolean", nullable);
    break;
  case FieldDescriptor::CPPTYPE_STRING:
    type(out, is_decimal(field) ? "number" : "string", nullable);
    break;
  case FieldDescriptor::CPPTYPE_UINT32:
  case FieldDescriptor::CPPTYPE_UINT64:
    type(out, "integer", nullable);
    out.field("minimum", 0);
    break;
  default:
    type(out, "integer", nullable);
    break;
  }
  out.end_object();
}

void Schemas::value(JsonWriter& out, const FieldDescriptor& field, Use use) {
  const bool nullable = may_be_null(field, use);
  if (field.is_map()) {
    const auto& inner = *field.message_type()->map_value();
    out.begin_object().field("type", "object").key("additionalProperties");
    if (inner.message_type() == nullptr && is_decimal(field)) // the option stands on the map
      out.begin_object().field("type", "number").end_object();
    else
      element(out, inner, use, nullable);
    out.end_object();
  } else if (field.is_repeated()) {
    out.begin_object().field("type", "array").key("items");
    element(out, field, use, false);
    out.end_object();
  } else {
    element(out, field, use, nullable);
  }
}

void Schemas::object(JsonWriter& out, const Descriptor& message, Use use,
                     const std::vector<std::string_view>& without) {
  const auto listed = [&](const FieldDescriptor& field) {
    return std::ranges::find(without, field.json_name()) == without.end();
  };
  std::vector<std::string> required;
  out.begin_object().field("type", "object");
  describe(out, comment_of(message));
  out.key("properties").begin_object();
  for (int n = 0; n < message.field_count(); ++n) {
    const auto& field = *message.field(n);
    if (!listed(field))
      continue;
    if (is_required(field, use))
      required.push_back(field.json_name());
    // Beside a reference a description is allowed since 3.1.
    JsonWriter one;
    value(one, field, use);
    auto schema = one.take();
    if (const auto comment = comment_of(field); !comment.empty()) {
      JsonWriter text;
      text.string(comment);
      schema.insert(1, "\"description\":" + text.take() + ',');
    }
    out.key(field.json_name()).raw(schema);
  }
  out.end_object();
  if (!required.empty()) {
    out.key("required").begin_array();
    for (const auto& name : required)
      out.string(name);
    out.end_array();
  }
  out.field("additionalProperties", false).end_object();
}

/// By its form: an object, the value of its only field, or a list of its fields' values.
void Schemas::whole(JsonWriter& out, const Descriptor& message, Use use) {
  if (message.options().GetExtension(tandem::v1::bare))
    return value(out, *message.field(0), use);
  if (!message.options().GetExtension(tandem::v1::tuple))
    return object(out, message, use, {});
  out.begin_object().field("type", "array");
  describe(out, comment_of(message));
  out.key("prefixItems").begin_array();
  for (int n = 0; n < message.field_count(); ++n)
    value(out, *message.field(n), use);
  out.end_array()
      .field("items", false)
      .field("minItems", message.field_count())
      .field("maxItems", message.field_count())
      .end_object();
}

void Schemas::components(JsonWriter& out) {
  std::set<std::string> written;
  for (bool more = true; more;) {
    more = false;
    const auto now = wanted_; // writing one may speak of others
    for (const auto& [name, one] : now)
      if (written.insert(name).second) {
        more = true;
        out.key(name);
        whole(out, *one.message, one.use);
      }
  }
}

} // namespace tandem::adapters::traders::openapi
