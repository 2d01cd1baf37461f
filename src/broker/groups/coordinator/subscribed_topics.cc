#include "broker/groups/coordinator/subscribed_topics.h"

#include "base/byte_reader.h"

namespace millrace::broker {

Result<std::vector<std::string>> subscribed_topics(std::string_view metadata) {
  constexpr std::size_t kTopicBytesMin = 2;  // the length of an empty name

  ByteReader reader(metadata);
  const std::int16_t version = reader.i16();
  const std::int32_t count = reader.i32();
  if (!reader.ok()) return reader.status().error();
  if (version < 0) return Error{ErrorCode::kCorrupt, "subscription of a negative version"};
  if (count < 0 || static_cast<std::size_t>(count) > reader.remaining() / kTopicBytesMin) {
    return Error{ErrorCode::kCorrupt, "subscription announces more topics than it has bytes for"};
  }

  std::vector<std::string> topics;
  topics.reserve(static_cast<std::size_t>(count));
  for (std::int32_t i = 0; i < count; ++i) {
    const std::int16_t length = reader.i16();
    if (length < 0) return Error{ErrorCode::kCorrupt, "subscription has a topic without a name"};
    topics.emplace_back(reader.bytes(static_cast<std::size_t>(length)));
    if (!reader.ok()) return reader.status().error();
  }
  return topics;
}

}  // namespace millrace::broker
