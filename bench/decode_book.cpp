/// Measures what one recorded message costs in this process: decoding by the venue's codec, and for
/// order-book streams the sync rules and the book itself. No network, no actors.
///
/// usage: bench_decode_book [--rounds 15] [--data DIR]
///   --data   the folder that holds binance/ and bybit/ (default TANDEM_SHARED or ../shared, then
///   venues)
/// A figure per kind of message: nanoseconds per message of the best, the median and the worst
/// round, messages per second at the median.
#include "adapters/venues/book_replica.hpp"
#include "adapters/venues/venue.hpp"
#include "bench/support.hpp"

#include <zlib.h>

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>

namespace tandem::bench {
namespace {

namespace venues = adapters::venues;
using core::MarketType;

constexpr std::size_t padding = 64; ///< readable bytes behind a frame, as the codecs ask

/// A recorded message in a buffer of its own.
struct Message {
  std::string padded;
  std::size_t size = 0;

  [[nodiscard]] std::string_view text() const { return {padded.data(), size}; }
};

struct Recording {
  std::string_view name;
  core::MarketKey market;
  std::string_view depth_stream;
  core::Scale scale; ///< tick and lot of the instrument at that time
  std::vector<std::string_view> files;
  std::vector<std::pair<std::string_view, std::string_view>>
      kinds; ///< name and what its lines contain
};

std::vector<Recording> recordings() {
  const core::VenueId binance{"binance"};
  const core::VenueId bybit{"bybit"};
  return {
      {"binance spot BTCUSDT",
       {binance, MarketType::spot},
       "100ms",
       {2, 5},
       {"binance/spot-btcusdt-20240808-a.rec.gz", "binance/spot-btcusdt-20240809-b.rec.gz"},
       {{"depth", R"("e":"depthUpdate")"},
        {"bookTicker", "@bookTicker\""},
        {"trade", R"("e":"trade")"}}},
      {"binance linear BTCUSDT",
       {binance, MarketType::linear},
       "0ms",
       {1, 3},
       {"binance/usdm-btcusdt-20240808.rec.gz"},
       {{"depth", R"("e":"depthUpdate")"},
        {"bookTicker", "@bookTicker\""},
        {"trade", R"("e":"trade")"}}},
      {"binance linear ETHUSDT",
       {binance, MarketType::linear},
       "0ms",
       {2, 3},
       {"binance/usdm-ethusdt-20240718-a.rec.gz", "binance/usdm-ethusdt-20240719-b.rec.gz"},
       {{"depth", R"("e":"depthUpdate")"}}},
      {"bybit linear BTCUSDT",
       {bybit, MarketType::linear},
       "50",
       {1, 3},
       {"bybit/derived-linear-btcusdt-20240808.rec.gz"},
       {{"orderbook.50", "\"orderbook.50."},
        {"orderbook.1", "\"orderbook.1."},
        {"publicTrade", "\"publicTrade."}}},
  };
}

/// The JSON of every line that contains `mark`, or is a REST snapshot.
std::vector<Message> read(const std::string& folder, const Recording& recording,
                          std::string_view mark) {
  std::vector<Message> messages;
  for (const auto& name : recording.files) {
    const auto path = folder + "/" + std::string{name};
    const std::unique_ptr<gzFile_s, int (*)(gzFile)> file{gzopen(path.c_str(), "rb"), gzclose};
    if (!file)
      throw std::runtime_error{"cannot read " + path};
    std::string line;
    std::array<char, 64 * 1024> chunk{};
    while (gzgets(file.get(), chunk.data(), static_cast<int>(chunk.size())) != nullptr) {
      line += chunk.data();
      if (line.back() != '\n')
        continue;
      line.pop_back();
      line.erase(0, line.find('{'));
      if (line.find(mark) != std::string::npos || line.starts_with(R"({"lastUpdateId")")) {
        Message message{line, line.size()};
        message.padded.append(padding, '\0');
        messages.push_back(std::move(message));
      }
      line.clear();
    }
  }
  return messages;
}

/// One pass over all messages.
struct Pass {
  std::int64_t ns = 0;
  std::size_t messages = 0; ///< without the REST snapshot
  std::size_t applied = 0;
  std::uint64_t last_id = 0;
  std::size_t levels = 0;
  std::uint64_t checksum = 0; ///< keeps the results of pure decoding alive
};

bool is_snapshot(const Message& message) {
  return message.text().starts_with(R"({"lastUpdateId")");
}

Pass play(const venues::Market& market, core::Scale scale, const std::vector<Message>& messages) {
  Pass pass;
  const auto codec = market.make_codec();
  venues::BookReplica replica{market.make_book_sync(), scale};
  const auto begin = thread_cpu_ns();
  std::int64_t snapshot_ns = 0;
  for (const auto& message : messages) {
    if (is_snapshot(message)) { // once per session: not what is measured
      const auto from = thread_cpu_ns();
      const auto snapshot = market.rest().parse_depth(message.text());
      if (!snapshot)
        throw std::runtime_error{core::describe(snapshot.error())};
      pass.applied += replica.on_snapshot(*snapshot).replayed;
      snapshot_ns += thread_cpu_ns() - from;
      continue;
    }
    ++pass.messages;
    const auto frame = codec->decode(message.text());
    if (!frame)
      throw std::runtime_error{core::describe(frame.error())};
    if (const auto* depth = std::get_if<venues::DepthFrame>(&*frame)) {
      const auto step = replica.on_frame(*depth);
      if (step.action == venues::SyncAction::resync)
        throw std::runtime_error{"the recording has a gap"};
      pass.applied += step.action == venues::SyncAction::apply ? 1 : 0;
    } else if (const auto* best = std::get_if<venues::BestFrame>(&*frame)) {
      pass.checksum += best->id;
    } else if (const auto* trades = std::get_if<venues::TradesFrame>(&*frame)) {
      pass.checksum += trades->trades.size();
    }
  }
  pass.ns = thread_cpu_ns() - begin - snapshot_ns;
  pass.last_id = replica.last_id();
  pass.levels = replica.book().depth(core::market::Side::bid)
                + replica.book().depth(core::market::Side::ask);
  return pass;
}

void measure(const Recording& recording, std::string_view kind,
             const std::vector<Message>& messages, std::int64_t rounds) {
  const auto market = venues::make_market(recording.market,
                                          {.depth_stream = std::string{recording.depth_stream}});
  std::size_t bytes = 0;
  for (const auto& message : messages)
    bytes += is_snapshot(message) ? 0 : message.size;
  auto last = play(*market, recording.scale, messages); // warms caches and the allocator
  std::vector<double> ns;
  for (std::int64_t round = 0; round < rounds; ++round) {
    last = play(*market, recording.scale, messages);
    ns.push_back(static_cast<double>(last.ns) / static_cast<double>(last.messages));
  }
  std::ranges::sort(ns);
  const auto median = quantile(ns, 500);
  Figure figure{"decode_book"};
  figure.add("market", recording.name)
      .add("message", kind)
      .add("messages", last.messages)
      .add("bytes_mean", bytes / std::max<std::size_t>(last.messages, 1))
      .add("rounds", rounds)
      .add("ns_best", ns.front())
      .add("ns_median", median)
      .add("ns_worst", ns.back())
      .add("per_second_median", static_cast<std::int64_t>(1e9 / median));
  if (last.applied > 0)
    figure.add("applied", last.applied).add("last_id", last.last_id).add("levels", last.levels);
  figure.print();
}

std::string default_folder() {
  const char* const shared = std::getenv("TANDEM_SHARED");
  return std::string{shared == nullptr || *shared == '\0' ? "../shared" : shared} + "/venues";
}

int run(const Options& options) {
  const auto& folder = options.text("data");
  if (!std::filesystem::is_directory(folder)) {
    std::cerr << "there are no recordings in " << folder << " (--data DIR)\n";
    return 66;
  }
  for (const auto& recording : recordings())
    for (const auto& [kind, mark] : recording.kinds) {
      auto messages = read(folder, recording, mark);
      if (kind != "depth") // the snapshot is for the diff streams only
        std::erase_if(messages, is_snapshot);
      measure(recording, kind, messages, options.number("rounds"));
    }
  return 0;
}

} // namespace
} // namespace tandem::bench

int main(int count, char** arguments) {
  return tandem::bench::run_bench("decode_book", count, arguments,
                                  {{"rounds", "15"}, {"data", tandem::bench::default_folder()}},
                                  tandem::bench::run);
}
