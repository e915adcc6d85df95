/// Binance's signed requests: which bytes are signed, for REST and for the WebSocket API, and how
/// the signature travels. It knows no order and sends nothing.
#pragma once

#include "adapters/venues/trading.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::adapters::venues::binance {

/// The parameters of one request in the order in which they are sent by REST.
class Params {
public:
  struct Param {
    std::string_view name; ///< a literal
    std::string value;
    bool number = false; ///< without quotes in the WebSocket API's JSON
  };

  Params& text(std::string_view name, std::string value) {
    list_.push_back({name, std::move(value), false});
    return *this;
  }

  Params& number(std::string_view name, std::int64_t value) {
    list_.push_back({name, std::to_string(value), true});
    return *this;
  }

  /// A number that came as text.
  Params& digits(std::string_view name, std::string value) {
    list_.push_back({name, std::move(value), true});
    return *this;
  }

  [[nodiscard]] const std::vector<Param>& list() const noexcept { return list_; }

private:
  std::vector<Param> list_;
};

/// "a=1&b=2", values percent-encoded (non-ASCII symbols must be, before they are signed).
[[nodiscard]] std::string form(const Params& params);

/// The signed form: `params`, then recvWindow, timestamp and signature. It is a query string or a
/// body: the signed text is one followed by the other, so whichever is alone is all of it.
/// Errors: unauthenticated (no key), validation_error (a receive window outside 1 ms .. 60 s), as
/// Credentials::sign. Source: Binance Spot "REST API", SIGNED Endpoint Examples; USD-M Futures
/// "General Info".
[[nodiscard]] core::Result<std::string> signed_form(Params params, const Credentials& keys,
                                                    const Stamp& stamp);

/// What the WebSocket API wants signed: all parameters but `signature`, sorted by name, as UTF-8
/// and not encoded. Source: Binance Spot "WebSocket API", Request security.
[[nodiscard]] std::string
socket_payload(std::vector<std::pair<std::string_view, std::string_view>> params);

/// How a WebSocket API request shows who sent it.
enum class SocketProof : std::uint8_t {
  none,      ///< nothing to prove: no key, no time
  session,   ///< the connection is logged on: a time only
  signature, ///< by itself
};

/// One frame {"id":..,"method":..,"params":{..}}. Errors: as signed_form.
[[nodiscard]] core::Result<std::string> socket_request(std::string_view id, std::string_view method,
                                                       Params params, SocketProof proof,
                                                       const Credentials& keys, const Stamp& stamp);

/// As Trading::prehash.
[[nodiscard]] core::Result<std::string> prehash(const SigningParts& request);

} // namespace tandem::adapters::venues::binance
