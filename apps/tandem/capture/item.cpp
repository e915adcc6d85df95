#include "apps/tandem/capture/item.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <utility>

namespace tandem::apps::capture {
namespace {

using adapters::transport::HeaderList;
using adapters::transport::ServerRequest;

constexpr std::string_view hidden = "***";
constexpr std::size_t hmac_digits = 64;

bool is_hex(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}

void replace_all(std::string& text, std::string_view what) {
  if (what.empty())
    return;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + hidden.size()))
    text.replace(at, what.size(), hidden);
}

/// Whatever stands behind `name` up to one of `ends`.
void hide_value(std::string& text, std::string_view name, std::string_view ends) {
  for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
    const auto from = at + name.size();
    const auto to = std::min(text.find_first_of(ends, from), text.size());
    text.replace(from, to - from, hidden);
  }
}

/// Runs of exactly as many hexadecimal digits as an HMAC-SHA256 has.
void hide_hmacs(std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_hex(text[end]))
      ++end;
    if (end - at == hmac_digits) {
      text.replace(at, hmac_digits, hidden);
      end = at + hidden.size();
    }
    at = end + 1;
  }
}

} // namespace

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
  case Kind::time:
    return "time";
  case Kind::opened:
    return "opened";
  case Kind::text:
    return "text";
  case Kind::control:
    return "control";
  case Kind::down:
    return "down";
  case Kind::reply:
    return "reply";
  case Kind::failure:
    return "failure";
  case Kind::request:
    return "request";
  case Kind::client_opened:
    return "client_opened";
  case Kind::client_text:
    return "client_text";
  case Kind::client_closed:
    return "client_closed";
  case Kind::begin:
    return "begin";
  case Kind::kill:
    return "kill";
  case Kind::reload:
    return "reload";
  case Kind::report:
    return "report";
  case Kind::stop:
    return "stop";
  case Kind::connect:
    return "connect";
  case Kind::send:
    return "send";
  case Kind::ping:
    return "ping";
  case Kind::close:
    return "close";
  case Kind::ask:
    return "ask";
  case Kind::unlisten:
    return "unlisten";
  case Kind::respond:
    return "respond";
  case Kind::client_ping:
    return "client_ping";
  case Kind::client_close:
    return "client_close";
  case Kind::client_abort:
    return "client_abort";
  case Kind::client_pause:
    return "client_pause";
  case Kind::listen:
    return "listen";
  case Kind::tell:
    return "tell";
  case Kind::buffered:
    return "buffered";
  case Kind::counters:
    return "counters";
  case Kind::turn:
    return "turn";
  case Kind::end:
    return "end";
  case Kind::cut:
    return "cut";
  }
  return "unknown";
}

std::string describe(const Item& item, std::size_t bytes_max) {
  auto text = fmt::format("{} #{}", to_string(item.kind), item.id);
  if (item.number != 0)
    text += fmt::format(" {}", item.number);
  for (const auto& part : item.texts) {
    text += ' ';
    text += part;
  }
  if (text.size() > bytes_max)
    text = text.substr(0, bytes_max) + fmt::format("... ({} bytes)", text.size());
  return text;
}

std::vector<std::string> with_headers(std::vector<std::string> first, const HeaderList& headers) {
  for (const auto& [name, value] : headers) {
    first.push_back(name);
    first.push_back(value);
  }
  return first;
}

HeaderList headers_of(const std::vector<std::string>& texts, std::size_t skip) {
  HeaderList headers;
  for (std::size_t i = skip; i + 1 < texts.size(); i += 2)
    headers.emplace_back(texts[i], texts[i + 1]);
  return headers;
}

Item failed(Kind kind, std::uint64_t id, const core::Error& error) {
  Item item{.kind = kind, .id = id};
  item.number = static_cast<std::int64_t>(error.code);
  item.texts = {error.detail, error.source};
  return item;
}

core::Error error_of(const Item& item) {
  core::Error error;
  error.code = static_cast<core::Errc>(item.number);
  if (item.texts.size() == 2) {
    error.detail = item.texts[0];
    error.source = item.texts[1];
  }
  return error;
}

Item asked(Kind kind, std::uint64_t id, std::uint64_t listener, const ServerRequest& request) {
  Item item{.kind = kind, .id = id, .number = static_cast<std::int64_t>(listener)};
  item.texts = with_headers(
      {request.method, request.path, request.query, request.body, request.peer}, request.headers);
  return item;
}

ServerRequest request_of(const Item& item) {
  constexpr std::size_t fixed = 5;
  ServerRequest request;
  std::array<std::string*, fixed> parts{&request.method, &request.path, &request.query,
                                        &request.body, &request.peer};
  for (std::size_t i = 0; i < fixed && i < item.texts.size(); ++i)
    *parts[i] = item.texts[i];
  request.headers = headers_of(item.texts, fixed);
  return request;
}

void hide_keys(Item& item, const std::vector<std::string>& keys) {
  for (auto& text : item.texts)
    for (const auto& key : keys)
      replace_all(text, key);
}

void redact(Item& item, const std::vector<std::string>& keys) {
  if (item.kind != Kind::send && item.kind != Kind::ask)
    return;
  hide_keys(item, keys);
  for (auto& text : item.texts) {
    hide_value(text, "signature=", "& ");
    hide_value(text, "\"signature\":\"", "\"");
    hide_hmacs(text);
  }
}

} // namespace tandem::apps::capture
