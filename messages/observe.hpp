/// Puts an actor's handlers under its cell: every message is counted and timed, and the mailbox
/// depth noted. A handler list is written `return {observe([=](const X&) {...}), ...}`.
#pragma once

#include "messages/context.hpp"
#include "messages/message_name.hpp"

#include <utility>

namespace tandem::messages {

/// Wraps handlers of one actor. @param Self any CAF actor pointer; lives as long as the handlers.
template <class Self>
class Observe {
public:
  Observe(Self* self, ContextPtr context, CellPtr cell)
      : self_{self}, context_{std::move(context)}, cell_{std::move(cell)} {
    cell_->actor_id.store(self->id(), std::memory_order_relaxed);
  }

  template <class Handler>
  [[nodiscard]] auto operator()(Handler handler) const {
    return wrap(std::move(handler), &Handler::operator());
  }

private:
  template <class Handler, class Result, class... Arguments>
  auto wrap(Handler handler, Result (Handler::*)(Arguments...) const) const {
    return [self = self_, context = context_, cell = cell_,
            handler = std::move(handler)](Arguments... arguments) -> Result {
      // Asked from inside only: CAF's size() is not an observer when another thread calls it.
      const HandlingScope scope{*cell, context->clocks.mono, kind_of_message<Arguments...>(),
                                self->mailbox().size()};
      return handler(std::forward<Arguments>(arguments)...);
    };
  }

  Self* self_;
  ContextPtr context_;
  CellPtr cell_;
};

} // namespace tandem::messages
