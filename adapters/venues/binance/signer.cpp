#include "adapters/venues/binance/signer.hpp"

#include <algorithm>
#include <utility>

namespace tandem::adapters::venues::binance {
namespace {

using core::Errc;
using core::Result;

constexpr std::chrono::milliseconds recv_window_max{60'000}; // both markets, "General Info"

core::Status check(const Credentials& keys, const Stamp& stamp) {
  if (!keys.complete())
    return core::fail(Errc::unauthenticated, "no API key", "binance");
  if (stamp.recv_window.count() < 1 || stamp.recv_window > recv_window_max)
    return core::fail(Errc::validation_error,
                      "receive window of " + std::to_string(stamp.recv_window.count())
                          + " ms, 1 to 60000 are allowed",
                      "binance");
  return {};
}

/// A JSON string. Only what JSON demands is escaped: symbols stay UTF-8.
void append_json(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += digits[byte >> 4U];
      out += digits[byte & 15U];
    } else {
      out += c;
    }
  }
  out += '"';
}

/// One pair behind what is already there.
void append_pair(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty())
    out += '&';
  out.append(name).append("=").append(value);
}

} // namespace

std::string form(const Params& params) {
  std::string text;
  for (const auto& param : params.list())
    append_pair(text, param.name, percent_encoded(param.value));
  return text;
}

Result<std::string> signed_form(Params params, const Credentials& keys, const Stamp& stamp) {
  if (const auto good = check(keys, stamp); !good)
    return tl::unexpected{good.error()};
  params.number("recvWindow", stamp.recv_window.count()).number("timestamp", stamp.at);
  auto text = form(params);
  const auto signature = keys.sign(text);
  if (!signature)
    return tl::unexpected{signature.error()};
  append_pair(text, "signature", percent_encoded(*signature)); // base64 has '+', '/' and '='
  return text;
}

std::string socket_payload(std::vector<std::pair<std::string_view, std::string_view>> params) {
  std::ranges::stable_sort(params, {}, [](const auto& param) { return param.first; });
  std::string text;
  for (const auto& [name, value] : params)
    if (name != "signature")
      append_pair(text, name, value);
  return text;
}

Result<std::string> socket_request(std::string_view id, std::string_view method, Params params,
                                   SocketProof proof, const Credentials& keys, const Stamp& stamp) {
  if (proof != SocketProof::none) {
    if (const auto good = check(keys, stamp); !good)
      return tl::unexpected{good.error()};
    params.number("recvWindow", stamp.recv_window.count()).number("timestamp", stamp.at);
  }
  if (proof == SocketProof::signature) {
    params.text("apiKey", keys.api_key);
    std::vector<std::pair<std::string_view, std::string_view>> views;
    views.reserve(params.list().size());
    for (const auto& param : params.list())
      views.emplace_back(param.name, param.value);
    auto signature = keys.sign(socket_payload(std::move(views)));
    if (!signature)
      return tl::unexpected{signature.error()};
    params.text("signature", *std::move(signature));
  }
  std::string frame = R"({"id":)";
  append_json(frame, id);
  frame += R"(,"method":)";
  append_json(frame, method);
  if (!params.list().empty()) {
    frame += R"(,"params":{)";
    for (const auto& param : params.list()) {
      if (frame.back() != '{')
        frame += ',';
      append_json(frame, param.name);
      frame += ':';
      if (param.number)
        frame += param.value;
      else
        append_json(frame, param.value);
    }
    frame += '}';
  }
  frame += '}';
  return frame;
}

Result<std::string> prehash(const SigningParts& request) {
  if (!request.socket)
    return request.query + request.body; // in this order and with nothing between them
  std::vector<std::pair<std::string_view, std::string_view>> views{request.params.begin(),
                                                                   request.params.end()};
  const bool has_key
      = std::ranges::any_of(views, [](const auto& param) { return param.first == "apiKey"; });
  if (!has_key && !request.api_key.empty())
    views.emplace_back("apiKey", request.api_key);
  if (views.empty())
    return core::fail(Errc::validation_error, "a request without parameters is not signed",
                      "binance");
  return socket_payload(std::move(views));
}

} // namespace tandem::adapters::venues::binance
