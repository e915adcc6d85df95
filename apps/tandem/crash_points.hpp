/// Where a harness may kill the engine: every side effect of the order path is numbered, and the
/// process ends by SIGKILL before, within or after the one that the environment names. Mode mock
/// only. Without TANDEM_CRASH_AT nothing of this exists in the running engine.
#pragma once

#include "adapters/files/file_layer.hpp"
#include "adapters/transport/http.hpp"
#include "adapters/transport/io.hpp"
#include "adapters/transport/websocket.hpp"
#include "core/result.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

namespace tandem::apps {

/// any counts all kinds in one sequence.
enum class CrashKind : std::uint8_t {
  any,
  journal, ///< an operation that changes the disk: create, append, sync, rename...
  send,    ///< bytes for a venue: a request, a frame
  receive, ///< a reply or a frame from a venue is handed over
  timer,   ///< a timer of the private side fires
};

enum class CrashMoment : std::uint8_t {
  before,
  /// Of a write: after half its bytes. Of a send: the bytes are handed over, the kernel may have
  /// them. Else as after.
  within,
  after, ///< of a send: some milliseconds later, when the venue has acted
};

struct CrashSpec {
  CrashKind kind = CrashKind::any;
  std::uint64_t number = 0; ///< from 1, counted from the start of the process
  CrashMoment moment = CrashMoment::before;
};

/// "send:17:after". Error: validation_error.
[[nodiscard]] core::Result<CrashSpec> parse_crash_spec(std::string_view text);

/// Outlives all that it made and every callback of theirs. Thread safe.
class CrashPoints {
public:
  explicit CrashPoints(CrashSpec spec) noexcept : spec_{spec} {}

  [[nodiscard]] std::unique_ptr<adapters::files::FileLayer>
  files(std::unique_ptr<adapters::files::FileLayer> real);
  /// @param strand times the late ends of sends.
  [[nodiscard]] std::unique_ptr<adapters::transport::HttpClient>
  http(adapters::transport::HttpClient& real, adapters::transport::Strand& strand);
  [[nodiscard]] std::unique_ptr<adapters::transport::WebSocketConnector>
  connector(adapters::transport::WebSocketConnector& real, adapters::transport::Strand& strand);
  /// Its timers count, its posts do not.
  [[nodiscard]] std::unique_ptr<adapters::transport::Strand>
  timers(adapters::transport::Strand& real);

  /// Counts one operation; does not return when it is the one and its moment is `before`.
  /// @return whether it is the one.
  bool arrive(CrashKind kind);

  /// After a send for which arrive() said true.
  void leave_send(adapters::transport::Strand& strand);

  /// Counts, runs and ends in time.
  template <class Work>
  void pass(CrashKind kind, Work&& work) {
    const bool chosen = arrive(kind);
    work();
    if (chosen)
      die();
  }

private:
  [[noreturn]] void die() const;

  const CrashSpec spec_;
  std::atomic<std::uint64_t> seen_{0};
};

} // namespace tandem::apps
