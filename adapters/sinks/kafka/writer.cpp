#include "adapters/sinks/kafka/writer.hpp"

#include "adapters/sinks/json.hpp"
#include "adapters/sinks/protobuf.hpp"
#include "adapters/sinks/worker.hpp"

#include <librdkafka/rdkafkacpp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>

namespace tandem::adapters::sinks::kafka {
namespace {

using core::Errc;
using core::sinks::Outcome;
using RdKafka::ErrorCode;

constexpr std::size_t topic_length_max = 249;
constexpr std::size_t words_max = 512;
const std::string id_prefix = "tandem-";
/// Of a call that waits for the broker.
constexpr int slice_ms = 250;

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

/// Letters, digits, '.', '_' and '-' make a topic's name. Source: kafka.apache.org, "topic names".
std::string topic_name(std::string text) {
  for (auto& c : text)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '_' && c != '-')
      c = '-';
  if (text.size() > topic_length_max)
    text.resize(topic_length_max);
  return text;
}

/// Settings that the promise of this sink rests on.
std::map<std::string, std::string> ours(const Options& options) {
  const auto timeout = std::to_string(options.timeout.count());
  return {{"bootstrap.servers", options.servers},
          {"enable.idempotence", "true"},
          {"acks", "all"},
          {"transaction.timeout.ms", timeout},
          {"message.timeout.ms", timeout},
          {"socket.timeout.ms", timeout}};
}

/// What an operator's settings replace.
const std::map<std::string, std::string> defaults{{"client.id", "tandem"},
                                                  {"linger.ms", "5"},
                                                  {"compression.type", "lz4"},
                                                  {"topic.metadata.refresh.interval.ms", "60000"},
                                                  {"reconnect.backoff.max.ms", "2000"}};

using ConfPtr = std::unique_ptr<RdKafka::Conf>;

/// Errors: configuration, naming the property.
core::Status set(RdKafka::Conf& conf, const std::string& name, const std::string& value) {
  std::string why;
  if (conf.set(name, value, why) != RdKafka::Conf::CONF_OK)
    return core::fail(Errc::configuration, why, "properties." + name);
  return {};
}

/// Whether a message, not the broker or the way to it, is what is wrong.
bool is_of_message(ErrorCode code) {
  return code == RdKafka::ERR_MSG_SIZE_TOO_LARGE || code == RdKafka::ERR_INVALID_MSG_SIZE
         || code == RdKafka::ERR_INVALID_RECORD || code == RdKafka::ERR_INVALID_MSG;
}

Outcome failed(std::string why) {
  return {Outcome::Kind::failed, std::move(why)};
}

std::string describe(const RdKafka::Error& error) {
  return error.name() + ": " + error.str();
}

/// Collects what the library says on its own threads.
class Listener final : public RdKafka::EventCb, public RdKafka::DeliveryReportCb {
public:
  void event_cb(RdKafka::Event& event) override {
    if (event.type() == RdKafka::Event::EVENT_ERROR)
      remember(RdKafka::err2str(event.err()) + ": " + event.str());
  }

  void dr_cb(RdKafka::Message& message) override {
    if (message.err() == RdKafka::ERR_NO_ERROR)
      return;
    const std::lock_guard lock{mutex_};
    if (refused_ == RdKafka::ERR_NO_ERROR || is_of_message(message.err()))
      refused_ = message.err();
  }

  void begin() {
    const std::lock_guard lock{mutex_};
    refused_ = RdKafka::ERR_NO_ERROR;
    words_.clear();
  }

  [[nodiscard]] ErrorCode refused() const {
    const std::lock_guard lock{mutex_};
    return refused_;
  }

  /// The last thing that was wrong, for people.
  [[nodiscard]] std::string words() const {
    const std::lock_guard lock{mutex_};
    return words_;
  }

private:
  void remember(std::string text) {
    text.resize(std::min(text.size(), words_max));
    const std::lock_guard lock{mutex_};
    words_ = std::move(text);
  }

  mutable std::mutex mutex_;
  ErrorCode refused_ = RdKafka::ERR_NO_ERROR;
  std::string words_;
};

class KafkaWriter final : public Writer {
public:
  explicit KafkaWriter(Options options) : options_{std::move(options)} {}

  void open(const std::string& stream, Opened done) override {
    worker_.post([this, stream, done = std::move(done)] { done(reopen(stream)); });
  }

  void write(BatchPtr batch, Written done) override {
    worker_.post([this, batch = std::move(batch), done = std::move(done)] { done(send(*batch)); });
  }

