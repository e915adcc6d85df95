/// Looks at the actors' cells from outside the tree and raises an alert when one of them hangs or
/// drowns, and when that is over. Not an actor itself: it must not wait for those it watches.
#pragma once

#include "core/supervision/work_watch.hpp"
#include "messages/context.hpp"

namespace tandem::actors::supervisor {

class ActorWatch {
public:
  explicit ActorWatch(messages::ContextPtr context);

  /// As WorkWatch::look.
  void look();

private:
  void tell(const core::supervision::WorkNews& news) const;

  messages::ContextPtr context_;
  core::supervision::WorkWatch watch_;
};

} // namespace tandem::actors::supervisor
