#include "apps/tandem/lab.hpp"

#include "apps/tandem/engine.hpp"
#include "apps/tandem/lab_book.hpp"
#include "apps/tandem/lab_report.hpp"
#include "apps/tandem/line_input.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <variant>

namespace tandem::apps {

namespace {

using namespace adapters::venues;
using simdjson::dom::element;

constexpr std::size_t symbols_max = 1'000;
constexpr std::size_t faults_listed_max = 100;
constexpr std::size_t waiting_max = 16; ///< REST books that came before the first symbol

std::string upper(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return result;
}

std::string_view text_at(const element& value, const char* key) {
  std::string_view text;
  return value[key].get_string().get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

/// The symbol of "https://.../depth?symbol=SUSHIUSDT&limit=1000".
std::string_view symbol_of_url(std::string_view url) {
  for (const std::string_view key : {"?symbol=", "&symbol="}) {
    const auto at = url.find(key);
    if (at == std::string_view::npos)
      continue;
    const auto rest = url.substr(at + key.size());
    return rest.substr(0, rest.find('&'));
  }
  return {};
}

std::string first_of_kind(const Frame& frame) {
  return std::visit(
      [](const auto& value) -> std::string {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, DepthFrame>)
          return "depth";
        else if constexpr (std::is_same_v<T, BestFrame>)
          return "bookTicker";
        else if constexpr (std::is_same_v<T, TradesFrame>)
          return "trade";
        else if constexpr (std::is_same_v<T, KlinesFrame>)
          return value.klines.empty() ? "kline" : "kline_" + value.klines.front().interval;
        else if constexpr (std::is_same_v<T, TickerFrame>)
          return "ticker";
        else if constexpr (std::is_same_v<T, ControlReply>)
          return "reply";
        else if constexpr (std::is_same_v<T, PongFrame>)
          return "pong";
        else if constexpr (std::is_same_v<T, ShutdownNotice>)
          return "shutdown";
        else
          return "other";
      },
      frame);
}

bool has(const element& value, const char* key) {
  return value[key].error() == simdjson::SUCCESS;
}

/// A bare reply of the depth route: Binance's book itself, Bybit's envelope around one.
/// Partial-book streams carry the same key inside their envelope.
bool is_rest_book(const element& value) {
  if (!value.is_object())
    return false;
  return (has(value, "lastUpdateId") && !has(value, "stream"))
         || (has(value, "retCode") && value["result"]["u"].error() == simdjson::SUCCESS);
}

/// Binance names the stream beside the event; "btcusdt@depth@100ms" counts as "depth".
std::string binance_label(const element& value, const Frame& frame) {
  const auto stream = text_at(value, "stream");
  const auto at = stream.find('@');
  if (at != std::string_view::npos) {
    const auto rest = stream.substr(at + 1);
    return std::string{rest.substr(0, rest.find('@'))};
  }
  return text_at(value, "e") == "aggTrade" ? "aggTrade" : first_of_kind(frame);
}

std::string bybit_label(const Frame& frame) {
  if (const auto* depth = std::get_if<DepthFrame>(&frame))
    return fmt::format("{}{}", depth->snapshot ? "snapshot" : "delta", depth->levels);
  if (std::holds_alternative<BestFrame>(frame))
    return "l1";
  return first_of_kind(frame);
}

/// The venue's spelling of the n-th trade's price and size, for the decimals it writes.
std::pair<std::string_view, std::string_view> trade_texts(const element& value, std::size_t n) {
  element data;
  if (value["data"].get(data) != simdjson::SUCCESS)
    data = value; // raw Binance streams have no envelope
  if (data.is_array()) {
    element item;
    if (data.at(n).get(item) != simdjson::SUCCESS)
      return {};
    return {text_at(item, "p"), text_at(item, "v")};
  }
  return {text_at(data, "p"), text_at(data, "q")};
}

class BookLab {
public:
  BookLab(const Market& market, const LabBookOptions& options, std::ostream& output)
      : market_{market}, codec_{market.make_codec()}, only_{upper(options.symbol)},
        each_{options.each}, bybit_{options.venue == "bybit"}, output_{output} {}

