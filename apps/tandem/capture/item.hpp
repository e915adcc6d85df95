/// What a capture is made of: everything that came into the engine's actors, everything that they
/// sent, and who ran, in its order. One flat record for all of it; what its fields mean stands
/// beside each kind.
#pragma once

#include "adapters/transport/http_server.hpp"
#include "core/error.hpp"
#include "core/types/time.hpp"

#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tandem::apps::capture {

enum class Kind : std::uint8_t {
  // What comes in; each begins a turn and carries the two clocks.
  time = 1,      ///< timers may be due
  opened,        ///< id of the connection
  text,          ///< id, at: received; texts[0]
  control,       ///< id, at
  down,          ///< id; number: Errc; detail, source
  reply,         ///< id of the request; number: status; at: received, sent; body, then headers
  failure,       ///< id of the request; number: Errc; detail, source
  request,       ///< id, number: listener; method, path, query, body, peer, then headers
  client_opened, ///< id of the client, number: listener; as request
  client_text,   ///< id, texts[0]
  client_closed, ///< id
  begin,         ///< the tree is started
  kill,          ///< who threw the kill switch from outside
  reload,        ///< the configuration file, written again
  report,        ///< the list of opportunities is wanted
  stop,          ///< an orderly end

  // What goes out.
  connect = 64, ///< id, url
  send,         ///< id, texts[0]
  ping,         ///< id
  close,        ///< id
  ask,          ///< id; method, url, body, then headers
  unlisten,     ///< id of the listener
  respond,      ///< id of the request; number: status; content type, body, then headers
  client_ping,  ///< id, payload
  client_close, ///< id, number: code; reason
  client_abort, ///< id
  client_pause, ///< id, number: 1 = paused

  // What was asked of the machine in the middle of a turn, with its answer.
  listen = 128, ///< id, address asked for; number: 1 = bound; the address, or detail and source
  tell,         ///< id of the client, texts[0]; number: 1 = taken
  buffered,     ///< id; number: bytes
  counters,     ///< id of the listener; the counters as text

  // Of the capture itself.
  turn = 192, ///< actors: who ran, in order; 0 = a task of the strand
  end,        ///< the last actor has ended
  cut,        ///< the writer could not keep up: the engine went on without it
};

struct Item {
  Kind kind = Kind::time;
  std::uint64_t id = 0;
  std::int64_t mono = 0, wall = 0; ///< ns, of what begins a turn
  std::int64_t number = 0;
  std::int64_t at = 0, sent = 0; ///< ns, monotonic
  std::vector<std::string> texts{};
  std::vector<std::uint32_t> actors{};

  friend bool operator==(const Item&, const Item&) = default;

  template <class Inspector>
  friend auto inspect(Inspector& f, Item& x) {
    return f(caf::meta::type_name("item"), x.kind, x.id, x.mono, x.wall, x.number, x.at, x.sent,
             x.texts, x.actors);
  }

  [[nodiscard]] bool begins_turn() const noexcept { return kind < Kind::connect; }
};

/// What the engine was when the capture began.
struct Header {
  std::string version;                            ///< of the program
  std::string config_name;                        ///< the file's
  std::string config;                             ///< its text
  std::vector<std::string> overrides;             ///< key, value, key, value
  std::map<std::string, std::string> environment; ///< what the configuration asked for
  std::map<std::string, std::string> keys;        ///< venue -> hmac, ed25519 or rsa; never a key
  std::map<std::string, std::string> journal;     ///< its files
  std::map<std::string, std::string> pairs;       ///< files of the list of pairs
  std::uint64_t seed = 0;                         ///< of every random bit
  std::int64_t mono = 0;
  std::int64_t wall = 0;

  template <class Inspector>
  friend auto inspect(Inspector& f, Header& x) {
    return f(caf::meta::type_name("header"), x.version, x.config_name, x.config, x.overrides,
             x.environment, x.keys, x.journal, x.pairs, x.seed, x.mono, x.wall);
  }
};

[[nodiscard]] std::string_view to_string(Kind kind) noexcept;

/// One line for people; long texts are cut at `bytes_max`.
[[nodiscard]] std::string describe(const Item& item, std::size_t bytes_max = 400);

/// `first`, then name and value of each header.
[[nodiscard]] std::vector<std::string> with_headers(std::vector<std::string> first,
                                                    const adapters::transport::HeaderList& headers);

/// The headers behind the first `skip` texts.
[[nodiscard]] adapters::transport::HeaderList headers_of(const std::vector<std::string>& texts,
                                                         std::size_t skip);

[[nodiscard]] Item failed(Kind kind, std::uint64_t id, const core::Error& error);
[[nodiscard]] core::Error error_of(const Item& item);

[[nodiscard]] Item asked(Kind kind, std::uint64_t id, std::uint64_t listener,
                         const adapters::transport::ServerRequest& request);
[[nodiscard]] adapters::transport::ServerRequest request_of(const Item& item);

/// Takes the API keys out of what a venue said: some say them back.
void hide_keys(Item& item, const std::vector<std::string>& keys);

/// Takes signatures and the given API keys out of a message to a venue (`send`, `ask`; others
/// stay): they are no part of what is compared, and never of a file.
void redact(Item& item, const std::vector<std::string>& keys);

} // namespace tandem::apps::capture
