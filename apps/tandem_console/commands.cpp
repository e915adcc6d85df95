#include "apps/tandem_console/commands.hpp"

#include "adapters/console/tables.hpp"
#include "adapters/transport/json.hpp"
#include "adapters/transport/url.hpp"
#include "core/console/render.hpp"
#include "core/console/text.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <ostream>
#include <string_view>
#include <utility>

namespace tandem::apps {
namespace {

using adapters::transport::Json;
using adapters::transport::JsonWriter;
using adapters::transport::percent_encoded;
using core::console::Table;
using core::console::Wish;

/// Longer than the engine gives an execution.
constexpr std::chrono::milliseconds command_timeout{45'000};

int say(const core::Error& error, std::ostream& err) {
  err << "tandem-console: " << core::describe(error) << '\n';
  return exit_code(error);
}

/// An answer as a person reads it.
using Text = std::string (*)(const Json& data);

std::string done(const Json&) {
  return "done\n";
}

/// Asks once. A refusal is printed too when JSON is wanted: it is the engine's answer.
int ask(adapters::console::Client& client, const Request& request, bool json, Text text,
        std::ostream& out, std::ostream& err) {
  const auto reply = client.call(request.method, request.target, request.body, command_timeout);
  if (!reply)
    return say(reply.error(), err);
  const auto data = adapters::console::read_reply(reply->body);
  if (json)
    out << reply->body << '\n';
  else if (data)
    out << text(*data);
  if (!data)
    return say(data.error(), err);
  return exit_done;
}

std::string tree_text(const Json& data) {
  return core::console::table_text(adapters::console::tree_table(data, {}));
}

std::string venues_text(const Json& data) {
  return core::console::table_text(adapters::console::venue_table(data, {}));
}

template <Table (*Make)(const Json&)>
std::string text_of(const Json& data) {
  return core::console::table_text(Make(data));
}

std::string log_text(const Json& data) {
  Table table;
  adapters::console::add_log(table, data);
  return core::console::table_text(table);
}

std::string actor_text(const Json& data) {
  const auto detail = adapters::console::actor_detail(data);
  std::string text = core::console::clean(detail.path) + '\n';
  for (const auto& [name, value] : detail.facts)
    text += core::console::fit(name, 12) + core::console::clean(value) + '\n';
  return text + '\n' + core::console::table_text(detail.counters) + '\n'
         + core::console::table_text(detail.messages);
}

/// "pairs: a, b; plans: c" of an answer that lists what was changed.
std::string steered_text(const Json& data) {
  std::string text;
  for (const auto* name : {"pairs", "plans", "plansUnchanged"}) {
    const auto* list = data.find(name);
    if (list == nullptr || list->array() == nullptr || list->array()->empty())
      continue;
    text += std::string{name} + ':';
    for (const auto& id : *list->array())
      text += ' ' + (id.string() == nullptr ? std::string{} : *id.string());
    text += '\n';
  }
  return text;
}

/// What changes, as the engine tells it: one line each.
std::string changes_text(const Json& data) {
  std::string text;
  for (const auto* name : {"mistakes", "changes", "needRestart"}) {
    const auto* list = data.find(name);
    if (list == nullptr || list->array() == nullptr)
      continue;
    for (const auto& one : *list->array())
      text += std::string{name} + ": " + (one.string() == nullptr ? std::string{} : *one.string())
              + '\n';
  }
  return text.empty() ? "no difference\n"
                      : core::console::clean(text.substr(0, text.size() - 1)) + '\n';
}

Request kill_request(const CommandLine& line) {
  JsonWriter out;
  out.begin_object().field("level", line.level);
  if (!line.scope.empty())
    out.field("scope", line.scope);
  out.field("reason", line.reason);
  if (line.flatten)
    out.field("flatten", true);
  out.end_object();
  return {line.release ? "DELETE" : "POST", "/api/risk/kill", out.take()};
}

bool is_true(const Json& data, std::string_view member) {
  const auto* value = data.find(member);
  return value != nullptr && value->boolean() != nullptr && *value->boolean();
}

std::string text_of_member(const Json& data, std::string_view member) {
  const auto* value = data.find(member);
  return value != nullptr && value->string() != nullptr ? *value->string() : std::string{};
}

/// Of a person's word.
std::string journalled_text(const Json& data) {
  return is_true(data, "journalled") ? "" : "; not in the journal yet: a crash would undo it";
}

std::string kill_text(const Json& data) {
  const auto* cancelling = data.find("cancelling");
  const auto orders
      = cancelling == nullptr || cancelling->array() == nullptr ? 0 : cancelling->array()->size();
  return std::string{is_true(data, "changed") ? "done" : "it was so already"}
         + "; orders being cancelled: " + std::to_string(orders) + journalled_text(data) + '\n';
}

Request decide_request(const CommandLine& line) {
  JsonWriter out;
  out.begin_object().field("status", line.status).end_object();
  return {"POST", "/api/orders/" + adapters::transport::percent_encoded(line.subject) + "/decide",
          out.take()};
}

std::string decided_text(const Json& data) {
  const auto* order = data.find("order");
  if (order == nullptr)
    return {};
  return "order " + text_of_member(*order, "clientOrderId") + " is "
         + text_of_member(*order, "state") + ", " + text_of_member(*order, "reason")
         + journalled_text(data) + '\n';
}

// ---- top
// ------------------------------------------------------------------------------------------------------------

void write_top(JsonWriter& out, const Table& table, const std::vector<std::size_t>& rows) {
  out.begin_object().field("success", true).key("data").begin_array();
  for (const auto index : rows) {
    const auto& row = table.rows[index];
    const auto figure = [&](std::size_t column) { return row.cells[column].number.value_or(0); };
    out.begin_object().field("path", row.id).field("state", row.cells[1].text);
    out.field("mailboxDepth", figure(3))
        .field("oldestWaitingNs", figure(4))
        .field("p50Ns", figure(5))
        .field("p99Ns", figure(6));
    // One decimal, exactly.
    out.field("messagesPerSecond", core::Decimal{std::max<std::int64_t>(figure(7), 0), 1})
        .end_object();
  }
  out.end_array().end_object();
}

core::Result<Json> actors(adapters::console::Client& client) {
  const auto reply = client.call("GET", "/api/engine/actors", {}, command_timeout);
  if (!reply)
    return tl::unexpected{reply.error()};
  return adapters::console::read_reply(reply->body);
}

int top(adapters::console::Client& client, const CommandLine& line, std::ostream& out,
        std::ostream& err, Wait wait) {
  constexpr std::size_t rate_column = 7;
  core::console::RateMeter meter;
  const auto first = actors(client);
  if (!first)
    return say(first.error(), err);
  (void)meter.look(adapters::console::message_counts(*first), core::MonoTime{});
  wait(line.interval);
  const auto second = actors(client);
  if (!second)
    return say(second.error(), err);
  const auto rates
      = meter.look(adapters::console::message_counts(*second), core::MonoTime{line.interval});
  auto table = adapters::console::tree_table(*second, rates);
  auto rows = core::console::visible(table, {}, {rate_column, true});
  rows.resize(std::min(rows.size(), line.limit));
  if (line.json) {
    JsonWriter json;
    write_top(json, table, rows);
    out << json.text() << '\n';
    return exit_done;
  }
  Table sorted{table.columns, {}};
  for (const auto index : rows) {
    auto row = table.rows[index];
    row.depth = 0;
    row.cells[0].text = row.id;
    sorted.rows.push_back(std::move(row));
  }
  out << core::console::table_text(sorted);
  return exit_done;
}

// ---- watch
// ----------------------------------------------------------------------------------------------------------

/// Of the log's lines those that are wanted.
std::string log_target(const CommandLine& line, std::size_t limit) {
  auto target = "/api/engine/log?limit=" + std::to_string(limit);
  if (!line.category.empty())
    target += "&category=" + line.category;
  return target;
}

/// New lines of the log, as they come.
int follow_log(adapters::console::Client& client, const CommandLine& line, std::ostream& out,
               std::ostream& err, Wait wait) {
  std::string after = "0";
  for (std::size_t seen = 0;;) {
    const auto reply
        = client.call("GET", log_target(line, 1'000) + "&after=" + after, {}, command_timeout);
    if (!reply)
      return say(reply.error(), err);
    const auto data = adapters::console::read_reply(reply->body);
    if (!data)
      return say(data.error(), err);
    Table table;
    adapters::console::add_log(table, *data);
    for (const auto& row : table.rows) {
      after = row.id;
      JsonWriter json;
      json.begin_object();
      for (std::size_t c = 0; c < table.columns.size(); ++c)
        json.field(table.columns[c].name, row.cells[c].text);
      json.end_object();
      out << json.text() << '\n' << std::flush;
      if (++seen == line.count)
        return exit_done;
    }
    wait(line.interval);
  }
}

/// Of an event "error"; the whole frame when it says none.
std::string message_of(std::string_view frame) {
  const auto json = adapters::transport::parse_json(frame);
  const auto* data = json ? json->find("data") : nullptr;
  const auto* message = data != nullptr ? data->find("message") : nullptr;
  return message != nullptr && message->string() != nullptr ? *message->string()
                                                            : std::string{frame};
}

int watch(adapters::console::Client& client, const CommandLine& line, std::ostream& out,
          std::ostream& err, Wait wait) {
  if (line.subject == "log")
    return follow_log(client, line, out, err, wait);
  JsonWriter subscription;
  subscription.begin_object().field("op", "subscribe").key("events").begin_array();
  if (line.subject != "all")
    subscription.string(line.subject);
  subscription.end_array().end_object();
  std::size_t seen = 0;
  std::optional<core::Error> refused;
  const auto ended = client.watch(subscription.text(), [&](std::string_view frame) {
    if (frame.starts_with(R"({"event":"subscribed")"))
      return true;
    if (frame.starts_with(R"({"event":"error")")) {
      refused = core::Error{core::Errc::validation_error, message_of(frame), line.subject};
      return false;
    }
    out << frame << '\n' << std::flush;
    return ++seen != line.count;
  });
  if (refused)
    return say(*refused, err);
  return ended ? exit_done : say(ended.error(), err);
}

// ---- the list of commands
// -------------------------------------------------------------------------------------------

core::Result<std::string> read_text(const std::string& file) {
  std::ifstream input{file, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{input}, {}};
  if (!input || text.empty())
    return core::fail(core::Errc::validation_error, "cannot be read, or is empty", file);
  return text;
}

struct Simple {
  std::string_view name;
  Text text;
  Request (*request)(const CommandLine& line);
};

Request get(std::string target) {
  return {"GET", std::move(target)};
}

Request list(const CommandLine& line, const std::string& path) {
  return get(path + "?limit=" + std::to_string(line.limit));
}

Request wish(Wish::Kind kind, std::string target) {
  return request_of({kind, std::move(target)}, {});
}

using Line = const CommandLine&;
using Kind = Wish::Kind;

constexpr std::array<Simple, 20> simple_commands{{
    {"tree", tree_text, [](Line) { return get("/api/engine/actors"); }},
    {"actor", actor_text, [](Line line) { return actor_request(full_path(line.subject)); }},
    {"pairs", text_of<adapters::console::pair_table>,
     [](Line) { return get("/api/engine/pairs"); }},
    {"plans", text_of<adapters::console::plan_table>, [](Line) { return get("/api/twap/plans"); }},
    {"orders", text_of<adapters::console::order_table>,
     [](Line line) { return list(line, "/api/orders"); }},
    {"breakers", text_of<adapters::console::breaker_table>,
     [](Line) { return get("/api/risk/breakers"); }},
    {"sinks", text_of<adapters::console::sink_table>,
     [](Line) { return get("/api/engine/sinks"); }},
    {"venues", venues_text, [](Line) { return get("/api/engine/actors"); }},
    {"log", log_text, [](Line line) { return get(log_target(line, line.limit)); }},
    {"pause", steered_text, [](Line line) { return wish(Kind::pause, pair_path(line.subject)); }},
    {"resume", steered_text, [](Line line) { return wish(Kind::resume, pair_path(line.subject)); }},
    {"restart", done, [](Line line) { return wish(Kind::restart, full_path(line.subject)); }},
    {"kill", done, [](Line line) { return wish(Kind::kill, full_path(line.subject)); }},
    {"trip", text_of<adapters::console::breaker_table>,
     [](Line line) { return wish(Kind::trip, line.subject); }},
    {"reset", text_of<adapters::console::breaker_table>,
     [](Line line) { return wish(Kind::reset, line.subject); }},
    {"decide", decided_text, decide_request},
    {"kill-switch", kill_text, kill_request},
    {"drill", done,
     [](Line line) {
       JsonWriter out;
       out.begin_object();
       if (line.subject == "off")
         out.field("off", true);
       else
         out.field("kind", line.subject).field("surface", line.scope);
       if (!line.symbol.empty())
         out.field("symbol", line.symbol);
       if (line.count != 0)
         out.field("count", line.count);
       if (line.for_ms != 0)
         out.field("for_ms", line.for_ms);
       out.end_object();
       return Request{"POST", "/api/engine/drill", out.take()};
     }},
    {"config-diff", changes_text, [](Line) { return get("/api/engine/config"); }},
    {"config-apply", changes_text,
     [](Line) {
       return Request{"POST", "/api/engine/config/apply"};
     }},
}};

int stage(adapters::console::Client& client, const CommandLine& line, std::ostream& out,
          std::ostream& err) {
  const auto text = read_text(line.subject);
  if (!text)
    return say(text.error(), err);
  JsonWriter body;
  body.begin_object().field("yaml", *text).end_object();
  return ask(client, {"PUT", "/api/engine/config", body.take()}, line.json, changes_text, out, err);
}

} // namespace

int exit_code(const core::Error& error) noexcept {
  switch (core::public_code(error.code)) {
  case core::Errc::validation_error:
  case core::Errc::unauthenticated:
  case core::Errc::forbidden:
  case core::Errc::not_found:
  case core::Errc::conflict:
  case core::Errc::risk_rejected:
  case core::Errc::insufficient_funds:
    return exit_usage;
  case core::Errc::rate_limited:
  case core::Errc::exchange_unavailable:
    return exit_no_engine;
  default:
    return error.code == core::Errc::configuration ? exit_configuration : exit_internal;
  }
}

int run_command(adapters::console::Client& client, const CommandLine& line, std::ostream& out,
                std::ostream& err, Wait wait) {
  if (line.name == "top")
    return top(client, line, out, err, wait);
  if (line.name == "watch")
    return watch(client, line, out, err, wait);
  if (line.name == "config-stage")
    return stage(client, line, out, err);
  for (const auto& command : simple_commands)
    if (command.name == line.name)
      return ask(client, command.request(line), line.json, command.text, out, err);
  return say({core::Errc::validation_error, "no such command", line.name}, err);
}

} // namespace tandem::apps
