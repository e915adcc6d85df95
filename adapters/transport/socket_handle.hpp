/// The user's side of a server WebSocket: a bounded queue of texts that any thread fills, and the
/// framing of what leaves it. It knows the connection weakly, so it may outlive it, the server and
/// the Io. Private to adapters/transport.
#pragma once

#include "adapters/transport/server_core.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace tandem::adapters::transport {

/// RFC 6455 section 5.2, as the first byte with FIN set.
inline constexpr char text_frame = '\x81';
inline constexpr char close_frame = '\x88';
inline constexpr char ping_frame = '\x89';

/// A server's frames are not masked, so the header is all there is to framing.
void append_frame_header(std::string& out, char first, std::size_t payload);

/// What a handle asks of its connection, on the Io's thread.
class SocketLink {
public:
  virtual ~SocketLink() = default;
  virtual void wake() = 0; ///< texts wait
  virtual void cut_slow() = 0;
  virtual void ping(std::string_view payload) = 0;
  virtual void close(std::uint16_t code, std::string reason) = 0;
  virtual void abort() = 0;
  virtual void pause_reading(bool paused) = 0;
};

/// What one write carries of the queued texts.
struct Batch {
  std::string bytes;
  std::shared_ptr<const std::string> long_text; ///< follows `bytes`, when set
  std::size_t cost = 0;                         ///< as counted in SocketHandle
  std::uint64_t texts = 0;
};

class SocketHandle final : public ServerSocket {
public:
  SocketHandle(std::uint64_t id, std::size_t bytes_max, std::shared_ptr<Postbox> postbox,
               std::weak_ptr<SocketLink> link);

  [[nodiscard]] std::uint64_t id() const override { return id_; }

  bool send(std::shared_ptr<const std::string> text) override;
  [[nodiscard]] std::size_t buffered() const override;
  void ping(std::string payload) override;
  void close(std::uint16_t code, std::string reason) override;
  void abort() override;
  void pause_reading(bool paused) override;

  /// Takes the next texts, as many as make a good write. False = there are none: the next send
  /// wakes the link again.
  bool take(Batch& batch);
  /// A batch has left.
  void written(std::size_t cost);
  /// No further texts are taken; those queued stay.
  void stop();
  /// As stop, and what was queued is forgotten.
  void drop();

private:
  template <class Task>
  void on_link(Task task);

  const std::uint64_t id_;
  const std::size_t bytes_max_;
  const std::shared_ptr<Postbox> postbox_;
  const std::weak_ptr<SocketLink> link_;
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<const std::string>> queue_;
  std::size_t bytes_ = 0; ///< queued or being written, with frame headers
  bool open_ = true;
  bool awake_ = false; ///< a wake-up is posted or a write of texts is under way
};

} // namespace tandem::adapters::transport
