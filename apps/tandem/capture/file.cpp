#include "apps/tandem/capture/file.hpp"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <system_error>
#include <utility>

namespace tandem::apps::capture {
namespace {

using core::Errc;
using core::fail;

constexpr std::string_view magic = "tandem capture 1\n";
constexpr std::uint32_t item_bytes_max = 256U * 1024 * 1024;
/// What a kill may cost.
constexpr std::chrono::seconds flush_every{1};

/// Adds the value to `bytes`, behind its length.
template <class T>
void encode(std::vector<char>& bytes, const T& value) {
  constexpr std::size_t head = sizeof(std::uint32_t);
  const auto begin = bytes.size();
  bytes.resize(begin + head);
  caf::binary_serializer sink{static_cast<caf::execution_unit*>(nullptr), bytes};
  static_cast<void>(sink(value)); // memory takes everything
  const auto size = static_cast<std::uint32_t>(bytes.size() - begin - head);
  for (std::size_t i = 0; i < head; ++i)
    bytes[begin + i] = static_cast<char>(size >> (8 * i) & 0xFFU);
}

template <class T>
bool decode(const std::vector<char>& bytes, T& value) {
  caf::binary_deserializer source{static_cast<caf::execution_unit*>(nullptr), bytes.data(),
                                  bytes.size()};
  return !source(value);
}

} // namespace

struct Writer::Output {
  ~Output() {
    if (file != nullptr)
      gzclose(file);
  }

  gzFile file = nullptr;
};

core::Result<std::unique_ptr<Writer>> Writer::create(const std::string& path,
                                                     const Header& header) {
  const int made = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made < 0)
    return fail(Errc::configuration, std::error_code{errno, std::generic_category()}.message(),
                path);
  auto output = std::make_unique<Output>();
  output->file = gzdopen(made, "wb1");
  if (output->file == nullptr) {
    ::close(made);
    return fail(Errc::configuration, "no memory for compression", path);
  }
  std::unique_ptr<Writer> writer{new Writer{std::move(output)}};
  const std::lock_guard held{writer->mutex_};
  writer->waiting_.assign(magic.begin(), magic.end());
  encode(writer->waiting_, header);
  writer->wake_.notify_one();
  return writer;
}

Writer::Writer(std::unique_ptr<Output> output)
    : output_{std::move(output)}, thread_{[this] { run(); }} {}

Writer::~Writer() {
  {
    const std::lock_guard held{mutex_};
    ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Writer::put(const Item& item) {
  if (lost_)
    return;
  scratch_.clear();
  encode(scratch_, item);
  ++items_;
  const std::lock_guard held{mutex_};
  if (waiting_.size() + scratch_.size() > backlog_max) {
    encode(waiting_, Item{.kind = Kind::cut});
    lost_ = true;
  } else {
    waiting_.insert(waiting_.end(), scratch_.begin(), scratch_.end());
  }
  wake_.notify_one();
}

void Writer::run() {
  std::vector<char> bytes;
  std::unique_lock lock{mutex_};
  bool dirty = false;
  auto flushed = std::chrono::steady_clock::now();
  while (true) {
    wake_.wait_for(lock, flush_every, [this] { return ending_ || !waiting_.empty(); });
    bytes.swap(waiting_);
    const bool last = ending_;
    lock.unlock();
    bool good = true;
    if (!bytes.empty())
      good = gzwrite(output_->file, bytes.data(), static_cast<unsigned>(bytes.size())) > 0;
    dirty = dirty || !bytes.empty();
    if (const auto now = std::chrono::steady_clock::now();
        good && dirty && now - flushed >= flush_every) {
      good = gzflush(output_->file, Z_SYNC_FLUSH) == Z_OK;
      dirty = false;
      flushed = now;
    }
    if (!good)
      lost_ = true; // the disk is full: nobody can be told in the file
    bytes.clear();
    lock.lock();
    if (last && waiting_.empty())
      return;
  }
}

struct Reader::Input {
  ~Input() {
    if (file != nullptr)
      gzclose(file);
  }

  gzFile file = nullptr;
};

Reader::Reader(std::unique_ptr<Input> input) : input_{std::move(input)} {}

Reader::~Reader() = default;

core::Result<std::unique_ptr<Reader>> Reader::open(const std::string& path) {
  auto input = std::make_unique<Input>();
  input->file = gzopen(path.c_str(), "rb");
  if (input->file == nullptr)
    return fail(Errc::configuration, std::error_code{errno, std::generic_category()}.message(),
                path);
  std::string found(magic.size(), '\0');
  const auto read = gzread(input->file, found.data(), static_cast<unsigned>(found.size()));
  if (read != static_cast<int>(magic.size()) || found != magic)
    return fail(Errc::configuration, "is no capture of this program's format", path);
  std::unique_ptr<Reader> reader{new Reader{std::move(input)}};
  if (!reader->fill(reader->scratch_) || !decode(reader->scratch_, reader->header_))
    return fail(Errc::configuration, "its header is damaged", path);
  return reader;
}

bool Reader::fill(std::vector<char>& bytes) {
  std::array<unsigned char, sizeof(std::uint32_t)> head{};
  if (gzread(input_->file, head.data(), head.size()) != static_cast<int>(head.size()))
    return false;
  std::uint32_t size = 0;
  for (std::size_t i = head.size(); i-- > 0;)
    size = size << 8U | head[i];
  if (size > item_bytes_max)
    return false;
  bytes.resize(size);
  return gzread(input_->file, bytes.data(), size) == static_cast<int>(size);
}

std::optional<Item> Reader::next() {
  Item item;
  if (!fill(scratch_) || !decode(scratch_, item))
    return std::nullopt;
  return item;
}

} // namespace tandem::apps::capture
