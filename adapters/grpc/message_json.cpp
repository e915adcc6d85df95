#include "adapters/grpc/message_json.hpp"

#include "adapters/transport/json.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <simdjson.h>
#include <tandem/v1/options.pb.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace tandem::adapters::grpc {
namespace {

namespace od = simdjson::ondemand;
namespace pb = google::protobuf;
using core::Errc;
using core::Status;
using pb::FieldDescriptor;
using transport::JsonWriter;

constexpr int fields_max = 64; ///< of a message: seen ones are bits of a word

bool is_bare(const pb::Descriptor& type) {
  return type.options().GetExtension(tandem::v1::bare);
}

bool is_tuple(const pb::Descriptor& type) {
  return type.options().GetExtension(tandem::v1::tuple);
}

bool is_decimal(const FieldDescriptor& field) {
  return field.options().GetExtension(tandem::v1::decimal);
}

bool is_nullable(const FieldDescriptor& field) {
  return field.options().GetExtension(tandem::v1::nullable);
}

bool is_null_when_empty(const FieldDescriptor& field) {
  return field.options().GetExtension(tandem::v1::null_when_empty);
}

Status wrong(std::string what) {
  return core::fail(Errc::internal, std::move(what));
}

/// The error of a part, with where it was in the whole.
Status inside(Status status, const std::string& where) {
  if (status)
    return status;
  auto error = std::move(status.error());
  const bool joined = error.source.empty() || error.source.front() == '[';
  error.source = where + (joined ? "" : ".") + error.source;
  return tl::unexpected{std::move(error)};
}

std::string_view without_blanks(std::string_view token) {
  while (!token.empty()
         && (token.back() == ' ' || token.back() == '\n' || token.back() == '\r'
             || token.back() == '\t'))
    token.remove_suffix(1);
  return token;
}

/// RFC 8259 section 6.
bool is_number(std::string_view text) {
  std::size_t at = 0;
  const auto digits = [&] {
    const auto first = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9')
      ++at;
    return at - first;
  };
  if (at < text.size() && text[at] == '-')
    ++at;
  const bool zero = at < text.size() && text[at] == '0';
  const auto whole = digits();
  if (whole == 0 || (zero && whole > 1))
    return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0)
      return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-'))
      ++at;
    if (digits() == 0)
      return false;
  }
  return at == text.size();
}

// ---- reading

/// One JSON value into one field of a message.
class Reader {
public:
  static Status message(od::value value, pb::Message& out) {
    const auto& type = *out.GetDescriptor();
    if (is_bare(type))
      return field(value, out, *type.field(0));
    if (is_tuple(type))
      return tuple(value, out);
    od::object members;
    if (value.get_object().get(members) != simdjson::SUCCESS)
      return wrong("is no object");
    return object(members, out);
  }

private:
  static Status object(od::object members, pb::Message& out) {
    const auto& type = *out.GetDescriptor();
    if (type.field_count() > fields_max)
      return wrong("has too many fields to be read");
    std::uint64_t seen = 0;
    int expected = 0; // members come in the order of the fields, mostly
    for (auto member : members) {
      std::string_view key;
      od::value value;
      if (member.unescaped_key().get(key) != simdjson::SUCCESS
          || member.value().get(value) != simdjson::SUCCESS)
        return wrong("is no JSON");
      const std::string name{key};
      const auto* known = find(type, name, expected);
      if (known == nullptr)
        return inside(wrong("has no field in " + type.full_name()), name);
      const auto bit = std::uint64_t{1} << static_cast<unsigned>(known->index());
      if ((seen & bit) != 0)
        return inside(wrong("stands twice"), name);
      seen |= bit;
      if (auto status = field(value, out, *known); !status)
        return inside(std::move(status), name);
    }
    for (int n = 0; n < type.field_count(); ++n) {
      const auto& known = *type.field(n);
      const bool may_lack = known.has_optional_keyword() && !is_nullable(known);
      if (!may_lack && (seen >> static_cast<unsigned>(n) & 1U) == 0)
        return inside(wrong("is missing"), known.json_name());
    }
    return {};
  }

