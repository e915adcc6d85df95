/// Bytes that were a request once, and bytes that never were one: each becomes a request that the
/// handlers can judge, or an error of the caller's. None ends anything.
#include "adapters/grpc/server_state.hpp"
#include "adapters/traders/operations.hpp"
#include "adapters/transport/json.hpp"
#include "tests/adapters/grpc/random_message.hpp"
#include "tests/nightly.hpp"

#include <doctest/doctest.h>
#include <grpcpp/support/slice.h>
#include <tandem/v1/trader.pb.h>

#include <string>
#include <vector>

namespace {

using namespace tandem::adapters::grpc;
namespace traders = tandem::adapters::traders;
using tandem::core::Errc;

const pb::ServiceDescriptor& trader() {
  return *tandem::v1::GetHealthRequest::descriptor()->file()->FindServiceByName("Trader");
}

/// A few bits, bytes, ends and lies about lengths.
std::string mangled(std::string bytes, std::mt19937& random) {
  const auto below = [&](std::size_t bound) {
    return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
  };
  for (auto times = below(4); times > 0; --times)
    switch (below(4)) {
    case 0:
      if (!bytes.empty()) {
        auto& byte = bytes[below(bytes.size())];
        byte = static_cast<char>(static_cast<unsigned>(byte) ^ (1U << below(8)));
      }
      break;
    case 1:
      bytes.insert(below(bytes.size() + 1), 1, static_cast<char>(below(256)));
      break;
    case 2:
      bytes.resize(below(bytes.size() + 1));
      break;
    default:
      bytes += below(2) == 0 ? "\x0A\xFF\xFF\xFF\xFF\x0F" : std::string(below(300), '\x0B');
    }
  return bytes;
}

} // namespace

TEST_CASE("mangled requests become errors of the caller's, or requests with a body that is JSON") {
  silence_libraries();
  std::mt19937 random{20'251'128};
  std::vector<Route> routes;
  for (const auto& row : traders::operations()) {
    Route route{
        std::string{row.name}, std::string{row.method}, std::string{row.path}, {}, row.has_body};
    for (const auto& parameter : row.query)
      route.query.emplace_back(parameter.name);
    routes.push_back(std::move(route));
  }
  std::size_t refused = 0;
  const auto count = tandem::tests::mangled_frames();
  for (std::size_t n = 0; n < count; ++n) {
    const auto& route = routes[n % routes.size()];
    const auto& type = *trader().FindMethodByName(route.name)->input_type();
    const auto message = make_message(type);
    random_message::Maker{static_cast<std::uint32_t>(n)}.fill(*message);
    const ::grpc::Slice slice{mangled(message->SerializeAsString(), random)};
    const auto parsed = parse_request(::grpc::ByteBuffer{&slice, 1}, type);
    const auto request = parsed ? to_request(route, **parsed)
                                : tandem::core::Result<tandem::adapters::transport::ServerRequest>{
                                    tl::unexpected{parsed.error()}};
    if (!request) {
      ++refused;
      REQUIRE(request.error().code == Errc::validation_error);
      continue;
    }
    if (request->body.empty())
      continue;
    const auto json = tandem::adapters::transport::parse_json(request->body);
    REQUIRE_MESSAGE(json.has_value(), request->body);
  }
  CHECK(refused > count / 20);
  CHECK(refused < count);
}
