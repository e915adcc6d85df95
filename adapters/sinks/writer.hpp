/// The way to one destination. What it is given twice it must show once: by the number of a record
/// in its stream, or by what the record is called.
#pragma once

#include "core/result.hpp"
#include "core/sinks/delivery.hpp"
#include "core/sinks/record.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tandem::adapters::sinks {

struct Batch {
  std::string stream; ///< with a sequence number it names a record once and for all
  std::vector<core::sinks::Numbered> items; ///< ascending, at least one
};

using BatchPtr = std::shared_ptr<const Batch>;

/// One call at a time; each `done` runs exactly once, on any thread, unless the writer is destroyed
/// first: then it never does. Destruction waits for a call under way, a few seconds at most.
class Writer {
public:
  virtual ~Writer() = default;

  /// Before the first batch and after each failure. The answer: the last number that the
  /// destination knows to have of this stream, where it can tell; an error when it cannot be
  /// reached.
  using Opened = std::function<void(core::Result<std::optional<std::uint64_t>>)>;
  virtual void open(const std::string& stream, Opened done) = 0;

  using Written = std::function<void(core::sinks::Outcome)>;
  virtual void write(BatchPtr batch, Written done) = 0;
};

} // namespace tandem::adapters::sinks
