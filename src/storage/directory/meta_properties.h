// meta.properties: whose data a directory holds.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "model/ids.h"
#include "model/uuid.h"

namespace millrace::storage {

/// Version 1, as Kafka in KRaft mode writes it.
struct MetaProperties {
  Uuid cluster_id;
  BrokerId node_id;
  Uuid directory_id;
};

std::string encode_meta_properties(const MetaProperties& properties);
/// Keys that are unknown are passed over.
/// errors  kUnsupported (a version other than 1), kCorrupt (a key missing or making no sense)
Result<MetaProperties> decode_meta_properties(std::string_view text);

}  // namespace millrace::storage
