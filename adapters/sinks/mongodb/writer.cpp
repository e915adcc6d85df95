#include "adapters/sinks/mongodb/writer.hpp"

#include "adapters/sinks/worker.hpp"

#include <mongoc/mongoc.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::adapters::sinks::mongodb {
namespace {

using core::Errc;
using core::sinks::Numbered;
using core::sinks::Outcome;

template <auto Destroy>
struct Deleter {
  template <class T>
  void operator()(T* handle) const noexcept {
    Destroy(handle);
  }
};

using UriPtr = std::unique_ptr<mongoc_uri_t, Deleter<mongoc_uri_destroy>>;
using PoolPtr = std::unique_ptr<mongoc_client_pool_t, Deleter<mongoc_client_pool_destroy>>;
using CollectionPtr = std::unique_ptr<mongoc_collection_t, Deleter<mongoc_collection_destroy>>;
using BulkPtr = std::unique_ptr<mongoc_bulk_operation_t, Deleter<mongoc_bulk_operation_destroy>>;
using ConcernPtr = std::unique_ptr<mongoc_write_concern_t, Deleter<mongoc_write_concern_destroy>>;

/// Of the whole process, and never undone: the library may not be begun twice.
void begin_library() {
  static const bool begun = [] {
    mongoc_init();
    // What goes wrong is told by the calls themselves.
    mongoc_log_set_handler(nullptr, nullptr);
    return true;
  }();
  static_cast<void>(begun);
}

/// A client of the pool for one call.
class Client {
public:
  explicit Client(mongoc_client_pool_t* pool)
      : pool_{pool}, client_{mongoc_client_pool_pop(pool)} {}

  ~Client() { mongoc_client_pool_push(pool_, client_); }

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  [[nodiscard]] mongoc_client_t* get() const noexcept { return client_; }

private:
  mongoc_client_pool_t* pool_;
  mongoc_client_t* client_;
};

/// Source: as below (DuplicateKey).
constexpr std::int64_t duplicate_key = 11000;

/// Whether the server refused documents for what they are, so that sending them again is in vain.
/// Source: MongoDB manual, "Error Codes" (BadValue, TypeMismatch, DocumentValidationFailure,
/// BSONObjectTooLarge).
bool is_of_document(std::int64_t code) {
  constexpr std::int64_t codes[] = {2, 14, 121, 10334, 17280};
  return std::find(std::begin(codes), std::end(codes), code) != std::end(codes);
}

class MongoWriter final : public Writer {
public:
  MongoWriter(Options options, PoolPtr pool, ConcernPtr concern)
      : options_{std::move(options)}, pool_{std::move(pool)}, concern_{std::move(concern)} {}

  void open(const std::string& /*stream*/, Opened done) override {
    worker_.post([this, done = std::move(done)] { done(ping()); });
  }

  void write(BatchPtr batch, Written done) override {
    worker_.post([this, batch = std::move(batch), done = std::move(done)] { done(send(*batch)); });
  }

private:
  using Named = std::map<std::string, const Numbered*>;
  using Documents = std::map<std::string, Named>; ///< by collection

  core::Result<std::optional<std::uint64_t>> ping() {
    const Client client{pool_.get()};
    const Bson command{BCON_NEW("ping", BCON_INT32(1))};
    bson_error_t error;
    if (!mongoc_client_command_simple(client.get(), options_.database.c_str(), command.get(),
                                      nullptr, nullptr, &error))
      return core::fail(Errc::connection_lost, error.message, "mongodb");
    return std::nullopt; // what is written again replaces itself
  }

  [[nodiscard]] std::string collection_of(core::sinks::Kind kind) const {
    constexpr std::string_view mark = "{kind}";
    auto name = options_.collection;
    if (const auto at = name.find(mark); at != std::string::npos)
      name.replace(at, mark.size(), core::sinks::to_string(kind));
    return name;
  }

  Outcome send(const Batch& batch) {
    // Within a bulk the server may take any order: of two states of one thing the later one goes.
    Documents latest;
    for (const auto& item : batch.items) {
      latest[collection_of(item.record.kind)][document_id(batch.stream, item)] = &item;
      if (options_.form == Form::infoway)
        latest[options_.close_collection][close_id(item.record)] = &item;
    }
    const Client client{pool_.get()};
    for (const auto& [collection, documents] : latest) {
      auto outcome = send(client, batch.stream, collection, documents);
      if (outcome.kind != Outcome::Kind::delivered)
        return outcome;
    }
    return {};
  }

