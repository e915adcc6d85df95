/// A `.env` file as names and values. It knows no variable.
#pragma once

#include "config/load.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::config {

struct DotenvValue {
  std::string value;
  int line = 0; ///< 1-based
};

struct Dotenv {
  std::map<std::string, DotenvValue, std::less<>> values; ///< of a name said twice the last
  std::vector<Mistake> mistakes; ///< lines that say nothing; they never quote a value
};

inline constexpr std::size_t dotenv_bytes_max = 64U * 1024;

/// One `NAME=VALUE` a line, optionally after `export`; blanks around both do not count. `#` begins
/// a comment at the begin of a line or after a blank. 'as it is'; "with \n \t \" \\ \$"; neither
/// spans lines. `$` has no meaning. @param name stands in the mistakes.
[[nodiscard]] Dotenv parse_dotenv(std::string_view text, const std::string& name);

} // namespace tandem::config
