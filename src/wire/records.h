// Records: the record batches inside a Produce request or a Fetch response, which nobody copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace millrace::wire {

/// Record batches as they lie elsewhere: in the frame that was decoded, in a buffer that the caller
/// keeps alive until the message is encoded, or in a file that will be sent after the frame's
/// bytes.
struct Records {
  std::string_view bytes;
  /// Bytes that follow from elsewhere (encoding only); `bytes` is empty then.
  std::uint64_t external_size = 0;
  bool is_null = false;

  Records() = default;
  Records(std::string_view batches) : bytes(batches) {}  // NOLINT: implicit on purpose

  static Records external(std::uint64_t size_bytes) {
    Records records;
    records.external_size = size_bytes;
    return records;
  }
  static Records null() {
    Records records;
    records.is_null = true;
    return records;
  }

  std::uint64_t size_bytes() const { return bytes.size() + external_size; }
  bool empty() const { return size_bytes() == 0; }

  /// Where decoded batches start in the frame they were decoded from. The frame's owner writes
  /// through this: `frame.data() + records.offset_in(frame.view())`.
  std::size_t offset_in(std::string_view frame) const {
    return static_cast<std::size_t>(bytes.data() - frame.data());
  }

  bool operator==(const Records&) const = default;
};

}  // namespace millrace::wire