  /// Both handles made and thrown away: whether the library takes the settings.
  [[nodiscard]] core::Status check() {
    const auto made = make_handles("check");
    close();
    return made;
  }

private:
  core::Result<ConfPtr> conf(const std::map<std::string, std::string>& further) {
    ConfPtr result{RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL)};
    for (const auto* group : std::array{&defaults, &std::as_const(options_.properties), &further})
      for (const auto& [name, value] : *group)
        if (const auto done = set(*result, name, value); !done)
          return tl::unexpected{done.error()};
    std::string why;
    if (result->set("event_cb", static_cast<RdKafka::EventCb*>(&listener_), why)
        != RdKafka::Conf::CONF_OK)
      return core::fail(Errc::internal, why, "event_cb");
    return result;
  }

  core::Status make_handles(const std::string& stream) {
    const auto id = id_prefix + stream;
    auto settings = ours(options_);
    settings["transactional.id"] = id;
    auto producer_conf = conf(settings);
    if (!producer_conf)
      return tl::unexpected{producer_conf.error()};
    std::string why;
    if ((*producer_conf)->set("dr_cb", static_cast<RdKafka::DeliveryReportCb*>(&listener_), why)
        != RdKafka::Conf::CONF_OK)
      return core::fail(Errc::internal, why, "dr_cb");
    producer_.reset(RdKafka::Producer::create(producer_conf->get(), why));
    if (!producer_)
      return core::fail(Errc::configuration, why, "kafka");
    // Only asked how far the stream got; it never joins its group.
    auto consumer_conf = conf({{"bootstrap.servers", options_.servers},
                               {"group.id", id},
                               {"enable.auto.commit", "false"},
                               {"isolation.level", "read_committed"}});
    if (!consumer_conf)
      return tl::unexpected{consumer_conf.error()};
    consumer_.reset(RdKafka::KafkaConsumer::create(consumer_conf->get(), why));
    if (!consumer_)
      return core::fail(Errc::configuration, why, "kafka");
    return {};
  }

  [[nodiscard]] int slices() const {
    return static_cast<int>(options_.timeout.count()) / slice_ms + 1;
  }

  /// Calls that take long are made in slices, which the library allows: the end of the engine waits
  /// for one of them only. @return null: done
  template <class Call>
  std::unique_ptr<RdKafka::Error> patiently(Call call) {
    std::unique_ptr<RdKafka::Error> error;
    for (int n = 0; n < slices(); ++n) {
      error.reset(call(slice_ms));
      if (!error || !error->is_retriable() || worker_.ending())
        break;
      if (error->code() != RdKafka::ERR__TIMED_OUT)
        producer_->poll(slice_ms); // said at once: the broker is not done with something before
    }
    return error;
  }

  core::Result<std::optional<std::uint64_t>> reopen(const std::string& stream) {
    close();
    listener_.begin();
    if (const auto made = make_handles(stream); !made)
      return tl::unexpected{made.error()};
    // Ends what an earlier producer of this stream left open, and shuts it out.
    const auto error
        = patiently([this](int wait_ms) { return producer_->init_transactions(wait_ms); });
    if (error)
      return core::fail(Errc::connection_lost, describe(*error) + " " + listener_.words(), "kafka");
    return last_known();
  }

  core::Result<std::optional<std::uint64_t>> last_known() {
    std::set<std::string> topics;
    for (const auto kind : core::sinks::all_kinds)
      topics.insert(cursor_topic(kind));
    std::vector<RdKafka::TopicPartition*> places;
    for (const auto& topic : topics)
      places.push_back(RdKafka::TopicPartition::create(topic, 0));
    auto code = RdKafka::ERR__TIMED_OUT;
    for (int n = 0; n < slices() && code == RdKafka::ERR__TIMED_OUT && !worker_.ending(); ++n)
      code = consumer_->committed(places, slice_ms);
    std::optional<std::uint64_t> last;
    for (const auto* place : places)
      if (place->offset() > 0)
        last = std::max(last.value_or(0), static_cast<std::uint64_t>(place->offset()));
    RdKafka::TopicPartition::destroy(places);
    if (code != RdKafka::ERR_NO_ERROR)
      return core::fail(Errc::connection_lost, "how far the stream got: " + RdKafka::err2str(code),
                        "kafka");
    return last;
  }

  /// Where a batch whose last record is of this kind leaves its place: the topic that it has just
  /// written to, so that it is sure to be there.
  [[nodiscard]] std::string cursor_topic(core::sinks::Kind kind) const {
    core::sinks::Numbered item;
    item.record.kind = kind;
    return envelope_of(options_, {}, item).topic;
  }

