// The server under TLS: who is heard, and what becomes of files that are renewed while it serves.
#include "adapters/grpc/server.hpp"
#include "adapters/grpc/tls_credentials.hpp"
#include "tests/adapters/grpc/routes.hpp"
#include "tests/adapters/transport/certificates.hpp"
#include "tests/adapters/transport/support.hpp"

#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <tandem/v1/trader.grpc.pb.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace tandem::adapters::grpc {

namespace {

using namespace std::chrono_literals;
using transport::testing::CaFile;
using transport::testing::eventually;
using transport::testing::Identity;
using transport::testing::Inbox;
using transport::testing::KeyFile;
using transport::testing::PemFile;

std::string text_of(const PemFile& file) {
  std::ifstream in{file.path(), std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

void replace(const PemFile& served, const PemFile& with) {
  std::filesystem::copy_file(with.path(), served.path(),
                             std::filesystem::copy_options::overwrite_existing);
}

struct Authority {
  Identity root{"test authority", nullptr, nullptr};
  Identity server{"localhost", &root, "DNS:localhost,IP:127.0.0.1"};
  Identity person{"person", &root, "DNS:person"};
  CaFile ca{root};
  CaFile certificate{server};
  KeyFile key{server};
  CaFile person_certificate{person};
  KeyFile person_key{person};
};

struct Fixture {
  Authority first, second;
  /// The files that are served, and written again.
  CaFile certificate{first.server};
  KeyFile key{first.server};
  CaFile clients{first.root};
  transport::Io io{"test-grpc", transport::testing::real_clocks()};
  Inbox<std::string> faults;

  [[nodiscard]] core::Result<std::unique_ptr<transport::HttpServer>> serve(bool with_clients) {
    ServeOptions options;
    options.routes = testing::routes();
    options.on_fault = [this](std::string_view what) { faults.push(std::string{what}); };
    transport::ServerLimits limits;
    limits.tls = transport::ServerTls{certificate.path(), key.path(),
                                      with_clients ? clients.path() : std::string{}};
    transport::ServerEvents events;
    events.on_request = [](const transport::ServerRequest&, const transport::Respond& respond) {
      respond({200, {}, R"({"success":true,"mode":"mock","data":{"id":"btc"}})"});
    };
    return serve_on(io, options)("127.0.0.1:0", limits, events);
  }

  /// A connection of its own. @param person shows its certificate; null = none
  static std::shared_ptr<::grpc::Channel> connect(const transport::HttpServer& server,
                                                  const Authority& trusted,
                                                  const Authority* person = nullptr) {
    ::grpc::SslCredentialsOptions options;
    options.pem_root_certs = text_of(trusted.ca);
    if (person != nullptr) {
      options.pem_cert_chain = text_of(person->person_certificate);
      options.pem_private_key = text_of(person->person_key);
    }
    ::grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    // By number: the resolver of names leaks in this version, and a sanitizer sees it.
    return ::grpc::CreateCustomChannel(server.address(), ::grpc::SslCredentials(options),
                                       arguments);
  }

  static bool answered(const std::shared_ptr<::grpc::Channel>& channel) {
    ::grpc::ClientContext context;
    tandem::v1::UpdatePairRequest request;
    request.set_id("btc");
    tandem::v1::PairId answer;
    return tandem::v1::Trader::NewStub(channel)->UpdatePair(&context, request, &answer).ok();
  }

  static bool heard(const transport::HttpServer& server, const Authority& trusted,
                    const Authority* person = nullptr) {
    return answered(connect(server, trusted, person));
  }
};

} // namespace

TEST_CASE_FIXTURE(Fixture,
                  "a renewed certificate serves the next gRPC connection, a broken file none") {
  const auto made = serve(false);
  REQUIRE(made.has_value());
  const auto& server = **made;
  const auto open = connect(server, first);
  REQUIRE(answered(open));

  replace(certificate, second.certificate); // its key is not there yet
  const auto told = faults.next();
  REQUIRE(told.has_value());
  CHECK(told->find(key.path()) != std::string::npos);
  CHECK(heard(server, first));
  CHECK_FALSE(heard(server, second));

  replace(key, second.key);
  CHECK(eventually([&] { return heard(server, second); }));
  CHECK_FALSE(heard(server, first));
  CHECK(answered(open)); // who was connected stays so

  std::filesystem::remove(certificate.path());
  const auto missed = faults.next();
  REQUIRE(missed.has_value());
  CHECK(missed->find(certificate.path()) != std::string::npos);
  CHECK(heard(server, second));
}

TEST_CASE_FIXTURE(Fixture, "clients show a certificate of the authority that the file holds now") {
  const auto made = serve(true);
  REQUIRE(made.has_value());
  const auto& server = **made;
  CHECK(heard(server, first, &first));
  CHECK_FALSE(heard(server, first));
  CHECK_FALSE(heard(server, first, &second));

  replace(clients, second.ca);
  CHECK(eventually([&] { return heard(server, first, &second); }));
  CHECK_FALSE(heard(server, first, &first));
  CHECK_FALSE(heard(server, first));

  replace(clients, first.key); // no certificate: the former authority stays, and nobody slips in
  const auto told = faults.next();
  REQUIRE(told.has_value());
  CHECK(told->find(clients.path()) != std::string::npos);
  CHECK(heard(server, first, &second));
  CHECK_FALSE(heard(server, first));
}

TEST_CASE_FIXTURE(Fixture, "a gRPC server begins with no file that cannot be used") {
  const auto refusal = [this](bool with_clients) {
    const auto made = serve(with_clients);
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().code == core::Errc::configuration);
    return made.error().source;
  };
  replace(clients, first.key);
  CHECK(refusal(true) == clients.path());
  replace(key, second.key);
  CHECK(refusal(false) == key.path());
  std::filesystem::remove(certificate.path());
  CHECK(refusal(false) == certificate.path());
}

TEST_CASE("of a PEM text the blocks of a kind are taken, whatever stands between them") {
  const std::string key = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n";
  const std::string one = "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n";
  const std::string two
      = "-----BEGIN TRUSTED CERTIFICATE-----\nCCCC\n-----END TRUSTED CERTIFICATE-----\n";
  const auto whole = "Bag Attributes\n" + one + key + "# a remark\n" + two;
  CHECK(pem_blocks(whole, "PRIVATE KEY") == key);
  CHECK(pem_blocks(whole, "CERTIFICATE") == one + two);
  CHECK(pem_blocks("", "CERTIFICATE").empty());
  CHECK(pem_blocks("-----BEGIN ", "CERTIFICATE").empty());
  CHECK(pem_blocks("-----BEGIN CERTIFICATE-----\nBBBB", "CERTIFICATE").empty());
  CHECK(pem_blocks("-----BEGIN CERTIFICATE-----\n" + one, "CERTIFICATE").ends_with(one));
}

TEST_CASE("a file in memory becomes another one at the same path, with its time") {
  auto served = MemoryFile::make("first", 1);
  REQUIRE(served.has_value());
  const auto path = served->path();
  const auto read = [&path] {
    std::ifstream in{path, std::ios::binary};
    return std::string{std::istreambuf_iterator<char>{in}, {}};
  };
  CHECK(read() == "first");
  const auto before = std::filesystem::last_write_time(path);
  {
    const auto next = MemoryFile::make("the second", 2);
    REQUIRE(next.has_value());
    CHECK(next->path() != path);
    CHECK(served->become(*next));
  }
  CHECK(read() == "the second");
  CHECK(std::filesystem::last_write_time(path) - before == 1s);
  CHECK(MemoryFile{}.path().empty());
}

} // namespace tandem::adapters::grpc
