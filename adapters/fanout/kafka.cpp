// The fan-out over librdkafka: a producer and a consumer, served by one thread.
#include "adapters/fanout/fanout.hpp"

#include <librdkafka/rdkafkacpp.h>

#include <array>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace tandem::adapters::fanout {
namespace {

using core::Errc;

/// Of one look for messages, and so how long an end or a delivery report waits.
constexpr int slice_ms = 20;
/// Looks between two questions whether the broker is back.
constexpr int looks_per_question = 50;
constexpr int question_ms = 1'000;
constexpr int flush_ms = 1'000;
const std::string mode_header = "mode";

using Settings = std::map<std::string, std::string>;
using ConfPtr = std::unique_ptr<RdKafka::Conf>;

/// What an operator's properties replace.
const Settings defaults{{"client.id", "tandem-price-stream"},
                        {"topic.metadata.refresh.interval.ms", "5000"},
                        {"reconnect.backoff.max.ms", "2000"}};
/// As the earlier server had it (acks, retries); one request at a time keeps the order of retries.
const Settings of_producer{{"acks", "all"},
                           {"retries", "5"},
                           {"max.in.flight.requests.per.connection", "1"},
                           {"message.timeout.ms", "3000"},
                           {"linger.ms", "5"}};
/// A price that nobody heard in time is no news: a new member begins with the next message.
const Settings of_consumer{{"auto.offset.reset", "latest"},
                           {"allow.auto.create.topics", "true"},
                           {"session.timeout.ms", "6000"}};

class KafkaFanout final : public Fanout,
                          private RdKafka::DeliveryReportCb,
                          private RdKafka::EventCb,
                          private RdKafka::RebalanceCb {
public:
  KafkaFanout(Options options, std::shared_ptr<Counts> counts, Events events)
      : options_{std::move(options)}, counts_{std::move(counts)}, events_{std::move(events)} {}

  ~KafkaFanout() override {
    ending_ = true;
    if (thread_.joinable())
      thread_.join();
    if (consumer_)
      consumer_->close();
    if (producer_) {
      producer_->flush(flush_ms);
      producer_->purge(RdKafka::Producer::PURGE_QUEUE | RdKafka::Producer::PURGE_INFLIGHT);
    }
  }

  KafkaFanout(const KafkaFanout&) = delete;
  KafkaFanout& operator=(const KafkaFanout&) = delete;

  /// Both handles, not connected yet.
  core::Status make() {
    std::string why;
    auto conf = conf_of(of_producer);
    if (!conf)
      return tl::unexpected{conf.error()};
    (*conf)->set("dr_cb", static_cast<RdKafka::DeliveryReportCb*>(this), why);
    producer_.reset(RdKafka::Producer::create(conf->get(), why));
    if (!producer_)
      return core::fail(Errc::configuration, why, "kafka");
    auto settings = of_consumer;
    settings["group.id"] = options_.group;
    conf = conf_of(settings);
    if (!conf)
      return tl::unexpected{conf.error()};
    (*conf)->set("rebalance_cb", static_cast<RdKafka::RebalanceCb*>(this), why);
    consumer_.reset(RdKafka::KafkaConsumer::create(conf->get(), why));
    if (!consumer_)
      return core::fail(Errc::configuration, why, "kafka");
    return {};
  }

  core::Status open() {
    if (const auto made = make(); !made)
      return made;
    if (const auto code = consumer_->subscribe({options_.topic}); code != RdKafka::ERR_NO_ERROR)
      return core::fail(Errc::configuration, RdKafka::err2str(code), "kafka");
    thread_ = std::thread{[this] { run(); }};
    return {};
  }

  bool publish(const std::string& frame) override {
    auto headers = std::unique_ptr<RdKafka::Headers>{RdKafka::Headers::create()};
    headers->add(mode_header, options_.mode);
    // The library copies the value; const is missing in its interface only. No key: as it was.
    const auto code = producer_->produce(
        options_.topic, RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY,
        const_cast<char*>(frame.data()), frame.size(), nullptr, 0, 0, headers.get(), nullptr);
    if (code == RdKafka::ERR_NO_ERROR)
      static_cast<void>(headers.release()); // the message's now
    return code == RdKafka::ERR_NO_ERROR;
  }

private:
  core::Result<ConfPtr> conf_of(const Settings& settings) {
    ConfPtr conf{RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL)};
    const Settings ours{{"bootstrap.servers", options_.servers}};
    std::string why;
    for (const auto* group :
         std::array{&defaults, &settings, &std::as_const(options_.properties), &ours})
      for (const auto& [name, value] : *group)
        if (conf->set(name, value, why) != RdKafka::Conf::CONF_OK)
          return core::fail(Errc::configuration, "is not taken by the client library", name);
    conf->set("event_cb", static_cast<RdKafka::EventCb*>(this), why);
    return conf;
  }

