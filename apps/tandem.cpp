/// The program `tandem`: its command line. What a command does is in apps/tandem/.
#include "apps/tandem/capture/live.hpp"
#include "apps/tandem/capture/replay.hpp"
#include "apps/tandem/capture_tool.hpp"
#include "apps/tandem/engine.hpp"
#include "apps/tandem/journal_tool.hpp"
#include "apps/tandem/keys_tool.hpp"
#include "apps/tandem/lab.hpp"
#include "apps/tandem/lab_lines.hpp"
#include "apps/tandem/lab_orders.hpp"
#include "apps/tandem/price_stream.hpp"
#include "config/load.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace {

using namespace tandem;

std::optional<std::string> from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str()); // NOLINT(concurrency-mt-unsafe): nothing sets any
  return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

/// KEY=VALUE; nullopt when there is no '='.
std::optional<std::vector<config::Override>> split(const std::vector<std::string>& settings) {
  std::vector<config::Override> result;
  for (const auto& setting : settings) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      std::cerr << "--set wants KEY=VALUE, not '" << setting << "'\n";
      return std::nullopt;
    }
    result.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  return result;
}

/// Prints every mistake; true when there is none.
bool report(const config::LoadResult& loaded) {
  for (const auto& mistake : loaded.mistakes)
    std::cerr << config::describe(mistake) << '\n';
  return loaded.mistakes.empty();
}

/// `lab request`, `lab order`, `lab sign`, `lab error`.
class LabOrders {
public:
  explicit LabOrders(CLI::App& lab)
      : request_{lab.add_subcommand("request", "the request an order, cancel or query would be")},
        order_{lab.add_subcommand("order", "what becomes of an order by a venue's words on it")},
        sign_{lab.add_subcommand("sign", "the text that is signed, and its signature")},
        error_{lab.add_subcommand("error", "what the engine makes of a venue's answer")} {
    for (auto [command, venue, type] :
         {std::tuple{request_, &request_options_.venue, &request_options_.type},
          std::tuple{order_, &lines_.venue, &lines_.type},
          std::tuple{sign_, &lines_.venue, &lines_.type},
          std::tuple{error_, &lines_.venue, &lines_.type}}) {
      command->add_option("--venue", *venue, "binance or bybit")->required();
      command->add_option("--type", *type, "spot or linear")->required(command != sign_);
    }
    for (auto* command : {order_, sign_, error_})
      command->add_option("FILE", lines_.files, "JSON lines, plain or gzip; none = standard input");
    request_->add_option("ACTION", request_options_.action, "place, cancel or query");
    request_->add_option("--symbol", request_options_.symbol);
    request_->add_option("--side", request_options_.side, "buy or sell");
    request_->add_option("--tif", request_options_.tif, "gtc, ioc, fok or post_only");
    request_->add_option("--price", request_options_.price, "none = a market order");
    request_->add_option("--quantity", request_options_.quantity);
    request_->add_option("--id", request_options_.id, "client order id");
    request_->add_option("--at", request_options_.at, "the venue's clock, ms");
    request_->add_flag("--socket", request_options_.socket, "the frame of the order socket");
    auto& text = *sign_->add_option_group("instead of lines, by the key of the environment");
    text.add_option("--prehash", sign_options_.prehash, "signed as it is");
    text.add_option("--query", sign_options_.query, "of a request");
    text.add_option("--body", sign_options_.body, "of a request");
    text.add_flag("--socket", sign_options_.socket, "the logon of a private socket");
    text.add_option("--timestamp", sign_options_.timestamp, "ms");
    text.add_option("--recv-window", sign_options_.recv_window, "ms");
    text.add_option("--key-env", sign_options_.key_env, "variable that holds the API key");
    text.add_option("--secret-env", sign_options_.secret_env, "variable that holds the secret");
    by_text_ = &text;
    by_status_ = error_->add_option("--http", error_options_.status,
                                    "instead of lines: a status; 0 = no answer");
    error_->add_option("--body", error_options_.body, "of that answer")->needs(by_status_);
  }

