#include "actors/api/tree_view.hpp"

#include "adapters/traders/json.hpp"
#include "core/supervision/recent_work.hpp"
#include "core/supervision/work_watch.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace tandem::actors {
namespace {

using adapters::traders::JsonWriter;
using core::supervision::Intensity;
using core::supervision::WorkDone;
using messages::ActorCell;
using messages::CellPtr;

/// Restarts are told within the time that the supervisor above counts them in.
using Intensities = std::map<std::string, Intensity, std::less<>>;

std::string_view parent_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
}

Intensities intensities_of(const std::vector<CellPtr>& cells) {
  Intensities result;
  for (const auto& cell : cells)
    if (const auto intensity = cell->intensity())
      result.emplace(cell->path(), *intensity);
  return result;
}

std::int64_t count_ms(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

void write_counters(JsonWriter& out, const ActorCell& cell) {
  out.begin_object();
  for (const auto& [name, value] : cell.counters())
    out.field(name, value);
  out.end_object();
}

void write_restarts(JsonWriter& out, const ActorCell& cell, const Intensities& intensities,
                    core::MonoTime now) {
  const auto above = intensities.find(parent_of(cell.path()));
  const Intensity window = above == intensities.end() ? Intensity{} : above->second;
  out.field("restarts", cell.restarts.load())
      .key("restartsInWindow")
      .begin_object()
      .field("count", static_cast<std::uint64_t>(cell.restarts_within(now, window.within)))
      .field("max", static_cast<std::uint64_t>(window.restarts_max))
      .field("seconds", static_cast<std::int64_t>(window.within.count()))
      .end_object();
}

void write_cell(JsonWriter& out, const ActorCell& cell, const Intensities& intensities,
                const std::vector<WorkDone>& latest, core::MonoTime now) {
  out.field("path", cell.path())
      .field("kind", cell.kind())
      .field("state", cell.state())
      .field("actorId", cell.actor_id.load());
  write_restarts(out, cell, intensities, now);
  out.field("messages", cell.messages.load()).field("errors", cell.errors.load());
  const auto oldest = core::supervision::oldest_waiting(latest, now);
  out.field("lastError", cell.last_error())
      .field("mailboxDepth", cell.mailbox_depth.load())
      .field("oldestWaitingMs", count_ms(oldest.age))
      .field("oldestIsAtLeast", oldest.at_least);
  out.key("handling")
      .begin_object()
      .field("p50Ns", cell.handling.quantile_ns(500))
      .field("p99Ns", cell.handling.quantile_ns(990));
  out.field("totalNs", cell.handling.total_ns()).end_object();
  out.field("hanging", core::supervision::hangs(cell.handling_since(), now));
  out.key("counters");
  write_counters(out, cell);
}

struct Node {
  std::string name;
  CellPtr cell;
  std::vector<Node> children; ///< in the order they were made

  Node& child(std::string_view wanted) {
    for (auto& node : children)
      if (node.name == wanted)
        return node;
    children.emplace_back().name = wanted;
    return children.back();
  }
};

void write_node(JsonWriter& out, const Node& node, const Intensities& intensities,
                core::MonoTime now) {
  out.begin_object().field("name", node.name);
  if (node.cell)
    write_cell(out, *node.cell, intensities, node.cell->recent.latest(), now);
  out.key("children").begin_array();
  for (const auto& child : node.children)
    write_node(out, child, intensities, now);
  out.end_array().end_object();
}

void write_messages(JsonWriter& out, const std::vector<WorkDone>& latest, core::MonoTime now) {
  out.key("latest").begin_array();
  for (const auto& piece : latest) {
    out.begin_object()
        .field("number", piece.number)
        .field("message", piece.what)
        .field("agoMs", count_ms(now - piece.began));
    out.key("tookNs");
    if (piece.took)
      out.integer(piece.took->count());
    else
      out.null();
    out.field("waiting", piece.waiting).end_object();
  }
  out.end_array();
}

} // namespace

std::string tree_json(const messages::Context& context) {
  const auto cells = context.cells->all();
  Node top;
  for (const auto& cell : cells) {
    Node* node = &top;
    for (std::string_view rest{cell->path()}; !rest.empty();) {
      const auto slash = rest.find('/');
      node = &node->child(rest.substr(0, slash));
      rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    }
    node->cell = cell;
  }
  JsonWriter out;
  if (top.children.empty())
    return "{}";
  write_node(out, top.children.front(), intensities_of(cells), context.clocks.mono());
  return out.take();
}

std::string actor_json(const messages::Context& context, std::string_view path) {
  const auto cells = context.cells->all();
  const auto found = std::find_if(cells.begin(), cells.end(),
                                  [&](const CellPtr& cell) { return cell->path() == path; });
  if (found == cells.end())
    return {};
  const auto& cell = **found;
  const auto latest = cell.recent.latest();
  const auto now = context.clocks.mono();
  JsonWriter out;
  out.begin_object().field("name", path.substr(path.rfind('/') + 1));
  write_cell(out, cell, intensities_of(cells), latest, now);
  out.key("intensity");
  if (const auto own = cell.intensity())
    out.begin_object()
        .field("max", static_cast<std::uint64_t>(own->restarts_max))
        .field("seconds", static_cast<std::int64_t>(own->within.count()))
        .end_object();
  else
    out.null();
  write_messages(out, latest, now);
  out.end_object();
  return out.take();
}

std::string sinks_json(const messages::Context& context) {
  constexpr std::string_view mark = "/sink.";
  JsonWriter out;
  out.begin_array();
  for (const auto& cell : context.cells->all()) {
    if (cell->kind() != "sink")
      continue;
    const auto at = cell->path().rfind(mark);
    out.begin_object()
        .field("id", at == std::string::npos ? cell->path() : cell->path().substr(at + mark.size()))
        .field("path", cell->path())
        .field("state", cell->state());
    out.field("lastError", cell->last_error()).key("counters");
    write_counters(out, *cell);
    out.end_object();
  }
  out.end_array();
  return out.take();
}

} // namespace tandem::actors
