#include "apps/tandem/capture/live.hpp"

#include "adapters/files/posix_files.hpp"
#include "apps/tandem/capture/file.hpp"
#include "apps/tandem/capture/host.hpp"
#include "apps/tandem/capture/machine.hpp"
#include "apps/tandem/config_watch.hpp"
#include "apps/tandem/log_backend.hpp"
#include "apps/tandem/process.hpp"
#include "apps/tandem/sinks.hpp"
#include "apps/tandem/trading.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <thread>
#include <utility>

namespace tandem::apps::capture {
namespace {

using adapters::venues::KeyKind;
using adapters::venues::KeyRing;

/// Writes what leaves, and lets it.
class Recorder final : public Outside {
public:
  Recorder(Writer& writer, Machine& machine, std::vector<std::string> keys)
      : writer_{writer}, machine_{machine}, keys_{std::move(keys)} {}

  void bind(const Host& host) { host_ = &host; }

  void leaves(Item item, const std::function<void(Machine&)>& perform) override {
    write(item);
    perform(machine_);
  }

  [[nodiscard]] Item answer(Item question,
                            const std::function<void(Machine&, Item&)>& ask) override {
    ask(machine_, question);
    write(question);
    return question;
  }

private:
  void write(Item& item) {
    item.actors = {static_cast<std::uint32_t>(host_->running())};
    redact(item, keys_);
    writer_.put(item);
  }

