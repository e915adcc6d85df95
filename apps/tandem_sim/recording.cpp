#include "apps/tandem_sim/recording.hpp"

#include "core/types/decimal.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace tandem::sim {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr int lines_searched = 2'000; ///< a recording holds its snapshot near the beginning

std::string upper(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (c >= 'a' && c <= 'z')
      c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

/// The text value of the first `"key":"..."`.
std::string_view text_after(std::string_view json, std::string_view key) {
  const auto at = json.find(key);
  if (at == std::string_view::npos)
    return {};
  const auto begin = at + key.size();
  const auto end = json.find('"', begin);
  return end == std::string_view::npos ? std::string_view{} : json.substr(begin, end - begin);
}

bool binance_frame(std::string_view json, RecordedFrame& frame) {
  constexpr std::string_view head = R"({"stream":")";
  constexpr std::string_view middle = R"(,"data":)";
  if (json.starts_with(R"({"lastUpdateId":)")) {
    frame.kind = "snapshot";
    frame.data = json;
    return true;
  }
  if (!json.starts_with(head))
    return false;
  const auto name_end = json.find('"', head.size());
  const auto data_at = json.find(middle);
  if (name_end == std::string_view::npos || data_at == std::string_view::npos
      || !json.ends_with('}'))
    return false;
  frame.stream = json.substr(head.size(), name_end - head.size());
  const auto at = frame.stream.find('@');
  if (at == std::string::npos)
    return false;
  frame.symbol = upper(std::string_view{frame.stream}.substr(0, at));
  const auto kind = std::string_view{frame.stream}.substr(at + 1);
  frame.kind = kind.substr(0, kind.find('@'));
  const auto data_begin = data_at + middle.size();
  frame.data = json.substr(data_begin, json.size() - 1 - data_begin);
  return true;
}

bool bybit_frame(std::string_view json, RecordedFrame& frame) {
  frame.stream = text_after(json, R"("topic":")");
  const auto last = frame.stream.rfind('.');
  if (frame.stream.empty() || last == std::string::npos)
    return false;
  frame.kind = frame.stream.substr(0, last);
  frame.symbol = frame.stream.substr(last + 1);
  frame.data = json;
  return true;
}

/// "1626992741.06217" or "1723161253937085768" to nanoseconds.
std::optional<std::int64_t> time_of(std::string_view text) {
  constexpr int ns_decimals = 9;
  if (text.find('.') != std::string_view::npos) {
    const auto ns = core::parse_scaled(text, ns_decimals);
    return ns ? std::optional{*ns} : std::nullopt;
  }
  std::int64_t ns = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), ns);
  return failed != std::errc{} || end != text.data() + text.size() ? std::nullopt
                                                                   : std::optional{ns};
}

/// One gzip or plain file, line by line.
class LineFile {
public:
  explicit LineFile(const std::string& path) : file_{gzopen(path.c_str(), "rb")} {
    constexpr unsigned buffer_bytes = 256U * 1024;
    if (file_ != nullptr)
      gzbuffer(file_, buffer_bytes);
  }

  ~LineFile() {
    if (file_ != nullptr)
      gzclose(file_);
  }

  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;

  [[nodiscard]] bool open() const noexcept { return file_ != nullptr; }

  [[nodiscard]] bool next(std::string& line) {
    line.clear();
    std::array<char, 16 * 1024> chunk{};
    while (gzgets(file_, chunk.data(), static_cast<int>(chunk.size())) != nullptr) {
      line += chunk.data();
      if (line.back() == '\n') {
        line.pop_back();
        return true;
      }
    }
    return !line.empty();
  }

private:
  gzFile file_;
};

/// The lines of one source's symbol over all its files.
class SourceReader {
public:
  explicit SourceReader(const ReplaySource& source) : source_{source} {}

  [[nodiscard]] std::optional<RecordedFrame> next() {
    std::string line;
    while (true) {
      if (file_ == nullptr) {
        if (index_ == source_.files.size())
          return std::nullopt;
        file_ = std::make_unique<LineFile>(source_.files[index_++]);
      }
      if (!file_->open() || !file_->next(line)) {
        file_.reset();
        continue;
      }
      auto frame = parse_line(line, source_.surface);
      if (!frame)
        continue;
      if (frame->symbol.empty())
        frame->symbol
            = source_
                  .symbol; // a snapshot does not say of what; a file with one belongs to one symbol
      if (frame->symbol == source_.symbol)
        return frame;
    }
  }

private:
  ReplaySource source_;
  std::size_t index_ = 0;
  std::unique_ptr<LineFile> file_;
};

