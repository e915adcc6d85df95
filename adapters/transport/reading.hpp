/// What a connection over a real socket can do beside WebSocket (websocket.hpp): hold its peer
/// back. A connection in memory has nothing to hold back and is none of these.
#pragma once

namespace tandem::adapters::transport {

/// Thread safe, as the WebSocket that it is.
class HeldReading {
public:
  virtual ~HeldReading() = default;

  /// True: takes no further message from the socket, at most the one that is under way, so that TCP
  /// holds the peer back; it gets no pongs meanwhile, and its end goes unnoticed. False: goes on.
  virtual void pause_reading(bool paused) = 0;
};

/// @param socket null, or one that may be able to. Does nothing when it is not.
template <class Socket>
void pause_reading(Socket* socket, bool paused) {
  if (auto* held = dynamic_cast<HeldReading*>(socket))
    held->pause_reading(paused);
}

} // namespace tandem::adapters::transport
