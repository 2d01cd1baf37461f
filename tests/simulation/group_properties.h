// What a member of a group is told. One of a group of both protocols draws the one it speaks.
#pragma once

#include <string>

#include "client/properties.h"
#include "tests/simulation/run_state.h"

namespace millrace::simulation {

client::Properties group_properties(RunState& run, const std::string& group,
                                    GroupProtocol protocol);

}  // namespace millrace::simulation
