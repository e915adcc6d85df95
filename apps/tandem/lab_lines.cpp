#include "apps/tandem/lab_lines.hpp"

#include "adapters/venues/trading.hpp"
#include "apps/tandem/engine.hpp"
#include "apps/tandem/lab_life.hpp"
#include "apps/tandem/line_input.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <deque>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace tandem::apps {
namespace {

namespace json = boost::json;
namespace venues = adapters::venues;
using simdjson::dom::element;

std::string text_at(const element& value, const char* key) {
  std::string_view text;
  return value[key].get_string().get(text) == simdjson::SUCCESS ? std::string{text} : std::string{};
}

bool flag_at(const element& value, const char* key) {
  bool flag = false;
  return value[key].get_bool().get(flag) == simdjson::SUCCESS && flag;
}

/// A text as it is, anything else as JSON.
std::optional<std::string> body_at(const element& value, const char* key) {
  element body;
  if (value[key].get(body) != simdjson::SUCCESS)
    return std::nullopt;
  std::string_view text;
  return body.get_string().get(text) == simdjson::SUCCESS ? std::string{text}
                                                          : simdjson::minify(body);
}

std::optional<std::int64_t> integer_at(const element& value, const char* key) {
  std::int64_t number = 0;
  return value[key].get_int64().get(number) == simdjson::SUCCESS ? std::optional{number}
                                                                 : std::nullopt;
}

/// Whose order side it is, with all lines of the input.
class Lines {
public:
  Lines(const LabLinesOptions& options, std::istream& input, std::ostream& errors)
      : options_{options}, input_{input}, errors_{errors} {}

  /// @param handle an error is what the line lacks. The order side lives as long as this.
  int each(const std::function<core::Status(const venues::Trading&, const InputLine&)>& handle) {
    if (options_.type != "spot" && options_.type != "linear")
      return refuse("--type is spot or linear, not '" + options_.type + "'", exit_usage);
    trading_ = venues::make_trading(
        {core::VenueId{options_.venue},
         options_.type == "spot" ? core::MarketType::spot : core::MarketType::linear});
    if (!trading_)
      return refuse("--venue is binance or bybit, not '" + options_.venue + "'", exit_usage);
    LineInput lines;
    std::deque<std::ifstream> files;
    for (const auto& name : options_.files) {
      auto& file = files.emplace_back(name, std::ios::binary);
      if (!file)
        return refuse("cannot open " + name, exit_usage);
      lines.add(name, file);
    }
    if (options_.files.empty())
      lines.add("-", input_);
    while (true) {
      auto line = lines.next();
      if (!line)
        return refuse(core::describe(line.error()), exit_data);
      if (!*line)
        return exit_ok;
      if (const auto handled = handle(*trading_, **line); !handled)
        return refuse(std::string{(*line)->file} + ':' + std::to_string((*line)->number) + ": "
                          + handled.error().detail,
                      exit_data);
    }
  }

private:
  int refuse(const std::string& why, int code) {
    errors_ << "lab: " << why << '\n';
    return code;
  }

  const LabLinesOptions& options_;
  std::istream& input_;
  std::ostream& errors_;
  std::unique_ptr<venues::Trading> trading_;
};

core::Status lacks(std::string what) {
  return core::fail(core::Errc::validation_error, std::move(what));
}

// ---- order
// ----------------------------------------------------------------------------------------------------------

bool has(const element& value, const char* key) {
  return value[key].error() == simdjson::SUCCESS;
}

LabReply kind_of_list(const element& list) {
  element first;
  const bool trade = list.is_array() && list.at(0).get(first) == simdjson::SUCCESS
                     && (has(first, "execId") || has(first, "commission"));
  return trade ? LabReply::fills : LabReply::query;
}

/// What a body answers that does not say so itself; nullopt: it is no reply but a frame.
std::optional<LabReply> kind_of(const element& body) {
  if (body.is_array())
    return kind_of_list(body);
  if (has(body, "retCode")) {
    element list;
    return body["result"]["list"].get(list) == simdjson::SUCCESS ? kind_of_list(list)
                                                                 : LabReply::place;
  }
  if (has(body, "origClientOrderId"))
    return LabReply::cancel;
  if (has(body, "fills") || (has(body, "code") && has(body, "msg")))
    return LabReply::place;
  if (has(body, "orderId") && has(body, "executedQty"))
    return LabReply::query;
  return std::nullopt;
}

std::optional<LabReply> kind_named(std::string_view name) {
  if (name == "place")
    return LabReply::place;
  if (name == "cancel")
    return LabReply::cancel;
  if (name == "query")
    return LabReply::query;
  if (name == "fills")
    return LabReply::fills;
  return std::nullopt;
}

core::Status hear(OrderLife& life, const InputLine& line) {
  const auto named = text_at(line.value, "reply");
  const bool wrapped = !named.empty() || has(line.value, "http");
  if (!wrapped) {
    const auto kind = kind_of(line.value);
    return kind ? life.on_reply(*kind, 200, std::string{line.json}) : life.on_frame(line.json);
  }
  const auto body = body_at(line.value, "body").value_or(std::string{});
  auto kind = kind_named(named);
  if (!kind && !named.empty())
    return lacks("\"reply\" is place, cancel, query or fills, not '" + named + "'");
  element inner;
  if (!kind && line.value["body"].get(inner) == simdjson::SUCCESS && !inner.is_string())
    kind = kind_of(inner);
  const auto status = integer_at(line.value, "http").value_or(200);
  if (status < 0 || status > 999)
    return lacks("\"http\" is a status, or 0 for no answer");
  return life.on_reply(kind.value_or(LabReply::place), static_cast<int>(status), body);
}

} // namespace

