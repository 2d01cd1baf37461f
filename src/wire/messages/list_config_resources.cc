#include "wire/messages/list_config_resources.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<ListConfigResourcesRequest>;
template struct Codec<ListConfigResourcesResponse>;

}  // namespace millrace::wire
