/// The server on loopback, with a handler and a broadcast that do what the case wants: what reaches
/// them, what comes back, and what becomes of clients that go, lag or lie.
#include "adapters/grpc/server.hpp"

#include "tests/adapters/grpc/routes.hpp"
#include "tests/adapters/transport/support.hpp"

#include <doctest/doctest.h>
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <sys/stat.h>
#include <tandem/v1/streams.grpc.pb.h>
#include <tandem/v1/trader.grpc.pb.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace {

namespace ours = tandem::adapters::grpc;
namespace transport = tandem::adapters::transport;
namespace v1 = tandem::v1;
using namespace std::chrono_literals;
using ours::testing::routes;
using transport::ServerRequest;
using transport::ServerResponse;
using transport::ServerSocketPtr;

std::shared_ptr<const std::string> frame(const std::string& event, const std::string& data) {
  return std::make_shared<const std::string>(R"({"event":")" + event + R"(","mode":"mock","data":)"
                                             + data + "}");
}

/// What handlers and broadcast saw, and what they do.
struct Engine {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<ServerRequest> requests;
  std::vector<transport::Respond> held;
  std::vector<std::string> texts;
  std::vector<ServerSocketPtr> open;
  std::size_t closed = 0;
  std::optional<ServerResponse> answer
      = ServerResponse{200, {}, R"({"success":true,"mode":"mock","data":{"id":"btc"}})"};
  std::optional<ServerResponse> refusal; ///< of streams
  std::string reply = R"({"event":"subscribed","mode":"mock","data":{}})";

  transport::ServerEvents events() {
    transport::ServerEvents events;
    events.on_request = [this](ServerRequest request, transport::Respond respond) {
      const std::lock_guard lock{mutex};
      requests.push_back(std::move(request));
      if (answer)
        respond(*answer);
      else
        held.push_back(std::move(respond));
      changed.notify_all();
    };
    events.on_upgrade = [this](const ServerRequest&) { return refusal; };
    events.on_socket_open = [this](const ServerSocketPtr& socket, const ServerRequest& request) {
      const std::lock_guard lock{mutex};
      requests.push_back(request);
      open.push_back(socket);
    };
    events.on_socket_text = [this](const ServerSocketPtr& socket, std::string_view text) {
      {
        const std::lock_guard lock{mutex};
        texts.emplace_back(text);
        changed.notify_all();
      }
      socket->send(std::make_shared<const std::string>(reply));
    };
    events.on_socket_closed = [this](const ServerSocketPtr& socket) {
      const std::lock_guard lock{mutex};
      std::erase(open, socket);
      ++closed;
      changed.notify_all();
    };
    return events;
  }

  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock lock{mutex};
    return changed.wait_for(lock, 10s, condition);
  }
};

struct Host {
  explicit Host(transport::ServerLimits limits = {}, const std::string& address = "127.0.0.1:0") {
    ours::ServeOptions options;
    options.routes = routes();
    options.read_book = [](const std::string& exchange, const std::string& symbol,
                           const std::string& type, std::size_t levels) {
      return symbol == "GONE" ? std::string{}
                              : R"({"exchange":")" + exchange + R"(","symbol":")" + symbol
                                    + R"(","type":")" + type + R"(","bids":[["1","2"]],"asks":[],)"
                                    + R"("ts":)" + std::to_string(levels) + "}";
    };
    auto made = ours::serve_on(io, options)(address, limits, engine.events());
    REQUIRE_MESSAGE(made.has_value(), (made ? "" : tandem::core::describe(made.error())));
    server = *std::move(made);
    channel = ::grpc::CreateChannel(server->address(), ::grpc::InsecureChannelCredentials());
    trader = v1::Trader::NewStub(channel);
    streams = v1::Streams::NewStub(channel);
  }

  ~Host() {
    // What the engine holds of calls goes before the server.
    const std::lock_guard lock{engine.mutex};
    engine.held.clear();
  }

  Engine engine;
  transport::Io io{"test-grpc", transport::testing::real_clocks()};
  std::unique_ptr<transport::HttpServer> server;
  std::shared_ptr<::grpc::Channel> channel;
  std::unique_ptr<v1::Trader::Stub> trader;
  std::unique_ptr<v1::Streams::Stub> streams;
};

