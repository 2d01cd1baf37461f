// Whether the brokers of a cluster can be reached where they say they are. A client that was let in
// by one address is sent on to those that the brokers advertise; when these are of another network,
// everything after the first answer would wait for its time-out without a word.
#pragma once

#include <vector>

#include "base/result.h"
#include "cli/console.h"
#include "client/admin.h"
#include "client/broker_outage.h"
#include "io/env.h"

namespace millrace::cli {

/// Connects to each of `nodes` at once. Brokers that keep silent for two seconds are told of on
/// `console`; if any other can be reached, they are waited for no longer.
/// limit   after which a broker that keeps silent cannot be reached
/// errors  kIo when a host name does not resolve, or when no broker can be reached: the address, who
///         advertises it and what to look at
/// cost    one connection for each broker; nothing is sent
Status check_advertised_addresses(const std::vector<client::NodeDescription>& nodes, Millis limit,
                                  Console& console, io::Env& env);

/// What a command that goes on and on says on `console`, which outlives it, of brokers that drop
/// out of reach meanwhile, or refuse what it waits for.
client::OutageListener outage_notes(Console& console);

}  // namespace millrace::cli
