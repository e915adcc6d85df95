/// Stand before the connections to the venues' markets and show what comes in to a recorder.
/// Orders, accounts and keys have connections of their own: they never pass here.
#pragma once

#include "adapters/sinks/capture/frame_recorder.hpp"
#include "adapters/transport/http.hpp"
#include "adapters/transport/websocket.hpp"
#include "core/types/time.hpp"

#include <memory>
#include <string>
#include <vector>

namespace tandem::adapters::sinks::capture {

/// Where one market speaks.
struct Place {
  std::string market;      ///< "binance_spot"
  std::string websocket;   ///< address begins with it
  std::string public_path; ///< and has this in it
  std::string rest;
};

struct Tap {
  std::vector<Place> places;
  std::vector<std::shared_ptr<FrameRecorder>> recorders;
  core::Clocks clocks;
};

/// @param real outlives the answer.
[[nodiscard]] std::unique_ptr<transport::WebSocketConnector>
tapped(transport::WebSocketConnector& real, std::shared_ptr<const Tap> tap);

/// Shows answers with a book ("/depth?") only. @param real outlives the answer.
[[nodiscard]] std::unique_ptr<transport::HttpClient> tapped(transport::HttpClient& real,
                                                            std::shared_ptr<const Tap> tap);

} // namespace tandem::adapters::sinks::capture
