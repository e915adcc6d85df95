/// Loaded before the C library of a program under test (LD_PRELOAD): writes every address that the
/// program connects or sends to, and every host name that it asks for, to the file
/// TANDEM_NETWORK_TRACE, one line each. TANDEM_NETWORK_NAMES=refuse answers no name, so that
/// nothing leaves the machine.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

void note(std::string_view call, const std::string& target) {
  const char* path = std::getenv("TANDEM_NETWORK_TRACE");
  if (path == nullptr)
    return;
  const int file = ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0)
    return;
  const auto line = std::string{call} + ' ' + target + '\n';
  if (::write(file, line.data(), line.size()) < 0)
    std::abort(); // a trace with holes shows nothing
  ::close(file);
}

std::string text_of(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    ::inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size());
    return std::string{text.data()} + ':' + std::to_string(ntohs(in.sin_port));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, address, sizeof in);
    ::inet_ntop(AF_INET6, &in.sin6_addr, text.data(), text.size());
    return '[' + std::string{text.data()} + "]:" + std::to_string(ntohs(in.sin6_port));
  }
  return address->sa_family == AF_UNIX ? "unix" : "family" + std::to_string(address->sa_family);
}

void note_address(std::string_view call, const void* address) {
  if (address != nullptr)
    note(call, text_of(static_cast<const sockaddr*>(address)));
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool is_number(const char* node) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, node, bytes.data()) == 1
         || ::inet_pton(AF_INET6, node, bytes.data()) == 1;
}

} // namespace

extern "C" {

int connect(int socket, const sockaddr* address, socklen_t size) {
  note_address("connect", address);
  return next<int(int, const sockaddr*, socklen_t)>("connect")(socket, address, size);
}

ssize_t sendto(int socket, const void* bytes, size_t count, int flags, const sockaddr* address,
               socklen_t size) {
  note_address("sendto", address);
  return next<ssize_t(int, const void*, size_t, int, const sockaddr*, socklen_t)>("sendto")(
      socket, bytes, count, flags, address, size);
}

ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  note_address("sendmsg", message->msg_name);
  return next<ssize_t(int, const msghdr*, int)>("sendmsg")(socket, message, flags);
}

int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
  if (node != nullptr && !is_number(node)) {
    note("name", node);
    const char* names = std::getenv("TANDEM_NETWORK_NAMES");
    if (names != nullptr && std::string_view{names} == "refuse")
      return EAI_AGAIN;
  }
  return next<int(const char*, const char*, const addrinfo*, addrinfo**)>("getaddrinfo")(
      node, service, hints, found);
}
}
