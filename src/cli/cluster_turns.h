// millrace cluster stop | start: brokers of one `millrace up --brokers N` that go and come back.
#pragma once

#include "cli/command.h"
#include "io/env.h"

namespace millrace::cli {

/// Adds them below `cluster`.
void add_cluster_turns(Command& cluster, io::Env& env);

}  // namespace millrace::cli
