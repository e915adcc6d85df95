/// A sink whose disk and destination are in memory, for the tests of its actor and of the tree.
#pragma once

#include "actors/sinks/sink.hpp"
#include "adapters/files/memory_files.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tandem::tests {

/// Outlives the actors.
struct MemorySink {
  /// Everything that arrived, in order; and whether the destination takes anything.
  std::vector<core::sinks::Numbered> arrived;
  bool reachable = true;
  adapters::files::MemoryDisk disk;
  std::shared_ptr<core::sinks::Tape> tape = std::make_shared<core::sinks::Tape>();

  [[nodiscard]] actors::SinkOptions options(const std::string& id,
                                            core::sinks::Filter filter = {}) {
    actors::SinkOptions options;
    options.courier.id = id;
    options.courier.mode = "mock";
    options.courier.delivery.flush_interval = std::chrono::milliseconds{100};
    options.reader = tape->add_reader(std::move(filter), 1'000);
    options.files = [this] { return disk.files(); };
    options.writer = [this]() -> core::Result<std::unique_ptr<adapters::sinks::Writer>> {
      return std::make_unique<Way>(*this);
    };
    return options;
  }

private:
  class Way final : public adapters::sinks::Writer {
  public:
    explicit Way(MemorySink& sink) : sink_{sink} {}

    void open(const std::string& /*stream*/, Opened done) override {
      if (sink_.reachable)
        done(std::nullopt);
      else
        done(core::fail(core::Errc::connection_lost, "refused"));
    }

    void write(adapters::sinks::BatchPtr batch, Written done) override {
      if (!sink_.reachable)
        return done({core::sinks::Outcome::Kind::failed, "refused"});
      sink_.arrived.insert(sink_.arrived.end(), batch->items.begin(), batch->items.end());
      done({});
    }

  private:
    MemorySink& sink_;
  };
};

} // namespace tandem::tests
