#include "adapters/transport/socket_handle.hpp"

#include <algorithm>
#include <utility>

namespace tandem::adapters::transport {

namespace {

/// One write carries at most about this much, so that a close or pong is never far behind.
constexpr std::size_t batch_bytes_max = 64U * 1024;
/// Longer texts are written from where they stand; shorter ones are copied together.
constexpr std::size_t copied_text_bytes_max = 16U * 1024;

constexpr std::size_t frame_header_bytes(std::size_t payload) {
  if (payload < 126)
    return 2;
  return payload < 65'536 ? 4 : 10;
}

std::size_t cost_of(const std::string& text) {
  return text.size() + frame_header_bytes(text.size());
}

} // namespace

void append_frame_header(std::string& out, char first, std::size_t payload) {
  out += first;
  const auto bytes = frame_header_bytes(payload);
  if (bytes == 2) {
    out += static_cast<char>(payload);
    return;
  }
  out += static_cast<char>(bytes == 4 ? 126 : 127);
  for (std::size_t shift = (bytes - 2) * 8; shift > 0; shift -= 8)
    out += static_cast<char>((payload >> (shift - 8)) & 0xffU);
}

SocketHandle::SocketHandle(std::uint64_t id, std::size_t bytes_max,
                           std::shared_ptr<Postbox> postbox, std::weak_ptr<SocketLink> link)
    : id_{id}, bytes_max_{bytes_max}, postbox_{std::move(postbox)}, link_{std::move(link)} {}

template <class Task>
void SocketHandle::on_link(Task task) {
  postbox_->post([weak = link_, task = std::move(task)]() mutable {
    if (const auto link = weak.lock())
      task(*link);
  });
}

bool SocketHandle::send(std::shared_ptr<const std::string> text) {
  const auto cost = cost_of(*text);
  bool first = false;
  bool fits = false;
  {
    const std::lock_guard lock{mutex_};
    if (!open_)
      return false;
    fits = bytes_ + cost <= bytes_max_;
    open_ = fits;
    if (fits) {
      bytes_ += cost;
      queue_.push_back(std::move(text));
      first = !std::exchange(awake_, true);
    }
  }
  if (!fits)
    on_link([](SocketLink& link) { link.cut_slow(); });
  else if (first)
    on_link([](SocketLink& link) { link.wake(); });
  return fits;
}

std::size_t SocketHandle::buffered() const {
  const std::lock_guard lock{mutex_};
  return bytes_;
}

void SocketHandle::ping(std::string payload) {
  on_link([payload = std::move(payload)](SocketLink& link) { link.ping(payload); });
}

void SocketHandle::close(std::uint16_t code, std::string reason) {
  on_link([code, reason = std::move(reason)](SocketLink& link) mutable {
    link.close(code, std::move(reason));
  });
}

void SocketHandle::abort() {
  on_link([](SocketLink& link) { link.abort(); });
}

void SocketHandle::pause_reading(bool paused) {
  on_link([paused](SocketLink& link) { link.pause_reading(paused); });
}

bool SocketHandle::take(Batch& batch) {
  const std::lock_guard lock{mutex_};
  while (!queue_.empty() && batch.bytes.size() < batch_bytes_max && !batch.long_text) {
    auto text = std::move(queue_.front());
    queue_.pop_front();
    append_frame_header(batch.bytes, text_frame, text->size());
    batch.cost += cost_of(*text);
    ++batch.texts;
    if (text->size() > copied_text_bytes_max)
      batch.long_text = std::move(text);
    else
      batch.bytes += *text;
  }
  awake_ = batch.texts > 0;
  return awake_;
}

void SocketHandle::written(std::size_t cost) {
  const std::lock_guard lock{mutex_};
  bytes_ -= std::min(cost, bytes_);
}

void SocketHandle::stop() {
  const std::lock_guard lock{mutex_};
  open_ = false;
}

void SocketHandle::drop() {
  std::deque<std::shared_ptr<const std::string>> dropped; // freed outside the lock
  const std::lock_guard lock{mutex_};
  open_ = false;
  dropped.swap(queue_);
  for (const auto& text : dropped)
    bytes_ -= std::min(cost_of(*text), bytes_);
}

} // namespace tandem::adapters::transport
