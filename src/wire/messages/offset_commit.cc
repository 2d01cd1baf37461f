#include "wire/messages/offset_commit.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<OffsetCommitRequest>;
template struct Codec<OffsetCommitResponse>;

}  // namespace millrace::wire
