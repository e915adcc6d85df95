/// The protocol laboratory against the known results of every recording, and against input that is
/// none.
#include "apps/tandem/lab.hpp"

#include <boost/json.hpp>
#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace json = boost::json;
using namespace tandem;

namespace {

struct Outcome {
  int code = 0;
  std::string errors;
  std::vector<json::object> lines; ///< the last one is the summary

  [[nodiscard]] const json::object& summary() const { return lines.back(); }
};

Outcome run(const apps::LabBookOptions& options, const std::string& text = {}) {
  std::istringstream input{text};
  std::ostringstream output;
  std::ostringstream errors;
  Outcome outcome;
  outcome.code = apps::run_lab_book(options, input, output, errors);
  outcome.errors = errors.str();
  std::istringstream lines{output.str()};
  for (std::string line; std::getline(lines, line);)
    outcome.lines.push_back(json::parse(line).as_object());
  return outcome;
}

apps::LabBookOptions bybit(bool each = false) {
  return {.venue = "bybit", .type = "linear", .each = each, .symbol = {}, .files = {}};
}

apps::LabBookOptions binance(const std::string& type, bool each = false) {
  return {.venue = "binance", .type = type, .each = each, .symbol = {}, .files = {}};
}

std::optional<std::filesystem::path> recordings() {
  const char* shared = std::getenv("TANDEM_SHARED");
  const auto folder = std::filesystem::path{shared != nullptr ? shared : "../shared"} / "venues";
  if (std::filesystem::exists(folder))
    return folder;
  if (std::getenv("CI") != nullptr)
    FAIL("no recordings at " << folder.string());
  MESSAGE("skipped: no recordings at " << folder.string());
  return std::nullopt;
}

json::object expected(const std::filesystem::path& folder) {
  std::ifstream file{folder / "expected-replay.json"};
  std::ostringstream text;
  text << file.rdbuf();
  return json::parse(text.str()).as_object();
}

/// Every expected key is there and equal; more keys are no fault.
void check_contains(const json::object& got, const json::object& want, const std::string& path) {
  for (const auto& [key, value] : want) {
    const auto here = path + "." + std::string{key};
    CAPTURE(here);
    const auto* found = got.if_contains(key);
    REQUIRE(found != nullptr);
    if (value.is_object())
      check_contains(found->as_object(), value.as_object(), here);
    else
      CHECK_MESSAGE(*found == value, json::serialize(*found)
                                         << " is not " << json::serialize(value));
  }
}

std::string frame(std::string_view type, int u, std::string_view bids, std::string_view asks) {
  return R"({"topic":"orderbook.50.BTCUSDT","type":")" + std::string{type}
         + R"(","ts":1,"data":{"s":"BTCUSDT","b":[)" + std::string{bids} + R"(],"a":[)"
         + std::string{asks} + R"(],"u":)" + std::to_string(u) + R"(,"seq":1}})";
}

const std::string snapshot
    = frame("snapshot", 10, R"(["100.50","1.0"],["100.40","2"])", R"(["100.60","1.5"])");
const std::string delta
    = frame("delta", 11, R"(["100.50","0"])", R"(["100.60","1.50"],["100.70","3"])");

std::string gzip(std::string_view text) {
  const auto path = std::filesystem::temp_directory_path() / "tandem_lab_test.gz";
  const auto file = gzopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  std::ifstream packed{path, std::ios::binary};
  std::ostringstream bytes;
  bytes << packed.rdbuf();
  std::filesystem::remove(path);
  return bytes.str();
}

} // namespace

