// Subscriptions in a PostgreSQL database. libpq.
#include "adapters/subscriptions/store.hpp"
#include "adapters/subscriptions/stored_symbol.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace tandem::adapters::subscriptions {
namespace {

using core::Errc;
using core::fail;
using core::Symbol;

constexpr const char* schema = "CREATE TABLE IF NOT EXISTS subscriptions ("
                               "id SERIAL PRIMARY KEY, symbol TEXT NOT NULL UNIQUE)";
/// Of the server's own work; the way to it has a limit below.
constexpr const char* session = "SET statement_timeout = 2000";
/// The URL may say otherwise. Source: PostgreSQL 15, "Parameter Key Words".
constexpr std::array<std::pair<const char*, const char*>, 4> defaults{{
    {"connect_timeout", "2"},
    {"tcp_user_timeout", "2000"},
    {"application_name", "tandem"},
    {"client_encoding", "UTF8"},
}};

struct Finish {
  void operator()(PGconn* connection) const noexcept { PQfinish(connection); }

  void operator()(PGresult* result) const noexcept { PQclear(result); }

  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};

using Connection = std::unique_ptr<PGconn, Finish>;
using Rows = std::unique_ptr<PGresult, Finish>;

/// The library's words in one line.
std::string words(const PGconn* connection) {
  constexpr std::size_t bytes_max = 300;
  std::string text{PQerrorMessage(connection)};
  text.resize(std::min(text.size(), bytes_max));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  for (auto& c : text)
    if (c == '\n' || c == '\t')
      c = ' ';
  return text;
}

/// A URL that does not mean what it looks like would have its password quoted as something else.
bool is_clean(const std::string& url) {
  char* fault = nullptr;
  const std::unique_ptr<PQconninfoOption, Finish> parsed{PQconninfoParse(url.c_str(), &fault)};
  PQfreemem(fault);
  if (!parsed)
    return false;
  for (const auto* option = parsed.get(); option->keyword != nullptr; ++option) {
    const std::string_view name{option->keyword};
    const std::string_view value{option->val != nullptr ? option->val : ""};
    if ((name == "host" || name == "port" || name == "dbname")
        && value.find('@') != std::string_view::npos)
      return false;
    if (name == "port" && value.find_first_not_of("0123456789,") != std::string_view::npos)
      return false;
  }
  return true;
}

Connection connect(const std::string& url) {
  std::array<const char*, defaults.size() + 2> names{};
  std::array<const char*, defaults.size() + 2> values{};
  std::size_t count = 0;
  for (const auto& [name, value] : defaults) {
    names.at(count) = name;
    values.at(count++) = value;
  }
  names.at(count) = "dbname"; // last: what the URL says replaces what stands before it
  values.at(count) = url.c_str();
  constexpr int expand_url = 1;
  Connection connection{PQconnectdbParams(names.data(), values.data(), expand_url)};
  // "already exists" and the like are for terminals.
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  return connection;
}

class PostgresStore final : public Store {
public:
  explicit PostgresStore(std::string url) : url_{std::move(url)} {}

  /// Errors: as open_postgres.
  [[nodiscard]] core::Status open() {
    // Who may use the table need not be allowed to make one.
    const auto known = run("SELECT to_regclass('subscriptions')::text");
    if (!known)
      return tl::unexpected{known.error()};
    if (PQgetisnull(known->get(), 0, 0) != 0)
      if (const auto made = run(schema); !made)
        return tl::unexpected{made.error()};
    // A table of other columns is found now, not at the first subscription.
    const auto columns = run("SELECT id, symbol FROM subscriptions LIMIT 1");
    if (!columns && columns.error().code == Errc::internal)
      return fail(Errc::configuration, columns.error().detail, columns.error().source);
    return columns ? core::Status{} : tl::unexpected{columns.error()};
  }

  core::Result<std::vector<Symbol>> load() const override {
    const auto rows = run("SELECT symbol FROM subscriptions ORDER BY id");
    if (!rows)
      return tl::unexpected{rows.error()};
    std::vector<Symbol> result;
    for (int row = 0; row < PQntuples(rows->get()); ++row) {
      std::string text{PQgetvalue(rows->get(), row, 0)};
      if (!is_stored_symbol(text))
        return fail(Errc::configuration, no_symbol, place());
      result.emplace_back(std::move(text));
    }
    return result;
  }

  core::Status put(const Symbol& symbol) override {
    return change("INSERT INTO subscriptions (symbol) VALUES ($1) ON CONFLICT DO NOTHING", symbol);
  }

  core::Status remove(const Symbol& symbol) override {
    return change("DELETE FROM subscriptions WHERE symbol = $1", symbol);
  }

private:
  core::Status change(const char* sql, const Symbol& symbol) {
    const auto done = run(sql, symbol.text().c_str());
    if (!done)
      return fail(done.error().code, "the change was not stored: " + done.error().detail,
                  done.error().source);
    return {};
  }

  /// Every statement here may run twice: one whose answer was lost with the connection is sent
  /// again on the next.
  core::Result<Rows> run(const char* sql, const char* argument = nullptr) const {
    constexpr int tries = 2;
    for (int n = 0; n < tries; ++n) {
      if (!connected())
        continue;
      const int count = argument == nullptr ? 0 : 1;
      Rows rows{
          PQexecParams(connection_.get(), sql, count, nullptr, &argument, nullptr, nullptr, 0)};
      const auto status = PQresultStatus(rows.get());
      if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return rows;
      if (PQstatus(connection_.get()) == CONNECTION_OK)
        return fail(Errc::internal, words(connection_.get()), place());
    }
    return fail(Errc::connection_lost, words(connection_.get()), place());
  }

  bool connected() const {
    if (connection_ && PQstatus(connection_.get()) == CONNECTION_OK)
      return true;
    connection_ = connect(url_);
    if (PQstatus(connection_.get()) != CONNECTION_OK)
      return false;
    const Rows limited{PQexec(connection_.get(), session)};
    return PQresultStatus(limited.get()) == PGRES_COMMAND_OK;
  }

  /// Without user and password.
  [[nodiscard]] std::string place() const {
    const auto part = [](const char* text) { return std::string{text != nullptr ? text : ""}; };
    return "postgresql " + part(PQhost(connection_.get())) + ":" + part(PQport(connection_.get()))
           + "/" + part(PQdb(connection_.get()));
  }

  std::string url_;
  mutable Connection connection_; ///< made again when it is lost
};

} // namespace

core::Result<std::unique_ptr<Store>> open_postgres(const std::string& url) {
  if (!is_clean(url))
    return fail(Errc::configuration,
                "is no URL of a PostgreSQL database (postgresql://user:<password>@host:port/name); "
                "write special characters of the password as %XX",
                "DB_URL");
  auto store = std::make_unique<PostgresStore>(url);
  if (const auto opened = store->open(); !opened)
    return tl::unexpected{opened.error()};
  return store;
}

} // namespace tandem::adapters::subscriptions
