#include "wire/messages/delete_groups.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<DeleteGroupsRequest>;
template struct Codec<DeleteGroupsResponse>;

}  // namespace millrace::wire
