#include "adapters/price_stream/influx.hpp"

#include "adapters/price_stream/points.hpp"
#include "adapters/transport/json.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace tandem;
using namespace tandem::adapters;
using namespace tandem::adapters::price_stream;

namespace {

core::Result<std::string> answered(int status, std::string body, Dialect dialect = Dialect::sql) {
  transport::HttpResponse reply;
  reply.status = status;
  reply.body = std::move(body);
  return query_answer(dialect, std::move(reply));
}

} // namespace

TEST_CASE(
    "S1-60: a question goes to the database's SQL route with its token and asks for JSON lines") {
  const auto request
      = query_request({"http://db:8086", "canary", "crypto_data", ""}, "SELECT 1 AS \"a\"");
  CHECK(request.method == "POST");
  CHECK(request.url == "http://db:8086/api/v3/query_sql");
  const auto body = transport::parse_json(request.body);
  REQUIRE(body);
  CHECK(*body->find("db")->string() == "crypto_data");
  CHECK(*body->find("q")->string() == "SELECT 1 AS \"a\"");
  CHECK(*body->find("format")->string() == "jsonl");
}

TEST_CASE("rows are read exactly, and as many as there are") {
  std::string body;
  constexpr std::size_t rows = 20'000; // more than one JSON document may hold here
  for (std::size_t n = 0; n < rows; ++n)
    body += R"({"time":"2025-06-14T12:00:00","open":1.10,"high":2.0,"low":0.5,"close":1e-05,)"
            R"("volume":123456789.123456789,"trade_count":3})"
            "\n";
  const auto read = parse_rows(body);
  REQUIRE(read);
  REQUIRE(read->size() == rows);
  CHECK(read->back().close.to_string() == "0.00001");
  CHECK(core::to_string(read->back().volume) == "123456789.123456789");
  CHECK(read->back().trade_count == 3);
  CHECK(parse_rows("")->empty());
  CHECK(parse_rows("\r\n")->empty());
}

TEST_CASE("what is no row is told") {
  for (const auto* body : {"[]", "1", "{", R"({"time":"2025-06-14T12:00:00"})",
                           R"({"time":1,"open":1,"high":1,"low":1,"close":1,"volume":1})"})
    CHECK_MESSAGE(parse_rows(body).error().code == core::Errc::malformed, body);
  CHECK_FALSE(parse_symbol_rows(R"({"symbol":"../x"})"));
  CHECK(parse_symbol_rows("{\"symbol\":\"BTCUSDT\"}\n{\"symbol\":\"ethusdt\"}").value()
        == std::vector{core::Symbol{"BTCUSDT"}, core::Symbol{"ETHUSDT"}});
}

TEST_CASE("S1-19: the newest row is shown as it is") {
  const auto row
      = parse_newest(R"({"source":"tandem","time":"2025-06-14T12:00:00.123","value":1.0})");
  REQUIRE(row.value());
  CHECK((*row)->text == "source=tandem time=2025-06-14T12:00:00.123 value=1.0");
  CHECK((*row)->time == 1'749'902'400'123);
  CHECK_FALSE(parse_newest("").value());
  CHECK_FALSE(parse_newest(R"({"value":1.0})"));
  CHECK(newest_sql("test_measurement")
        == R"(SELECT * FROM "test_measurement" ORDER BY time DESC LIMIT 1)");
}

TEST_CASE(
    "a measurement that nobody wrote to has no rows; everything else is the database's failure") {
  const std::string absent = "Error during planning: table 'public.iox.crypto_price' not found";
  CHECK(answered(200, "x").value() == "x");
  CHECK(answered(400, "query error: error while planning query: " + absent).value().empty());
  CHECK_FALSE(answered(500, absent));
  CHECK_FALSE(answered(404, R"({"error":"database not found"})"));
  CHECK_FALSE(answered(400, "the table is long, and its column was not found"));
  CHECK_FALSE(answered(400, "Error during planning: table 'a' has no column 'not found'"));
  const auto refused = answered(401, "who are you");
  CHECK(refused.error().detail.find("401") != std::string::npos);
  CHECK(query_answer(Dialect::sql, core::fail(core::Errc::timed_out, "5 s")).error().code
        == core::Errc::timed_out);
}

TEST_CASE("InfluxDB 1 is asked in InfluxQL, and its CSV read as the same rows") {
  const auto request = query_request({"http://db:8086", "canary", "my data", "", Dialect::influxql},
                                     "SELECT * FROM \"a\"");
  CHECK(request.url == "http://db:8086/query?epoch=ms&db=my%20data");
  CHECK(request.body == "q=SELECT%20%2A%20FROM%20%22a%22");
  const auto rows = answered(200,
                             "name,tags,time,open,high,low,close,volume,trade_count\r\n"
                             "crypto_price,,1749902400000,1,2.5,0.5,1e-05,10,3\r\n"
                             "crypto_price,,1749902460000,1,2.5,0.5,1,10,\r\n",
                             Dialect::influxql)
                        .and_then(parse_rows);
  REQUIRE(rows);
  REQUIRE(rows->size() == 2);
  CHECK((*rows)[0].open_time == 1'749'902'400'000);
  CHECK((*rows)[0].close.to_string() == "0.00001");
  CHECK((*rows)[0].trade_count == 3);
  const auto symbols = answered(200,
                                "name,tags,time,last\ncrypto_price,symbol=BTCUSDT,1,5\n\n"
                                "name,tags,time,last\ncrypto_price,symbol=ETHUSDT,1,5\n",
                                Dialect::influxql)
                           .and_then(parse_symbol_rows);
  CHECK(symbols.value() == std::vector{core::Symbol{"BTCUSDT"}, core::Symbol{"ETHUSDT"}});
  CHECK(answered(200, "", Dialect::influxql).value().empty());
  CHECK_FALSE(answered(200, "error\n\"database not found: x\"\n", Dialect::influxql));
}