TEST_CASE("the laboratory finds in every Binance recording what was computed from it") {
  const auto folder = recordings();
  if (!folder)
    return;
  for (const auto& [name, value] : expected(*folder / "binance")) {
    const std::string set{name};
    CAPTURE(set);
    auto options = binance(set.starts_with("spot") ? "spot" : "linear");
    std::vector<std::string> files{"usdm-4symbols-20210722.ws.txt.gz",
                                   "usdm-4symbols-20210722.http.txt.gz"};
    if (const auto* named = value.as_object().if_contains("files"))
      files = json::value_to<std::vector<std::string>>(*named);
    for (const auto& file : files)
      options.files.push_back((*folder / "binance" / file).string());
    const auto outcome = run(options);
    REQUIRE(outcome.code == 0);
    check_contains(outcome.summary(), value.as_object(), set);
    // as the stream of bytes on standard input, one file after the other
    std::ostringstream bytes;
    for (const auto& file : options.files)
      bytes << std::ifstream{file, std::ios::binary}.rdbuf();
    auto same = value.as_object();
    same.erase("files");
    check_contains(run(binance(options.type), bytes.str()).summary(), same,
                   set + " from standard input");
  }
}

TEST_CASE("the laboratory finds in every Bybit recording what was computed from it") {
  const auto folder = recordings();
  if (!folder)
    return;
  for (const auto& [name, value] : expected(*folder / "bybit")) {
    auto options = bybit();
    options.files.push_back((*folder / "bybit" / value.at("file").as_string().c_str()).string());
    const auto outcome = run(options);
    REQUIRE(outcome.code == 0);
    check_contains(outcome.summary(), value.as_object(), std::string{name});
  }
}

TEST_CASE("--each prints the book after every message") {
  const auto outcome = run(bybit(true), delta + "\n" + snapshot + "\n" + delta + "\n" + delta + "\n"
                                            + frame("delta", 14, "", "") + "\n");
  REQUIRE(outcome.code == 0);
  REQUIRE(outcome.lines.size() == 6);
  CHECK(outcome.lines[0].at("action") == "ignore");
  CHECK(outcome.lines[0].at("live") == false);
  CHECK(outcome.lines[0].at("best_bid").is_null());
  const auto& first = outcome.lines[1];
  CHECK(first.at("n") == 1);
  CHECK(first.at("action") == "apply");
  CHECK(first.at("live") == true);
  CHECK(first.at("seq") == 10);
  CHECK(first.at("bids") == 2);
  CHECK(first.at("asks") == 1);
  CHECK(first.at("best_bid") == json::array{"100.50", "1.0"});
  CHECK(first.at("best_ask") == json::array{"100.60", "1.5"});
  const std::string text = "100.50:1.0:100.60:1.5:100.40:2";
  CHECK(first.at("crc25").as_int64()
        == static_cast<std::int32_t>(crc32(0, reinterpret_cast<const Bytef*>(text.data()),
                                           static_cast<unsigned>(text.size()))));
  CHECK(outcome.lines[2].at("best_bid") == json::array{"100.40", "2"});
  CHECK(outcome.lines[2].at("best_ask") == json::array{"100.60", "1.50"});
  CHECK(outcome.lines[3].at("action") == "ignore");
  CHECK(outcome.lines[4].at("action") == "resync");
  CHECK(outcome.lines[4].at("live") == false);
  CHECK(outcome.summary().at("u_gaps") == 1);
  CHECK(outcome.summary().at("fault_lines").as_object().size() == 1);
}

TEST_CASE("whatever a recorder wrote around the messages, the book is the same") {
  const auto want = run(bybit(), snapshot + "\n" + delta + "\n").summary().at("final_book_sha256");
  const auto check = [&](const std::string& text) {
    CAPTURE(text);
    const auto outcome = run(bybit(), text);
    REQUIRE(outcome.code == 0);
    CHECK(outcome.summary().at("final_book_sha256") == want);
  };
  check("1723161255088169167 " + snapshot + "\n1723161255088169168 " + delta + "\n");
  check("\n" + snapshot + "\r\n\r\n" + delta); // empty lines, and no newline at the end
  check(R"({"t":"1652459225.5038888","msg":)" + snapshot + "}\n" + R"({"t":1652459226,"msg":)"
        + delta + "}\n");
  check(R"({"frame":)" + snapshot + "}\n" + R"({"frame":)" + json::serialize(json::value(delta))
        + "}\n");
  check(R"({"origin":"x","message":)" + snapshot + "}\n" + delta);
  check("wss://stream.bybit.com/v5/public/linear <-> 1626992740.179554\n1626992741.06: " + snapshot
        + "\n1626992741.07: " + delta + "\n");
  check(gzip(snapshot + "\n" + delta + "\n"));
  check(gzip(snapshot + "\n") + gzip(delta + "\n"));
}