  static const FieldDescriptor* find(const pb::Descriptor& type, const std::string& name,
                                     int& expected) {
    for (int step = 0; step < type.field_count(); ++step) {
      const int n = (expected + step) % type.field_count();
      if (type.field(n)->json_name() != name)
        continue;
      expected = n + 1;
      return type.field(n);
    }
    return nullptr;
  }

  static Status tuple(od::value value, pb::Message& out) {
    const auto& type = *out.GetDescriptor();
    od::array items;
    if (value.get_array().get(items) != simdjson::SUCCESS)
      return wrong("is no list");
    int n = 0;
    for (auto item : items) {
      od::value inner;
      if (item.get(inner) != simdjson::SUCCESS)
        return wrong("is no JSON");
      if (n == type.field_count())
        return wrong("has too many values");
      if (auto status = field(inner, out, *type.field(n)); !status)
        return inside(std::move(status), '[' + std::to_string(n) + ']');
      ++n;
    }
    return n == type.field_count() ? Status{} : wrong("has too few values");
  }

  static Status field(od::value value, pb::Message& out, const FieldDescriptor& known) {
    if (known.is_map())
      return map(value, out, known);
    if (known.is_repeated())
      return list(value, out, known);
    bool null = false;
    if (value.is_null().get(null) == simdjson::SUCCESS && null)
      return is_nullable(known) ? Status{} : wrong("is null");
    return scalar(value, out, known, is_decimal(known));
  }

  static Status list(od::value value, pb::Message& out, const FieldDescriptor& known) {
    od::array items;
    if (value.get_array().get(items) != simdjson::SUCCESS)
      return wrong("is no list");
    std::size_t n = 0;
    for (auto item : items) {
      od::value inner;
      if (item.get(inner) != simdjson::SUCCESS)
        return wrong("is no JSON");
      auto status = known.message_type() != nullptr
                        ? message(inner, *out.GetReflection()->AddMessage(&out, &known))
                        : scalar(inner, out, known, is_decimal(known));
      if (!status)
        return inside(std::move(status), '[' + std::to_string(n) + ']');
      ++n;
    }
    return {};
  }

  static Status map(od::value value, pb::Message& out, const FieldDescriptor& known) {
    od::object members;
    if (value.get_object().get(members) != simdjson::SUCCESS)
      return wrong("is no object");
    const auto& entry_type = *known.message_type();
    for (auto member : members) {
      std::string_view key;
      od::value inner;
      if (member.unescaped_key().get(key) != simdjson::SUCCESS
          || member.value().get(inner) != simdjson::SUCCESS)
        return wrong("is no JSON");
      const std::string name{key};
      auto& entry = *out.GetReflection()->AddMessage(&out, &known);
      entry.GetReflection()->SetString(&entry, entry_type.map_key(), name);
      if (auto status = scalar(inner, entry, *entry_type.map_value(), is_decimal(known)); !status)
        return inside(std::move(status), name);
    }
    return {};
  }

