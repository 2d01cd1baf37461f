// insist: calls about transactions that are asked again for as long as they are not over.
#pragma once

#include "client/transaction_status.h"
#include "tests/simulation/run_state.h"

namespace millrace::simulation {

/// The first answer of `call` that is not "not over yet, call again", or any once the run has
/// failed.
template <class Call>
client::TransactionStatus insist(const RunState& run, Call&& call) {
  client::TransactionStatus status = call();
  while (!status.ok() && status.kind() == client::TransactionErrorKind::kRetriable &&
         !run.has_failed()) {
    status = call();
  }
  return status;
}

}  // namespace millrace::simulation
