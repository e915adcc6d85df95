/// The laboratory's order side by its options: what would be sent, what would be signed, what an
/// answer means (by lines of input: apps/tandem/lab_lines.hpp). The venue's real adapter, no
/// connection. Keys come from the environment and are never printed.
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

namespace tandem::apps {

struct LabRequestOptions {
  std::string venue;
  std::string type;             ///< spot | linear
  std::string action = "place"; ///< place | cancel | query
  std::string symbol = "BTCUSDT";
  std::string side = "buy"; ///< buy | sell
  std::string tif = "ioc";  ///< gtc | ioc | fok | post_only
  std::string price;        ///< empty: a market order
  std::string quantity = "0.001";
  std::string id = "tdlab000000100000001";
  std::int64_t at = 1'700'000'000'000; ///< the venue's clock, ms
  bool socket = false;                 ///< as the WebSocket frame
};

struct LabSignOptions {
  std::string venue;
  std::string type = "spot";
  std::string prehash;     ///< signed as it is; else made from the parts below
  std::string query, body; ///< REST
  bool socket = false;     ///< Bybit: the logon of a private socket
  std::string timestamp = "1700000000000";
  std::string recv_window = "5000";
  std::string key_env = "TANDEM_LAB_KEY", secret_env = "TANDEM_LAB_SECRET";
};

struct LabErrorOptions {
  std::string venue;
  std::string type;
  int status = 200;
  std::string body;
};

using LabEnvironment = std::function<std::string(const std::string& name)>;

/// One JSON object: method, target, body, headers (key and signature shown as their length), or the
/// frame. Exit codes: 0; 64 unknown words; 65 what the adapter refuses to send.
int run_lab_request(const LabRequestOptions& options, std::ostream& output, std::ostream& errors);
/// {"prehash","signature"}. Exit codes: 0; 64; 78 no secret in the environment or a broken one.
int run_lab_sign(const LabSignOptions& options, const LabEnvironment& environment,
                 std::ostream& output, std::ostream& errors);
/// {"code","retryable","unknown_outcome","message","order","cancel"}: what the engine makes of an
/// answer to an order.
/// Exit codes: 0; 64.
int run_lab_error(const LabErrorOptions& options, std::ostream& output, std::ostream& errors);

} // namespace tandem::apps
