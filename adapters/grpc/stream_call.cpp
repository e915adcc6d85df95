#include "adapters/grpc/stream_call.hpp"

#include "adapters/grpc/message_json.hpp"
#include "adapters/grpc/stream_queue.hpp"
#include "adapters/transport/json.hpp"

#include <tandem/v1/options.pb.h>
#include <tandem/v1/streams.pb.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace tandem::adapters::grpc {
namespace {

using core::Errc;
using transport::Json;
using transport::JsonWriter;
using Reactor = ::grpc::ServerWriteReactor<::grpc::ByteBuffer>;

constexpr std::size_t book_levels_default = 20;
constexpr std::size_t book_levels_max = 50;
/// The close code of a WebSocket whose key no longer holds.
constexpr std::uint16_t close_policy = 1008;

std::vector<std::string> events_of(const pb::MethodDescriptor& method) {
  std::vector<std::string> events;
  const auto& options = method.options();
  for (int n = 0; n < options.ExtensionSize(tandem::v1::events); ++n)
    events.push_back(options.GetExtension(tandem::v1::events, n));
  return events;
}

/// {"op":"subscribe","pairs":[...],"exchanges":[...],"symbols":[...],"events":[...]}
std::string subscription(const pb::Message& request, const std::vector<std::string>& events) {
  const auto& type = *request.GetDescriptor();
  const auto& reflection = *request.GetReflection();
  JsonWriter out;
  out.begin_object().field("op", "subscribe");
  for (const char* name : {"pairs", "exchanges", "symbols"}) {
    const auto* list = type.FindFieldByName(name);
    out.key(name).begin_array();
    for (int n = 0; n < reflection.FieldSize(request, list); ++n)
      out.string(reflection.GetRepeatedString(request, list, n));
    out.end_array();
  }
  out.key("events").begin_array();
  for (const auto& event : events)
    out.string(event);
  out.end_array().end_object();
  return out.take();
}

core::Result<std::size_t> levels_of(const pb::Message& request) {
  const auto* books = dynamic_cast<const tandem::v1::SubscribeBooksRequest*>(&request);
  if (books == nullptr || !books->has_depth())
    return book_levels_default;
  if (books->depth() < 1 || books->depth() > static_cast<std::int64_t>(book_levels_max))
    return core::fail(Errc::validation_error, "must be a whole number from 1 to 50", "depth");
  return static_cast<std::size_t>(books->depth());
}

std::string_view event_of(std::string_view frame) {
  constexpr std::string_view begin = R"({"event":")";
  if (!frame.starts_with(begin))
    return {};
  frame.remove_prefix(begin.size());
  return frame.substr(0, frame.find('"'));
}

