/// The one way an actor is born: its exceptions become an error that keeps the text, and reach its
/// supervisor as the reason of its death.
#pragma once

#include "adapters/transport/thread_place.hpp"

#include <caf/actor_system.hpp>
#include <caf/error.hpp>
#include <caf/sec.hpp>
#include <caf/spawn_options.hpp>

#include <exception>
#include <string>
#include <type_traits>
#include <utility>

namespace tandem::actors::supervisor {

/// By itself CAF 0.17.6 tells a monitor only `runtime_error` and prints the text to standard error.
template <class Self>
void keep_exception_text(Self* self) {
  self->set_exception_handler([](std::exception_ptr& thrown) -> caf::error {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& problem) {
      return caf::make_error(caf::sec::runtime_error, std::string{problem.what()});
    } catch (...) {
      return caf::make_error(caf::sec::runtime_error,
                             std::string{"an exception that is not a std::exception"});
    }
  });
}

/// Spawns a function-style actor `body(self, params...)`. @tparam Options e.g. caf::detached for
/// blocking work.
template <caf::spawn_options Options = caf::no_spawn_options, class Self, class Result,
          class... Params, class... Args>
[[nodiscard]] auto spawn_guarded(caf::actor_system& system, Result (*body)(Self*, Params...),
                                 Args&&... args) {
  return system.spawn<Options>(
      [body](Self* self, Params... params) -> Result {
        keep_exception_text(self);
        return body(self, std::move(params)...);
      },
      std::forward<Args>(args)...);
}

/// On a thread of its own in the given place; all that the body starts is there, too.
template <class Self, class Result, class... Params, class... Args>
[[nodiscard]] auto spawn_placed(caf::actor_system& system, adapters::transport::ThreadPlace place,
                                Result (*body)(Self*, Params...), Args&&... args) {
  return system.spawn<caf::detached>(
      [body, place = std::move(place)](Self* self, Params... params) -> Result {
        take(place);
        keep_exception_text(self);
        return body(self, std::move(params)...);
      },
      std::forward<Args>(args)...);
}

} // namespace tandem::actors::supervisor