std::string with_label(const std::multimap<::grpc::string_ref, ::grpc::string_ref>& metadata,
                       const char* name) {
  const auto found = metadata.find(name);
  return found == metadata.end() ? "" : std::string{found->second.data(), found->second.size()};
}

} // namespace

TEST_CASE("a call reaches the handler as its request, with the caller's metadata") {
  Host host;
  ::grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer abc");
  context.AddMetadata("idempotency-key", "42");
  context.AddMetadata("cookie", "never");
  v1::UpdatePairRequest request;
  request.set_id("btc");
  request.set_threshold("0.10");
  v1::PairId answer;
  const auto status = host.trader->UpdatePair(&context, request, &answer);
  REQUIRE_MESSAGE(status.ok(), status.error_message());
  CHECK(answer.id() == "btc");
  CHECK(with_label(context.GetServerInitialMetadata(), "tandem-mode") == "mock");
  const auto& seen = host.engine.requests.at(0);
  CHECK(seen.method == "PUT");
  CHECK(seen.path == "/api/monitoring/pairs/btc");
  CHECK(seen.body == R"({"threshold":0.10})");
  CHECK(transport::header(seen, "authorization") == "Bearer abc");
  CHECK(transport::header(seen, "idempotency-key") == "42");
  CHECK(transport::header(seen, "cookie").empty());
  CHECK(seen.peer.starts_with("127.0.0.1:"));
}

TEST_CASE("a refusal carries its code, its details and when to come back") {
  Host host;
  host.engine.answer = ServerResponse{
      429,
      {{"Retry-After", "1"}},
      R"({"success":false,"mode":"mock","error":{"code":"RATE_LIMITED","message":"too many"}})"};
  ::grpc::ClientContext context;
  v1::Done answer;
  const auto status = host.trader->PausePair(
      &context,
      [] {
        v1::PausePairRequest request;
        request.set_id("btc");
        return request;
      }(),
      &answer);
  CHECK(status.error_code() == ::grpc::StatusCode::RESOURCE_EXHAUSTED);
  CHECK(status.error_message() == "too many");
  v1::Status details;
  CHECK(details.ParseFromString(status.error_details()));
  v1::Error error;
  REQUIRE(details.details_size() == 1);
  CHECK(details.details(0).UnpackTo(&error));
  CHECK(error.code() == "RATE_LIMITED");
  CHECK(with_label(context.GetServerTrailingMetadata(), "retry-after") == "1");
}

TEST_CASE("a field that this server does not know is refused, however deep it stands") {
  Host host;
  ::grpc::ClientContext context;
  v1::CreatePairRequest request;
  request.mutable_leg1()
      ->GetReflection()
      ->MutableUnknownFields(request.mutable_leg1())
      ->AddVarint(99, 1);
  v1::PairId answer;
  const auto status = host.trader->CreatePair(&context, request, &answer);
  CHECK(status.error_code() == ::grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(host.engine.requests.empty());
  CHECK(host.server->counters().malformed == 1);
}

TEST_CASE("a call that is given up is done with, and a late answer harms nobody") {
  Host host;
  host.engine.answer.reset();
  ::grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 50ms);
  v1::ListPairsResponse answer;
  CHECK(host.trader->ListPairs(&context, {}, &answer).error_code()
        == ::grpc::StatusCode::DEADLINE_EXCEEDED);
  REQUIRE(host.engine.wait([&] { return host.engine.held.size() == 1; }));
  host.engine.held.at(0)({200, {}, R"({"success":true,"mode":"mock","data":[]})"});
  host.engine.held.at(0)({200, {}, "twice"});
}