/// Lives until gRPC is done and the broadcast has let go of it.
class StreamCall final : public Reactor,
                         public transport::ServerSocket,
                         public std::enable_shared_from_this<StreamCall> {
public:
  StreamCall(StatePtr state, const pb::MethodDescriptor& method,
             ::grpc::CallbackServerContext* context)
      : state_{std::move(state)}, method_{method}, events_{events_of(method)}, context_{context},
        id_{state_->socket_ids.fetch_add(1, std::memory_order_relaxed) + 1},
        queue_{state_->limits.websocket_buffer_bytes_max} {}

  void begin(const ::grpc::ByteBuffer& bytes) {
    self_ = shared_from_this();
    state_->requests.fetch_add(1, std::memory_order_relaxed);
    place_ = state_->streams->take();
    if (!place_)
      return finish(to_status(core::Error{Errc::rate_limited, "too many streams are open", {}}));
    const auto message = parse_request(bytes, *method_.input_type());
    if (!message) {
      state_->malformed.fetch_add(1, std::memory_order_relaxed);
      return finish(to_status(message.error()));
    }
    const auto levels = levels_of(**message);
    if (!levels)
      return finish(to_status(levels.error()));
    levels_ = *levels;
    books_ = method_.input_type() == tandem::v1::SubscribeBooksRequest::descriptor();
    open(subscription(**message, events_));
  }

  // ---- gRPC

  void OnCancel() override { finish(::grpc::Status::CANCELLED); }

  void OnWriteDone(bool written) override {
    if (!written)
      return finish(::grpc::Status::CANCELLED);
    {
      const std::lock_guard lock{mutex_};
      writing_ = false;
    }
    pump();
  }

  void OnDone() override {
    place_.reset();
    state_->strand.post([self = shared_from_this()] {
      if (self->opened_)
        self->state_->gate.tell(
            [&](const transport::ServerEvents& events) { events.on_socket_closed(self); });
    });
    const auto last = std::move(self_); // may be the end of this object
  }

  // ---- the broadcast's client

  [[nodiscard]] std::uint64_t id() const override { return id_; }

  bool send(std::shared_ptr<const std::string> text) override {
    const auto event = event_of(*text);
    {
      const std::lock_guard lock{mutex_};
      if (finished_)
        return false;
      // Before its subscription is in force a client hears everything.
      if (!subscribed_ && event != "subscribed" && event != "error")
        return true;
    }
    if (event == "subscribed")
      return subscribed(*text);
    if (event == "error")
      return refused(*text);
    if (!events_.empty() && std::ranges::find(events_, event) == events_.end())
      return true;
    return queue(std::move(text));
  }

  [[nodiscard]] std::size_t buffered() const override {
    const std::lock_guard lock{mutex_};
    return queue_.bytes();
  }

  void ping(std::string) override {} // HTTP/2 has its own

  void close(std::uint16_t code, std::string reason) override {
    finish(to_status(core::Error{
        code == close_policy ? Errc::unauthenticated : Errc::exchange_unavailable, reason, {}}));
  }

  void abort() override {
    const std::lock_guard lock{mutex_};
    if (!finished_)
      context_->TryCancel();
  }

  void pause_reading(bool) override {} // there is nothing to read

private:
  void open(std::string subscribe) {
    transport::ServerRequest request;
    request.method = "GET";
    request.path = "/ws";
    add_caller(*context_, request);
    state_->strand.post([self = shared_from_this(), request = std::move(request),
                         subscribe = std::move(subscribe)] {
      self->state_->gate.tell([&](const transport::ServerEvents& events) {
        if (const auto refusal = events.on_upgrade(request)) {
          const auto nothing = make_message(*self->method_.output_type());
          auto answer = to_answer(*refusal, *nothing);
          return self->finish(to_status(
              answer.refusal ? *std::move(answer.refusal)
                             : to_refusal(core::Error{Errc::internal, "was not let in", {}})));
        }
        self->opened_ = true;
        self->state_->streams_total.fetch_add(1, std::memory_order_relaxed);
        events.on_socket_open(self, request);
        events.on_socket_text(self, subscribe);
      });
    });
  }

  /// The mode goes out at once, so that a client knows that its stream lives.
  bool subscribed(const std::string& frame) {
    const auto json = transport::parse_json(frame);
    const auto* mode = json ? json->find("mode") : nullptr;
    const std::lock_guard lock{mutex_};
    if (finished_ || std::exchange(subscribed_, true))
      return !finished_;
    if (mode != nullptr && mode->string() != nullptr)
      context_->AddInitialMetadata("tandem-mode", *mode->string());
    StartSendInitialMetadata();
    return true;
  }

  bool refused(const std::string& frame) {
    const auto json = transport::parse_json(frame);
    const auto* data = json ? json->find("data") : nullptr;
    const auto text = [&](const char* name) {
      const auto* member = data == nullptr ? nullptr : data->find(name);
      return member != nullptr && member->string() != nullptr ? *member->string() : std::string{};
    };
    finish(to_status(core::Error{Errc::validation_error, text("message"), text("field")}));
    return false;
  }

  bool queue(FramePtr frame) {
    bool first = false;
    bool room = false;
    {
      const std::lock_guard lock{mutex_};
      if (finished_)
        return false;
      first = queue_.bytes() == 0 && !writing_;
      room = queue_.push(std::move(frame));
      if (!room)
        queue_.clear();
    }
    if (!room) {
      state_->cut_slow.fetch_add(1, std::memory_order_relaxed);
      finish(to_status(core::Error{Errc::rate_limited,
                                   "reads too slowly: more than "
                                       + std::to_string(state_->limits.websocket_buffer_bytes_max)
                                       + " bytes were waiting",
                                   {}}));
      return false;
    }
    // Converting is not the broadcast's work.
    if (first)
      state_->strand.post([self = shared_from_this()] { self->pump(); });
    return true;
  }

  /// Writes the next frame when none is being written.
  void pump() {
    const auto alive = shared_from_this();
    for (;;) {
      FramePtr frame;
      {
        const std::lock_guard lock{mutex_};
        if (finished_ || writing_)
          return;
        frame = queue_.pop();
        if (!frame)
          return;
        writing_ = true; // others keep away while it is being converted
      }
      ::grpc::ByteBuffer bytes;
      const auto status = convert(*frame, bytes);
      if (!status.ok())
        return finish(status);
      const std::lock_guard lock{mutex_};
      if (finished_)
        return;
      if (bytes.Valid()) {
        out_.Swap(&bytes);
        state_->messages_sent.fetch_add(1, std::memory_order_relaxed);
        state_->bytes_sent.fetch_add(out_.Length(), std::memory_order_relaxed);
        StartWrite(&out_);
        return;
      }
      writing_ = false; // a book that is gone: the next
    }
  }

  /// Bytes stay invalid where there is nothing to say.
  ::grpc::Status convert(const std::string& frame, ::grpc::ByteBuffer& bytes) {
    const auto message = make_message(*method_.output_type());
    if (books_) {
      tandem::v1::PriceUpdate price;
      if (const auto read = read_envelope(frame, {"data", &price}); !read)
        return misfit(read.error());
      const auto book
          = state_->options.read_book(price.exchange(), price.symbol(), price.type(), levels_);
      if (book.empty())
        return ::grpc::Status::OK;
      if (const auto read = read_message(book, *message); !read)
        return misfit(read.error());
      return serialise(*message, bytes);
    }
    auto* target = message.get();
    const auto& type = *message->GetDescriptor();
    if (type.real_oneof_decl_count() > 0) {
      const auto event = event_of(frame);
      const pb::FieldDescriptor* field = nullptr;
      for (int n = 0; n < type.field_count(); ++n)
        if (type.field(n)->json_name() == event)
          field = type.field(n);
      if (field == nullptr)
        return ::grpc::Status::OK; // pongs and the like
      target = message->GetReflection()->MutableMessage(message.get(), field);
    }
    if (const auto read = read_envelope(frame, {"data", target}); !read)
      return misfit(read.error());
    return serialise(*message, bytes);
  }

  ::grpc::Status misfit(const core::Error& error) const {
    return to_status(core::Error{Errc::internal,
                                 "an event " + error.detail + " (" + method_.full_name() + ")",
                                 error.source});
  }

  void finish(const ::grpc::Status& status) {
    const auto alive = shared_from_this(); // Finish may end in OnDone on another thread
    const std::lock_guard lock{mutex_};
    if (std::exchange(finished_, true))
      return;
    queue_.clear();
    Finish(status);
  }

  const StatePtr state_;
  const pb::MethodDescriptor& method_;
  const std::vector<std::string> events_;  ///< that this stream tells; empty = all
  ::grpc::CallbackServerContext* context_; ///< gRPC's; valid until Finish
  const std::uint64_t id_;
  std::size_t levels_ = book_levels_default;
  bool books_ = false;
  bool opened_ = false; ///< the events know of it; the strand's
  core::supervision::Place place_;
  std::shared_ptr<StreamCall> self_; ///< until OnDone
  ::grpc::ByteBuffer out_;           ///< being written
  mutable std::mutex mutex_;
  StreamQueue queue_;
  bool subscribed_ = false, writing_ = false, finished_ = false;
};

} // namespace

Reactor* begin_stream(const StatePtr& state, const pb::MethodDescriptor& method,
                      ::grpc::CallbackServerContext* context, const ::grpc::ByteBuffer& request) {
  const auto call = std::make_shared<StreamCall>(state, method, context);
  call->begin(request);
  return call.get();
}

} // namespace tandem::adapters::grpc
