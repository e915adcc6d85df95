/// What a process of the engine has around its actors.
#include "apps/tandem/process.hpp"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <future>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

using namespace tandem;

namespace {

/// Hands the first line over; what is said on another thread is waited for.
class FirstLine final : public core::Log {
public:
  void write(core::LogLevel level, std::string_view event,
             std::initializer_list<core::LogField> fields) override {
    std::string text = level == core::LogLevel::error ? "error " : "";
    text += event;
    for (const auto& field : fields)
      text += ' ' + std::string{field.key} + '=' + field.value;
    line_.set_value(std::move(text));
  }

  [[nodiscard]] std::string wait() { return line_.get_future().get(); }

private:
  std::promise<std::string> line_;
};

/// Puts the process's limit back.
class DescriptorLimit {
public:
  DescriptorLimit() { REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0); }

  ~DescriptorLimit() { (void)::setrlimit(RLIMIT_NOFILE, &before_); }

  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

  void lower(rlim_t soft) {
    rlimit limit = before_;
    limit.rlim_cur = soft;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  }

  [[nodiscard]] rlim_t hard() const { return before_.rlim_max; }

private:
  rlimit before_{};
};

} // namespace

TEST_CASE("what goes wrong on a network thread stands in the log with the thread's name") {
  FirstLine log;
  adapters::transport::Io io{"venues", apps::machine_clocks()};
  apps::tell_faults(io, "venues", log);
  io.post([] { throw std::runtime_error{"a frame too many"}; });
  CHECK(log.wait() == "error io_fault thread=venues error=a frame too many");
}

TEST_CASE("a process takes the descriptors it may have, up to a bound") {
  DescriptorLimit limit;
  limit.lower(256);
  apps::use_all_descriptors();
  rlimit now{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &now) == 0);
  CHECK(now.rlim_cur == std::min<rlim_t>(limit.hard(), 65'536));
  CHECK(now.rlim_max == limit.hard());
}
