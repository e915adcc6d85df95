#include "apps/tandem_sim/text.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>

namespace tandem::sim {

std::string json_quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string_view{text.data(), text.size()});
}

} // namespace tandem::sim
