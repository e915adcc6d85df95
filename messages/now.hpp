/// The time of an actor's context, as the desk and the gate want it.
#pragma once

#include "core/risk/gate.hpp"

namespace tandem::messages {

/// @param state anything that has a context.
template <class State>
[[nodiscard]] core::risk::Now now_of(const State& state) {
  return {state.context->clocks.mono(), state.context->clocks.wall()};
}

} // namespace tandem::messages