TEST_CASE("calls beyond the cap are refused at once") {
  transport::ServerLimits limits;
  limits.connections_max = 1;
  Host host{limits};
  host.engine.answer.reset();
  ::grpc::ClientContext first;
  v1::ListPairsRequest nothing;
  v1::ListPairsResponse answer;
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;
  host.trader->async()->ListPairs(&first, &nothing, &answer, [&](const ::grpc::Status& status) {
    CHECK(status.ok());
    const std::lock_guard lock{mutex};
    done = true;
    ended.notify_all();
  });
  REQUIRE(host.engine.wait([&] { return host.engine.held.size() == 1; }));
  ::grpc::ClientContext second;
  v1::ListPairsResponse ignored;
  CHECK(host.trader->ListPairs(&second, {}, &ignored).error_code()
        == ::grpc::StatusCode::RESOURCE_EXHAUSTED);
  host.engine.held.at(0)({200, {}, R"({"success":true,"mode":"mock","data":[]})"});
  std::unique_lock lock{mutex};
  CHECK(ended.wait_for(lock, 10s, [&] { return done; }));
}

TEST_CASE("a stream subscribes to its events and hears them as messages") {
  Host host;
  ::grpc::ClientContext context;
  v1::SubscribeRequest request;
  request.add_symbols("BTCUSDT");
  const auto stream = host.streams->SubscribeOrders(&context, request);
  stream->WaitForInitialMetadata();
  CHECK(with_label(context.GetServerInitialMetadata(), "tandem-mode") == "mock");
  CHECK(host.engine.texts.at(0)
        == R"({"op":"subscribe","pairs":[],"exchanges":[],"symbols":["BTCUSDT"],)"
           R"("events":["order_submitted","order_filled","order_failed"]})");
  const auto socket = host.engine.open.at(0);
  CHECK(socket->send(frame("execution", "{}"))); // not of this stream
  CHECK(socket->send(frame(
      "order_failed", R"({"exchange":"binance","type":"spot","symbol":"BTCUSDT","orderId":"1",)"
                      R"("clientOrderId":"c","side":"buy","pairId":null,"planId":"p",)"
                      R"("code":"INTERNAL","message":"m","ts":5})")));
  v1::OrderEvent event;
  REQUIRE(stream->Read(&event));
  CHECK(event.order_failed().plan_id() == "p");
  CHECK_FALSE(event.order_failed().has_pair_id());
  socket->close(1012, "service restart");
  CHECK_FALSE(stream->Read(&event));
  CHECK(stream->Finish().error_code() == ::grpc::StatusCode::UNAVAILABLE);
  CHECK_FALSE(socket->send(frame("order_failed", "{}")));
  CHECK(host.engine.wait([&] { return host.engine.closed == 1; }));
}

TEST_CASE("what comes before the subscription is in force is not told") {
  Host host;
  host.engine.reply = frame("price_update", R"({"exchange":"early"})")->c_str();
  ::grpc::ClientContext context;
  const auto stream = host.streams->SubscribePrices(&context, {});
  REQUIRE(host.engine.wait([&] { return host.engine.texts.size() == 1; }));
  const auto socket = host.engine.open.at(0);
  CHECK(socket->send(frame("subscribed", "{}")));
  CHECK(
      socket->send(frame("price_update", R"({"exchange":"a","symbol":"b","type":"spot","bid":1.50,)"
                                         R"("ask":2,"ts":3})")));
  v1::PriceUpdate price;
  REQUIRE(stream->Read(&price));
  CHECK(price.bid() == "1.50");
  context.TryCancel();
  CHECK(host.engine.wait([&] { return host.engine.closed == 1; }));
}

