// send_while_wanted: the life of an idempotent producer, from its first record until all is
// answered.
#pragma once

#include <functional>
#include <string>

#include "client/producer.h"
#include "tests/simulation/run_state.h"

namespace millrace::simulation {

/// What one life sends.
struct Sending {
  std::function<void(client::Producer&)> one;  // for as long as the run wants
  std::function<void(client::Producer&)> last = [](client::Producer&) {};
};

/// name    of the host that it lives on
/// thread  the one that it lives on
void send_while_wanted(RunState& run, const std::string& name, const Sending& sending);

}  // namespace millrace::simulation
