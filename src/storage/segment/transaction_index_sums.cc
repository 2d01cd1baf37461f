#include "storage/segment/transaction_index_sums.h"

#include <fmt/format.h>

#include "storage/directory/checkpoint_text.h"

namespace millrace::storage {

std::string encode_transaction_index_sums(const TransactionIndexSums& sums) {
  std::string text = checkpoint_head(sums.size());
  for (const auto& [base, crc] : sums) text += fmt::format("{} {}\n", base, crc);
  return text;
}

Result<TransactionIndexSums> decode_transaction_index_sums(std::string_view text) {
  auto lines = checkpoint_lines(text);
  if (!lines.ok()) return std::move(lines).error();
  TransactionIndexSums sums;
  for (const std::string_view line : *lines) {
    const auto fields = split_fields(line);
    const bool is_pair = fields.size() == 2;
    const std::int64_t base = is_pair ? parse_number(fields[0]).value_or(-1) : -1;
    const std::int64_t crc = is_pair ? parse_number(fields[1]).value_or(-1) : -1;
    if (base < 0 || crc < 0 || crc > UINT32_MAX) {
      return Error{ErrorCode::kCorrupt, fmt::format("wanted 'offset crc', found '{}'", line)};
    }
    sums[Offset{base}] = static_cast<std::uint32_t>(crc);
  }
  return sums;
}

}  // namespace millrace::storage
