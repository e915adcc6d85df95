#include "apps/tandem_sim/flow.hpp"

#include <algorithm>

namespace tandem::sim {
namespace {

constexpr std::int64_t billion = 1'000'000'000;

std::int64_t root(std::int64_t value) noexcept {
  std::int64_t r = 0;
  while ((r + 1) * (r + 1) <= value)
    ++r;
  return r;
}

std::int64_t scaled(std::int64_t value, std::int64_t ppb) noexcept {
  return value + static_cast<std::int64_t>(static_cast<core::Int128>(value) * ppb / billion);
}

/// Memory of the basis: it loses this share of itself per second.
constexpr std::int64_t basis_return_ppm_per_second = 200'000;
/// The fair value is drawn back to its start by this share of the distance per second, so that a
/// long run stays plausible.
constexpr std::int64_t fair_return_ppm_per_second = 300;

} // namespace

Flow::Flow(const Scenario& scenario, Time start)
    : options_{scenario.flow}, next_{start + scenario.flow.step} {
  // A uniform draw in [-w, w] has the standard deviation w/sqrt(3); n of them per second add up to
  // w*sqrt(n/3).
  const auto steps
      = std::max<std::int64_t>(1'000 / std::max<std::int64_t>(options_.step.count(), 1), 1);
  const auto thousand_over_root
      = 1'000'000 / std::max<std::int64_t>(root(steps * 1'000'000 / 3), 1);
  fair_step_ppb_ = options_.volatility_ppm * thousand_over_root;
  // Stationary deviation of an AR(1) with return r per second is about w*sqrt(n/3)/sqrt(2r); r =
  // 0.2 gives a factor 1.58.
  basis_step_ppb_ = options_.basis_ppm * thousand_over_root * 63 / 100;
  for (const Instrument& instrument : scenario.generated) {
    auto base = std::ranges::find(bases_, instrument.base, &Base::coin);
    if (base == bases_.end()) {
      const auto price
          = instrument.price.mantissa() * core::pow10(fair_decimals - instrument.price.decimals());
      bases_.push_back({instrument.base,
                        Random{mix_seed(scenario.seed, instrument.base.c_str())},
                        price,
                        price,
                        {},
                        {}});
      base = std::prev(bases_.end());
      base->excursion.next_at
          = core::to_millis(start)
            + base->random.between(options_.excursion_gap_ms.min, options_.excursion_gap_ms.max);
    }
    const auto name = instrument.symbol + '@' + std::string{name_of(instrument.surface)};
    const auto seed = mix_seed(scenario.seed, name.c_str());
    base->followers.push_back(followers_.size());
    followers_.push_back({std::make_unique<Market>(instrument, options_, seed, base->fair, start),
                          Random{seed + 1}, static_cast<std::size_t>(base - bases_.begin()), 0, 0});
  }
}

void Flow::wander(Base& base) {
  base.fair = scaled(base.fair, base.random.between(-fair_step_ppb_, fair_step_ppb_));
  const auto steps_per_second = std::max<std::int64_t>(1'000 / options_.step.count(), 1);
  const auto distance = static_cast<core::Int128>(base.start) - base.fair;
  base.fair += static_cast<std::int64_t>(distance * fair_return_ppm_per_second / 1'000'000
                                         / steps_per_second);
}

void Flow::excurse(Base& base, core::UnixMillis now) {
  auto& excursion = base.excursion;
  if (options_.excursion_gap_ms.max == 0 || base.followers.size() < 2)
    return;
  if (excursion.ends_at != 0 && now >= excursion.ends_at) {
    followers_[excursion.follower].offset_ppm = 0;
    excursion.ends_at = 0;
    excursion.next_at
        = now + base.random.between(options_.excursion_gap_ms.min, options_.excursion_gap_ms.max);
  }
  if (excursion.ends_at != 0 || now < excursion.next_at)
    return;
  const auto pick = base.random.between(0, static_cast<std::int64_t>(base.followers.size()) - 1);
  excursion.follower = base.followers[static_cast<std::size_t>(pick)];
  const auto size = base.random.between(options_.excursion_ppm.min, options_.excursion_ppm.max);
  followers_[excursion.follower].offset_ppm = base.random.chance(500'000) ? size : -size;
  excursion.ends_at
      = now
        + base.random.between(options_.excursion_length_ms.min, options_.excursion_length_ms.max);
}

std::int64_t Flow::wanted(Follower& follower) {
  const auto steps_per_second = std::max<std::int64_t>(1'000 / options_.step.count(), 1);
  follower.basis_ppb
      -= follower.basis_ppb * basis_return_ppm_per_second / 1'000'000 / steps_per_second;
  follower.basis_ppb += follower.random.between(-basis_step_ppb_, basis_step_ppb_);
  const auto& base = bases_[follower.base];
  return scaled(scaled(base.fair, follower.basis_ppb), follower.offset_ppm * 1'000);
}

void Flow::advance(Time now, const OnStep& on_step) {
  while (next_ <= now) {
    const auto at = core::to_millis(next_);
    for (Base& base : bases_) {
      wander(base);
      excurse(base, at);
    }
    for (Follower& follower : followers_) {
      follower.market->step(wanted(follower), at, step_);
      if (!step_.changes.empty())
        on_step(*follower.market, step_, next_);
    }
    next_ += options_.step;
  }
}

Market* Flow::find(SurfaceId surface, std::string_view symbol) noexcept {
  for (Follower& follower : followers_) {
    const auto& instrument = follower.market->instrument();
    if (instrument.surface == surface && instrument.symbol == symbol)
      return follower.market.get();
  }
  return nullptr;
}

std::vector<Market*> Flow::on(SurfaceId surface) {
  std::vector<Market*> markets;
  for (Follower& follower : followers_) {
    if (follower.market->instrument().surface == surface)
      markets.push_back(follower.market.get());
  }
  return markets;
}

} // namespace tandem::sim
