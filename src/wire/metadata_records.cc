#include "wire/metadata_records.h"

#include <type_traits>
#include <utility>

#include "base/byte_writer.h"
#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<TopicRecord>;
template struct Codec<PartitionRecord>;
template struct Codec<ConfigRecord>;
template struct Codec<RemoveTopicRecord>;
template struct Codec<FeatureLevelRecord>;
template struct Codec<ClientQuotaRecord>;
template struct Codec<ProducerIdsRecord>;

namespace {

constexpr std::uint32_t kFrameVersion = 1;

std::int16_t version_for(const PartitionRecord& record) {
  if (record.eligible_leader_replicas.has_value() || record.last_known_elr.has_value()) return 2;
  return record.directories.empty() ? 0 : 1;
}

template <class M>
std::int16_t version_for(const M&) {
  return M::kVersions.max;
}

template <class M>
Result<MetadataRecord> decode_as(ByteReader& reader, std::uint32_t version) {
  if (version > static_cast<std::uint32_t>(M::kVersions.max)) {
    return MetadataRecord{UnknownMetadataRecord{M::kType, version}};
  }
  Result<M> record = Codec<M>::decode(reader, static_cast<std::int16_t>(version));
  if (!record.ok()) return std::move(record).error();
  return MetadataRecord{std::move(record).value()};
}

template <class M>
Result<std::string> encode_as(const M& record) {
  const std::int16_t version = version_for(record);
  Buffer out;
  ByteWriter writer(out);
  writer.uvarint(kFrameVersion);
  writer.uvarint(M::kType);
  writer.uvarint(static_cast<std::uint64_t>(version));
  Status status = Codec<M>::encode(record, version, out);
  if (!status.ok()) return std::move(status).error();
  return std::string(out.view());
}

}  // namespace

Result<std::string> encode_metadata_record(const MetadataRecord& record) {
  return std::visit(
      [](const auto& known) -> Result<std::string> {
        using M = std::remove_cvref_t<decltype(known)>;
        if constexpr (std::is_same_v<M, UnknownMetadataRecord>) {
          return Error{ErrorCode::kInvalidArgument, "an unknown metadata record has no bytes"};
        } else {
          return encode_as(known);
        }
      },
      record);
}

Result<MetadataRecord> decode_metadata_record(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::uint32_t frame_version = reader.uvarint();
  const std::uint32_t type = reader.uvarint();
  const std::uint32_t version = reader.uvarint();
  if (!reader.ok()) return Error(reader.status().error()).with_context("metadata record");
  if (frame_version != kFrameVersion) {
    return Error{ErrorCode::kUnsupported,
                 fmt::format("metadata record: wanted frame version {}, found {}", kFrameVersion,
                             frame_version)};
  }
  switch (type) {
    case TopicRecord::kType:
      return decode_as<TopicRecord>(reader, version);
    case PartitionRecord::kType:
      return decode_as<PartitionRecord>(reader, version);
    case ConfigRecord::kType:
      return decode_as<ConfigRecord>(reader, version);
    case RemoveTopicRecord::kType:
      return decode_as<RemoveTopicRecord>(reader, version);
    case FeatureLevelRecord::kType:
      return decode_as<FeatureLevelRecord>(reader, version);
    case ClientQuotaRecord::kType:
      return decode_as<ClientQuotaRecord>(reader, version);
    case ProducerIdsRecord::kType:
      return decode_as<ProducerIdsRecord>(reader, version);
    default:
      return MetadataRecord{UnknownMetadataRecord{type, version}};
  }
}

}  // namespace millrace::wire
