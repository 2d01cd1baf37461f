#include "wire/messages/api_versions.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<ApiVersionsRequest>;
template struct Codec<ApiVersionsResponse>;

}  // namespace millrace::wire
