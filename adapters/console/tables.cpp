#include "adapters/console/tables.hpp"

#include "core/console/text.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <functional>
#include <utility>

namespace tandem::adapters::console {
namespace {

using core::console::Cell;
using core::console::Row;
using core::console::Table;
using core::console::Tone;
using transport::Json;

/// A tree of ten thousand actors, and more.
constexpr transport::JsonLimits reply_limits{64, 2'000'000};

/// A text, number or word as text; empty when there is none.
std::string text_of(const Json* value) {
  if (value == nullptr)
    return {};
  if (const auto* text = value->string())
    return *text;
  if (const auto* number = value->number())
    return number->text;
  if (const auto* flag = value->boolean())
    return *flag ? "yes" : "no";
  return {};
}

std::string text_at(const Json& object, std::string_view key) {
  return text_of(object.find(key));
}

/// The whole part of a number; 0 when there is none.
std::int64_t whole(const Json* value) {
  const auto text = text_of(value);
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::int64_t whole_at(const Json& object, std::string_view key) {
  return whole(object.find(key));
}

std::int64_t whole_in(const Json& object, std::string_view outer, std::string_view key) {
  const auto* inner = object.find(outer);
  return inner == nullptr ? 0 : whole_at(*inner, key);
}

const Json::Array& items(const Json* value) {
  static const Json::Array none;
  const auto* list = value == nullptr ? nullptr : value->array();
  return list == nullptr ? none : *list;
}

Cell count_cell(std::int64_t count) {
  return {core::console::count_text(count), count};
}

Cell duration_cell(std::int64_t ns) {
  return {ns == 0 ? "-" : core::console::duration_text(ns), ns};
}

Cell text_cell(const Json& object, std::string_view key) {
  return {text_at(object, key), std::nullopt};
}

/// Figures of any exactness are sorted by their whole part only where there is one.
Cell number_cell(const Json& object, std::string_view key) {
  return {text_at(object, key), whole_at(object, key)};
}

/// hh:mm:ss of Unix milliseconds, UTC.
Cell time_cell(std::int64_t ts) {
  if (ts == 0)
    return {"-", 0};
  const auto seconds = ts / 1'000 % 86'400;
  const auto two
      = [](std::int64_t value) { return (value < 10 ? "0" : "") + std::to_string(value); };
  return {two(seconds / 3'600) + ':' + two(seconds / 60 % 60) + ':' + two(seconds % 60), ts};
}

Tone tone_of(const std::string& state) {
  for (const auto* word :
       {"down", "restarting", "failing", "killed", "failed", "missing", "refresh_failing", "hangs"})
    if (state == word)
      return Tone::bad;
  for (const auto* word : {"stopping", "starting", "paused", "syncing", "connecting", "waiting",
                           "loading", "closed", "waiting_for_instruments", "trial"})
    if (state == word)
      return Tone::warn;
  for (const auto* word : {"ended", "idle", "public_only"})
    if (state == word)
      return Tone::dim;
  return Tone::plain;
}

/// An open gate is good, an open breaker is not.
Tone tone_of_actor(const Json& node, const std::string& state) {
  if (text_at(node, "kind") != "breaker")
    return tone_of(state);
  return state == "closed" ? Tone::plain : state == "open" ? Tone::bad : Tone::warn;
}

using Visit = std::function<void(const Json& node, std::size_t depth)>;

void walk(const Json& node, std::size_t depth, const Visit& visit) {
  visit(node, depth);
  for (const auto& child : items(node.find("children")))
    walk(child, depth + 1, visit);
}

/// "2/5" of a window that has restarts, "." of one that has none; with all since the start.
Cell restart_cell(const Json& node) {
  const auto all = whole_at(node, "restarts");
  const auto recent = whole_in(node, "restartsInWindow", "count");
  const auto most = whole_in(node, "restartsInWindow", "max");
  const auto text = recent == 0 ? std::to_string(all)
                                : std::to_string(all) + " (" + std::to_string(recent) + '/'
                                      + std::to_string(most) + ')';
  return {text, recent * 1'000'000 + all};
}

Cell oldest_cell(const Json& node) {
  constexpr std::int64_t ns_per_ms = 1'000'000;
  auto cell = duration_cell(whole_at(node, "oldestWaitingMs") * ns_per_ms);
  if (text_at(node, "oldestIsAtLeast") == "yes")
    cell.text = '>' + cell.text;
  return cell;
}

Cell rate_cell(const Json& node, const core::console::Rates& rates) {
  const auto found = rates.find(text_at(node, "path"));
  return found == rates.end() ? Cell{"-", -1}
                              : Cell{core::console::tenths_text(found->second), found->second};
}

/// "BTCUSDT binance spot / bybit linear"; two symbols are told with their legs.
std::string legs_text(const Json& pair) {
  const auto at = [&](std::string_view leg, std::string_view key) {
    const auto* found = pair.find(leg);
    return found == nullptr ? std::string{} : text_at(*found, key);
  };
  const auto market
      = [&](std::string_view leg) { return at(leg, "exchange") + ' ' + at(leg, "type"); };
  const auto one = at("leg1", "symbol");
  const auto other = at("leg2", "symbol");
  return one + ' ' + market("leg1") + " / " + (one == other ? std::string{} : other + ' ')
         + market("leg2");
}

Table handled_table(const Json& data) {
  Table table;
  table.columns = {{"message"}, {"ago", true}, {"took", true}, {"waiting", true}, {""}};
  constexpr std::int64_t ns_per_ms = 1'000'000;
  for (const auto& piece : items(data.find("latest"))) {
    const auto* took = piece.find("tookNs");
    const bool goes_on = took == nullptr || took->null();
    table.rows.push_back({text_at(piece, "number"),
                          0,
                          goes_on ? Tone::warn : Tone::plain,
                          {text_cell(piece, "message"),
                           duration_cell(whole_at(piece, "agoMs") * ns_per_ms),
                           goes_on ? Cell{"goes on", -1} : duration_cell(whole(took)),
                           count_cell(whole_at(piece, "waiting")),
                           {}}});
  }
  return table;
}

} // namespace

core::Result<Json> read_reply(std::string_view body) {
  auto json = transport::parse_json(body, reply_limits);
  if (!json)
    return core::fail(core::Errc::malformed, "the engine's answer: " + json.error().detail);
  const auto* success = json->find("success");
  if (success == nullptr || success->boolean() == nullptr)
    return core::fail(core::Errc::malformed, "the engine's answer is no envelope");
  if (*success->boolean()) {
    const auto* data = json->find("data");
    return data == nullptr ? Json{} : *data;
  }
  const auto* error = json->find("error");
  auto detail = error == nullptr ? std::string{} : text_at(*error, "message");
  const auto code = error == nullptr ? std::string{} : text_at(*error, "code");
  for (const auto known :
       {core::Errc::validation_error, core::Errc::unauthenticated, core::Errc::forbidden,
        core::Errc::not_found, core::Errc::conflict, core::Errc::risk_rejected,
        core::Errc::rate_limited, core::Errc::exchange_unavailable})
    if (core::to_string(known) == code)
      return core::fail(known, std::move(detail));
  return core::fail(core::Errc::internal, detail + " (" + code + ')');
}

core::console::Counts message_counts(const Json& data) {
  core::console::Counts counts;
  walk(data, 0, [&](const Json& node, std::size_t) {
    if (const auto path = text_at(node, "path"); !path.empty())
      counts[path] = static_cast<std::uint64_t>(whole_at(node, "messages"));
  });
  return counts;
}

Table tree_table(const Json& data, const core::console::Rates& rates) {
  Table table;
  table.columns
      = {{"actor"},     {"state"},     {"restarts", true}, {"mailbox", true}, {"oldest", true},
         {"p50", true}, {"p99", true}, {"msg/s", true},    {"last error"}};
  if (data.find("name") == nullptr)
    return table;
  walk(data, 0, [&](const Json& node, std::size_t depth) {
    auto state = text_at(node, "state");
    if (text_at(node, "hanging") == "yes")
      state = "hangs";
    const auto path = text_at(node, "path");
    table.rows.push_back({path.empty() ? text_at(node, "name") : path,
                          depth,
                          tone_of_actor(node, state),
                          {text_cell(node, "name"),
                           {state},
                           restart_cell(node),
                           count_cell(whole_at(node, "mailboxDepth")),
                           oldest_cell(node),
                           duration_cell(whole_in(node, "handling", "p50Ns")),
                           duration_cell(whole_in(node, "handling", "p99Ns")),
                           rate_cell(node, rates),
                           text_cell(node, "lastError")}});
  });
  return table;
}

Table pair_table(const Json& data) {
  Table table;
  table.columns = {{"pair"}, {"state"}, {"legs"}, {"opps", true}, {"held by"}};
  for (const auto& pair : items(&data)) {
    const auto held = text_at(pair, "heldBy");
    const auto state = text_at(pair, "state");
    table.rows.push_back({text_at(pair, "path"),
                          0,
                          held.empty() ? tone_of(state) : Tone::warn,
                          {text_cell(pair, "id"),
                           {state},
                           {legs_text(pair)},
                           count_cell(whole_in(pair, "counters", "opportunities")),
                           {held}}});
  }
  return table;
}

Table plan_table(const Json& data) {
  Table table;
  table.columns = {{"plan"},     {"state"},        {"executed", true},
                   {"of", true}, {"slices", true}, {"held by / reason"}};
  const auto* list = data.array() != nullptr ? &data : data.find("plans");
  for (const auto& plan : items(list)) {
    const auto id = text_at(plan, "planId");
    const auto* progress = plan.find("progress");
    const Json none;
    const auto& done = progress == nullptr ? none : *progress;
    auto why = text_at(plan, "heldBy");
    for (const auto* key : {"pauseRisk", "reason"})
      if (why.empty())
        why = text_at(plan, key);
    if (why.empty() && !text_at(plan, "pausePerson").empty())
      why = "paused by " + text_at(plan, "pausePerson");
    const auto state = text_at(plan, "state");
    table.rows.push_back({"engine/services/strategies/twap." + id,
                          0,
                          tone_of(state),
                          {{id},
                           {state},
                           number_cell(done, "executed"),
                           number_cell(plan, "totalQty"),
                           {text_at(done, "slicesDone") + '/' + text_at(plan, "slicesTotal"),
                            whole_at(done, "slicesDone")},
                           {why}}});
  }
  return table;
}

Table order_table(const Json& data) {
  Table table;
  table.columns = {{"time"},      {"market"},       {"symbol"}, {"side"}, {"price", true},
                   {"qty", true}, {"filled", true}, {"state"},  {"for"},  {"id / reason"}};
  for (const auto& order : items(&data)) {
    const auto state = text_at(order, "state");
    const auto reason = text_at(order, "reason");
    auto whose = text_at(order, "pairId");
    if (whose.empty())
      whose = text_at(order, "planId");
    table.rows.push_back(
        {text_at(order, "clientOrderId"),
         0,
         state == "unknown" ? Tone::bad : tone_of(state),
         {time_cell(whole_at(order, "ts")),
          {text_at(order, "exchange") + ' ' + text_at(order, "type")},
          text_cell(order, "symbol"),
          text_cell(order, "side"),
          number_cell(order, "price"),
          number_cell(order, "qty"),
          number_cell(order, "filled"),
          {state},
          {whose},
          {text_at(order, "clientOrderId") + (reason.empty() ? "" : " " + reason)}}});
  }
  return table;
}

Table breaker_table(const Json& data) {
  Table table;
  table.columns = {{"breaker"}, {"state"}, {"trips", true}, {"since", true}, {"cause"}};
  // A list of them, or the one that a person has just tripped.
  const Json::Array one{data};
  for (const auto& breaker : data.array() != nullptr ? items(&data) : one) {
    const auto name = text_at(breaker, "name");
    const auto state = text_at(breaker, "state");
    const auto cause = text_at(breaker, "cause");
    const auto detail = text_at(breaker, "detail");
    const auto tone = state == "closed" ? Tone::plain : state == "open" ? Tone::bad : Tone::warn;
    table.rows.push_back(
        {"engine/services/risk/breaker." + name,
         0,
         tone,
         {{name},
          {state},
          count_cell(whole_at(breaker, "trips")),
          time_cell(whole_at(breaker, "since")),
          {state == "closed" ? "" : cause + (detail.empty() ? "" : ": " + detail)}}});
  }
  return table;
}

Table sink_table(const Json& data) {
  Table table;
  table.columns
      = {{"sink"},      {"state"},       {"records", true}, {"delivered", true}, {"waiting", true},
         {"lag", true}, {"spool", true}, {"lost", true},    {"last error"}};
  constexpr std::int64_t ns_per_ms = 1'000'000;
  for (const auto& sink : items(&data)) {
    const auto count
        = [&](std::string_view key) { return count_cell(whole_in(sink, "counters", key)); };
    const auto state = text_at(sink, "state");
    table.rows.push_back({text_at(sink, "path"),
                          0,
                          whole_in(sink, "counters", "lost") > 0 ? Tone::bad : tone_of(state),
                          {text_cell(sink, "id"),
                           {state},
                           count("records"),
                           count("delivered"),
                           count("waiting"),
                           duration_cell(whole_in(sink, "counters", "lag_ms") * ns_per_ms),
                           count("spool_bytes"),
                           count("lost"),
                           text_cell(sink, "lastError")}});
  }
  return table;
}

Table venue_table(const Json& data, const core::console::Rates& rates) {
  Table table;
  table.columns
      = {{"market"},       {"feed"},       {"private feed"}, {"orders"},    {"restarts", true},
         {"frames", true}, {"gaps", true}, {"msg/s", true},  {"last error"}};
  const auto child = [](const Json& node, std::string_view name) -> const Json* {
    for (const auto& one : items(node.find("children")))
      if (text_at(one, "name") == name)
        return &one;
    return nullptr;
  };
  const auto state = [](const Json* node) {
    return node == nullptr ? std::string{"-"} : text_at(*node, "state");
  };
  walk(data, 0, [&](const Json& node, std::size_t) {
    const auto* feed = child(node, "feed");
    if (feed == nullptr)
      return;
    auto name = text_at(node, "path");
    constexpr std::string_view above = "/venues/";
    if (const auto at = name.find(above); at != std::string::npos)
      name = name.substr(at + above.size());
    table.rows.push_back({text_at(node, "path"),
                          0,
                          tone_of(text_at(*feed, "state")),
                          {{name},
                           {state(feed)},
                           {state(child(node, "private_feed"))},
                           {state(child(node, "order_gateway"))},
                           restart_cell(*feed),
                           count_cell(whole_in(*feed, "counters", "frames")),
                           count_cell(whole_in(*feed, "counters", "gaps")),
                           rate_cell(*feed, rates),
                           text_cell(*feed, "lastError")}});
  });
  return table;
}

void add_log(Table& table, const Json& data) {
  table.columns = {{"time"}, {"level"}, {"event", false, 28}, {"actor", false, 36}, {"said"}};
  constexpr std::string_view root = "engine/services/";
  for (const auto& line : items(data.find("lines"))) {
    const auto level = text_at(line, "level");
    auto place = text_at(line, "actor");
    if (place.starts_with(root))
      place = place.substr(root.size());
    std::string said;
    if (const auto* fields = line.find("fields"); fields != nullptr && fields->object() != nullptr)
      for (const auto& [key, value] : *fields->object())
        said += (said.empty() ? "" : "  ") + key + '=' + text_of(&value);
    const auto tone = level == "error"     ? Tone::bad
                      : level == "warning" ? Tone::warn
                      : level == "debug"   ? Tone::dim
                                           : Tone::plain;
    table.rows.push_back(
        {text_at(line, "number"),
         0,
         tone,
         {time_cell(whole_at(line, "ts")), {level}, text_cell(line, "event"), {place}, {said}}});
  }
  if (table.rows.size() > lines_kept)
    table.rows.erase(table.rows.begin(),
                     table.rows.end() - static_cast<std::ptrdiff_t>(lines_kept));
}

core::console::Detail actor_detail(const Json& data) {
  core::console::Detail detail;
  detail.path = text_at(data, "path");
  const auto add = [&](std::string name, std::string value) {
    detail.facts.emplace_back(std::move(name), std::move(value));
  };
  const auto hangs = text_at(data, "hanging") == "yes";
  add("kind", text_at(data, "kind"));
  add("state", hangs ? "hangs: " + text_at(data, "state") : text_at(data, "state"));
  add("restarts", text_at(data, "restarts") + " since the start, "
                      + std::to_string(whole_in(data, "restartsInWindow", "count")) + " of "
                      + std::to_string(whole_in(data, "restartsInWindow", "max")) + " within "
                      + std::to_string(whole_in(data, "restartsInWindow", "seconds")) + " s");
  add("errors", text_at(data, "errors"));
  add("last error", text_at(data, "lastError"));
  add("handled", text_at(data, "messages") + " messages, p50 "
                     + duration_cell(whole_in(data, "handling", "p50Ns")).text + ", p99 "
                     + duration_cell(whole_in(data, "handling", "p99Ns")).text);
  add("mailbox",
      text_at(data, "mailboxDepth") + " waiting, the oldest for " + oldest_cell(data).text);
  detail.counters.columns = {{"counter"}, {"value", true, 24}};
  if (const auto* counters = data.find("counters");
      counters != nullptr && counters->object() != nullptr)
    for (const auto& [name, value] : *counters->object())
      detail.counters.rows.push_back(
          {name, 0, Tone::plain, {{name}, {text_of(&value), whole(&value)}}});
  detail.messages = handled_table(data);
  return detail;
}

std::vector<std::string> kill_texts(const Json& data) {
  std::vector<std::string> texts;
  for (const auto& kill : items(&data)) {
    auto text = text_at(kill, "level");
    if (const auto scope = text_at(kill, "scope"); !scope.empty())
      text += ' ' + scope;
    text += " (by " + text_at(kill, "person");
    if (const auto reason = text_at(kill, "reason"); !reason.empty())
      text += ": " + reason;
    texts.push_back(text + ')');
  }
  return texts;
}

void read_health(core::console::Model& model, const Json& data) {
  model.engine = text_at(data, "name");
  model.mode = text_at(data, "mode");
  model.version = text_at(data, "version");
  constexpr std::int64_t ns_per_second = 1'000'000'000;
  model.uptime = core::console::duration_text(whole_at(data, "uptimeSeconds") * ns_per_second);
}

} // namespace tandem::adapters::console
