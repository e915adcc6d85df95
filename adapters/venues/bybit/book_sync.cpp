#include "adapters/venues/bybit/book_sync.hpp"

#include <optional>

namespace tandem::adapters::venues::bybit {

namespace {

class Sync final : public BookSync {
public:
  explicit Sync(std::uint32_t levels) noexcept : levels_{levels} {}

  void restart() override { last_.reset(); }

  [[nodiscard]] SyncAction on_frame(const DepthFrame& frame) override {
    if (frame.levels != levels_)
      return SyncAction::ignore;
    // A snapshot replaces the book whenever it comes, also with an older id: the service restarted.
    if (frame.snapshot) {
      last_ = frame.last_id;
      return SyncAction::apply;
    }
    if (!last_ || frame.last_id <= *last_)
      return SyncAction::ignore;
    if (frame.last_id != *last_ + 1) {
      last_.reset();
      return SyncAction::resync;
    }
    last_ = frame.last_id;
    return SyncAction::apply;
  }

  /// Never used here: REST ids belong to the 1000-level stream and bridge to no other.
  [[nodiscard]] SnapshotVerdict on_snapshot(std::uint64_t, std::optional<std::uint64_t>) override {
    return SnapshotVerdict::too_old;
  }

  [[nodiscard]] bool live() const override { return last_.has_value(); }

private:
  std::uint32_t levels_;
  std::optional<std::uint64_t> last_; ///< absent = no snapshot yet, or the chain broke
};

} // namespace

std::unique_ptr<BookSync> make_book_sync(std::uint32_t levels) {
  return std::make_unique<Sync>(levels);
}

} // namespace tandem::adapters::venues::bybit
