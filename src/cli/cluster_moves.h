// millrace cluster elect | reassign | reassignments: leaders and replicas that move.
#pragma once

#include "cli/command.h"
#include "io/env.h"

namespace millrace::cli {

/// Adds them below `cluster`.
void add_cluster_moves(Command& cluster, io::Env& env);

}  // namespace millrace::cli