  /// Nullopt: none of them was asked for.
  [[nodiscard]] std::optional<int> run() {
    if (request_->parsed())
      return apps::run_lab_request(request_options_, std::cout, std::cerr);
    if (order_->parsed())
      return apps::run_lab_order(lines_, std::cin, std::cout, std::cerr);
    if (sign_->parsed())
      return sign();
    if (error_->parsed())
      return judge();
    return std::nullopt;
  }

private:
  [[nodiscard]] int sign() {
    if (lines_.type.empty())
      lines_.type = "spot";
    if (by_text_->count_all() == 0)
      return apps::run_lab_sign_lines(lines_, std::cin, std::cout, std::cerr);
    sign_options_.venue = lines_.venue;
    sign_options_.type = lines_.type;
    return apps::run_lab_sign(
        sign_options_, [](const std::string& name) { return from_environment(name).value_or(""); },
        std::cout, std::cerr);
  }

  [[nodiscard]] int judge() {
    if (by_status_->count() == 0)
      return apps::run_lab_error_lines(lines_, std::cin, std::cout, std::cerr);
    error_options_.venue = lines_.venue;
    error_options_.type = lines_.type;
    return apps::run_lab_error(error_options_, std::cout, std::cerr);
  }

  apps::LabRequestOptions request_options_;
  apps::LabLinesOptions lines_;
  apps::LabSignOptions sign_options_;
  apps::LabErrorOptions error_options_;
  CLI::App* request_;
  CLI::App* order_;
  CLI::App* sign_;
  CLI::App* error_;
  CLI::App* by_text_ = nullptr;
  CLI::Option* by_status_ = nullptr;
};

/// `tandem capture ...`.
class CaptureCommands {
public:
  explicit CaptureCommands(CLI::App& app) {
    auto& capture
        = *app.add_subcommand("capture", "what a capture sink wrote; beside a running engine too");
    capture.require_subcommand(1);
    verify_ = capture.add_subcommand("verify", "walk every byte under its checksums");
    show_ = capture.add_subcommand("show", "the lines of one series");
    for (auto* command : {verify_, show_})
      command->add_option("DIR", options_.directory, "the sink's directory")->required();
    show_->add_option("--series", options_.series,
                      "frames-<exchange>_<type>; without it the records");
  }

  /// Nullopt when none of them was asked for.
  [[nodiscard]] std::optional<int> run() const {
    if (verify_->parsed())
      return apps::run_capture_verify(options_, std::cout, std::cerr);
    if (show_->parsed())
      return apps::run_capture_show(options_, std::cout, std::cerr);
    return std::nullopt;
  }

private:
  apps::CaptureToolOptions options_;
  CLI::App* verify_;
  CLI::App* show_;
};

