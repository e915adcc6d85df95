/// The comments of proto/tandem/v1, for documents that are made from its messages.
#pragma once

#include <string>
#include <string_view>

namespace google::protobuf {
class Descriptor;
class FieldDescriptor;
} // namespace google::protobuf

namespace tandem::adapters::traders::openapi {

/// As one line; empty where there is none.
[[nodiscard]] std::string comment_of(const google::protobuf::Descriptor& message);
[[nodiscard]] std::string comment_of(const google::protobuf::FieldDescriptor& field);

} // namespace tandem::adapters::traders::openapi
