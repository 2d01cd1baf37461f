// What the calling thread may claim of the machine's processors.
#pragma once

namespace millrace::io {

/// Lets other threads go first from now on: for work that nobody waits for. It gets what they leave
/// of the processors, and a tenth of one where they leave nothing.
/// Not of Env: it changes when a thread runs, never what it does, and a simulated one runs when the
/// scheduler says.
/// errors  none: where the system refuses, all stays as it is
void give_way();

}  // namespace millrace::io