TEST_CASE("a REST snapshot bridges a Binance book wherever it stands in the input") {
  const std::string before
      = R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1,"s":"BTCUSDT","U":98,"u":100,"b":[["5","1"]],"a":[]}})";
  const std::string bridge
      = R"({"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":2,"s":"BTCUSDT","U":101,"u":103,"b":[["9","1.0"]],"a":[["12","0"]]}})";
  const std::string book
      = R"({"lastUpdateId":101,"bids":[["8","2"]],"asks":[["11","1"],["12","4"]]})";
  for (const auto& text :
       {before + "\n" + bridge + "\n" + book + "\n", before + "\n" + book + "\n" + bridge + "\n",
        before + "\n" + R"({"snapshot":)" + book + "}\n" + bridge + "\n"}) {
    CAPTURE(text);
    const auto outcome = run(binance("spot", true), text);
    REQUIRE(outcome.code == 0);
    CHECK(outcome.lines[0].at("action") == "buffer");
    const auto& summary = outcome.summary();
    CHECK(summary.at("snapshot_lastUpdateId") == 101);
    CHECK(summary.at("depth_dropped_before_snapshot") == 1);
    CHECK(summary.at("first_applied_U_u") == json::array{101, 103});
    CHECK(summary.at("depth_applied") == 1);
    CHECK(summary.at("final_best_bid") == json::array{"9", "1.0"});
    CHECK(summary.at("final_ask_levels") == 1);
  }
}

TEST_CASE("only the asked symbol is replayed") {
  auto options = bybit();
  options.symbol = "ethusdt";
  const auto outcome = run(options, snapshot + "\n");
  CHECK(outcome.code == 0);
  CHECK(outcome.summary().at("lines") == 0);
}

TEST_CASE("a message that breaks the venue's protocol is reported and the rest goes on") {
  const auto outcome = run(bybit(true), snapshot + "\n" + R"({"topic":"orderbook.50.BTCUSDT"})"
                                            + "\n5\n[1]\n" + delta + "\n");
  REQUIRE(outcome.code == 0);
  for (const auto n : {1, 2, 3})
    CHECK(outcome.lines[static_cast<std::size_t>(n)].at("action") == "error");
  CHECK(outcome.lines[4].at("action") == "apply");
  CHECK(outcome.summary().at("fault_lines").as_object().contains("-:2"));
}

TEST_CASE("input that is not JSON lines ends with 65 and names file and line") {
  const auto fails = [](const std::string& text, std::string_view where) {
    CAPTURE(text);
    const auto outcome = run(bybit(), text);
    CHECK(outcome.code == 65);
    CHECK(outcome.errors.find(where) != std::string::npos);
  };
  fails("not json\n", "-:1:");
  fails(snapshot + "\n" + delta.substr(0, 50) + "\n", "-:2:");
  fails(snapshot + "\n\n1723161255088169167 {]\n", "-:3:");
  fails("123456789012345678901234567890 {}\n", "-:1:");
  const auto packed = gzip(snapshot + "\n" + delta + "\n");
  fails(packed.substr(0, packed.size() / 2), "gzip");
  fails(packed.substr(0, 12) + std::string(40, 'x'), "gzip");
}

TEST_CASE("what was asked wrongly ends with 64") {
  CHECK(run({.venue = "nowhere", .type = "spot", .each = false, .symbol = {}, .files = {}}).code
        == 64);
  CHECK(run({.venue = "bybit", .type = "swap", .each = false, .symbol = {}, .files = {}}).code
        == 64);
  auto options = bybit();
  options.files = {"no/such/file"};
  const auto outcome = run(options);
  CHECK(outcome.code == 64);
  CHECK(outcome.errors.find("no/such/file") != std::string::npos);
}

TEST_CASE("an empty input is an empty report") {
  const auto outcome = run(bybit());
  CHECK(outcome.code == 0);
  CHECK(outcome.summary().at("lines") == 0);
}
