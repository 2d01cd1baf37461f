// libFuzzer target: any bytes as a record set. First byte 0 reads them as they are; otherwise the
// CRC is not looked at, so that the fuzzer reaches the records. What the walk at a broker's door
// lets in, a reader reads.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "wire/record_batch.h"
#include "wire/record_walk.h"

using namespace millrace;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto crc = data[0] == 0 ? wire::CrcCheck::kVerify : wire::CrcCheck::kSkip;
  constexpr std::size_t kInflatedBytesMax = std::size_t{1} << 20U;
  wire::BatchCursor cursor({reinterpret_cast<const char*>(data) + 1, size - 1});
  Buffer scratch;
  while (const auto batch = cursor.next()) {
    auto reader = wire::BatchReader::open(*batch, scratch, crc, kInflatedBytesMax);
    const auto header = wire::check_batch(*batch, crc);
    wire::InflationBudget budget{kInflatedBytesMax};
    const bool is_let_in = header.ok() && wire::check_records(*batch, *header, {}, budget).ok();
    CHECK(reader.ok() || !is_let_in, "let in, and not read: {}", reader.error().message);
    if (!reader.ok()) continue;
    std::int64_t count = 0;
    RecordView record;
    while (reader->next(record)) {
      ++count;
      (void)record.headers.to_vector();
      CHECK(record.offset <= reader->header().last_offset(), "offset {}", record.offset);
    }
    CHECK(reader->status().ok() || !is_let_in, "let in, and not read: {}",
          reader->status().error().message);
    CHECK(!reader->status().ok() || count == reader->header().record_count, "{} records", count);
  }
  return 0;
}
