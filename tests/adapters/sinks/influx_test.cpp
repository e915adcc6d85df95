#include "adapters/sinks/gzip.hpp"
#include "adapters/sinks/influx/writer.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace tandem;
using namespace tandem::adapters::sinks;
using core::sinks::Kind;
using core::sinks::Number;
using core::sinks::Numbered;
using core::sinks::Outcome;

namespace {

std::string line(const influx::Point& point) {
  std::string out;
  influx::append_line(out, point);
  return out;
}

Numbered trade() {
  Numbered item;
  item.sequence = 7'000'042;
  item.record.kind = Kind::trade;
  item.record.instrument
      = {core::VenueId{"binance"}, core::MarketType::spot, core::Symbol{"BTCUSDT"}};
  item.record.name = "99";
  item.record.time = 1'700'000'000'123;
  item.record.number("price", "61737.63").number("quantity", "0.5").text("taker", "buy");
  return item;
}

struct StubHttp final : adapters::transport::HttpClient {
  void send(adapters::transport::HttpRequest request,
            adapters::transport::HttpCallback callback) override {
    last = std::move(request);
    done = std::move(callback);
  }

  adapters::transport::HttpRequest last;
  adapters::transport::HttpCallback done;
};

std::string header(const adapters::transport::HttpRequest& request, const std::string& name) {
  for (const auto& [key, value] : request.headers)
    if (key == name)
      return value;
  return {};
}

std::string inflate(const std::string& packed) {
  z_stream state{};
  REQUIRE(inflateInit2(&state, 15 + 16) == Z_OK);
  std::string in{packed}, out(1 << 20, '\0');
  state.next_in = reinterpret_cast<Bytef*>(in.data());
  state.avail_in = static_cast<uInt>(in.size());
  state.next_out = reinterpret_cast<Bytef*>(out.data());
  state.avail_out = static_cast<uInt>(out.size());
  REQUIRE(::inflate(&state, Z_FINISH) == Z_STREAM_END);
  out.resize(state.total_out);
  inflateEnd(&state);
  return out;
}

adapters::transport::HttpResponse answer(int status, std::string body = {}) {
  adapters::transport::HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

} // namespace

TEST_CASE("line protocol: floats, integers with i, booleans and quoted strings") {
  influx::Point point{
      "m",
      {{"t", "v"}},
      {{"f", Number{"1.50"}}, {"i", std::int64_t{-3}}, {"b", true}, {"s", std::string{"x"}}},
      17};
  CHECK(line(point) == "m,t=v f=1.50,i=-3i,b=true,s=\"x\" 17\n");
}

TEST_CASE("line protocol: what would end a name, tag or string is escaped") {
  influx::Point point{"a b,c=d",
                      {{"t ,=", "v ,=\\"}, {"empty", ""}, {"nl", "a\nb"}},
                      {{"f ,=", std::string{"say \"hi\" \\ , = \n end"}}},
                      0};
  CHECK(line(point)
        == "a\\ b\\,c=d,t\\ \\,\\==v\\ \\,\\=\\\\,nl=a\\ b f\\ \\,\\==\"say \\\"hi\\\" \\\\ , = \n "
           "end\" 0\n");
}

TEST_CASE("a trade's point is its own: two of one millisecond do not replace each other") {
  const influx::Labels labels{"tandem_", "prod"};
  CHECK(
      line(influx::to_point(trade(), labels))
      == "tandem_trade,mode=prod,exchange=binance,type=spot,symbol=BTCUSDT "
         "seq=7000042i,id=\"99\",price=61737.63,quantity=0.5,taker=\"buy\" 1700000000123000042\n");
}

TEST_CASE("a candle sent again replaces itself: its time is the candle's and its interval a tag") {
  auto item = trade();
  item.record.kind = Kind::kline;
  item.record.text("interval", "1m");
  const auto point = influx::to_point(item, {"", "mock"});
  CHECK(point.time == 1'700'000'000'123'000'000);
  CHECK(point.tags.back() == std::pair<std::string, std::string>{"interval", "1m"});
}

TEST_CASE("each interface of InfluxDB has its own path and authorization") {
  influx::Options options;
  options.url = "http://host:8086";
  options.org = "my org";
  options.database = "data/base";
  options.token = "secret";
  options.gzip = false;
  auto request = influx::write_request(options, "m f=1 1\n");
  CHECK(request.method == "POST");
  CHECK(request.url
        == "http://host:8086/api/v2/write?org=my%20org&bucket=data%2Fbase&precision=ns");
  CHECK(header(request, "Authorization") == "Token secret");
  CHECK(request.body == "m f=1 1\n");
  options.org.clear();
  CHECK(influx::write_request(options, "").url
        == "http://host:8086/api/v2/write?bucket=data%2Fbase&precision=ns");
  options.api = influx::Api::v3;
  request = influx::write_request(options, "");
  CHECK(request.url == "http://host:8086/api/v3/write_lp?db=data%2Fbase&precision=nanosecond");
  CHECK(header(request, "Authorization") == "Bearer secret");
  options.api = influx::Api::v1;
  options.token.clear();
  options.user = "me";
  options.password = "pass";
  request = influx::write_request(options, "");
  CHECK(request.url == "http://host:8086/write?db=data%2Fbase&precision=ns");
  CHECK(header(request, "Authorization") == "Basic bWU6cGFzcw==");
}

TEST_CASE("a batch goes out as packed lines and its answer decides") {
  StubHttp http;
  influx::Options options;
  options.url = "http://host";
  options.database = "d";
  options.labels = {"", "mock"};
  const auto writer = influx::make_writer(options, http);
  bool opened = false;
  writer->open("s", [&](const auto& resumed) { opened = resumed.has_value() && !*resumed; });
  CHECK(opened);
  auto batch = std::make_shared<Batch>();
  batch->items = {trade(), trade()};
  std::vector<Outcome> outcomes;
  writer->write(batch, [&](const Outcome& outcome) { outcomes.push_back(outcome); });
  CHECK(header(http.last, "Content-Encoding") == "gzip");
  const auto one = line(influx::to_point(trade(), options.labels));
  CHECK(inflate(http.last.body) == one + one);
  http.done(answer(204));
  REQUIRE(outcomes.size() == 1);
  CHECK(outcomes[0].kind == Outcome::Kind::delivered);
}

TEST_CASE("an answer of InfluxDB says whether lines are wrong or the server is") {
  using enum Outcome::Kind;
  const auto kind = [](int status) { return influx::outcome_of(answer(status, "why\n")).kind; };
  CHECK(kind(200) == delivered);
  CHECK(kind(204) == delivered);
  for (const int status : {400, 413, 422})
    CHECK(kind(status) == rejected);
  for (const int status : {401, 403, 404, 408, 429, 500, 503})
    CHECK(kind(status) == failed);
  CHECK(influx::outcome_of(answer(400, "unable to parse\n")).detail == "400 unable to parse");
  auto busy = answer(429);
  busy.headers.emplace_back("retry-after", "7");
  CHECK(influx::outcome_of(busy).pause == std::chrono::seconds{7});
  busy.headers.back().second = "999999";
  CHECK(influx::outcome_of(busy).pause == std::chrono::seconds{300});
  CHECK(influx::outcome_of(core::fail(core::Errc::timed_out, "5 s")).kind == failed);
}

TEST_CASE("an answer that comes after the writer's end reaches nobody") {
  StubHttp http;
  influx::Options options;
  options.url = "http://host";
  auto writer = influx::make_writer(options, http);
  auto batch = std::make_shared<Batch>();
  batch->items = {trade()};
  bool told = false;
  writer->write(batch, [&](const Outcome&) { told = true; });
  writer.reset();
  http.done(answer(204));
  CHECK_FALSE(told);
}
