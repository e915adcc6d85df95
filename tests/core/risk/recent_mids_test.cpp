#include "core/risk/recent_mids.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

using namespace std::chrono_literals;
using namespace tandem::core;
using namespace tandem::core::risk;

TEST_CASE("four mids have no median, the fifth makes one") {
  RecentMids mids;
  MonoTime now{1h};
  for (int n = 1; n <= 4; ++n, now += mids_spacing)
    mids.add(n, now);
  CHECK_FALSE(mids.median(now));
  mids.add(100, now);
  CHECK(mids.median(now) == Int128{3});
}

TEST_CASE("a mid within a tenth of a second of the last one does not count") {
  RecentMids mids;
  mids.add(1, MonoTime{1h});
  mids.add(2, MonoTime{1h} + mids_spacing - 1ns);
  CHECK(mids.size() == 1);
  mids.add(3, MonoTime{1h} + mids_spacing);
  CHECK(mids.size() == 2);
}

TEST_CASE("a mid is forgotten after a minute") {
  RecentMids mids;
  for (int n = 0; n < 5; ++n)
    mids.add(n, MonoTime{1h} + n * mids_spacing);
  CHECK(mids.median(MonoTime{1h} + mids_window - 1ns));
  CHECK_FALSE(mids.median(MonoTime{1h} + mids_window));
}

TEST_CASE("the median is that of a sorted list, and their number is bounded") {
  std::mt19937_64 random{7};
  RecentMids mids;
  std::vector<std::pair<MonoTime, Int128>> model;
  MonoTime now{1h};
  for (int n = 0; n < 5'000; ++n) {
    now += std::chrono::milliseconds{100 + (random() % 50 == 0 ? random() % 30'000 : random() % 3)};
    const auto value = static_cast<Int128>(random() % 40);
    mids.add(value, now);
    model.emplace_back(now, value);
    std::erase_if(model, [&](const auto& sample) { return now - sample.first >= mids_window; });
    std::vector<Int128> sorted;
    for (const auto& sample : model)
      sorted.push_back(sample.second);
    std::ranges::sort(sorted);
    REQUIRE(mids.size() == sorted.size());
    REQUIRE(mids.size() <= mids_max);
    const auto median = mids.median(now);
    REQUIRE(median.has_value() == (sorted.size() >= mids_min));
    if (median)
      REQUIRE((*median == sorted[sorted.size() / 2]));
  }
}
