// Captures: what stays out of the file, and what comes back out of it.
#include "apps/tandem/capture/file.hpp"
#include "apps/tandem/capture/item.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace tandem;
using namespace tandem::apps::capture;

namespace {

class Folder {
public:
  Folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "tandem_capture_XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }

  ~Folder() { std::filesystem::remove_all(path_); }

  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

Header header() {
  Header made;
  made.version = "1.2.3";
  made.config = "mode: mock\n";
  made.environment = {{"NAME", "value"}};
  made.journal = {{"00000001.journal", std::string("\0\1\2", 3)}};
  made.seed = 0xFFFF'FFFF'FFFF'FFFFU;
  return made;
}

Item item(std::uint64_t id) {
  return {.kind = Kind::reply,
          .id = id,
          .mono = -5,
          .wall = 1'723'161'600'000'000'000,
          .number = 200,
          .at = 7,
          .sent = 6,
          .texts = {std::string("with\0zero", 9), ""},
          .actors = {1, 0, 4'000'000'000U}};
}

/// Items with these ids, and what the writer says of them.
void write_items(const std::string& path, std::uint64_t count, std::uint64_t (*id)(std::uint64_t)) {
  const auto writer = Writer::create(path, header());
  REQUIRE(writer.has_value());
  for (std::uint64_t n = 0; n < count; ++n)
    (*writer)->put(item(id(n)));
  CHECK((*writer)->items() == count);
  CHECK_FALSE((*writer)->lost());
}

std::uint64_t in_order(std::uint64_t n) {
  return n;
}

/// Badly compressed.
std::uint64_t scattered(std::uint64_t n) {
  return n * n * 2'654'435'761U;
}

std::vector<Item> items_of(const std::string& path) {
  const auto reader = Reader::open(path);
  REQUIRE(reader.has_value());
  std::vector<Item> all;
  while (auto next = (*reader)->next())
    all.push_back(*std::move(next));
  return all;
}

} // namespace

TEST_CASE("what was written is read back, in order, and is for its owner alone") {
  const Folder folder;
  const auto path = folder.file("a.capture");
  write_items(path, 1'000, in_order);

  struct stat status {};

  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
  const auto reader = Reader::open(path);
  REQUIRE(reader.has_value());
  CHECK((*reader)->header().seed == header().seed);
  CHECK((*reader)->header().journal == header().journal);
  CHECK((*reader)->header().environment == header().environment);
  const auto all = items_of(path);
  REQUIRE(all.size() == 1'000);
  CHECK(all.front() == item(0));
  CHECK(all.back() == item(999));
}

TEST_CASE("a file that is there is not written over; what is no capture is refused") {
  const Folder folder;
  const auto path = folder.file("a.capture");
  std::ofstream{path} << "precious";
  const auto writer = Writer::create(path, header());
  REQUIRE_FALSE(writer.has_value());
  CHECK(writer.error().source == path);
  CHECK_FALSE(Reader::open(path).has_value());
  CHECK_FALSE(Reader::open(folder.file("nothing")).has_value());
}

TEST_CASE("a capture that was cut anywhere ends there") {
  const Folder folder;
  const auto path = folder.file("a.capture");
  write_items(path, 20'000, scattered);
  const auto whole = std::filesystem::file_size(path);
  for (const auto part : {whole / 2, whole / 3, whole / 50}) {
    std::filesystem::resize_file(path, part);
    const auto all = items_of(path);
    CHECK(all.size() < 20'000);
    for (std::size_t i = 0; i < all.size(); ++i)
      REQUIRE(all[i] == item(scattered(i)));
  }
}

TEST_CASE("keys and signatures stay out of what leaves for a venue") {
  const std::string hmac(64, 'a');
  Item order{.kind = Kind::ask, .id = 1};
  order.texts = {"POST",
                 "https://api/order",
                 "symbol=BTCUSDT&signature=" + hmac + "&x=1",
                 "X-MBX-APIKEY",
                 "my-key",
                 "X-BAPI-SIGN",
                 hmac};
  redact(order, {"my-key"});
  CHECK(order.texts[2] == "symbol=BTCUSDT&signature=***&x=1");
  CHECK(order.texts[4] == "***");
  CHECK(order.texts[6] == "***");
  Item frame{.kind = Kind::send, .id = 1};
  frame.texts = {R"({"params":{"apiKey":"my-key","signature":"Zm9v+/=="},"id":"7"})"};
  redact(frame, {"my-key"});
  CHECK(frame.texts[0] == R"({"params":{"apiKey":"***","signature":"***"},"id":"7"})");
  Item other{.kind = Kind::send, .id = 1};
  other.texts = {"tdabcdef0123456789 and " + std::string(63, 'f')};
  const auto before = other;
  redact(other, {});
  CHECK(other == before);
}

TEST_CASE("requests and errors survive being items") {
  adapters::transport::ServerRequest request;
  request.method = "GET";
  request.path = "/health";
  request.query = "a=1";
  request.body = "b";
  request.peer = "127.0.0.1:5";
  request.headers = {{"host", "h"}, {"origin", ""}};
  const auto back = request_of(asked(Kind::request, 3, 2, request));
  CHECK(back.path == request.path);
  CHECK(back.query == request.query);
  CHECK(back.peer == request.peer);
  CHECK(back.headers == request.headers);
  const core::Error error{core::Errc::timed_out, "no answer", "binance.spot"};
  const auto told = error_of(failed(Kind::failure, 9, error));
  CHECK(told.code == error.code);
  CHECK(told.detail == error.detail);
  CHECK(told.source == error.source);
}
