#include "broker/session/reply_bytes.h"

#include <fmt/format.h>

#include <cstddef>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace millrace::broker {

namespace {

using Woven = std::variant<io::Chunks, NoReply, CloseConnection>;

Woven copy_files(const wire::EncodedResponse& response, const std::vector<io::FileSlice>& files,
                 std::uint64_t file_bytes) {
  Buffer whole(response.bytes.size() + static_cast<std::size_t>(file_bytes));
  std::size_t copied = 0;
  for (std::size_t index = 0; index < files.size(); ++index) {
    const std::size_t until = response.splices[index].position;
    whole.append(response.bytes.view().substr(copied, until - copied));
    copied = until;

    const auto size = static_cast<std::size_t>(files[index].size_bytes);
    const std::span<char> into(whole.extend(size), size);
    const auto count = files[index].file->read_at(files[index].position, into);
    if (!count.ok()) return CloseConnection{count.error().to_string()};
    if (*count != size)
      return CloseConnection{fmt::format("a log ended {} bytes early", size - *count)};
  }
  whole.append(response.bytes.view().substr(copied));

  io::Chunks chunks;
  chunks.emplace_back(std::move(whole));
  return chunks;
}

}  // namespace

Woven reply_bytes(wire::EncodedResponse response, std::vector<io::FileSlice> files) {
  CHECK(response.splices.size() == files.size(), "{} splices but {} files", response.splices.size(),
        files.size());
  std::uint64_t file_bytes = 0;
  bool all_sendable = true;
  for (std::size_t index = 0; index < files.size(); ++index) {
    CHECK(response.splices[index].size_bytes == files[index].size_bytes,
          "splice {}: wanted a file of {} bytes, found {}", index,
          response.splices[index].size_bytes, files[index].size_bytes);
    file_bytes += files[index].size_bytes;
    all_sendable = all_sendable && files[index].file->native_handle() >= 0;
  }

  if (files.empty()) {
    io::Chunks chunks;
    chunks.emplace_back(std::move(response.bytes));
    return chunks;
  }
  if (file_bytes <= kInlineFileBytesMax || !all_sendable)
    return copy_files(response, files, file_bytes);
  return io::interleave(
      std::move(response.bytes), response.splices,
      {std::make_move_iterator(files.begin()), std::make_move_iterator(files.end())});
}

}  // namespace millrace::broker
