// Storing batches with the codec that a topic asks for, whatever they were sent with.
#pragma once

#include <string_view>

#include "base/buffer.h"
#include "base/result.h"
#include "storage/log_config.h"
#include "wire/batch_header.h"

namespace millrace::storage {

/// Whether a client's batch with this header is to be stored with another codec.
inline bool must_recompress(const wire::BatchHeader& header, const LogConfig& config) {
  return config.compression && *config.compression != header.compression() && !header.is_control();
}

/// The batch with the topic's codec: the same records, producer and timestamps; another length,
/// codec and checksum.
/// header   what was found of the batch, whose own may say another largest timestamp
/// records  of the batch, plain
/// errors   kTooLarge: more than a codec takes
/// cost     a compression, and memory for what comes of it
/// source   Kafka's LogValidator
Result<Buffer> recompress(std::string_view batch, const wire::BatchHeader& header,
                          std::string_view records, const LogConfig& config);

}  // namespace millrace::storage
