#include "core/supervision/restart_policy.hpp"

#include "core/ensure.hpp"

#include <algorithm>

namespace tandem::core::supervision {
namespace {

bool restarts_after(Permanence permanence, bool abnormal) {
  switch (permanence) {
  case Permanence::permanent:
    return true;
  case Permanence::transient:
    return abnormal;
  case Permanence::temporary:
    return false;
  }
  return false;
}

} // namespace

std::string_view to_string(Strategy strategy) noexcept {
  switch (strategy) {
  case Strategy::one_for_one:
    return "one_for_one";
  case Strategy::one_for_all:
    return "one_for_all";
  case Strategy::rest_for_one:
    return "rest_for_one";
  }
  return "one_for_one";
}

Decision RestartPolicy::on_exit(std::size_t child, const std::vector<Permanence>& children,
                                const std::vector<bool>& running, bool abnormal, MonoTime now) {
  TANDEM_ENSURE(child < children.size() && children.size() == running.size());
  Decision decision;
  if (!restarts_after(children[child], abnormal))
    return decision;
  while (!restarts_.empty() && now - restarts_.front() > intensity_.within)
    restarts_.pop_front();
  restarts_.push_back(now);
  if (restarts_.size() > intensity_.restarts_max) {
    decision.verdict = Verdict::escalate;
    for (auto i = children.size(); i-- > 0;)
      if (i != child && running[i])
        decision.stop.push_back(i);
    return decision;
  }
  decision.verdict = Verdict::restart;
  for (auto i = children.size(); i-- > 0;)
    if (i != child && concerns(child, i) && running[i])
      decision.stop.push_back(i);
  decision.start = restarted_with(child, children);
  return decision;
}

std::vector<std::size_t>
RestartPolicy::restarted_with(std::size_t child, const std::vector<Permanence>& children) const {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < children.size(); ++i)
    if (i == child || (concerns(child, i) && children[i] != Permanence::temporary))
      result.push_back(i);
  return result;
}

bool RestartPolicy::concerns(std::size_t child, std::size_t other) const noexcept {
  return strategy_ == Strategy::one_for_all
         || (strategy_ == Strategy::rest_for_one && other > child);
}

std::size_t RestartPolicy::recent(MonoTime now) const noexcept {
  return static_cast<std::size_t>(
      std::count_if(restarts_.begin(), restarts_.end(),
                    [&](MonoTime at) { return now - at <= intensity_.within; }));
}

} // namespace tandem::core::supervision
