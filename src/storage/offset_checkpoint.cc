#include "storage/offset_checkpoint.h"

#include <fmt/format.h>

#include "storage/directory/checkpoint_text.h"

namespace millrace::storage {

std::string encode_offset_checkpoint(const OffsetsByPartition& offsets) {
  std::string text = checkpoint_head(offsets.size());
  for (const auto& [partition, offset] : offsets) {
    text += fmt::format("{} {} {}\n", partition.topic, partition.partition, offset);
  }
  return text;
}

Result<OffsetsByPartition> decode_offset_checkpoint(std::string_view text) {
  auto lines = checkpoint_lines(text);
  if (!lines.ok()) return std::move(lines).error();
  OffsetsByPartition offsets;
  for (const std::string_view line : *lines) {
    const auto fields = split_fields(line);
    const bool is_triple = fields.size() == 3;
    const std::int64_t partition = is_triple ? parse_number(fields[1]).value_or(-1) : -1;
    const std::int64_t offset = is_triple ? parse_number(fields[2]).value_or(-1) : -1;
    if (partition < 0 || partition > INT32_MAX || offset < 0) {
      return Error{ErrorCode::kCorrupt,
                   fmt::format("wanted 'topic partition offset', found '{}'", line)};
    }
    offsets[{std::string(fields[0]), PartitionId{static_cast<std::int32_t>(partition)}}] =
        Offset{offset};
  }
  return offsets;
}

}  // namespace millrace::storage
