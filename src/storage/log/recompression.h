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
/// batch   has passed check_append, which has looked into it; `header` is what that found
/// errors  MESSAGE_TOO_LARGE: the batch has become larger than the topic takes;
///         RECORD_LIST_TOO_LARGE
/// cost    a decompression, when it is compressed, and a compression; memory for the records plain and
///         compressed
/// source  Kafka's LogValidator
Result<Buffer> recompress(std::string_view batch, const wire::BatchHeader& header,
                          const LogConfig& config);

}  // namespace millrace::storage
