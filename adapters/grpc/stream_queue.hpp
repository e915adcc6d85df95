/// What waits to be written to one stream: frames in their order, prices of one instrument at most
/// once. A client that reads slowly gets the latest price, every event, or is cut. No gRPC in here.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace tandem::adapters::grpc {

using FramePtr = std::shared_ptr<const std::string>;

class StreamQueue {
public:
  /// @param bytes_max of frames that wait.
  explicit StreamQueue(std::size_t bytes_max) : bytes_max_{bytes_max} {}

  /// False: there was no room; nothing changed.
  [[nodiscard]] bool push(FramePtr frame) {
    const auto key = price_key(*frame);
    if (const auto found = key.empty() ? prices_.end() : prices_.find(key);
        found != prices_.end()) {
      // The place in the line stays, so that an instrument that moves often is not put off for
      // ever.
      auto& waiting = frames_[found->second - taken_];
      bytes_ += frame->size();
      bytes_ -= waiting->size();
      waiting = std::move(frame);
      ++conflated_;
      return true;
    }
    if (bytes_ + frame->size() > bytes_max_)
      return false;
    bytes_ += frame->size();
    if (!key.empty())
      prices_.emplace(key, taken_ + frames_.size());
    frames_.push_back(std::move(frame));
    return true;
  }

  /// The next; null when none waits.
  [[nodiscard]] FramePtr pop() {
    if (frames_.empty())
      return nullptr;
    auto frame = std::move(frames_.front());
    frames_.pop_front();
    ++taken_;
    bytes_ -= frame->size();
    prices_.erase(price_key(*frame));
    return frame;
  }

  void clear() {
    taken_ += frames_.size();
    frames_.clear();
    prices_.clear();
    bytes_ = 0;
  }

  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  [[nodiscard]] std::size_t conflated() const noexcept { return conflated_; }

  /// What a price frame says before its numbers: the event and the instrument. Empty for others.
  [[nodiscard]] static std::string price_key(std::string_view frame) {
    constexpr std::string_view begin = R"({"event":"price_update",)";
    const auto end = frame.find(R"("bid":)");
    return frame.starts_with(begin) && end != std::string_view::npos
               ? std::string{frame.substr(0, end)}
               : std::string{};
  }

private:
  const std::size_t bytes_max_;
  std::deque<FramePtr> frames_;
  std::size_t taken_ = 0; ///< all that have left; the number of frames_.front()
  std::unordered_map<std::string, std::size_t> prices_; ///< key to the frame's number
  std::size_t bytes_ = 0;
  std::size_t conflated_ = 0;
};

} // namespace tandem::adapters::grpc
