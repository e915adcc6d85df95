#include "adapters/traders/openapi/comments.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <cstddef>
#include <stdexcept>

namespace tandem::adapters::traders::openapi {

/// A FileDescriptorSet with source information, made by protoc when the program is built.
extern const char proto_descriptors[];
extern const std::size_t proto_descriptors_size;

namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::SourceLocation;

/// What is linked in knows no comments; this pool does.
const DescriptorPool& commented() {
  static const DescriptorPool* const pool = [] {
    google::protobuf::FileDescriptorSet set;
    if (!set.ParseFromArray(proto_descriptors, static_cast<int>(proto_descriptors_size)))
      throw std::logic_error{"the embedded descriptors of proto/ cannot be read"};
    auto* made = new DescriptorPool; // as long as the program
    for (const auto& file : set.file())
      made->BuildFile(file);
    return made;
  }();
  return *pool;
}

std::string one_line(const SourceLocation& at) {
  std::string text;
  bool space = false;
  for (const char c : at.leading_comments) {
    if (c == ' ' || c == '\n') {
      space = !text.empty();
      continue;
    }
    if (space)
      text += ' ';
    space = false;
    text += c;
  }
  return text;
}

} // namespace

std::string comment_of(const google::protobuf::Descriptor& message) {
  SourceLocation at;
  const auto* known = commented().FindMessageTypeByName(message.full_name());
  return known != nullptr && known->GetSourceLocation(&at) ? one_line(at) : std::string{};
}

std::string comment_of(const google::protobuf::FieldDescriptor& field) {
  SourceLocation at;
  const auto* known = commented().FindFieldByName(field.full_name());
  return known != nullptr && known->GetSourceLocation(&at) ? one_line(at) : std::string{};
}

} // namespace tandem::adapters::traders::openapi
