#include "adapters/traders/settings.hpp"

#include "adapters/traders/json.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace tandem::adapters::traders {
namespace {

using core::Errc;
using core::fail;

constexpr std::size_t name_max = 32;
constexpr std::size_t value_max = 4'096; ///< a PEM of RSA-4096 has some 3,300 bytes

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r'; });
}

core::Status take(const Json& keys, std::string_view name, bool needed, const std::string& venue,
                  std::string& to) {
  const auto field = venue + "." + std::string{name};
  const auto* value = keys.find(name);
  if (value == nullptr && !needed)
    return {};
  if (value == nullptr)
    return fail(Errc::validation_error, "is missing", field);
  const auto* text = value->string();
  const bool good = text != nullptr && (!needed || !text->empty()) && text->size() <= value_max
                    && printable(*text);
  if (!good)
    return fail(Errc::validation_error, "must be a text of 1 to 4096 printable characters", field);
  to = *text;
  return {};
}

core::Result<ApiKey> stored_key(const Json& keys, const std::string& venue) {
  if (keys.object() == nullptr)
    return fail(Errc::validation_error, "must be an object with apiKey and secret, or null", venue);
  for (const auto& [name, value] : *keys.object())
    if (name != "apiKey" && name != "secret" && name != "passphrase")
      return fail(Errc::validation_error, "is not known", venue + "." + excerpt(name));
  ApiKey made;
  for (const auto& taken : {take(keys, "apiKey", true, venue, made.api_key),
                            take(keys, "secret", true, venue, made.secret),
                            take(keys, "passphrase", false, venue, made.passphrase)})
    if (!taken)
      return tl::unexpected{taken.error()};
  return made;
}

} // namespace

core::Result<std::vector<ApiKeyChange>> parse_api_keys(std::string_view body) {
  const auto json = parse_json(body);
  if (!json)
    return tl::unexpected{json.error()};
  if (json->object() == nullptr || json->object()->empty())
    return fail(Errc::validation_error, "must be an object of exchanges and their keys", {});
  std::vector<ApiKeyChange> changes;
  for (const auto& [name, keys] : *json->object()) {
    const auto venue = excerpt(name);
    if (name.empty() || name.size() > name_max)
      return fail(Errc::validation_error, "is no exchange of this engine", venue);
    if (keys.null()) {
      changes.push_back({core::VenueId{name}, std::nullopt});
      continue;
    }
    auto key = stored_key(keys, venue);
    if (!key)
      return tl::unexpected{key.error()};
    changes.push_back({core::VenueId{name}, *std::move(key)});
  }
  return changes;
}

core::Result<core::VenueId> parse_key_test(std::string_view body) {
  const auto json = parse_json(body);
  if (!json)
    return tl::unexpected{json.error()};
  const auto* venue = json->find("exchange");
  const auto* text = venue == nullptr ? nullptr : venue->string();
  if (text == nullptr || text->empty() || text->size() > name_max)
    return fail(Errc::validation_error, "must name an exchange", "exchange");
  return core::VenueId{*text};
}

} // namespace tandem::adapters::traders
