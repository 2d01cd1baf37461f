// libFuzzer target: any bytes as what a broker answers to a fetch, read as a consumer reads it:
// inflated, aborted transactions left out, views kept for later. Bit 0 of the first byte leaves the
// CRC unread, so that the fuzzer reaches what lies behind it; bit 1 reads committed.
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "base/check.h"
#include "client/consumer/fetched_records.h"

using namespace millrace;

namespace {

constexpr std::size_t kRecordsAtOnce = 5;

unsigned touch(std::string_view bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), 0U, [](unsigned sum, char byte) {
    return sum * 31U + static_cast<unsigned char>(byte);
  });
}

unsigned touch(const RecordView& record) {
  unsigned sum = touch(record.key.value_or("")) + touch(record.value.value_or(""));
  for (const auto& header : record.headers.to_vector())
    sum += touch(header.key) + touch(header.value.value_or(""));
  return sum;
}

client::FetchedPart part_of(std::string_view records) {
  client::FetchedPart part;
  part.frame = std::make_shared<Buffer>(Buffer::copy_of(records));
  part.records = part.frame->view();
  part.from = Offset{1};
  part.leader_epoch = LeaderEpoch{0};
  part.high_watermark = part.last_stable_offset = Offset{1'000};
  part.aborted = {{ProducerId{1}, Offset{2}}, {ProducerId{7}, Offset{0}}};
  return part;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const client::ReadOptions options{
      .crc = (data[0] & 1U) == 0 ? wire::CrcCheck::kVerify : wire::CrcCheck::kSkip,
      .isolation = (data[0] & 2U) == 0 ? client::IsolationLevel::kReadUncommitted
                                       : client::IsolationLevel::kReadCommitted};
  client::FetchedRecords fetched(part_of({reinterpret_cast<const char*>(data) + 1, size - 1}),
                                 options);
  std::vector<RecordView> records;
  std::vector<SharedBuffer> keep_alive;
  while (!fetched.is_done()) {
    const std::size_t before = records.size();
    if (!fetched.read(kRecordsAtOnce, records, keep_alive).ok()) break;
    CHECK(records.size() - before <= kRecordsAtOnce, "{} records", records.size() - before);
  }
  // Only now: what was given out stays readable after its batch was left.
  unsigned sum = 0;
  for (const RecordView& record : records) {
    CHECK(record.offset >= Offset{1}, "offset {}", record.offset);
    sum += touch(record);
  }
  asm volatile("" : : "r"(sum));  // so that the reads above stay
  return 0;
}