class Merged final : public LineSource {
public:
  explicit Merged(const std::vector<ReplaySource>& sources) {
    // Each file is a lane of its own, so that snapshots kept beside the messages find their place
    // in time.
    for (const auto& source : sources)
      add(source);
  }

  std::optional<RecordedFrame> next() override {
    auto* earliest = static_cast<Lane*>(nullptr);
    for (auto& lane : lanes_) {
      if (lane.head
          && (earliest == nullptr || lane.head->received_ns < earliest->head->received_ns))
        earliest = &lane;
    }
    if (earliest == nullptr)
      return std::nullopt;
    auto frame = std::move(*earliest->head);
    earliest->head = earliest->reader.next();
    return frame;
  }

  bool has_snapshot(SurfaceId surface, const std::string& symbol) const override {
    return std::ranges::find(snapshots_, std::pair{surface, symbol}) != snapshots_.end();
  }

  /// The first file without a single line of its symbol.
  [[nodiscard]] const std::optional<std::string>& empty_file() const noexcept { return empty_; }

private:
  struct Lane {
    SourceReader reader;
    std::optional<RecordedFrame> head;
  };

  void add(const ReplaySource& source) {
    for (const auto& file : source.files) {
      ReplaySource one = source;
      one.files = {file};
      SourceReader probe{one};
      for (int i = 0; i < lines_searched; ++i) {
        const auto frame = probe.next();
        if (!frame) {
          if (i == 0 && !empty_)
            empty_ = file;
          break;
        }
        if (frame->kind == "snapshot") {
          snapshots_.emplace_back(source.surface, source.symbol);
          break;
        }
      }
      SourceReader reader{one};
      auto head = reader.next();
      lanes_.push_back({std::move(reader), std::move(head)});
    }
  }

  std::vector<Lane> lanes_;
  std::vector<std::pair<SurfaceId, std::string>> snapshots_;
  std::optional<std::string> empty_;
};

} // namespace

std::optional<RecordedFrame> parse_line(std::string_view line, SurfaceId surface) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
    line.remove_suffix(1);
  const auto brace = line.find('{');
  if (brace == std::string_view::npos)
    return std::nullopt;
  const auto json = line.substr(brace);
  auto before = line.substr(0, brace);
  RecordedFrame frame;
  frame.surface = surface;
  const bool binance = surface == SurfaceId::binance_spot || surface == SurfaceId::binance_linear;
  if (!(binance ? binance_frame(json, frame) : bybit_frame(json, frame)))
    return std::nullopt;
  constexpr std::string_view arrow = " -> ";
  if (const auto at = before.find(arrow); at != std::string_view::npos) {
    const auto url = before.substr(0, at);
    const auto symbol_at = url.find("symbol=");
    if (frame.kind == "snapshot" && symbol_at != std::string_view::npos) {
      const auto rest = url.substr(symbol_at + std::string_view{"symbol="}.size());
      frame.symbol = rest.substr(0, rest.find('&'));
    }
    before = before.substr(at + arrow.size());
  }
  while (!before.empty() && (before.back() == ' ' || before.back() == ':'))
    before.remove_suffix(1);
  if (before.empty()) {
    const auto at = json.find("\"ts\":");
    if (at == std::string_view::npos)
      return std::nullopt;
    const auto digits = json.substr(at + 5);
    std::int64_t ms = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), ms);
    frame.received_ns = ms * ns_per_ms;
    return frame;
  }
  const auto ns = time_of(before);
  if (!ns)
    return std::nullopt;
  frame.received_ns = *ns;
  return frame;
}

core::Result<std::unique_ptr<LineSource>>
open_recordings(const std::vector<ReplaySource>& sources) {
  for (const auto& source : sources) {
    for (const auto& file : source.files) {
      if (!LineFile{file}.open())
        return core::fail(core::Errc::not_found, "cannot be read", file);
    }
  }
  auto merged = std::make_unique<Merged>(sources);
  if (merged->empty_file())
    return core::fail(core::Errc::malformed, "holds no recorded line of its symbol",
                      *merged->empty_file());
  return std::unique_ptr<LineSource>{std::move(merged)};
}

} // namespace tandem::sim
