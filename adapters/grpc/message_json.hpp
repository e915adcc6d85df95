/// JSON of the REST interface to protobuf messages and back, by the rules of
/// proto/tandem/v1/options.proto. Strict: what the message has no place for, or lacks, is an error,
/// so that the two interfaces cannot drift apart unseen. Texts of numbers stay as they are written.
#pragma once

#include "core/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class FieldDescriptor;
class Message;
} // namespace google::protobuf

namespace tandem::adapters::transport {
class JsonWriter;
}

namespace tandem::adapters::grpc {

/// The member of an object that is read into a message.
struct Member {
  std::string_view name; ///< "data"
  google::protobuf::Message* message = nullptr;
};

/// What stood around the member.
struct Envelope {
  bool found = false; ///< the member was there and its message is filled
  std::string event;  ///< text member "event"; empty = none
  std::string mode;   ///< text member "mode"; empty = none
};

/// Reads an object of which one member is a message; what else it holds is not looked at. Errors:
/// internal, `source` = where in the message ("legs[1].price").
[[nodiscard]] core::Result<Envelope> read_envelope(std::string_view json, Member member);

/// A whole document. Errors as those of read_envelope.
[[nodiscard]] core::Status read_message(std::string_view json, google::protobuf::Message& message);

/// How a message is written.
enum class Plain {
  always,   ///< as an answer: a plain field is there even when it is empty, a nullable one is null
  when_set, ///< as a request: what is empty is left out, for the handler to refuse or not
};

/// @param without names (as in JSON) of top-level fields that are left out.
void write_message(transport::JsonWriter& out, const google::protobuf::Message& message,
                   Plain plain, const std::vector<std::string_view>& without = {});

/// A scalar's text as a parameter of a path or query has it.
[[nodiscard]] std::string scalar_text(const google::protobuf::Message& message,
                                      const google::protobuf::FieldDescriptor& field);

} // namespace tandem::adapters::grpc