  void run() {
    for (int looks = 0; !ending_; ++looks) {
      const std::unique_ptr<RdKafka::Message> message{consumer_->consume(slice_ms)};
      if (message && message->err() == RdKafka::ERR_NO_ERROR)
        take(*message);
      producer_->poll(0);
      if (!reachable_ && looks % looks_per_question == 0)
        ask();
      tell();
    }
  }

  void take(RdKafka::Message& message) {
    next_[message.partition()] = message.offset() + 1;
    reachable_ = true;
    if (!is_ours(message)) {
      ++counts_->foreign;
      return;
    }
    ++counts_->heard;
    events_.on_frame({static_cast<const char*>(message.payload()), message.len()});
  }

  /// Simulated prices never pass for real ones. Messages of earlier servers have no header.
  [[nodiscard]] bool is_ours(RdKafka::Message& message) const {
    if (message.payload() == nullptr)
      return false;
    const auto* headers = message.headers();
    if (headers == nullptr)
      return true;
    for (const auto& header : headers->get(mode_header))
      if (std::string_view{static_cast<const char*>(header.value()), header.value_size()}
          != options_.mode)
        return false;
    return true;
  }

  /// The question also makes the topic, where the broker makes topics for whoever asks.
  void ask() {
    std::string ignored;
    const std::unique_ptr<RdKafka::Topic> topic{
        RdKafka::Topic::create(producer_.get(), options_.topic, nullptr, ignored)};
    RdKafka::Metadata* answer = nullptr;
    const auto code = producer_->metadata(false, topic.get(), &answer, question_ms);
    const std::unique_ptr<RdKafka::Metadata> kept{answer};
    if (code == RdKafka::ERR_NO_ERROR)
      reachable_ = true;
    else
      why_ = RdKafka::err2str(code);
  }

  void tell() {
    const bool ready = reachable_ && assigned_;
    if (ready == std::exchange(ready_, ready) || ending_)
      return;
    events_.on_ready(ready, ready ? std::string{} : why_);
  }

  void dr_cb(RdKafka::Message& message) override {
    if (message.err() == RdKafka::ERR_NO_ERROR) {
      ++counts_->sent;
      return;
    }
    ++counts_->undelivered;
    reachable_ = false;
    why_ = message.errstr();
    tell();
    if (!ending_)
      events_.on_undelivered({static_cast<const char*>(message.payload()), message.len()});
  }

  void event_cb(RdKafka::Event& event) override {
    if (event.type() != RdKafka::Event::EVENT_ERROR
        || event.err() != RdKafka::ERR__ALL_BROKERS_DOWN)
      return;
    reachable_ = false;
    why_ = event.str();
    tell();
  }

  void rebalance_cb(RdKafka::KafkaConsumer* consumer, RdKafka::ErrorCode code,
                    std::vector<RdKafka::TopicPartition*>& partitions) override {
    if (code != RdKafka::ERR__ASSIGN_PARTITIONS) {
      assigned_ = false;
      why_ = "another member of the group has its partitions";
      consumer->unassign();
      tell();
      return;
    }
    // The end of a partition is asked for now: the library would look for it later, and pass over
    // what is published until then.
    bool known = true;
    for (auto* partition : partitions) {
      const auto seen = next_.find(partition->partition());
      std::int64_t first = 0;
      std::int64_t end = 0;
      if (seen != next_.end())
        end = seen->second;
      else if (consumer->query_watermark_offsets(partition->topic(), partition->partition(), &first,
                                                 &end, question_ms)
               != RdKafka::ERR_NO_ERROR)
        known = false;
      partition->set_offset(known ? end : RdKafka::Topic::OFFSET_END);
    }
    consumer->assign(partitions);
    assigned_ = !partitions.empty();
    if (!known)
      why_ = "the end of a partition is not known";
  }

  Options options_;
  std::shared_ptr<Counts> counts_;
  Events events_;
  std::atomic<bool> ending_{false};
  // Of the thread below.
  bool reachable_ = false;
  bool assigned_ = false;
  bool ready_ = false;
  std::string why_;
  std::map<std::int32_t, std::int64_t> next_; ///< to be heard next, by partition
  std::unique_ptr<RdKafka::Producer> producer_;
  std::unique_ptr<RdKafka::KafkaConsumer> consumer_;
  std::thread thread_; ///< last: it uses the others
};

} // namespace

core::Status check_kafka(const Options& options) {
  return KafkaFanout{options, std::make_shared<Counts>(), {}}.make();
}

core::Result<std::unique_ptr<Fanout>> open_kafka(Options options, std::shared_ptr<Counts> counts,
                                                 Events events) {
  auto fanout
      = std::make_unique<KafkaFanout>(std::move(options), std::move(counts), std::move(events));
  if (const auto opened = fanout->open(); !opened)
    return tl::unexpected{opened.error()};
  return fanout;
}

} // namespace tandem::adapters::fanout
