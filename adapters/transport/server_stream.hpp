/// The server's end of one connection, plain or under TLS. Both are chosen between with one branch,
/// so that a plain connection pays nothing for the other. Private to adapters/transport; used on
/// the Io's thread only.
#pragma once

#include "adapters/transport/io_impl.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace tandem::adapters::transport {

class ServerStream {
public:
  /// @param tls null = plain.
  ServerStream(Socket socket, std::shared_ptr<boost::asio::ssl::context> tls)
      : parts_{std::make_unique<Parts>(std::move(socket), std::move(tls))} {
    if (parts_->context)
      parts_->tls.emplace(parts_->socket, *parts_->context);
  }

  [[nodiscard]] Socket& socket() noexcept { return parts_->socket; }

  [[nodiscard]] bool secure() const noexcept { return parts_->tls.has_value(); }

  /// Of a secure stream, before anything else.
  template <class Handler>
  void handshake(Handler handler) {
    parts_->tls->async_handshake(boost::asio::ssl::stream_base::server, std::move(handler));
  }

  template <class Handler>
  void read_some(boost::asio::mutable_buffer into, Handler handler) {
    if (parts_->tls)
      parts_->tls->async_read_some(into, std::move(handler));
    else
      parts_->socket.async_read_some(into, std::move(handler));
  }

  template <class Buffers, class Handler>
  void write(const Buffers& bytes, Handler handler) {
    if (parts_->tls)
      boost::asio::async_write(*parts_->tls, bytes, std::move(handler));
    else
      boost::asio::async_write(parts_->socket, bytes, std::move(handler));
  }

  /// Our side has ended. @param owner keeps this stream while the goodbye of TLS is under way; its
  /// deadline closes what takes too long.
  void shutdown_send(std::shared_ptr<void> owner) {
    if (!parts_->tls)
      return shutdown_socket();
    parts_->tls->async_shutdown([this, owner = std::move(owner)](ErrorCode) { shutdown_socket(); });
  }

  /// Reads what nobody looks at any more, below TLS: after our goodbye there is nothing to decrypt.
  template <class Handler>
  void drain(boost::asio::mutable_buffer into, Handler handler) {
    parts_->socket.async_read_some(into, std::move(handler));
  }

  void close() {
    ErrorCode ignored;
    parts_->socket.close(ignored);
  }

  /// What follows closes with a reset.
  void reset_on_close() {
    ErrorCode ignored;
    parts_->socket.set_option(boost::asio::socket_base::linger{true, 0}, ignored);
  }

private:
  /// In one place, for a TLS stream refers to its socket.
  struct Parts {
    Parts(Socket taken, std::shared_ptr<boost::asio::ssl::context> held)
        : socket{std::move(taken)}, context{std::move(held)} {}

    Socket socket;
    std::shared_ptr<boost::asio::ssl::context> context; ///< the server may have another by now
    std::optional<boost::asio::ssl::stream<Socket&>> tls;
  };

  void shutdown_socket() {
    ErrorCode ignored;
    parts_->socket.shutdown(boost::asio::socket_base::shutdown_send, ignored);
  }

  std::unique_ptr<Parts> parts_;
};

} // namespace tandem::adapters::transport
