#include "wire/messages/alter_client_quotas.h"

#include "wire/codec.h"

namespace millrace::wire {

template struct Codec<AlterClientQuotasRequest>;
template struct Codec<AlterClientQuotasResponse>;

}  // namespace millrace::wire
