#include "client/consumer/offset_reset.h"

#include <utility>

namespace millrace::client {

void reset_position(FetchState& state, const TopicPartition& partition, OffsetReset policy,
                    Error without_policy) {
  switch (policy) {
    case OffsetReset::kEarliest:
      state.seek(partition, PositionSource::kEarliest);
      return;
    case OffsetReset::kLatest:
      state.seek(partition, PositionSource::kLatest);
      return;
    case OffsetReset::kNone:
      state.set_error(partition, std::move(without_policy));
      return;
  }
}

}  // namespace millrace::client
