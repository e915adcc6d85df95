/// The queue of one sink on disk: every record is appended here before it is sent, so that neither
/// an outage of the destination nor the death of the engine loses or renumbers one. Segments of a
/// bounded size, every bit under a checksum; what the destination has is deleted by segments.
///
/// Written, not synced: it survives the death of the process, not that of the machine. What a power
/// loss tears is cut off at the last whole record, and said.
#pragma once

#include "adapters/files/file_layer.hpp"
#include "core/result.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tandem::adapters::sinks {

struct SpoolOptions {
  std::size_t segment_bytes = 4 * 1024 * 1024;
  /// All segments together. Beyond it the oldest segment goes, delivered or not: recent data are
  /// worth more than old ones, and what went is told with its numbers.
  std::uint64_t bytes_max = std::uint64_t{1024} * 1024 * 1024;
};

/// A run of sequence numbers, both ends in it.
struct SequenceRange {
  std::uint64_t first = 0, last = 0;

  [[nodiscard]] std::uint64_t count() const noexcept { return last - first + 1; }

  friend bool operator==(const SequenceRange&, const SequenceRange&) = default;
};

struct Spooled {
  std::uint64_t sequence = 0;
  std::string_view payload; ///< until the next call of the spool
};

/// Not thread safe. Blocks on the disk.
class Spool {
public:
  /// Takes up what a former run left, under a lock. @param id names a stream that begins now; one
  /// that is taken up keeps its own. A segment whose head is damaged is kept aside ("*.damaged"), a
  /// damaged place of delivery means that all that is left goes out once more. Errors: conflict
  /// (held by another process), internal (disk).
  [[nodiscard]] static core::Result<std::unique_ptr<Spool>>
  open(std::unique_ptr<files::FileLayer> files, SpoolOptions options, std::string id);
  ~Spool();

  /// Of the stream: with a sequence number it names a record once and for all.
  [[nodiscard]] const std::string& id() const noexcept { return id_; }

  /// Numbers and keeps them, in one write. Errors: internal (disk); then none of them is kept, and
  /// the same call may be tried again.
  [[nodiscard]] core::Status append(std::span<const std::string> payloads);

  /// The next records not acknowledged, at most so many; at least one where there is one.
  /// Errors: internal (disk), malformed (damage: the rest of that segment is lost and told by
  /// take_lost(); reading goes on behind it).
  [[nodiscard]] core::Result<std::vector<Spooled>> read(std::size_t records_max,
                                                        std::size_t bytes_max);

  /// The destination has everything up to `through`. A number beyond the end, of which only a
  /// destination that outlived our disk can know, moves the numbering on. Errors: internal (disk);
  /// it counts in memory all the same.
  [[nodiscard]] core::Status acknowledge(std::uint64_t through);

  [[nodiscard]] std::uint64_t acknowledged() const noexcept { return acknowledged_; }

  [[nodiscard]] std::uint64_t last() const noexcept { return last_; }

  [[nodiscard]] std::uint64_t waiting() const noexcept { return last_ - acknowledged_; }

  /// Of the segments that are kept.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

  /// About what waiting records take.
  [[nodiscard]] std::uint64_t waiting_bytes() const noexcept;

  /// What went undelivered since the last call: the cap, or damage.
  [[nodiscard]] std::vector<SequenceRange> take_lost();

private:
  struct Segment {
    std::uint64_t last = 0; ///< first - 1 while it is empty
    std::uint64_t bytes = 0;
  };

  Spool(std::unique_ptr<files::FileLayer> files, SpoolOptions options);

  [[nodiscard]] core::Status take_up(std::string id);
  [[nodiscard]] core::Status set_aside(const std::pair<const std::uint64_t, Segment>& segment,
                                       std::size_t bytes, bool is_last);
  [[nodiscard]] core::Status begin_segment();
  [[nodiscard]] core::Status load(std::uint64_t first);
  [[nodiscard]] core::Status write_cursor();
  void remove_delivered();
  /// False: the disk refuses; nothing changed.
  [[nodiscard]] bool remove_oldest();
  void lose(std::uint64_t through);
  [[nodiscard]] static std::string name_of(std::uint64_t first);

  [[nodiscard]] std::uint64_t active() const noexcept { return segments_.rbegin()->first; }

  std::unique_ptr<files::FileLayer> files_;
  std::unique_ptr<files::FileLock> lock_;
  SpoolOptions options_;
  std::string id_;
  std::map<std::uint64_t, Segment> segments_; ///< by first sequence; the last one is written to
  std::unique_ptr<files::AppendFile> file_;   ///< of the last one; null after an error
  std::string active_bytes_;                  ///< of the last one, whole
  std::uint64_t acknowledged_ = 0, last_ = 0, bytes_ = 0;
  std::vector<SequenceRange> lost_;

  /// Where reading stands: the frame of `next` begins at `offset` of the segment `segment`.
  struct Position {
    std::uint64_t segment = 0, next = 0;
    std::size_t offset = 0;
  };

  Position position_;
  std::uint64_t loaded_ = 0; ///< the segment in loaded_bytes_; 0 = none
  std::string loaded_bytes_;
};

} // namespace tandem::adapters::sinks