  Writer& writer_;
  Machine& machine_;
  std::vector<std::string> keys_;
  const Host* host_ = nullptr;
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string name_of(KeyKind kind) {
  switch (kind) {
  case KeyKind::hmac:
    return "hmac";
  case KeyKind::ed25519:
    return "ed25519";
  case KeyKind::rsa:
    return "rsa";
  }
  return {};
}

/// The configuration as it stands in the file, and all that is read to understand it.
void put_configuration(Header& header, const ConfigSource& source) {
  header.version = TANDEM_VERSION;
  header.config_name = source.file;
  header.config = read_file(source.file);
  for (const auto& [key, value] : source.overrides)
    header.overrides.insert(header.overrides.end(), {key, value});
  static_cast<void>(config::load_text(
      header.config, source.file,
      [&header](const std::string& name) -> std::optional<std::string> {
        auto value = from_environment(name);
        if (value.empty())
          return std::nullopt;
        header.environment[name] = value;
        return value;
      },
      source.overrides));
}

void put_files(Header& header, const config::Config& config) {
  for (const auto* name : {"pairs.db", "pairs.db-journal"})
    if (const auto path = std::filesystem::path{config.engine.state_dir} / name;
        std::filesystem::exists(path))
      header.pairs[name] = read_file(path);
  const auto files = journal_files(config);
  if (const auto names = files->list())
    for (const auto& name : *names)
      if (auto bytes = files->read(name); bytes && name.find("lock") == std::string::npos)
        header.journal[name] = *std::move(bytes);
}

/// The API keys, to be kept out of the file.
std::vector<std::string> put_keys(Header& header, const config::Config& config,
                                  const KeyRing& keys) {
  std::vector<std::string> names;
  for (const auto& venue : config.venues) {
    const auto found = keys.get(venue.id);
    if (!found.complete())
      continue;
    header.keys[venue.id.text()] = name_of(found.kind());
    names.push_back(found.api_key);
  }
  return names;
}

/// From the first item to the last actor's end.
void run_loop(Host& host, Writer& writer, Queue& queue, const core::Clocks& clocks,
              const std::vector<std::string>& keys, std::atomic<bool>& gave_up) {
  const auto play = [&](Item item) {
    if (item.kind == Kind::reply || item.kind == Kind::text)
      hide_keys(item, keys);
    item.mono = std::max(clocks.mono(), host.now()).time_since_epoch().count();
    item.wall = clocks.wall().time_since_epoch().count();
    writer.put(item);
    host.turn(item);
    Item turn{.kind = Kind::turn};
    turn.actors.swap(host.steps());
    writer.put(turn);
    gave_up = gave_up || host.gave_up();
  };
  play({.kind = Kind::begin});
  while (!host.ended())
    play(queue.wait_until(host.next_timer()).value_or(Item{.kind = Kind::time}));
  writer.put({.kind = Kind::end});
}

int refuse(const core::Error& why, int code) {
  std::cerr << core::describe(why) << '\n';
  return code;
}

} // namespace

int run_captured(const config::Config& config, const ConfigSource& source,
                 const std::string& file) {
  const auto signals = block_signals();
  use_all_descriptors();
  const auto clocks = machine_clocks();
  const auto log = make_log(config.log, std::string{config::to_string(config.mode)}, clocks);
  adapters::transport::Io venue_io{"venues", clocks};
  adapters::transport::Io api_io{"api", clocks};
  tell_faults(venue_io, "venues", *log);
  tell_faults(api_io, "api", *log);
  if (const int problem = check_resources(config, api_io); problem != exit_ok)
    return problem;
  // Outside of what is captured: sinks hear of the run and say nothing to it.
  const adapters::transport::ThreadPlace serving{config.engine.serving_cpus, true};
  adapters::transport::Io sinks_io{"sinks", clocks, serving};
  const auto http = adapters::transport::make_http_client(sinks_io);
  auto sinks = make_sinks(config, from_environment, clocks, *http, proxy_of);
  if (!sinks)
    return refuse(sinks.error(), exit_configuration);
  auto keys = find_keys(config, from_environment);
  if (!keys)
    return refuse(keys.error(), exit_configuration);
  if (const auto vault = open_vault(config, from_environment, **keys); !vault)
    return refuse(vault.error(), exit_configuration);

  Header header;
  put_configuration(header, source);
  put_files(header, config);
  const auto hidden = put_keys(header, config, **keys);
  std::random_device device;
  header.seed = (std::uint64_t{device()} << 32U) | device();
  header.mono = clocks.mono().time_since_epoch().count();
  header.wall = clocks.wall().time_since_epoch().count();
  auto writer = Writer::create(file, header);
  if (!writer)
    return refuse(writer.error(), exit_unavailable);

  auto sink_threads = start_sinks(sinks->sinks, serving, clocks, *log);
  Queue queue;
  Sockets machine{venue_io, api_io, queue};
  Recorder recorder{**writer, machine, hidden};
  const auto left_out = std::ranges::count(config.listeners, config::Surface::grpc,
                                           &config::ListenerConfig::surface);
  ReadyLine ready{config.listeners.size() - static_cast<std::size_t>(left_out)};
  Host host{{header, config, recorder, *log, std::cout,
             [&ready](config::Surface surface, const std::string& address) {
               ready.add(surface, address);
             },
             proxy_of, sinks->tape}};
  recorder.bind(host);
  if (const auto opened = host.open(journal_files(config), *std::move(keys)); !opened)
    return refuse(opened.error(), exit_unavailable);

  log->write(core::LogLevel::info, "engine_starting",
             {{"version", TANDEM_VERSION}, {"name", config.engine.name}, {"capture", file}});
  if (sinks->tap)
    log->write(core::LogLevel::warning, "frames_off",
               {{"message", "in a captured run the markets' frames stand in the capture only, not "
                            "in the files of a capture sink"}});
  if (left_out > 0)
    log->write(
        core::LogLevel::warning, "grpc_off",
        {{"message", "a captured run serves no gRPC: what comes in that way is not written"}});
  std::atomic<bool> gave_up{false};
  std::thread loop{[&] { run_loop(host, **writer, queue, clocks, hidden, gave_up); }};
  ConfigWatch watch{source.file};
  bool told_lost = false;
  Watches watches;
  watches.state_dir = config.engine.state_dir;
  watches.kill
      = [&queue](const std::string& person) { queue.put({.kind = Kind::kill, .texts = {person}}); };
  watches.look = [&] {
    if (watch.changed())
      queue.put({.kind = Kind::reload, .texts = {read_file(source.file)}});
    if ((*writer)->lost() && !std::exchange(told_lost, true))
      log->write(
          core::LogLevel::error, "capture_lost",
          {{"message", file + " ends here: the disk is full or too slow; the engine goes on"}});
  };
  const bool asked = wait_for_end(signals, gave_up, watches);
  if (asked && config.engine.report_on_exit)
    queue.put({.kind = Kind::report});
  log->write(core::LogLevel::info, asked ? "engine_stopping" : "engine_gave_up", {});
  StopWatchdog watchdog{config.engine.stop_timeout};
  queue.put({.kind = Kind::stop});
  loop.join();
  sink_threads.clear(); // within the time that the stop has
  log->write(core::LogLevel::info, "engine_stopped",
             {{"capture", file}, {"items", std::to_string((*writer)->items())}});
  return gave_up ? exit_internal : exit_ok;
}

} // namespace tandem::apps::capture
