// Whether a broker answers at an address: one exchange, so that a wrong port is known for what it
// is at once and not after a client's time-out.
#pragma once

#include "base/result.h"
#include "io/endpoint.h"
#include "io/env.h"

namespace millrace::cli {

/// Connects, asks for ApiVersions and looks at the answer.
/// errors  kIo or kTimeout when nobody takes the connection; kUnsupported when who takes it does not
///         answer, or not as a broker does. The message names the address.
/// cost    one connection; six seconds at most
Status probe_broker(const io::Endpoint& endpoint, io::Env& env);

}  // namespace millrace::cli
