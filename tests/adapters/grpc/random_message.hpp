/// Messages with anything in them that the REST interface could say: made by reflection, for what
/// has to hold for all of them.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <tandem/v1/options.pb.h>

#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

namespace random_message {

namespace pb = google::protobuf;

class Maker {
public:
  explicit Maker(std::uint32_t seed) : random_{seed} {}

  void fill(pb::Message& message, int depth = 0) {
    const auto& type = *message.GetDescriptor();
    for (int n = 0; n < type.field_count(); ++n) {
      const auto& field = *type.field(n);
      const bool nests = field.message_type() != nullptr;
      if (field.is_repeated()) {
        // A map's keys differ, or the last one would win.
        const auto count = depth > depth_max ? 0 : below(4);
        for (std::uint32_t item = 0; item < count; ++item)
          add(message, field, item, depth);
      } else if (!field.has_optional_keyword()
                 || (below(2) == 0 && (!nests || depth <= depth_max))) {
        set(message, field, field.options().GetExtension(tandem::v1::decimal), depth);
      }
    }
  }

private:
  static constexpr int depth_max = 4;

  std::uint32_t below(std::uint32_t bound) {
    return std::uniform_int_distribution<std::uint32_t>{0, bound - 1}(random_);
  }

  std::string decimal() {
    static constexpr std::array texts{
        "0",      "-0",     "0.10",  "123456789012345678901234567890.1",
        "1e-8",   "-1.5",   "2E+10", "0.00000000000000000001",
        "100000", "-7.000", "42"};
    return texts.at(below(texts.size()));
  }

  std::string text() {
    static constexpr std::array texts{
        "",     "BTCUSDT", "a \"quoted\" one", "\\ / \b\n\t\x01", "繁體中文",
        "null", "0",       "\xF0\x9F\x98\x80"};
    return texts.at(below(texts.size()));
  }

  void add(pb::Message& message, const pb::FieldDescriptor& field, std::uint32_t item, int depth) {
    const auto& reflection = *message.GetReflection();
    const bool decimal_values = field.options().GetExtension(tandem::v1::decimal);
    if (field.is_map()) {
      auto& entry = *reflection.AddMessage(&message, &field);
      const auto& type = *field.message_type();
      entry.GetReflection()->SetString(&entry, type.map_key(), "key " + std::to_string(item));
      set(entry, *type.map_value(), decimal_values, depth);
    } else if (field.message_type() != nullptr) {
      fill(*reflection.AddMessage(&message, &field), depth + 1);
    } else {
      reflection.AddString(&message, &field, decimal_values ? decimal() : text());
    }
  }

  void set(pb::Message& message, const pb::FieldDescriptor& field, bool decimal_text, int depth) {
    const auto& reflection = *message.GetReflection();
    const auto whole = [&](auto least, auto most) {
      return std::uniform_int_distribution<decltype(least)>{least, most}(random_);
    };
    switch (field.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return reflection.SetString(&message, &field, decimal_text ? decimal() : text());
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&message, &field, below(2) == 0);
    case pb::FieldDescriptor::CPPTYPE_INT64:
      return reflection.SetInt64(&message, &field,
                                 whole(std::numeric_limits<std::int64_t>::min(),
                                       std::numeric_limits<std::int64_t>::max()));
    case pb::FieldDescriptor::CPPTYPE_UINT64:
      return reflection.SetUInt64(
          &message, &field, whole(std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max()));
    case pb::FieldDescriptor::CPPTYPE_INT32:
      return reflection.SetInt32(&message, &field,
                                 whole(std::numeric_limits<std::int32_t>::min(),
                                       std::numeric_limits<std::int32_t>::max()));
    case pb::FieldDescriptor::CPPTYPE_UINT32:
      return reflection.SetUInt32(
          &message, &field, whole(std::uint32_t{0}, std::numeric_limits<std::uint32_t>::max()));
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      return fill(*reflection.MutableMessage(&message, &field), depth + 1);
    case pb::FieldDescriptor::CPPTYPE_DOUBLE:
    case pb::FieldDescriptor::CPPTYPE_FLOAT:
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      return;
    }
  }

  std::mt19937 random_;
};

} // namespace random_message