TEST_CASE("a subscription that is refused ends the stream with its reason") {
  Host host;
  host.engine.reply
      = *frame("error", R"({"code":"VALIDATION_ERROR","message":"too many","field":"symbols"})");
  ::grpc::ClientContext context;
  const auto stream = host.streams->SubscribePrices(&context, {});
  v1::PriceUpdate price;
  CHECK_FALSE(stream->Read(&price));
  const auto status = stream->Finish();
  CHECK(status.error_code() == ::grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(status.error_message() == "too many");

  host.engine.refusal = ServerResponse{
      403,
      {},
      R"({"success":false,"mode":"mock","error":{"code":"FORBIDDEN","message":"no key"}})"};
  ::grpc::ClientContext other;
  const auto refused = host.streams->SubscribePrices(&other, {});
  CHECK_FALSE(refused->Read(&price));
  CHECK(refused->Finish().error_code() == ::grpc::StatusCode::PERMISSION_DENIED);
}

TEST_CASE("a book is read when it is written, and left out when it is gone") {
  Host host;
  ::grpc::ClientContext context;
  v1::SubscribeBooksRequest request;
  request.set_depth(7);
  const auto stream = host.streams->SubscribeBooks(&context, request);
  stream->WaitForInitialMetadata();
  const auto socket = host.engine.open.at(0);
  for (const auto* symbol : {"GONE", "HERE"})
    CHECK(socket->send(frame("price_update", R"({"exchange":"a","symbol":")" + std::string{symbol}
                                                 + R"(","type":"spot","bid":1,"ask":2,"ts":3})")));
  v1::Price book;
  REQUIRE(stream->Read(&book));
  CHECK(book.symbol() == "HERE");
  CHECK(book.ts() == 7);
  context.TryCancel();
}

TEST_CASE("a client that does not read is cut, and what waited for it is freed") {
  transport::ServerLimits limits;
  limits.websocket_buffer_bytes_max = 256U * 1024;
  Host host{limits};
  ::grpc::ClientContext context;
  const auto stream = host.streams->SubscribeAlerts(&context, {});
  stream->WaitForInitialMetadata();
  const auto socket = host.engine.open.at(0);
  const auto alert = frame("engine_alert", R"({"severity":"info","code":"A","message":")"
                                               + std::string(1'000, 'x')
                                               + R"(","pairId":null,"source":"","ts":1})");
  std::size_t sent = 0;
  while (socket->send(alert) && sent < 1'000'000) {
    CHECK(socket->buffered() <= limits.websocket_buffer_bytes_max);
    ++sent;
  }
  CHECK(sent < 100'000);
  CHECK(socket->buffered() == 0);
  CHECK(host.server->counters().websockets_cut_slow == 1);
  v1::Alert one;
  while (stream->Read(&one)) {
  }
  CHECK(stream->Finish().error_code() == ::grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_CASE("the end of the server ends calls and streams, and tells nobody") {
  Host host;
  host.engine.answer.reset();
  ::grpc::ClientContext context;
  const auto stream = host.streams->SubscribePrices(&context, {});
  stream->WaitForInitialMetadata();
  host.server.reset();
  v1::PriceUpdate price;
  CHECK_FALSE(stream->Read(&price));
  CHECK_FALSE(stream->Finish().ok());
  CHECK(host.engine.closed == 0);
  CHECK_FALSE(host.engine.open.at(0)->send(frame("price_update", "{}")));
}

TEST_CASE("an address is taken once, and free again after the server") {
  Host host;
  ours::ServeOptions options;
  options.routes = routes();
  const auto address = host.server->address();
  const auto serve = ours::serve_on(host.io, options);
  const auto second = serve(address, {}, host.engine.events());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == tandem::core::Errc::connection_lost);
  host.server.reset();
  CHECK(serve(address, {}, host.engine.events()).has_value());
}

TEST_CASE("a socket in the file system is for its owner alone") {
  const auto path = std::filesystem::temp_directory_path()
                    / ("tandem-grpc-" + std::to_string(::getpid()) + ".sock");
  {
    Host host{{}, "unix:" + path.string()};

    struct stat info {};

    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0600U);
    ::grpc::ClientContext context;
    v1::GetPairRequest request;
    request.set_id("btc");
    v1::Pair pair;
    CHECK(host.trader->GetPair(&context, request, &pair).error_code()
          == ::grpc::StatusCode::INTERNAL); // the answer is no pair
    CHECK(host.engine.requests.at(0).peer == "unix:0");
  }
  std::filesystem::remove(path);
}