  [[nodiscard]] Bson document_of(const std::string& stream, const std::string& id,
                                 const Numbered& item) const {
    switch (options_.form) {
    case Form::record:
      return to_document(stream, item, options_.mode, options_.numbers);
    case Form::infoway:
      return to_quote(id, item.record);
    }
    return to_document(stream, item, options_.mode, options_.numbers);
  }

  Outcome send(const Client& client, const std::string& stream, const std::string& name,
               const Named& documents) {
    // Once a run and collection: a help for readers, so that a server which refuses them (one of
    // the stand-ins dies of a second asking) is written to all the same.
    if (indexed_.insert(name).second)
      make_indexes(client, name);
    // What happens once is inserted, which spares the server a search, and is there already when a
    // batch whose answer was lost is sent again. States replace each other.
    Named events, states;
    for (const auto& [id, item] : documents)
      (happens_once(*item) && name != close_collection() ? events : states).emplace(id, item);
    if (!events.empty()) {
      bool counted = true;
      auto outcome = write(client, stream, name, events, Way::insert, &counted);
      if (!counted) // a server that does not say how many of them it took besides
        outcome = write(client, stream, name, events, Way::upsert);
      if (outcome.kind != Outcome::Kind::delivered)
        return outcome;
    }
    return states.empty() ? Outcome{} : write(client, stream, name, states, Way::upsert);
  }

  enum class Way : std::uint8_t { insert, upsert };

  /// One unordered bulk. @param counted gets false where some were there already and it is not said
  /// what became of the others.
  Outcome write(const Client& client, const std::string& stream, const std::string& name,
                const Named& documents, Way way, bool* counted = nullptr) {
    const CollectionPtr collection{
        mongoc_client_get_collection(client.get(), options_.database.c_str(), name.c_str())};
    Bson settings{BCON_NEW("ordered", BCON_BOOL(false))};
    mongoc_write_concern_append(concern_.get(), settings.get());
    const BulkPtr bulk{
        mongoc_collection_create_bulk_operation_with_opts(collection.get(), settings.get())};
    const Bson upsert{BCON_NEW("upsert", BCON_BOOL(true))};
    bson_error_t error;
    for (const auto& [id, item] : documents) {
      const Bson which{BCON_NEW("_id", BCON_UTF8(id.c_str()))};
      const auto document = document_of(stream, id, *item);
      const bool taken = way == Way::insert
                             ? mongoc_bulk_operation_insert_with_opts(bulk.get(), document.get(),
                                                                      nullptr, &error)
                             : mongoc_bulk_operation_replace_one_with_opts(
                                 bulk.get(), which.get(), document.get(), upsert.get(), &error);
      if (!taken)
        return {Outcome::Kind::rejected, error.message};
    }
    bson_t reply;
    const bool done = mongoc_bulk_operation_execute(bulk.get(), &reply, &error) != 0;
    auto outcome = done ? Outcome{} : outcome_of(reply, error);
    if (!done && counted != nullptr && each_error(reply, is_of_duplicate)) {
      *counted = all_there(reply, documents.size());
      if (*counted)
        outcome = {};
    }
    bson_destroy(&reply);
    return outcome;
  }

  static bool is_of_duplicate(std::int64_t code) { return code == duplicate_key; }

  /// Of a reply with duplicates as its only errors: whether all other documents were inserted.
  static bool all_there(const bson_t& reply, std::size_t count) {
    std::size_t before = 0;
    static_cast<void>(each_error(reply, [&](std::int64_t /*code*/) { return ++before > 0; }));
    bson_iter_t inserted, unsure, first;
    return bson_iter_init_find(&inserted, &reply, "nInserted")
           && static_cast<std::size_t>(bson_iter_as_int64(&inserted)) + before == count
           && !(bson_iter_init_find(&unsure, &reply, "writeConcernErrors")
                && bson_iter_recurse(&unsure, &first) && bson_iter_next(&first));
  }

  /// @param wanted hears the code of each error. @returns whether there was one, and it said yes to
  /// all
  template <class Wanted>
  static bool each_error(const bson_t& reply, Wanted wanted) {
    bson_iter_t errors, entry;
    bool any = false, all = true;
    if (bson_iter_init_find(&errors, &reply, "writeErrors") && BSON_ITER_HOLDS_ARRAY(&errors)
        && bson_iter_recurse(&errors, &entry))
      while (bson_iter_next(&entry)) {
        any = true;
        bson_iter_t code;
        all = bson_iter_recurse(&entry, &code) && bson_iter_find(&code, "code")
              && wanted(bson_iter_as_int64(&code)) && all;
      }
    return any && all;
  }

