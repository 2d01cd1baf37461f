#include "wire/messages/incremental_alter_configs.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<IncrementalAlterConfigsRequest>;
template struct Codec<IncrementalAlterConfigsResponse>;

}  // namespace millrace::wire
