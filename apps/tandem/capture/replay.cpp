#include "apps/tandem/capture/replay.hpp"

#include "adapters/files/memory_files.hpp"
#include "apps/one_thread/state_directory.hpp"
#include "apps/tandem/capture/file.hpp"
#include "apps/tandem/capture/host.hpp"
#include "apps/tandem/engine.hpp"
#include "apps/tandem/trading.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

namespace tandem::apps::capture {
namespace {

using adapters::venues::Credentials;
using adapters::venues::KeyRing;
using core::Errc;
using core::fail;

constexpr int exit_different = 1;

/// Everything from one item that comes in to the next.
struct Turn {
  std::uint64_t number = 0;
  Item in;
  std::vector<Item> out;
  std::optional<std::vector<std::uint32_t>> steps; ///< nullopt: the capture ends in the middle
};

class Turns {
public:
  explicit Turns(Reader& reader) : reader_{reader}, ahead_{reader.next()} {}

  [[nodiscard]] std::optional<Turn> next() {
    if (!ahead_ || !ahead_->begins_turn()) {
      end_ = ahead_ ? ahead_->kind : Kind::turn;
      return std::nullopt;
    }
    Turn turn{.number = ++number_, .in = *std::move(ahead_), .out = {}, .steps = {}};
    while ((ahead_ = reader_.next()) && ahead_->kind < Kind::turn)
      turn.out.push_back(*std::move(ahead_));
    if (ahead_ && ahead_->kind == Kind::turn) {
      turn.steps = std::move(ahead_->actors);
      ahead_ = reader_.next();
    }
    return turn;
  }

  /// Why there are no more: `end`, `cut`, or `turn`: the engine was killed.
  [[nodiscard]] Kind ended_by() const noexcept { return end_; }

private:
  Reader& reader_;
  std::optional<Item> ahead_;
  std::uint64_t number_ = 0;
  Kind end_ = Kind::turn;
};

/// Compares what leaves with what left then.
class Comparer final : public Outside {
public:
  void bind(const Host& host) { host_ = &host; }

  void begin(const Turn& turn) {
    turn_ = &turn;
    at_ = 0;
  }

  void leaves(Item item, const std::function<void(Machine&)>& /*perform*/) override {
    redact(item, keys);
    compare(std::move(item), [](const Item& a, const Item& b) { return a.texts == b.texts; });
  }

  /// What was said then, whatever it is asked; an answer of nothing after a difference.
  [[nodiscard]] Item answer(Item question,
                            const std::function<void(Machine&, Item&)>& /*ask*/) override {
    const auto* captured = next();
    const auto same = [](const Item& then, const Item& now) {
      return std::equal(
          now.texts.begin(), now.texts.end(), then.texts.begin(),
          then.texts.begin()
              + static_cast<std::ptrdiff_t>(std::min(then.texts.size(), now.texts.size())));
    };
    auto copy = question;
    if (captured != nullptr)
      copy.number = captured->number;
    compare(std::move(copy), same);
    return captured != nullptr && !different() ? *captured : question;
  }

  /// The turn is over: did it send all that it sent then?
  void finish() {
    if (!different() && at_ < turn_->out.size() && turn_->steps)
      difference_ = {&turn_->out[at_], std::nullopt};
  }

  [[nodiscard]] bool different() const noexcept { return difference_.has_value(); }

  struct Difference {
    const Item* captured = nullptr; ///< null: nothing more was sent in this turn
    std::optional<Item> replayed;   ///< nullopt: nothing is sent any more
  };

  [[nodiscard]] const std::optional<Difference>& difference() const noexcept { return difference_; }

  [[nodiscard]] std::uint64_t compared() const noexcept { return compared_; }

  std::vector<std::string> keys;                 ///< what stands for the venues' API keys
  std::function<void(const Item& item)> on_sent; ///< may be empty

private:
  [[nodiscard]] const Item* next() const {
    return turn_ != nullptr && at_ < turn_->out.size() ? &turn_->out[at_] : nullptr;
  }

  template <class Same>
  void compare(Item item, const Same& same) {
    if (turn_ == nullptr || different())
      return;
    item.actors = {static_cast<std::uint32_t>(host_->running())};
    if (on_sent)
      on_sent(item);
    const auto* captured = next();
    if (captured == nullptr && !turn_->steps)
      return; // the file ends here
    ++at_;
    ++compared_;
    if (captured != nullptr && captured->kind == item.kind && captured->id == item.id
        && captured->number == item.number && captured->actors == item.actors
        && same(*captured, item))
      return;
    difference_ = {captured, std::move(item)};
  }

