/// A byte stream behind a virtual face, and the layer that lets Beast's WebSocket run on one. So
/// Beast is compiled once, not once for each of plain, TLS and the server's own write queue.
/// Private to adapters/transport; used on the Io's thread only.
#pragma once

#include "adapters/transport/io_impl.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace tandem::adapters::transport {

/// A completion handler whose type is forgotten. Moves only; runs once.
class Done {
public:
  Done() = default;

  template <class Handler>
    requires(!std::is_same_v<std::remove_cvref_t<Handler>, Done>)
  explicit Done(Handler&& handler)
      : held_{std::make_unique<Held<std::decay_t<Handler>>>(std::forward<Handler>(handler))} {}

  void operator()(ErrorCode error, std::size_t bytes) {
    const auto held = std::move(held_);
    held->run(error, bytes);
  }

  explicit operator bool() const noexcept { return held_ != nullptr; }

private:
  struct Base {
    virtual ~Base() = default;
    virtual void run(ErrorCode error, std::size_t bytes) = 0;
  };

  template <class Handler>
  struct Held final : Base {
    explicit Held(Handler&& taken) : handler{std::move(taken)} {}

    void run(ErrorCode error, std::size_t bytes) override { handler(error, bytes); }

    Handler handler;
  };

  std::unique_ptr<Base> held_;
};

/// At most one read and one write at a time. Nothing completes inside the call that started it. The
/// stream must outlive what it started.
class ByteStream {
public:
  virtual ~ByteStream() = default;
  [[nodiscard]] virtual Executor executor() = 0;
  virtual void read_some(boost::asio::mutable_buffer into, Done done) = 0;
  /// Completes when all bytes were taken by the system.
  virtual void write_all(std::string bytes, Done done) = 0;
  /// The WebSocket protocol is over on both sides, or failed: end the connection below.
  virtual void end() = 0;
};

/// Makes a ByteStream an AsyncStream in Beast's sense.
class BeastLayer {
public:
  using executor_type = Executor;

  explicit BeastLayer(ByteStream& stream) : stream_{&stream} {}

  [[nodiscard]] executor_type get_executor() const noexcept { return stream_->executor(); }

  [[nodiscard]] ByteStream& stream() const noexcept { return *stream_; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(ErrorCode, std::size_t)>(
        [](auto handler, ByteStream* stream, boost::asio::mutable_buffer into) {
          stream->read_some(into, Done{std::move(handler)});
        },
        token, stream_, first_of(buffers));
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(ErrorCode, std::size_t)>(
        [](auto handler, ByteStream* stream, std::string bytes) {
          stream->write_all(std::move(bytes), Done{std::move(handler)});
        },
        token, stream_, joined(buffers));
  }

private:
  template <class Buffers>
  static boost::asio::mutable_buffer first_of(const Buffers& buffers) {
    auto at = boost::asio::buffer_sequence_begin(buffers);
    const auto end = boost::asio::buffer_sequence_end(buffers);
    for (; at != end; ++at) {
      const boost::asio::mutable_buffer buffer{*at};
      if (buffer.size() > 0)
        return buffer;
    }
    return {};
  }

  template <class Buffers>
  static std::string joined(const Buffers& buffers) {
    std::string bytes(boost::asio::buffer_size(buffers), '\0');
    boost::asio::buffer_copy(boost::asio::buffer(bytes), buffers);
    return bytes;
  }

  ByteStream* stream_;
};

/// Found by Beast through the argument's namespace: how a timed-out stream is closed ...
inline void beast_close_socket(BeastLayer& layer) {
  layer.stream().end();
}

/// ... and how a finished one is. The stream ends in its own time; Beast need not wait for it.
template <class Handler>
void async_teardown(boost::beast::role_type /*role*/, BeastLayer& layer, Handler&& handler) {
  layer.stream().end();
  boost::asio::post(layer.get_executor(),
                    [handler = std::forward<Handler>(handler)]() mutable { handler(ErrorCode{}); });
}

} // namespace tandem::adapters::transport
