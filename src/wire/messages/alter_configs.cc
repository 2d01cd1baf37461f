#include "wire/messages/alter_configs.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<AlterConfigsRequest>;
template struct Codec<AlterConfigsResponse>;

}  // namespace millrace::wire