  const Host* host_ = nullptr;
  const Turn* turn_ = nullptr;
  std::size_t at_ = 0;
  std::uint64_t compared_ = 0;
  std::optional<Difference> difference_;
};

/// What the engine logs, while the traced actor runs.
class TraceLog final : public core::Log {
public:
  std::function<void(const std::string& line)> on_line; ///< may be empty

  void write(core::LogLevel level, std::string_view event,
             std::initializer_list<core::LogField> fields) override {
    if (!on_line || level == core::LogLevel::debug)
      return;
    std::string text{event};
    for (const auto& field : fields)
      text.append(" ").append(field.key).append("=").append(field.value);
    on_line(text);
  }
};

/// A key of this kind that opens nothing: signatures are not compared, but a venue is spoken to
/// differently by kind.
core::Result<std::string> any_secret(const std::string& kind) {
  if (kind == "hmac")
    return std::string{"replay"};
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
  constexpr std::size_t rsa_bits = 2048;
  const Key key{kind == "rsa" ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", rsa_bits)
                              : EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"),
                &EVP_PKEY_free};
  const Bio bio{BIO_new(BIO_s_mem()), &BIO_free};
  if (!key || !bio
      || PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr)
             != 1)
    return fail(Errc::internal, "no key can be made", kind);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &text);
  return std::string{text, static_cast<std::size_t>(size)};
}

core::Result<std::shared_ptr<KeyRing>> stand_ins(const Header& header, const config::Config& config,
                                                 std::vector<std::string>& names) {
  if (config.mode == config::Mode::mock) {
    auto keys = find_keys(config, [](const std::string&) { return std::string{}; });
    for (const auto& venue : config.venues)
      names.push_back((*keys)->get(venue.id).api_key);
    return keys;
  }
  auto keys = std::make_shared<KeyRing>();
  for (const auto& [venue, kind] : header.keys) {
    auto secret = any_secret(kind);
    if (!secret)
      return tl::unexpected{secret.error()};
    Credentials made;
    made.api_key = "replay-key-of-" + venue;
    made.secret = *std::move(secret);
    if (const auto ready = made.prepare(); !ready)
      return tl::unexpected{ready.error()};
    names.push_back(made.api_key);
    keys->put(core::VenueId{venue}, std::move(made));
  }
  return keys;
}

std::string sender(const Host& host, const Item& item) {
  return host.name_of(item.actors.empty() ? 0 : item.actors.front());
}

