#include "actors/supervisor/actor_watch.hpp"

#include "messages/alert.hpp"

#include <string>
#include <utility>
#include <vector>

namespace tandem::actors::supervisor {

using core::supervision::WorkNews;
using messages::Severity;

ActorWatch::ActorWatch(messages::ContextPtr context) : context_{std::move(context)} {}

void ActorWatch::look() {
  // Before the cells: a handler that begins meanwhile has not worked yet.
  const auto now = context_->clocks.mono();
  std::vector<core::supervision::WorkSeen> all;
  for (const auto& cell : context_->cells->all())
    all.push_back({cell->path(), cell->handling_since(),
                   cell->mailbox_depth.load(std::memory_order_relaxed)});
  for (const auto& news : watch_.look(all, now))
    tell(news);
}

void ActorWatch::tell(const WorkNews& news) const {
  const auto ms
      = std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(news.lasted).count());
  const auto waiting = std::to_string(news.waiting);
  const auto say = [&](Severity severity, const char* code, const std::string& text) {
    messages::publish_alert(*context_, severity, code, news.name, text);
  };
  switch (news.kind) {
  case WorkNews::Kind::hangs:
    return say(Severity::critical, "ACTOR_HANGS", "one message for " + ms + " ms, and it goes on");
  case WorkNews::Kind::works_again:
    return say(Severity::info, "ACTOR_WORKS_AGAIN", "one message took it " + ms + " ms");
  case WorkNews::Kind::drowns:
    return say(Severity::warning, "MAILBOX_FLOODED", waiting + " messages wait");
  case WorkNews::Kind::caught_up:
    return say(Severity::info, "MAILBOX_WORKED_OFF", waiting + " messages wait");
  }
}

} // namespace tandem::actors::supervisor