int run_lab_order(const LabLinesOptions& options, std::istream& input, std::ostream& output,
                  std::ostream& errors) {
  Lines lines{options, input, errors};
  std::optional<OrderLife> life;
  const auto code = lines.each([&](const venues::Trading& trading, const InputLine& line) {
    if (!life)
      life.emplace(trading);
    return hear(*life, line);
  });
  if (code != exit_ok)
    return code;
  if (!life || life->empty()) {
    errors << "lab order: nothing in the input speaks of an order\n";
    return exit_data;
  }
  if (life->others() > 0)
    errors << "lab order: " << life->others() << " words on other orders were left out\n";
  const auto end = life->end();
  if (!end) {
    errors << "lab order: " << core::describe(end.error()) << '\n';
    return exit_data;
  }
  output << json::serialize(*end) << '\n';
  return exit_ok;
}

int run_lab_error_lines(const LabLinesOptions& options, std::istream& input, std::ostream& output,
                        std::ostream& errors) {
  return Lines{options, input, errors}.each(
      [&](const venues::Trading& trading, const InputLine& line) -> core::Status {
        const auto status = integer_at(line.value, "http");
        if (!status || *status < 0 || *status > 999)
          return lacks("a line is {\"http\": status, \"body\": ...}");
        const auto judged = trading.classify(static_cast<int>(*status),
                                             body_at(line.value, "body").value_or(std::string{}));
        output << json::serialize(json::object{{"code", core::to_string(judged.error.code)},
                                               {"retryable", core::is_retryable(judged.error)},
                                               {"unknown_outcome", judged.unknown_outcome},
                                               {"message", judged.error.detail}})
               << '\n';
        return {};
      });
}

int run_lab_sign_lines(const LabLinesOptions& options, std::istream& input, std::ostream& output,
                       std::ostream& errors) {
  return Lines{options, input, errors}.each([&](const venues::Trading& trading,
                                                const InputLine& line) -> core::Status {
    auto secret = text_at(line.value, "secret");
    if (secret.empty())
      secret = text_at(line.value, "private_key");
    if (secret.empty())
      return lacks("a line has a \"secret\" or a \"private_key\"");
    auto prehash = text_at(line.value, "prehash");
    element request;
    if (!has(line.value, "prehash")) {
      if (line.value["request"].get(request) != simdjson::SUCCESS || !request.is_object())
        return lacks("a line has a \"prehash\" or a \"request\"");
      venues::SigningParts parts;
      parts.socket = flag_at(request, "socket");
      parts.method = text_at(request, "method");
      parts.path = text_at(request, "path");
      parts.query = text_at(request, "query");
      parts.body = body_at(request, "body").value_or(std::string{});
      parts.api_key = text_at(request, "api_key");
      parts.recv_window = text_at(request, "recv_window");
      parts.timestamp = text_at(request, "timestamp");
      simdjson::dom::object params;
      if (request["params"].get_object().get(params) == simdjson::SUCCESS)
        for (const auto& [name, value] : params) {
          std::string_view text;
          parts.params.emplace_back(name, element{value}.get_string().get(text) == simdjson::SUCCESS
                                              ? std::string{text}
                                              : simdjson::minify(element{value}));
        }
      auto made = trading.prehash(parts);
      if (!made)
        return tl::unexpected{made.error()};
      prehash = *std::move(made);
    }
    const auto signature = venues::Credentials{"lab", secret, {}, {}}.sign(prehash);
    if (!signature)
      return tl::unexpected{signature.error()};
    output << json::serialize(json::object{{"prehash", prehash}, {"signature", *signature}})
           << '\n';
    return {};
  });
}

} // namespace tandem::apps