  void handle(const InputLine& line);

  void finish(std::vector<std::string> files) {
    recording_.files = std::move(files);
    const auto report = bybit_ ? bybit_report(recording_) : binance_report(recording_);
    output_ << boost::json::serialize(report) << '\n';
  }

private:
  [[nodiscard]] bool wanted(std::string_view symbol) const {
    return only_.empty() || symbol == only_;
  }

  SymbolBook* book(std::string_view symbol);
  void note(const InputLine& line, const core::Error& error);
  void say(const SymbolBook* book, const ReplicaStep& step,
           const std::optional<core::Error>& error = {});
  void on_rest_book(const InputLine& line);
  void offer(const InputLine& line, SymbolBook& book, std::string_view json);
  void on_frame(const InputLine& line);
  void on_frame_of(const InputLine& line, const Frame& frame, std::string_view symbol);

  const Market& market_;
  std::unique_ptr<Codec> codec_;
  std::string only_;
  bool each_;
  bool bybit_;
  std::ostream& output_;
  LabRecording recording_;
  std::vector<std::string> early_books_; ///< REST books of the symbol that is still to show itself
  std::uint64_t n_ = 0;
};

void BookLab::handle(const InputLine& line) {
  if (line.received_ns) {
    recording_.first_ns = recording_.first_ns.value_or(*line.received_ns);
    recording_.last_ns = *line.received_ns;
  }
  const bool rest_book = line.snapshot || is_rest_book(line.value);
  if (rest_book)
    on_rest_book(line);
  else
    on_frame(line);
}

/// Null when there are too many.
SymbolBook* BookLab::book(std::string_view symbol) {
  const std::string name{symbol};
  const auto found = recording_.books.find(name);
  if (found != recording_.books.end())
    return &found->second;
  if (recording_.books.size() >= symbols_max)
    return nullptr;
  return &recording_.books.try_emplace(name, market_).first->second;
}

void BookLab::note(const InputLine& line, const core::Error& error) {
  ++recording_.fault_count;
  if (recording_.faults.size() < faults_listed_max)
    recording_.faults.emplace(
        fmt::format("{}:{}", std::filesystem::path{line.file}.filename().string(), line.number),
        core::describe(error));
}

void BookLab::say(const SymbolBook* book, const ReplicaStep& step,
                  const std::optional<core::Error>& error) {
  ++recording_.lines;
  const auto n = n_++;
  if (each_)
    output_ << boost::json::serialize(each_report(n, book, step, error)) << '\n';
}

void BookLab::on_rest_book(const InputLine& line) {
  auto symbol = upper(line.symbol.empty() ? symbol_of_url(line.url) : line.symbol);
  for (const auto* key : {"symbol", "s"})
    symbol = symbol.empty() ? upper(text_at(line.value, key)) : symbol;
  // A bare REST book names no symbol: it belongs to the only one there is.
  if (symbol.empty() && !only_.empty())
    symbol = only_;
  if (symbol.empty() && recording_.books.size() == 1)
    symbol = recording_.books.begin()->first;
  if (symbol.empty() && recording_.books.empty() && early_books_.size() < waiting_max) {
    early_books_.emplace_back(line.json).reserve(line.json.size() + simdjson::SIMDJSON_PADDING);
    return say(nullptr, {});
  }
  if (symbol.empty()) {
    const core::Error error{core::Errc::malformed, "a REST book that does not say whose it is", {}};
    note(line, error);
    return say(nullptr, {}, error);
  }
  if (!wanted(symbol))
    return;
  if (auto* owner = book(symbol))
    offer(line, *owner, line.json);
}

void BookLab::offer(const InputLine& line, SymbolBook& book, std::string_view json) {
  // Reply parsers want the venue's whole answer: a body, or on Bybit the envelope around it.
  const auto snapshot = market_.rest().parse_depth(json);
  if (!snapshot) {
    note(line, snapshot.error());
    return say(&book, {}, snapshot.error());
  }
  const auto step = book.on_snapshot(*snapshot);
  if (step.error)
    note(line, *step.error);
  say(&book, step);
}

void BookLab::on_frame(const InputLine& line) {
  const auto frame = codec_->decode(line.json);
  if (!frame) {
    note(line, frame.error());
    return say(nullptr, {}, frame.error());
  }
  const auto symbol = std::visit(
      [](const auto& value) -> std::string_view {
        if constexpr (requires { value.symbol; })
          return value.symbol;
        else
          return {};
      },
      *frame);
  if (!symbol.empty() && !wanted(symbol))
    return;
  auto count = std::uint64_t{1};
  if (const auto* trades = std::get_if<TradesFrame>(&*frame); trades != nullptr && bybit_)
    count = trades->trades.size(); // one message holds several fills
  recording_.messages[bybit_ ? bybit_label(*frame) : binance_label(line.value, *frame)] += count;
  if (symbol.empty())
    return say(nullptr, {});
  on_frame_of(line, *frame, symbol);
}

void BookLab::on_frame_of(const InputLine& line, const Frame& frame, std::string_view symbol) {
  auto* owner = book(symbol);
  if (owner == nullptr) {
    const core::Error error{
        core::Errc::out_of_range, fmt::format("more than {} symbols", symbols_max), {}};
    note(line, error);
    return say(nullptr, {}, error);
  }
  ReplicaStep step;
  if (const auto* depth = std::get_if<DepthFrame>(&frame)) {
    for (const auto& early : std::exchange(early_books_, {})) {
      if (const auto snapshot = market_.rest().parse_depth(early))
        owner->on_snapshot(*snapshot);
    }
    step = owner->on_depth(*depth);
    if (step.error)
      note(line, *step.error);
  } else if (const auto* best = std::get_if<BestFrame>(&frame)) {
    owner->on_best(*best);
  } else if (const auto* trades = std::get_if<TradesFrame>(&frame)) {
    for (std::size_t n = 0; n < trades->trades.size(); ++n) {
      const auto [price, quantity] = trade_texts(line.value, n);
      owner->on_trade(trades->trades[n], price, quantity);
    }
  }
  say(owner, step);
}

/// Adds the files to `input`, or names the first that cannot be opened.
std::optional<std::string> open_files(const std::vector<std::string>& files,
                                      std::vector<std::unique_ptr<std::ifstream>>& opened,
                                      LineInput& input) {
  for (const auto& file : files) {
    opened.push_back(std::make_unique<std::ifstream>(file, std::ios::binary));
    if (!opened.back()->good() || std::filesystem::is_directory(file))
      return file;
    input.add(file, *opened.back());
  }
  return std::nullopt;
}

} // namespace

int run_lab_book(const LabBookOptions& options, std::istream& input, std::ostream& output,
                 std::ostream& errors) {
  const bool spot = options.type == "spot";
  if (!spot && options.type != "linear") {
    errors << "lab book: --type is spot or linear, not '" << options.type << "'\n";
    return exit_usage;
  }
  const core::MarketKey key{core::VenueId{options.venue},
                            spot ? core::MarketType::spot : core::MarketType::linear};
  const auto market = make_market(key, {});
  if (!market) {
    errors << "lab book: --venue is binance or bybit, not '" << options.venue << "'\n";
    return exit_usage;
  }
  std::vector<std::unique_ptr<std::ifstream>> opened;
  LineInput lines;
  if (const auto failed = open_files(options.files, opened, lines)) {
    errors << "lab book: cannot read '" << *failed << "'\n";
    return exit_usage;
  }
  if (options.files.empty())
    lines.add("-", input);

  BookLab lab{*market, options, output};
  for (;;) {
    const auto line = lines.next();
    if (!line) {
      errors << "lab book: " << line.error().detail << '\n';
      return exit_data;
    }
    if (!*line)
      break;
    lab.handle(**line);
  }
  std::vector<std::string> names;
  for (const auto& file : options.files)
    names.push_back(std::filesystem::path{file}.filename().string());
  lab.finish(std::move(names));
  return exit_ok;
}

} // namespace tandem::apps
