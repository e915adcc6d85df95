#include "apps/tandem_sim/simulator.hpp"

#include "apps/tandem_sim/binance.hpp"
#include "apps/tandem_sim/bybit.hpp"

#include <algorithm>

namespace tandem::sim {

Simulator::Simulator(const Scenario& scenario, std::unique_ptr<LineSource> recording,
                     Outlet& outlet, Time start)
    : outlet_{outlet}, timed_{scenario.faults}, start_{start}, now_{start},
      step_{scenario.flow.step}, faults_{mix_seed(scenario.seed, "faults")}, flow_{scenario, start},
      exchange_{scenario, flow_, start}, next_tick_{start + scenario.flow.step} {
  std::ranges::stable_sort(timed_, {}, &TimedFault::at);
  const auto bybit = std::make_shared<BybitPrivate>(scenario, exchange_, faults_);
  for (std::size_t i = 0; i < surface_count; ++i) {
    const auto id = static_cast<SurfaceId>(i);
    const bool binance = id == SurfaceId::binance_spot || id == SurfaceId::binance_linear;
    if (binance)
      surfaces_[i]
          = std::make_unique<Binance>(id, scenario, flow_, faults_, books_, exchange_, outlet);
    else
      surfaces_[i]
          = std::make_unique<Bybit>(id, scenario, flow_, faults_, books_, exchange_, outlet, bybit);
    exchange_.listen(*surfaces_[i]);
  }
  exchange_.on_taken([this](Market& market, const Step& step, Time when) {
    if (!market.recorded()) // its public frames are the recorded ones
      at(market.instrument().surface).on_step(market, step, when);
  });
  books_.on_news([this](const RecordedNews& news) { exchange_.on_recorded(news, now_); });
  if (scenario.replay && recording != nullptr)
    replay_ = std::make_unique<Replay>(*scenario.replay, std::move(recording), books_, surfaces_,
                                       outlet, start);
}

Simulator::~Simulator() = default;

SurfaceId Simulator::serving(SurfaceId listener, const HttpAsk& ask) {
  if (venue_of(listener) != VenueName::bybit)
    return listener;
  const auto category
      = ask.path.starts_with("/v5/market/")   ? query_value(ask, "category").value_or("")
        : ask.path.starts_with("/v5/public/") ? ask.path.substr(ask.path.rfind('/') + 1)
                                              : std::string{};
  return bybit_surface(category).value_or(listener);
}

SurfaceId Simulator::serving(SurfaceId listener, SocketId socket) const {
  const auto found = elsewhere_.find(socket);
  return found == elsewhere_.end() ? listener : found->second;
}

void Simulator::on_http(SurfaceId surface, const HttpAsk& ask, Reply reply, Time now) {
  advance(now);
  at(serving(surface, ask)).on_http(ask, std::move(reply), now);
  if (replay_ != nullptr)
    replay_->advance(now); // a held snapshot may be what it waits for
}

std::optional<HttpAnswer> Simulator::on_upgrade(SurfaceId surface, const HttpAsk& ask, Time now) {
  return at(serving(surface, ask)).on_upgrade(ask, now);
}

void Simulator::on_open(SurfaceId surface, SocketId socket, const HttpAsk& ask, Time now) {
  advance(now);
  const auto of = serving(surface, ask);
  if (of != surface)
    elsewhere_[socket] = of;
  at(of).on_open(socket, ask, now);
}

void Simulator::on_text(SurfaceId surface, SocketId socket, std::string_view text, Time now) {
  advance(now);
  at(serving(surface, socket)).on_text(socket, text, now);
}

void Simulator::on_pong(SurfaceId surface, SocketId socket, std::string_view payload, Time now) {
  at(serving(surface, socket)).on_pong(socket, payload, now);
  if (replay_ != nullptr)
    replay_->on_pong(socket, payload, now);
}

void Simulator::on_closed(SurfaceId surface, SocketId socket, Time now) {
  at(serving(surface, socket)).on_closed(socket);
  elsewhere_.erase(socket);
  if (replay_ != nullptr)
    replay_->on_closed(socket, now);
}

void Simulator::advance(Time now) {
  // Step by step, however late the call: what comes out depends on the times only, not on how often
  // somebody calls.
  while (next_tick_ <= now) {
    now_ = next_tick_;
    next_tick_ += step_;
    while (!timed_.empty() && start_ + timed_.front().at <= now_) {
      const auto order = timed_.front().fault;
      timed_.erase(timed_.begin());
      at(order.surface).apply(order, now_);
    }
    flow_.advance(now_, [this](Market& market, const Step& step, Time when) {
      at(market.instrument().surface).on_step(market, step, when);
      exchange_.on_step(market, step, when);
    });
    exchange_.tick(now_);
    for (auto& surface : surfaces_)
      surface->tick(now_);
    faults_.expire(now_);
    if (replay_ != nullptr)
      replay_->advance(now_);
  }
  now_ = std::max(now_, now);
  if (replay_ != nullptr)
    replay_->advance(now_);
}

Time Simulator::next_due() const noexcept {
  if (replay_ == nullptr)
    return next_tick_;
  return std::min(next_tick_, replay_->next_due().value_or(next_tick_));
}

} // namespace tandem::sim
