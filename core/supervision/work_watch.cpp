#include "core/supervision/work_watch.hpp"

#include <utility>

namespace tandem::core::supervision {

using Kind = WorkNews::Kind;

void WorkWatch::judge_hang(const WorkSeen& seen, Trouble& trouble, MonoTime now,
                           std::vector<WorkNews>& news) const {
  if (trouble.hangs_since && trouble.hangs_since != seen.working_since) {
    news.push_back({Kind::works_again, seen.name, now - *trouble.hangs_since, seen.waiting});
    trouble.hangs_since.reset();
  }
  if (trouble.hangs_since || !hangs(seen.working_since, now, limits_))
    return;
  trouble.hangs_since = seen.working_since;
  news.push_back({Kind::hangs, seen.name, now - *seen.working_since, seen.waiting});
}

void WorkWatch::judge_waiting(const WorkSeen& seen, Trouble& trouble,
                              std::vector<WorkNews>& news) const {
  const bool over = trouble.drowns && seen.waiting <= limits_.waiting_max / 2;
  const bool begins = !trouble.drowns && seen.waiting > limits_.waiting_max;
  if (!over && !begins)
    return;
  trouble.drowns = begins;
  news.push_back({begins ? Kind::drowns : Kind::caught_up, seen.name, {}, seen.waiting});
}

std::vector<WorkNews> WorkWatch::look(std::span<const WorkSeen> all, MonoTime now) {
  const auto before = std::exchange(looked_at_, now);
  if (before && now - *before > limits_.hang_after)
    return {};
  std::vector<WorkNews> news;
  std::map<std::string, Trouble> troubles;
  for (const auto& seen : all) {
    auto& trouble = troubles[seen.name];
    if (const auto known = troubles_.find(seen.name); known != troubles_.end())
      trouble = known->second;
    judge_hang(seen, trouble, now, news);
    judge_waiting(seen, trouble, news);
  }
  troubles_ = std::move(troubles);
  return news;
}

} // namespace tandem::core::supervision
