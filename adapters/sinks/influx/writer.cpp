#include "adapters/sinks/influx/writer.hpp"

#include "adapters/sinks/gzip.hpp"
#include "adapters/transport/url.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace tandem::adapters::sinks::influx {
namespace {

using core::sinks::Outcome;
using transport::percent_encoded;

constexpr std::size_t detail_bytes_max = 200;
/// However long a server wishes to be left alone.
constexpr std::chrono::seconds pause_max{300};

std::string base64(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0'); // and the end that OpenSSL writes
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

std::string target(const Options& options) {
  const auto database = percent_encoded(options.database);
  switch (options.api) {
  case Api::v1:
    return "/write?db=" + database + "&precision=ns";
  case Api::v2:
    return "/api/v2/write?"
           + (options.org.empty() ? std::string{} : "org=" + percent_encoded(options.org) + "&")
           + "bucket=" + database + "&precision=ns";
  case Api::v3:
    return "/api/v3/write_lp?db=" + database + "&precision=nanosecond";
  }
  return {};
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x))
           == std::tolower(static_cast<unsigned char>(y));
  });
}

/// Of a Retry-After header in seconds; 0 when there is none (or it is a date).
std::chrono::milliseconds wished_pause(const transport::HttpResponse& response) {
  for (const auto& [name, value] : response.headers) {
    if (!same_name(name, "Retry-After"))
      continue;
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc{} && end == value.data() + value.size() && seconds > 0)
      return std::chrono::seconds{std::min<std::int64_t>(seconds, pause_max.count())};
  }
  return std::chrono::milliseconds{0};
}

std::string words_of(const transport::HttpResponse& response) {
  auto text = std::to_string(response.status) + " " + response.body.substr(0, detail_bytes_max);
  for (auto& c : text)
    if (c == '\n' || c == '\r')
      c = ' ';
  while (!text.empty() && text.back() == ' ')
    text.pop_back();
  return text;
}

class InfluxWriter final : public Writer {
public:
  InfluxWriter(Options options, transport::HttpClient& http)
      : options_{std::move(options)}, http_{http} {}

  /// There is nothing to open: a point that is written twice is there once.
  void open(const std::string& /*stream*/, Opened done) override { done(std::nullopt); }

  void write(BatchPtr batch, Written done) override {
    std::string lines;
    for (const auto& item : batch->items)
      append_line(lines,
                  options_.point_of ? options_.point_of(item) : to_point(item, options_.labels));
    http_.send(write_request(options_, std::move(lines)),
               [alive = std::weak_ptr{alive_}, done = std::move(done)](const auto& reply) {
                 if (alive.lock())
                   done(outcome_of(reply));
               });
  }

private:
  Options options_;
  transport::HttpClient& http_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace

transport::HttpRequest write_request(const Options& options, std::string lines) {
  transport::HttpRequest request;
  request.method = "POST";
  request.url = options.url + target(options);
  request.headers.emplace_back("Content-Type", "text/plain; charset=utf-8");
  if (!options.token.empty())
    request.headers.emplace_back("Authorization",
                                 (options.api == Api::v3 ? "Bearer " : "Token ") + options.token);
  else if (!options.user.empty())
    request.headers.emplace_back("Authorization",
                                 "Basic " + base64(options.user + ":" + options.password));
  if (options.gzip) {
    request.headers.emplace_back("Content-Encoding", "gzip");
    request.body = gzip(lines);
  } else {
    request.body = std::move(lines);
  }
  request.timeout = options.timeout;
  request.tls = options.tls;
  request.proxy = options.proxy;
  return request;
}

Outcome outcome_of(const core::Result<transport::HttpResponse>& reply) {
  if (!reply)
    return {Outcome::Kind::failed, core::describe(reply.error())};
  const int status = reply->status;
  if (status >= 200 && status < 300)
    return {};
  constexpr int bad_request = 400, too_large = 413, unprocessable = 422;
  if (status == bad_request || status == too_large || status == unprocessable)
    return {Outcome::Kind::rejected, words_of(*reply)};
  return {Outcome::Kind::failed, words_of(*reply), wished_pause(*reply)};
}

std::unique_ptr<Writer> make_writer(Options options, transport::HttpClient& http) {
  return std::make_unique<InfluxWriter>(std::move(options), http);
}

} // namespace tandem::adapters::sinks::influx
