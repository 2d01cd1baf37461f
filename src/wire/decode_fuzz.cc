// libFuzzer target: a frame as a broker sees it (header, then the body of that API and version),
// and the same bytes as a response to it. What is understood must be written and read back
// unchanged.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "wire/every_message.h"
#include "wire/frame.h"
#include "wire/group_records.h"
#include "wire/metadata_records.h"
#include "wire/transaction_records.h"

namespace millrace::wire {
namespace {

template <class M>
void read_write_read(ByteReader reader, std::int16_t version) {
  const Result<M> first = decode_body<M>(reader, version);
  if (!first.ok()) return;

  Buffer bytes;
  const Status written = Codec<M>::encode(*first, version, bytes);
  CHECK(written.ok(), "{}", written.error().to_string());
  CHECK(bytes.size() == Codec<M>::size(*first, version), "size and encode disagree");
  ByteReader again(bytes.view());
  const Result<M> second = decode_body<M>(again, version);
  CHECK(second.ok() && again.remaining() == 0, "cannot read what was written");
  // By their bytes, as a quota that is not a number is not equal to itself.
  Buffer bytes_again;
  CHECK(Codec<M>::encode(*second, version, bytes_again).ok() && bytes_again.view() == bytes.view(),
        "read back another message");
  (void)Codec<M>::to_json(*first, version);
}

void try_frame(std::string_view frame) {
  ByteReader reader(frame);
  const Result<RequestHeader> header = decode_request_header(reader);
  if (!header.ok()) return;

  const auto try_one = [&](auto type) {
    using M = typename decltype(type)::type;
    if (M::kApiKey == header->api_key) read_write_read<M>(reader, header->api_version);
  };
  for_each_request(try_one);
  for_each_response(try_one);
}

}  // namespace
}  // namespace millrace::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace millrace::wire;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try_frame(bytes);
  (void)decode_group_key(bytes);
  (void)decode_offset_commit_value(bytes);
  (void)decode_group_metadata_value(bytes);
  (void)decode_consumer_group_value<ConsumerGroupMemberMetadataValue>(bytes);
  (void)decode_consumer_group_value<ConsumerGroupCurrentMemberAssignmentValue>(bytes);
  (void)decode_transaction_key(bytes);
  (void)decode_transaction_value(bytes);
  (void)decode_control_key(bytes);
  (void)decode_end_txn_marker(bytes);
  (void)decode_metadata_record(bytes);
  (void)decode_subscription(bytes);
  (void)decode_assignment(bytes);
  return 0;
}
