#include "cli/line_transactions.h"

#include <fmt/format.h>

#include <utility>

namespace millrace::cli {
namespace {

using client::TransactionErrorKind;
using client::TransactionStatus;

// Calls until it is over, however long the cluster takes: nobody else could say how it ended.
template <class Call>
TransactionStatus until_over(Call call) {
  for (;;) {
    auto status = call();
    if (status.ok() || status.kind() != TransactionErrorKind::kRetriable) return status;
  }
}

Status plain(const TransactionStatus& status) {
  return status.ok() ? Status() : Status(status.error());
}

}  // namespace

Status LineTransactions::begin() {
  auto status = producer_.init_transactions();
  if (status.ok()) status = producer_.begin_transaction();
  is_open_ = status.ok();
  return plain(status);
}

Status LineTransactions::line_sent() {
  if (++sent_ < lines_each_) return {};
  if (auto status = commit(); !status.ok()) return status;
  const auto begun = producer_.begin_transaction();
  is_open_ = begun.ok();
  return plain(begun);
}

Status LineTransactions::finish(End end) {
  if (!is_open_) return {};
  if (end == End::kCommit) return commit();
  is_open_ = false;
  return plain(until_over([this] { return producer_.abort_transaction(); }));
}

Status LineTransactions::commit() {
  is_open_ = false;
  const auto committed = until_over([this] { return producer_.commit_transaction(); });
  const std::uint64_t lines = std::exchange(sent_, 0);
  if (committed.ok()) {
    committed_ += lines;
    return {};
  }
  if (committed.kind() == TransactionErrorKind::kAbortable) {
    // What made the commit fail is what the user has to know.
    (void)until_over([this] { return producer_.abort_transaction(); });
  }
  return Error{committed.error()}.with_context(
      fmt::format("the transaction of the last {} lines was not committed", lines));
}

}  // namespace millrace::cli