  /// A message, text, number or truth; appended where the field is a list.
  static Status scalar(od::value value, pb::Message& out, const FieldDescriptor& known,
                       bool decimal) {
    switch (known.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return message(value, *out.GetReflection()->MutableMessage(&out, &known));
    case FieldDescriptor::CPPTYPE_STRING:
      return text(value, out, known, decimal);
    case FieldDescriptor::CPPTYPE_BOOL: {
      bool truth = false;
      if (value.get_bool().get(truth) != simdjson::SUCCESS)
        return wrong("is neither true nor false");
      out.GetReflection()->SetBool(&out, &known, truth);
      return {};
    }
    case FieldDescriptor::CPPTYPE_INT32:
      return whole<std::int32_t>(value, out, known, &pb::Reflection::SetInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return whole<std::int64_t>(value, out, known, &pb::Reflection::SetInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return whole<std::uint32_t>(value, out, known, &pb::Reflection::SetUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return whole<std::uint64_t>(value, out, known, &pb::Reflection::SetUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
    case FieldDescriptor::CPPTYPE_ENUM:
      break;
    }
    return wrong("is of a type that this interface does not use");
  }

  static Status text(od::value value, pb::Message& out, const FieldDescriptor& known,
                     bool decimal) {
    const auto& reflection = *out.GetReflection();
    std::string read;
    if (decimal) {
      read = without_blanks(value.raw_json_token());
      // The token has to be a number, and consumed.
      double ignored = 0;
      if (!is_number(read) || value.get_double().get(ignored) != simdjson::SUCCESS)
        return wrong("is no number");
    } else {
      std::string_view view;
      if (value.get_string().get(view) != simdjson::SUCCESS)
        return wrong("is no text");
      read = view;
    }
    if (known.is_repeated())
      reflection.AddString(&out, &known, std::move(read));
    else
      reflection.SetString(&out, &known, std::move(read));
    return {};
  }

  template <class Number>
  static Status whole(od::value value, pb::Message& out, const FieldDescriptor& known,
                      void (pb::Reflection::*set)(pb::Message*, const FieldDescriptor*, Number)
                          const) {
    const auto token = without_blanks(value.raw_json_token());
    Number number{};
    const auto [end, problem] = std::from_chars(token.data(), token.data() + token.size(), number);
    double ignored = 0;
    if (problem != std::errc{} || end != token.data() + token.size()
        || value.get_double().get(ignored) != simdjson::SUCCESS)
      return wrong("is no whole number of its range");
    (out.GetReflection()->*set)(&out, &known, number);
    return {};
  }
};

// ---- writing

class Writer {
public:
  Writer(JsonWriter& out, Plain plain) : out_{out}, plain_{plain} {}

  void message(const pb::Message& from, const std::vector<std::string_view>& without) {
    const auto& type = *from.GetDescriptor();
    if (is_bare(type))
      return value(from, *type.field(0));
    if (is_tuple(type)) {
      out_.begin_array();
      for (int n = 0; n < type.field_count(); ++n)
        value(from, *type.field(n));
      out_.end_array();
      return;
    }
    out_.begin_object();
    for (int n = 0; n < type.field_count(); ++n) {
      const auto& field = *type.field(n);
      if (std::ranges::find(without, field.json_name()) == without.end())
        member(from, field);
    }
    out_.end_object();
  }

private:
  void member(const pb::Message& from, const FieldDescriptor& field) {
    const bool there = field.is_repeated() ? from.GetReflection()->FieldSize(from, &field) > 0
                                           : from.GetReflection()->HasField(from, &field);
    const bool always = plain_ == Plain::always && !field.has_optional_keyword()
                        && field.real_containing_oneof() == nullptr;
    if (there || always) {
      out_.key(field.json_name());
      if (is_null_when_empty(field) && !field.is_map() && is_empty(from, field))
        out_.null();
      else
        value(from, field);
    } else if (plain_ == Plain::always && is_nullable(field)) {
      out_.key(field.json_name()).null();
    }
  }

  static bool is_empty(const pb::Message& from, const FieldDescriptor& field) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
      return from.GetReflection()->GetMessage(from, &field).ByteSizeLong() == 0;
    const auto text = scalar_text(from, field);
    return text.empty() || text == "0";
  }

  void value(const pb::Message& from, const FieldDescriptor& field) {
    if (field.is_map())
      return map(from, field);
    if (!field.is_repeated())
      return scalar(from, field, is_decimal(field));
    const auto& reflection = *from.GetReflection();
    out_.begin_array();
    for (int n = 0; n < reflection.FieldSize(from, &field); ++n) {
      std::string scratch;
      if (field.message_type() != nullptr)
        message(reflection.GetRepeatedMessage(from, &field, n), {});
      else
        text(reflection.GetRepeatedStringReference(from, &field, n, &scratch), is_decimal(field));
    }
    out_.end_array();
  }

  void map(const pb::Message& from, const FieldDescriptor& field) {
    const auto& reflection = *from.GetReflection();
    const auto& entry_type = *field.message_type();
    out_.begin_object();
    for (int n = 0; n < reflection.FieldSize(from, &field); ++n) {
      const auto& entry = reflection.GetRepeatedMessage(from, &field, n);
      out_.key(scalar_text(entry, *entry_type.map_key()));
      if (is_null_when_empty(field) && is_empty(entry, *entry_type.map_value()))
        out_.null();
      else
        scalar(entry, *entry_type.map_value(), is_decimal(field));
    }
    out_.end_object();
  }

  void scalar(const pb::Message& from, const FieldDescriptor& field, bool decimal) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
      message(from.GetReflection()->GetMessage(from, &field), {});
    else if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING)
      text(scalar_text(from, field), decimal);
    else
      out_.raw(scalar_text(from, field)); // a number or a truth
  }

  /// What is no number although it should be is written as a text, for the handler to refuse: a
  /// client's bytes never become JSON by themselves.
  void text(const std::string& written, bool decimal) {
    if (decimal && is_number(written))
      out_.raw(written);
    else
      out_.string(written);
  }

  JsonWriter& out_;
  const Plain plain_;
};

} // namespace

