/// A context whose log says which actor speaks.
#pragma once

#include "core/log_book.hpp"
#include "messages/context.hpp"

#include <memory>
#include <string>
#include <utility>

namespace tandem::messages {

/// @param path of the actor in the tree. @return the same as `context` but for the log
[[nodiscard]] inline ContextPtr placed(const ContextPtr& context, std::string path) {
  struct Placed {
    core::PlacedLog log;
    Context context;
  };

  const auto owner
      = std::make_shared<Placed>(Placed{core::PlacedLog{*context->log, std::move(path)}, *context});
  owner->context.log = &owner->log;
  return {owner, &owner->context};
}

} // namespace tandem::messages
