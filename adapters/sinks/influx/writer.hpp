/// Writes batches to an InfluxDB (or what speaks its write interface) by HTTP.
#pragma once

#include "adapters/sinks/influx/line_protocol.hpp"
#include "adapters/sinks/writer.hpp"
#include "adapters/transport/http.hpp"
#include "core/types/time.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace tandem::adapters::sinks::influx {

enum class Api : std::uint8_t {
  v1, ///< POST /write?db=
  v2, ///< POST /api/v2/write?org=&bucket=; InfluxDB 3 takes it too
  v3, ///< POST /api/v3/write_lp?db=
};

struct Options {
  std::string url; ///< http(s)://host[:port][/path]
  Api api = Api::v2;
  std::string org;      ///< v2 only; empty = not sent
  std::string database; ///< v1 and v3: the database; v2: the bucket
  std::string token;    ///< empty = none
  /// v1 only, sent as Basic authorization; empty = none.
  std::string user, password;
  Labels labels;
  bool gzip = true;
  std::chrono::milliseconds timeout{10'000};
  transport::TlsOptions tls;
  std::string proxy;
  /// How a record is stored; unset: as docs/sinks.md says (to_point).
  std::function<Point(const core::sinks::Numbered&)> point_of{};
};

/// The request that writes these points (their time in nanoseconds).
[[nodiscard]] transport::HttpRequest write_request(const Options& options, std::string lines);

/// What an answer means. 400 and 422 say that a line is wrong, 413 that there are too many; whoever
/// is told 401, 403 or 404 must be told by a person how to go on, and everything waits.
[[nodiscard]] core::sinks::Outcome outcome_of(const core::Result<transport::HttpResponse>& reply);

/// @param http outlives the writer.
[[nodiscard]] std::unique_ptr<Writer> make_writer(Options options, transport::HttpClient& http);

} // namespace tandem::adapters::sinks::influx