core::Result<Envelope> read_envelope(std::string_view json, Member member) {
  const simdjson::padded_string padded{json};
  od::parser parser;
  od::document document;
  od::object members;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS
      || document.get_object().get(members) != simdjson::SUCCESS)
    return core::fail(Errc::internal, "is no JSON object");
  Envelope result;
  for (auto each : members) {
    std::string_view key;
    od::value value;
    if (each.unescaped_key().get(key) != simdjson::SUCCESS
        || each.value().get(value) != simdjson::SUCCESS)
      return core::fail(Errc::internal, "is no JSON");
    std::string_view text;
    if (key == member.name) {
      if (auto status = Reader::message(value, *member.message); !status)
        return tl::unexpected{std::move(status.error())};
      result.found = true;
    } else if (key == "event" && value.get_string().get(text) == simdjson::SUCCESS) {
      result.event = text;
    } else if (key == "mode" && value.get_string().get(text) == simdjson::SUCCESS) {
      result.mode = text;
    }
  }
  return result;
}

core::Status read_message(std::string_view json, pb::Message& message) {
  const simdjson::padded_string padded{json};
  od::parser parser;
  od::document document;
  od::value root;
  if (parser.iterate(padded).get(document) != simdjson::SUCCESS
      || document.get_value().get(root) != simdjson::SUCCESS)
    return wrong("is no JSON object or list");
  return Reader::message(root, message);
}

void write_message(JsonWriter& out, const pb::Message& message, Plain plain,
                   const std::vector<std::string_view>& without) {
  Writer{out, plain}.message(message, without);
}

std::string scalar_text(const pb::Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
  case FieldDescriptor::CPPTYPE_STRING:
    return reflection.GetString(message, &field);
  case FieldDescriptor::CPPTYPE_BOOL:
    return reflection.GetBool(message, &field) ? "true" : "false";
  case FieldDescriptor::CPPTYPE_INT32:
    return std::to_string(reflection.GetInt32(message, &field));
  case FieldDescriptor::CPPTYPE_INT64:
    return std::to_string(reflection.GetInt64(message, &field));
  case FieldDescriptor::CPPTYPE_UINT32:
    return std::to_string(reflection.GetUInt32(message, &field));
  case FieldDescriptor::CPPTYPE_UINT64:
    return std::to_string(reflection.GetUInt64(message, &field));
  case FieldDescriptor::CPPTYPE_MESSAGE:
  case FieldDescriptor::CPPTYPE_DOUBLE:
  case FieldDescriptor::CPPTYPE_FLOAT:
  case FieldDescriptor::CPPTYPE_ENUM:
    break;
  }
  return {};
}

} // namespace tandem::adapters::grpc
