/// Bytes that were a request once, and bytes that never were one: each becomes a request that the
/// handlers can judge, or an error of the caller's. None ends anything.
#include "adapters/grpc/server_state.hpp"
#include "adapters/traders/operations.hpp"
#include "adapters/transport/json.hpp"
#include "tests/adapters/grpc/random_message.hpp"
#include "tests/nightly.hpp"

#include <doctest/doctest.h>
#include <grpcpp/support/slice.h>
#include <malloc.h>
#include <tandem/v1/trader.pb.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <future>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

/// Bytes that this thread has taken and not given back. What another one gave may be given back
/// here, so it can be below zero.
thread_local std::ptrdiff_t held = 0;
thread_local std::ptrdiff_t held_max = 0;

void* counted(std::size_t size) noexcept {
  void* const memory = std::malloc(size == 0 ? 1 : size);
  held += static_cast<std::ptrdiff_t>(::malloc_usable_size(memory));
  held_max = std::max(held_max, held);
  return memory;
}

void* counted_or_throw(std::size_t size) {
  if (void* const memory = counted(size))
    return memory;
  throw std::bad_alloc{};
}

void give_back(void* memory) noexcept {
  held -= static_cast<std::ptrdiff_t>(::malloc_usable_size(memory));
  std::free(memory);
}

} // namespace

// Every allocation of this program is counted, also that of the libraries. Not inlined: g++ 12
// would see malloc meet delete and call it a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
  return counted_or_throw(size);
}

[[gnu::noinline]] void* operator new[](std::size_t size) {
  return counted_or_throw(size);
}

[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return counted(size);
}

[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return counted(size);
}

[[gnu::noinline]] void operator delete(void* memory) noexcept {
  give_back(memory);
}

[[gnu::noinline]] void operator delete[](void* memory) noexcept {
  give_back(memory);
}

[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  give_back(memory);
}

[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept {
  give_back(memory);
}

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

/// A request of P18 takes no more, whatever its bytes claim; at no moment, not at the end alone.
constexpr std::ptrdiff_t request_bytes_max = 4 * 1024 * 1024;
/// Made from one message: making a message costs as much as reading several.
constexpr std::size_t batch_size = 20;

/// What became of the messages.
struct Tally {
  std::size_t read = 0, refused = 0;
  std::ptrdiff_t largest = 0; ///< bytes of memory for one
  std::string wrong{};        ///< the first that became neither; empty = none
};

std::vector<Route> all_routes() {
  std::vector<Route> routes;
  for (const auto& row : traders::operations()) {
    Route route{
        std::string{row.name}, std::string{row.method}, std::string{row.path}, {}, row.has_body};
    for (const auto& parameter : row.query)
      route.query.emplace_back(parameter.name);
    routes.push_back(std::move(route));
  }
  return routes;
}

/// As they come from a network: in one piece or in several.
::grpc::ByteBuffer in_pieces(std::string_view bytes, std::mt19937& random) {
  std::vector<::grpc::Slice> pieces;
  for (auto left = random() % 4; left > 0; --left) {
    const auto size = random() % (bytes.size() + 1);
    pieces.emplace_back(std::string{bytes.substr(0, size)});
    bytes.remove_prefix(size);
  }
  pieces.emplace_back(std::string{bytes});
  return {pieces.data(), pieces.size()};
}

/// Empty when it became what it may.
std::string read_one(const Route& route, const pb::Descriptor& type,
                     const ::grpc::ByteBuffer& buffer, Tally& tally) {
  const auto before = held;
  held_max = held;
  const auto parsed = parse_request(buffer, type);
  const auto request = parsed ? to_request(route, **parsed)
                              : tandem::core::Result<tandem::adapters::transport::ServerRequest>{
                                  tl::unexpected{parsed.error()}};
  const auto taken = held_max - before;
  ++tally.read;
  tally.largest = std::max(tally.largest, taken);
  if (taken > request_bytes_max)
    return "took " + std::to_string(taken) + " bytes";
  if (!request) {
    ++tally.refused;
    return request.error().code == Errc::validation_error ? "" : describe(request.error());
  }
  if (request->body.empty() || tandem::adapters::transport::parse_json(request->body))
    return "";
  return "no JSON: " + request->body;
}

/// Every batch is of its own number alone, so that one that failed can be found again, whichever
/// thread it ran on.
void read_batch(const std::vector<Route>& routes, std::size_t batch, Tally& tally) {
  const auto& route = routes[batch % routes.size()];
  const auto& type = *trader().FindMethodByName(route.name)->input_type();
  const auto message = make_message(type);
  random_message::Maker{static_cast<std::uint32_t>(batch)}.fill(*message);
  const auto whole = message->SerializeAsString();
  std::mt19937 random{static_cast<std::uint32_t>(batch) + 20'251'128};
  for (std::size_t n = 0; n < batch_size; ++n) {
    const auto wrong = read_one(route, type, in_pieces(mangled(whole, random), random), tally);
    if (!wrong.empty() && tally.wrong.empty())
      tally.wrong = route.name + ", batch " + std::to_string(batch) + ", message "
                    + std::to_string(n) + ": " + wrong;
  }
}

} // namespace

TEST_CASE("mangled requests become errors of the caller's, or requests with a body that is JSON") {
  silence_libraries();
  const auto routes = all_routes();
  const auto batches = tandem::tests::mangled_frames() / batch_size;
  const std::size_t threads = std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
  const auto began = std::chrono::steady_clock::now();
  std::vector<std::future<Tally>> parts;
  for (std::size_t first = 0; first < threads; ++first)
    parts.push_back(std::async(std::launch::async, [&routes, batches, threads, first] {
      Tally tally;
      for (auto batch = first; batch < batches && tally.wrong.empty(); batch += threads)
        read_batch(routes, batch, tally);
      return tally;
    }));
  Tally all;
  for (auto& part : parts) {
    const auto tally = part.get();
    all.read += tally.read;
    all.refused += tally.refused;
    all.largest = std::max(all.largest, tally.largest);
    CHECK_MESSAGE(tally.wrong.empty(), tally.wrong);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  MESSAGE(all.read, " mangled requests in ", took.count(), " s: ", all.refused,
          " refused, at most ", all.largest, " bytes of memory for one");
  CHECK(all.read == batches * batch_size);
  CHECK(all.refused > all.read / 20);
  CHECK(all.refused < all.read);
  CHECK(all.largest > 0); // it is counted
}