/// @param item null for nothing.
std::string side(const Host& host, const Item* item) {
  return item == nullptr ? "nothing more in this turn"
                         : sender(host, *item) + ": " + describe(*item, 4'000);
}

/// Who was the first to run out of turn; nullopt: the order is the same.
std::optional<std::string> first_diverging(const Host& host, const Turn& turn,
                                           const std::vector<std::uint32_t>& steps) {
  if (!turn.steps)
    return std::nullopt;
  const auto [then, now]
      = std::mismatch(turn.steps->begin(), turn.steps->end(), steps.begin(), steps.end());
  if (then == turn.steps->end() && now == steps.end())
    return std::nullopt;
  const auto name
      = [&](auto at, auto end) { return at == end ? std::string{"nobody"} : host.name_of(*at); };
  return fmt::format("step {}: {} ran then, {} runs now", then - turn.steps->begin() + 1,
                     name(then, turn.steps->end()), name(now, steps.end()));
}

class Player {
public:
  Player(const ReplayOptions& options, Reader& reader, std::ostream& out)
      : options_{options}, reader_{reader}, out_{out} {}

  core::Status open() {
    const auto& header = reader_.header();
    auto loaded = load(header, header.config);
    if (!loaded.mistakes.empty())
      return fail(Errc::configuration, config::describe(loaded.mistakes.front()), options_.file);
    config_ = std::move(loaded.config);
    config_.engine.state_dir = directory_.path();
    for (const auto& [name, bytes] : header.journal)
      disk_.put(name, bytes);
    for (const auto& [name, bytes] : header.pairs)
      if (name.find('/') == std::string::npos)
        std::ofstream{directory_.path() + "/" + name, std::ios::binary} << bytes;
    auto keys = stand_ins(header, config_, comparer_.keys);
    if (!keys)
      return tl::unexpected{keys.error()};
    host_.emplace(Host::Parts{header, config_, comparer_, log_, report_, {}, {}});
    comparer_.bind(*host_);
    trace();
    return host_->open(disk_.files(), *std::move(keys));
  }

  int play() {
    const auto began = std::chrono::steady_clock::now();
    Turns turns{reader_};
    std::uint64_t played = 0;
    while (auto turn = turns.next()) {
      turn_ = *std::move(turn);
      comparer_.begin(turn_);
      host_->turn(turn_.in);
      comparer_.finish();
      played = turn_.number;
      note_order(turn_);
      if (comparer_.different() || played == options_.until)
        break;
    }
    host_->watch({}); // what its end does was never captured
    comparer_.on_sent = {};
    log_.on_line = {};
    if (comparer_.different())
      tell_difference();
    else if (turns.ended_by() == Kind::cut)
      out_ << "the capture was given up here: its disk was too slow or full\n";
    else if (turns.ended_by() == Kind::turn && played != options_.until)
      out_ << "the capture ends here: its engine was killed\n";
    const std::chrono::nanoseconds captured{host_->now().time_since_epoch().count()
                                            - reader_.header().mono};
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    out_ << fmt::format(
        "replay: {} turns, {} messages compared, {} differences, {:.1f} s of captured time in "
        "{:.1f} s\n",
        played, comparer_.compared(), comparer_.different() ? 1 : 0,
        std::chrono::duration<double>(captured).count(), took.count());
    return comparer_.different() ? exit_different : exit_ok;
  }

private:
  void trace() {
    if (options_.trace.empty())
      return;
    const auto mine
        = [this] { return host_->name_of(host_->running()).starts_with(options_.trace); };
    const auto line = [this](std::string_view what, const std::string& text) {
      const std::chrono::nanoseconds at{turn_.in.mono - reader_.header().mono};
      out_ << fmt::format("{:>8} {:>12.6f} {} {} {}\n", turn_.number,
                          std::chrono::duration<double>(at).count(),
                          host_->name_of(host_->running()), what, text);
    };
    host_->watch([this, mine, line](const one_thread::StepAbout& about) {
      if (mine() && about.actor != 0)
        line("handles", host_->handled());
    });
    comparer_.on_sent = [mine, line](const Item& item) {
      if (mine())
        line("sends", describe(item));
    };
    log_.on_line = [this, mine, line](const std::string& text) {
      if (turn_.number != 0 && mine())
        line("logs", text);
    };
  }

  /// The first turn in which the actors ran in another order, whatever they sent.
  void note_order(const Turn& turn) {
    if (order_)
      return;
    if (const auto diverging = first_diverging(*host_, turn, host_->steps())) {
      order_ = fmt::format("turn {}, {}", turn.number, *diverging);
      if (!comparer_.different())
        out_ << "the order of work differs from here on: " << *order_ << '\n';
    }
  }

  void tell_difference() {
    const auto& difference = *comparer_.difference();
    out_ << fmt::format("DIFFERENT in turn {}, at message {}, on {}\n", turn_.number,
                        comparer_.compared(), describe(turn_.in));
    out_ << "  captured: " << side(*host_, difference.captured) << '\n';
    const auto* replayed = difference.replayed ? &*difference.replayed : nullptr;
    out_ << "  replayed: " << side(*host_, replayed) << '\n';
    // Who ran out of turn did so before anybody sent anything else.
    out_ << "  first diverging actor: "
         << (order_ ? *order_
                    : sender(*host_, replayed != nullptr ? *replayed : *difference.captured))
         << '\n';
  }

  const ReplayOptions& options_;
  Reader& reader_;
  std::ostream& out_;
  one_thread::StateDirectory directory_;
  adapters::files::MemoryDisk disk_;
  config::Config config_;
  TraceLog log_;
  std::ostringstream report_;
  Turn turn_; ///< the one that is played
  Comparer comparer_;
  std::optional<Host> host_;
  std::optional<std::string> order_;
};

} // namespace

int run_replay(const ReplayOptions& options, std::ostream& out, std::ostream& errors) {
  auto reader = Reader::open(options.file);
  if (!reader) {
    errors << core::describe(reader.error()) << '\n';
    return exit_data;
  }
  std::optional<Player> player;
  try {
    player.emplace(options, **reader, out);
  } catch (const std::runtime_error& problem) { // nowhere to put the list of pairs
    errors << problem.what() << '\n';
    return exit_unavailable;
  }
  if (const auto opened = player->open(); !opened) {
    errors << core::describe(opened.error()) << '\n';
    return exit_configuration;
  }
  return player->play();
}

} // namespace tandem::apps::capture
