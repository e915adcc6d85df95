/// The program `tandem`: its command line. What a command does is in apps/tandem/.
#include "apps/tandem/engine.hpp"
#include "apps/tandem/journal_tool.hpp"
#include "apps/tandem/lab.hpp"
#include "config/load.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace tandem;

std::optional<std::string> from_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
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

  auto* journal = app.add_subcommand(
      "journal", "the order journal: check it, read it, copy it; beside a running engine too");
  journal->require_subcommand(1);
  apps::JournalToolOptions records;
  auto* verify = journal->add_subcommand("verify", "walk every byte under its checksums");
  auto* dump = journal->add_subcommand("dump", "one line per record, for people");
  auto* copy = journal->add_subcommand("export", "one JSON object per line and record");
  for (auto* command : {verify, dump, copy})
    command->add_option("DIR", records.directory, "engine.state_dir, or its journal")->required();
  copy->add_option("FILE", records.file, "where to; - = standard output")->required();
  for (auto* command : {dump, copy}) {
    command->add_option("--from", records.from, "first sequence number");
    command->add_option("--to", records.to, "last sequence number");
  }

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? apps::exit_ok : apps::exit_usage;
  }
  if (lab_book->parsed())
    return apps::run_lab_book(book, std::cin, std::cout, std::cerr);
  if (verify->parsed())
    return apps::run_journal_verify(records, std::cout, std::cerr);
  if (dump->parsed())
    return apps::run_journal_dump(records, std::cout, std::cerr);
  if (copy->parsed())
    return apps::run_journal_export(records, std::cout, std::cerr);
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
  return apps::run_engine(loaded.config, {file, load});
}
