#include "apps/one_thread/state_directory.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace tandem::one_thread {

StateDirectory::StateDirectory() {
  auto pattern = (std::filesystem::temp_directory_path() / "tandem_XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw std::runtime_error{"no temporary directory"};
  path_ = pattern;
}

StateDirectory::~StateDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

} // namespace tandem::one_thread
