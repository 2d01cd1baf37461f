// TransactionStatus: how a call about a transaction ended, and by its kind what to do next.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace millrace::client {

enum class TransactionErrorKind : std::uint8_t {
  /// The call makes no sense now, such as a commit without a transaction. Nothing has changed.
  kInvalidCall,
  /// Not over yet, or not begun: the same call again goes on with it and tells how it ended.
  kRetriable,
  /// Nothing of this transaction will be seen: abort_transaction(), then begin the next one. When
  /// wire::needs_rejoin() says so of the error, the group has moved on without the consumer whose
  /// offsets were sent; its next poll() joins again.
  kAbortable,
  /// A later producer of the same transactional id has taken over, or the cluster will not have
  /// this one: close it. Whether a commit that ended so took place is not known.
  kFatal,
};

struct TransactionError {
  TransactionErrorKind kind;
  Error error;
};

/// Success, or what went wrong and of which kind. Dropping one unread fails the build.
class [[nodiscard]] TransactionStatus {
 public:
  TransactionStatus() = default;
  TransactionStatus(TransactionErrorKind kind, Error error)
      : failure_(TransactionError{kind, std::move(error)}) {}

  bool ok() const { return !failure_.has_value(); }
  /// Only of a failure.
  TransactionErrorKind kind() const { return failure().kind; }
  const Error& error() const { return failure().error; }

 private:
  const TransactionError& failure() const {
    CHECK(!ok(), "error() or kind() of a TransactionStatus that is a success");
    return *failure_;
  }
  std::optional<TransactionError> failure_;
};

}  // namespace millrace::client
