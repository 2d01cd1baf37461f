#include "wire/messages/list_groups.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<ListGroupsRequest>;
template struct Codec<ListGroupsResponse>;

}  // namespace millrace::wire