  Outcome send(const Batch& batch) {
    if (!producer_)
      return failed("not open");
    listener_.begin();
    const std::unique_ptr<RdKafka::Error> begun{producer_->begin_transaction()};
    if (begun)
      return give_up(describe(*begun));
    for (const auto& item : batch.items)
      if (const auto code = produce(batch.stream, item); code != RdKafka::ERR_NO_ERROR)
        return is_of_message(code) ? abort(RdKafka::err2str(code))
                                   : give_up(RdKafka::err2str(code));
    // The place is left in a topic that the broker perhaps makes for these messages.
    for (int n = 0; n < slices() && producer_->outq_len() > 0 && !worker_.ending(); ++n)
      producer_->flush(slice_ms);
    if (const auto placed = leave_place(batch); !placed.empty())
      return give_up(placed);
    const auto committed
        = patiently([this](int wait_ms) { return producer_->commit_transaction(wait_ms); });
    if (!committed)
      return {};
    const auto why = describe(*committed) + " " + listener_.words();
    if (is_of_message(listener_.refused()))
      return abort(why);
    return give_up(why);
  }

  ErrorCode produce(const std::string& stream, const core::sinks::Numbered& item) {
    const auto envelope = envelope_of(options_, stream, item);
    for (int n = 0; n < slices() && !worker_.ending(); ++n) {
      auto headers = std::unique_ptr<RdKafka::Headers>{RdKafka::Headers::create()};
      for (const auto& [name, value] : envelope.headers)
        headers->add(name, value);
      // The library copies value and key; const is missing in its interface only.
      const auto code = producer_->produce(
          envelope.topic, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
          const_cast<char*>(envelope.value.data()), envelope.value.size(), envelope.key.data(),
          envelope.key.size(), item.record.time, headers.get(), nullptr);
      if (code == RdKafka::ERR_NO_ERROR) {
        static_cast<void>(headers.release()); // the message's now
        return code;
      }
      if (code != RdKafka::ERR__QUEUE_FULL)
        return code;
      producer_->poll(slice_ms);
    }
    return RdKafka::ERR__QUEUE_FULL;
  }

  /// Empty: done.
  std::string leave_place(const Batch& batch) {
    const auto& last = batch.items.back();
    std::vector<RdKafka::TopicPartition*> places{RdKafka::TopicPartition::create(
        cursor_topic(last.record.kind), 0, static_cast<std::int64_t>(last.sequence))};
    const std::unique_ptr<RdKafka::ConsumerGroupMetadata> group{consumer_->groupMetadata()};
    const auto error = patiently([&](int wait_ms) {
      return producer_->send_offsets_to_transaction(places, group.get(), wait_ms);
    });
    RdKafka::TopicPartition::destroy(places);
    return error ? describe(*error) : std::string{};
  }

  /// The broker works, a message does not: none of this batch is there.
  Outcome abort(const std::string& why) {
    const auto error
        = patiently([this](int wait_ms) { return producer_->abort_transaction(wait_ms); });
    if (error)
      return give_up(describe(*error));
    return {Outcome::Kind::rejected, why};
  }

  /// Nobody knows what became of the transaction: the next producer of this stream is told.
  Outcome give_up(const std::string& why) {
    close();
    return failed(why);
  }

  void close() {
    if (producer_)
      producer_->purge(RdKafka::Producer::PURGE_QUEUE | RdKafka::Producer::PURGE_INFLIGHT);
    producer_.reset();
    if (consumer_)
      consumer_->close();
    consumer_.reset();
  }

  Options options_;
  Listener listener_; ///< outlives the handles
  std::unique_ptr<RdKafka::Producer> producer_;
  std::unique_ptr<RdKafka::KafkaConsumer> consumer_;
  Worker worker_; ///< last: its jobs use the others
};

} // namespace

Envelope envelope_of(const Options& options, const std::string& stream,
                     const core::sinks::Numbered& item) {
  const auto& record = item.record;
  const bool has_instrument = !record.instrument.symbol.empty();
  const std::string kind{core::sinks::to_string(record.kind)};
  Envelope envelope;
  envelope.topic = options.topic;
  replace_all(envelope.topic, "{kind}", kind);
  envelope.topic = topic_name(std::move(envelope.topic));
  envelope.key = has_instrument ? core::to_string(record.instrument) : kind;
  const bool json = options.format == Format::json;
  envelope.value
      = json ? to_json(stream, item, options.mode) : to_protobuf(stream, item, options.mode);
  envelope.headers = {{"kind", kind},
                      {"stream", stream},
                      {"seq", std::to_string(item.sequence)},
                      {"mode", options.mode}};
  return envelope;
}

core::Result<std::unique_ptr<Writer>> make_writer(Options options) {
  auto writer = std::make_unique<KafkaWriter>(std::move(options));
  if (const auto checked = writer->check(); !checked)
    return tl::unexpected{checked.error()};
  return writer;
}

} // namespace tandem::adapters::sinks::kafka
