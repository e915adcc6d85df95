/// An engine's state directory for a run that leaves nothing behind.
#pragma once

#include <string>

namespace tandem::one_thread {

/// A directory that goes with its owner; the list of pairs lies there. @throws std::runtime_error
/// when none can be made.
class StateDirectory {
public:
  StateDirectory();
  ~StateDirectory();
  StateDirectory(const StateDirectory&) = delete;
  StateDirectory& operator=(const StateDirectory&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
  std::string path_;
};

} // namespace tandem::one_thread
