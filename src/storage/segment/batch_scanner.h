// BatchScanner: walks the headers of the batches in a file without reading their records.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "io/file_system.h"
#include "wire/batch_header.h"

namespace millrace::storage {

struct BatchPlace {
  std::uint64_t position = 0;
  wire::BatchHeader header;
  std::uint64_t end() const { return position + header.size_bytes(); }
};

/// Walks [from, end) of a file; `from` must be the start of a batch. The file must outlive it.
/// cost  one read of 8 KiB for every 8 KiB walked, or for each batch that is larger
class BatchScanner {
 public:
  BatchScanner(const io::File& file, std::uint64_t from, std::uint64_t end)
      : file_(file), position_(from), end_(end) {}

  /// The next batch; nothing at the end.
  /// errors  kIo; kCorrupt when what lies there is no batch or does not end before the end
  Result<std::optional<BatchPlace>> next();
  std::uint64_t position() const { return position_; }

 private:
  static constexpr std::size_t kChunkSize = 8192;

  const io::File& file_;
  std::uint64_t position_;
  std::uint64_t end_;
  std::uint64_t chunk_start_ = 0;
  std::size_t chunk_size_ = 0;
  std::array<char, kChunkSize> chunk_;  // filled as far as chunk_size_
};

}  // namespace millrace::storage
