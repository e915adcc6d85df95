#include "adapters/sinks/capture/writer.hpp"

#include "adapters/sinks/json.hpp"
#include "adapters/sinks/worker.hpp"
#include "adapters/transport/json.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace tandem::adapters::sinks::capture {
namespace {

using core::sinks::Outcome;

/// The record's number, when the line is of this stream.
std::optional<std::uint64_t> number_in(const std::string& line, const std::string& stream) {
  const auto record = transport::parse_json(line);
  if (!record)
    return std::nullopt;
  const auto* of = record->find("stream");
  const auto* seq = record->find("seq");
  if (of == nullptr || of->string() == nullptr || *of->string() != stream || seq == nullptr
      || seq->number() == nullptr)
    return std::nullopt;
  const auto& digits = seq->number()->text;
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number == 0 ? std::nullopt : std::optional{number};
}

class FileWriter final : public Writer {
public:
  explicit FileWriter(Options options) : options_{std::move(options)} {}

  void open(const std::string& stream, Opened done) override {
    worker_->post([this, stream, done = std::move(done)] { done(opened(stream)); });
  }

  void write(BatchPtr batch, Written done) override {
    worker_->post([this, batch = std::move(batch), done = std::move(done)] {
      std::string text;
      for (const auto& item : batch->items)
        text += to_json(batch->stream, item, options_.mode) + '\n';
      const auto written = rolling_->append(text, options_.clock());
      done(written ? Outcome{} : Outcome{Outcome::Kind::failed, core::describe(written.error())});
    });
  }

  ~FileWriter() override {
    worker_.reset();
    if (rolling_)
      static_cast<void>(rolling_->close()); // else the next one does it
  }

  FileWriter(const FileWriter&) = delete;
  FileWriter& operator=(const FileWriter&) = delete;

private:
  core::Result<std::optional<std::uint64_t>> opened(const std::string& stream) {
    if (rolling_)
      if (const auto closed = rolling_->close(); !closed)
        return tl::unexpected{closed.error()};
    rolling_.reset();
    files_ = options_.files();
    auto rolling = RollingFiles::open(*files_, "events", options_.limits);
    if (!rolling)
      return tl::unexpected{rolling.error()};
    rolling_.emplace(*std::move(rolling));
    const auto line = rolling_->last_line();
    if (!line)
      return tl::unexpected{line.error()};
    return number_in(*line, stream);
  }

  Options options_;
  std::unique_ptr<files::FileLayer> files_;
  std::optional<RollingFiles> rolling_;
  std::unique_ptr<Worker> worker_ = std::make_unique<Worker>();
};

} // namespace

std::unique_ptr<Writer> make_writer(Options options) {
  return std::make_unique<FileWriter>(std::move(options));
}

} // namespace tandem::adapters::sinks::capture