/// `tandem journal ...`.
class JournalCommands {
public:
  explicit JournalCommands(CLI::App& app) {
    auto& journal = *app.add_subcommand(
        "journal", "the order journal: check it, read it, copy it; beside a running engine too");
    journal.require_subcommand(1);
    verify_ = journal.add_subcommand("verify", "walk every byte under its checksums");
    dump_ = journal.add_subcommand("dump", "one line per record, for people");
    copy_ = journal.add_subcommand("export", "one JSON object per line and record");
    compact_ = journal.add_subcommand(
        "compact", "fold old files into one; only while no engine holds the journal");
    compact_
        ->add_option("--keep-days", keep_days_, "leave files alone in which anything is younger")
        ->check(CLI::Range(2, 3'650));
    for (auto* command : {verify_, dump_, copy_, compact_})
      command->add_option("DIR", options_.directory, "engine.state_dir, or its journal")
          ->required();
    copy_->add_option("FILE", options_.file, "where to; - = standard output")->required();
    for (auto* command : {dump_, copy_}) {
      command->add_option("--from", options_.from, "first sequence number");
      command->add_option("--to", options_.to, "last sequence number");
    }
  }

  /// Nullopt when none of them was asked for.
  [[nodiscard]] std::optional<int> run() {
    options_.keep = std::chrono::days{keep_days_};
    if (verify_->parsed())
      return apps::run_journal_verify(options_, std::cout, std::cerr);
    if (dump_->parsed())
      return apps::run_journal_dump(options_, std::cout, std::cerr);
    if (copy_->parsed())
      return apps::run_journal_export(options_, std::cout, std::cerr);
    if (compact_->parsed())
      return apps::run_journal_compact(options_, std::cout, std::cerr);
    return std::nullopt;
  }

private:
  apps::JournalToolOptions options_;
  int keep_days_ = 7;
  CLI::App* verify_;
  CLI::App* dump_;
  CLI::App* copy_;
  CLI::App* compact_;
};

/// `tandem keys ...` and `tandem audit ...`: of the engine that a configuration describes.
class SecurityCommands {
public:
  explicit SecurityCommands(CLI::App& app) {
    auto& keys = *app.add_subcommand("keys", "the API keys of the engine's own interfaces");
    keys.require_subcommand(1);
    create_ = keys.add_subcommand("create", "make one; its secret is printed once, to stdout");
    list_ = keys.add_subcommand("list", "who has one, for what, until when");
    revoke_ = keys.add_subcommand("revoke", "end one; a running engine refuses it within a second");
    auto& audit
        = *app.add_subcommand("audit", "who asked the engine for what, and what became of it");
    audit.require_subcommand(1);
    verify_ = audit.add_subcommand("verify", "walk the chain: what was altered, removed, inserted");
    show_ = audit.add_subcommand("show", "the last records");
    for (auto* command : {create_, list_, revoke_, verify_, show_}) {
      command->add_option("CONFIG", file_, "configuration file")->required();
      command->add_option("--set", settings_, "override one key")->type_name("KEY=VALUE");
    }
    create_->add_option("--name", key_.name, "whose it is")->required();
    create_->add_option("--roles", key_.roles, "some of viewer,trader,risk,admin")->required();
    create_->add_option("--days", key_.days, "until it expires; none = never")
        ->check(CLI::Range(1, 3'650));
    revoke_->add_option("ID", key_.id, "as `keys list` shows it")->required();
    list_->add_flag("--json", key_.json, "one object per line");
    verify_->add_option("--head", audit_.head, "a head known elsewhere, NUMBER:HASH");
    show_->add_option("--last", audit_.last, "how many")->check(CLI::Range(1, 1'000'000));
    show_->add_flag("--json", audit_.json, "one object per line");
  }

  /// Nullopt when none of them was asked for.
  [[nodiscard]] std::optional<int> run() const {
    using Run = std::function<int(const config::Config&)>;
    const auto with_key = [this](auto tool) {
      return Run{[this, tool](const config::Config& config) {
        return tool(config, key_, std::cout, std::cerr);
      }};
    };
    const auto with_audit = [this](auto tool) {
      return Run{[this, tool](const config::Config& config) {
        return tool(config, audit_, std::cout, std::cerr);
      }};
    };
    for (const auto& [command, tool] : {std::pair{create_, with_key(apps::run_keys_create)},
                                        std::pair{list_, with_key(apps::run_keys_list)},
                                        std::pair{revoke_, with_key(apps::run_keys_revoke)},
                                        std::pair{verify_, with_audit(apps::run_audit_verify)},
                                        std::pair{show_, with_audit(apps::run_audit_show)}}) {
      if (!command->parsed())
        continue;
      const auto overrides = split(settings_);
      if (!overrides)
        return apps::exit_usage;
      const auto loaded = config::load_file(file_, from_environment, *overrides);
      return report(loaded) ? tool(loaded.config) : apps::exit_configuration;
    }
    return std::nullopt;
  }

private:
  std::string file_;
  std::vector<std::string> settings_;
  apps::KeysToolOptions key_;
  apps::AuditToolOptions audit_;
  CLI::App* create_;
  CLI::App* list_;
  CLI::App* revoke_;
  CLI::App* verify_;
  CLI::App* show_;
};

/// `tandem price-stream`.
class PriceStreamCommand {
public:
  explicit PriceStreamCommand(CLI::App& app)
      : command_{app.add_subcommand("price-stream", "serve candles by REST and WebSocket")} {
    file_ = command_->add_option("--env", options_.env_file, "settings; the environment wins");
    auto& group = *command_->add_option_group("what to do");
    group.require_option(0, 1);
    using apps::PriceStreamRun;
    const auto flag = [&](const char* name, PriceStreamRun run, const char* text) {
      group.add_flag_callback(
          name, [this, run] { options_.run = run; }, text);
    };
    flag("--enhanced", PriceStreamRun::enhanced, "serve all routes and the dashboard");
    flag("--basic", PriceStreamRun::basic, "serve the routes of the basic edition");
    flag("--test-db", PriceStreamRun::test_db, "write a point to the database and read it back");
    flag("--analyze", PriceStreamRun::analyze, "report the first symbol's last 24 hours");
    flag("--status", PriceStreamRun::status, "show the settings (the default)");
    flag("--install", PriceStreamRun::install, "say what is installed");
  }

  /// Nullopt when it was not asked for.
  [[nodiscard]] std::optional<int> run() {
    if (!command_->parsed())
      return std::nullopt;
    options_.env_required = file_->count() > 0;
    return apps::run_price_stream(options_, from_environment, std::cout, std::cerr);
  }

private:
  apps::PriceStreamOptions options_;
  CLI::App* command_;
  CLI::Option* file_ = nullptr;
};

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Tandem: watches two legs on different venues and trades their spread", "tandem"};
  app.set_version_flag("--version", std::string{TANDEM_VERSION});
  app.require_subcommand(1);

  std::string file;
  std::vector<std::string> settings;
  auto* run = app.add_subcommand("run", "run the engine");
  auto* check
      = app.add_subcommand("check", "check a configuration: every mistake with file, line and key");
  for (auto* command : {run, check}) {
    command->add_option("CONFIG", file, "configuration file")->required();
    command
        ->add_option("--set", settings, "override one key, e.g. engine.state_dir=/var/lib/tandem")
        ->type_name("KEY=VALUE");
  }
  std::string capture;
  run->add_option("--capture", capture,
                  "write all that comes in and leaves to this new file; see `replay`")
      ->type_name("FILE");
  apps::capture::ReplayOptions replay;
  auto* play = app.add_subcommand(
      "replay", "play a capture into the same actors, and compare every message that they send");
  play->add_option("FILE", replay.file, "what `run --capture` has written")->required();
  play->add_option("--until", replay.until, "the last turn to be played");
  play->add_option("--trace", replay.trace,
                   "print what this actor handles, logs and sends; a path, or its beginning");
  auto* lab = app.add_subcommand(
      "lab", "protocol laboratory: the real codecs on recorded or hand-made input");
  lab->require_subcommand(1);
  apps::LabBookOptions book;
  auto* lab_book = lab->add_subcommand("book", "replay public frames through codec and book sync");
  lab_book->add_option("--venue", book.venue, "binance or bybit")->required();
  lab_book->add_option("--type", book.type, "spot or linear")->required();
  lab_book->add_flag("--each", book.each, "one line per input frame");
  lab_book->add_option("--symbol", book.symbol, "only this symbol");
  lab_book->add_option("FILE", book.files, "input, plain or gzip; none = standard input");

  LabOrders orders{*lab};
  JournalCommands journal{app};
  const CaptureCommands captured{app};
  const SecurityCommands security{app};
  PriceStreamCommand price_stream{app};

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? apps::exit_ok : apps::exit_usage;
  }
  if (lab_book->parsed())
    return apps::run_lab_book(book, std::cin, std::cout, std::cerr);
  if (const auto code = orders.run())
    return *code;
  if (const auto code = journal.run())
    return *code;
  if (const auto code = captured.run())
    return *code;
  if (const auto code = security.run())
    return *code;
  if (const auto code = price_stream.run())
    return *code;
  if (play->parsed())
    return apps::capture::run_replay(replay, std::cout, std::cerr);
  const auto overrides = split(settings);
  if (!overrides)
    return apps::exit_usage;
  const auto load = [&] { return config::load_file(file, from_environment, *overrides); };
  const auto loaded = load();
  if (!report(loaded))
    return apps::exit_configuration;
  if (check->parsed()) {
    std::cout << file << ": good\n";
    return apps::exit_ok;
  }
  const bool keys
      = std::any_of(loaded.config.listeners.begin(), loaded.config.listeners.end(),
                    [](const auto& listener) { return listener.auth == config::Auth::keys; });
  if (keys && !capture.empty()) {
    std::cerr << "--capture: a capture would hold the clients' keys; listeners with auth: keys are "
                 "not captured\n";
    return apps::exit_configuration;
  }
  const apps::ConfigSource source{file, load, *overrides, [&](const std::string& yaml) {
                                    return config::load_text(yaml, file, from_environment,
                                                             *overrides);
                                  }};
  return capture.empty() ? apps::run_engine(loaded.config, source)
                         : apps::capture::run_captured(loaded.config, source, capture);
}
