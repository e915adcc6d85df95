/// Result<T>: a value or an Error. Expected trouble travels here; broken promises throw
/// (ensure.hpp).
#pragma once

#include "core/error.hpp"

#include <tl/expected.hpp>

#include <string>
#include <utility>

namespace tandem::core {

template <class T>
using Result = tl::expected<T, Error>;

using Status = Result<void>;

[[nodiscard]] inline tl::unexpected<Error> fail(Errc code, std::string detail,
                                                std::string source = {}) {
  return tl::unexpected<Error>{Error{code, std::move(detail), std::move(source)}};
}

} // namespace tandem::core
