/// JSON Schemas of messages, by the rules of proto/tandem/v1/options.proto. Answers and requests
/// read the same message differently (what may be left out, what may be null), so a schema is for
/// one of the two.
#pragma once

#include "adapters/transport/json.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Descriptor;
class FieldDescriptor;
} // namespace google::protobuf

namespace tandem::adapters::traders::openapi {

enum class Use { answer, request };

/// Collects the messages that were spoken of; each is written once, as a component.
class Schemas {
public:
  /// A reference to the message's component.
  void refer(transport::JsonWriter& out, const google::protobuf::Descriptor& message, Use use);

  /// An object of those fields of the message that are not in `without` (names as in JSON).
  void object(transport::JsonWriter& out, const google::protobuf::Descriptor& message, Use use,
              const std::vector<std::string_view>& without);

  /// One field's value, for parameters.
  void value(transport::JsonWriter& out, const google::protobuf::FieldDescriptor& field, Use use);

  /// All components, and those that they speak of, as members of an object that is open.
  void components(transport::JsonWriter& out);

private:
  void element(transport::JsonWriter& out, const google::protobuf::FieldDescriptor& field, Use use,
               bool nullable);
  void whole(transport::JsonWriter& out, const google::protobuf::Descriptor& message, Use use);

  struct Wanted {
    const google::protobuf::Descriptor* message = nullptr;
    Use use = Use::answer;
  };

  std::map<std::string, Wanted> wanted_; ///< by the component's name
};

} // namespace tandem::adapters::traders::openapi