  static Outcome outcome_of(const bson_t& reply, const bson_error_t& error) {
    const bool of_documents = each_error(reply, is_of_document);
    return {of_documents ? Outcome::Kind::rejected : Outcome::Kind::failed, error.message};
  }

  /// It has no later state that would replace it.
  static bool happens_once(const Numbered& item) {
    using core::sinks::Kind;
    return item.record.name.empty() || item.record.kind == Kind::trade
           || item.record.kind == Kind::fill;
  }

  /// Empty when the form has none.
  [[nodiscard]] std::string_view close_collection() const {
    return options_.form == Form::infoway ? std::string_view{options_.close_collection}
                                          : std::string_view{};
  }

  /// By time, and by instrument and time.
  void make_indexes(const Client& client, const std::string& collection) {
    const Bson command{
        options_.form == Form::infoway
            ? BCON_NEW("createIndexes", BCON_UTF8(collection.c_str()), "indexes", "[", "{", "key",
                       "{", "stock_code", BCON_INT32(1), "t", BCON_INT32(1), "}", "name",
                       BCON_UTF8("stock_code_1_t_1"), "}", "]")
            : BCON_NEW("createIndexes", BCON_UTF8(collection.c_str()), "indexes", "[", "{", "key",
                       "{", "ts", BCON_INT32(1), "}", "name", BCON_UTF8("ts_1"), "}", "{", "key",
                       "{", "exchange", BCON_INT32(1), "symbol", BCON_INT32(1), "ts", BCON_INT32(1),
                       "}", "name", BCON_UTF8("exchange_1_symbol_1_ts_1"), "}", "]")};
    bson_error_t error;
    static_cast<void>(mongoc_client_write_command_with_opts(
        client.get(), options_.database.c_str(), command.get(), nullptr, nullptr, &error));
  }

  Options options_;
  PoolPtr pool_;
  ConcernPtr concern_;
  std::set<std::string> indexed_;
  Worker worker_; ///< last: its jobs use the others
};

core::Result<ConcernPtr> concern_of(const Options& options) {
  ConcernPtr concern{mongoc_write_concern_new()};
  if (options.write_concern == "majority") {
    mongoc_write_concern_set_wmajority(concern.get(),
                                       static_cast<std::int32_t>(options.timeout.count()));
    return concern;
  }
  std::int32_t servers = 0;
  const auto* end = options.write_concern.data() + options.write_concern.size();
  const auto [stop, error] = std::from_chars(options.write_concern.data(), end, servers);
  if (error != std::errc{} || stop != end || servers < 1)
    return core::fail(Errc::configuration, "is \"majority\" or a number from 1", "write_concern");
  mongoc_write_concern_set_w(concern.get(), servers);
  return concern;
}

} // namespace

core::Result<std::unique_ptr<Writer>> make_writer(Options options) {
  begin_library();
  bson_error_t error;
  const UriPtr uri{mongoc_uri_new_with_error(options.uri.c_str(), &error)};
  if (!uri)
    return core::fail(Errc::configuration, "is no URI of a MongoDB", "uri");
  const auto timeout = static_cast<std::int32_t>(options.timeout.count());
  // Whoever finds no server asks again after a pause anyway, and the engine's end waits for this.
  constexpr std::int32_t selection_ms_max = 2'000;
  mongoc_uri_set_option_as_int32(uri.get(), MONGOC_URI_SERVERSELECTIONTIMEOUTMS,
                                 std::min(timeout, selection_ms_max));
  mongoc_uri_set_option_as_int32(uri.get(), MONGOC_URI_CONNECTTIMEOUTMS, timeout);
  mongoc_uri_set_option_as_int32(uri.get(), MONGOC_URI_SOCKETTIMEOUTMS, timeout);
  mongoc_uri_set_option_as_bool(uri.get(), MONGOC_URI_RETRYWRITES, true);
  auto concern = concern_of(options);
  if (!concern)
    return tl::unexpected{concern.error()};
  PoolPtr pool{mongoc_client_pool_new_with_error(uri.get(), &error)};
  if (!pool)
    return core::fail(Errc::configuration, "is refused by the client library", "uri");
  mongoc_client_pool_set_error_api(pool.get(), MONGOC_ERROR_API_VERSION_2);
  return std::make_unique<MongoWriter>(std::move(options), std::move(pool), *std::move(concern));
}

} // namespace tandem::adapters::sinks::mongodb
