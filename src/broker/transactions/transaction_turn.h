// TransactionTurn: one input of the transaction coordinator on its way through the rules. The files
// beside this one (init_producer_id, add_partitions, end_transaction, …) are functions on a turn.
#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/coordination/timers.h"
#include "broker/producer_ids.h"
#include "broker/transactions/transaction_config.h"
#include "broker/transactions/transaction_effects.h"
#include "broker/transactions/transaction_metadata.h"

namespace millrace::broker {

struct TransactionTurn;
struct Transaction;

/// What is done with a transactional id once it is settled; null when it was forgotten meanwhile.
using WhenSettled = std::function<void(TransactionTurn&, Transaction*)>;

/// A transactional id and what goes on with it.
/// invariant  while a change is on its way to the log no other begins: what comes waits
/// invariant  `unmarked` is empty unless the transaction is prepared
/// invariant  an open one has a time-out that runs, or waits its turn
struct Transaction {
  std::string id;
  TransactionMetadata metadata;  // as the log has it
  bool is_changing = false;      // the next one is on its way to the log
  /// Markers of these could not be written and are tried again: what waits is refused meanwhile.
  bool is_stuck = false;
  std::set<TopicPartition> unmarked;
  std::deque<WhenSettled> waiting;

  /// Whether requests may look at it, and change it.
  bool is_settled() const { return !is_changing && !metadata.is_prepared(); }
};

/// What follows when a change is in the log, or was refused with the error.
using WhenLogged = std::function<void(TransactionTurn&, Transaction&, wire::KafkaError)>;

struct PendingTransition {
  std::string transactional_id;
  std::optional<TransactionMetadata> next;  // nothing: the id is forgotten
  WhenLogged then;
};

struct TransactionTimer {
  enum class Kind : std::uint8_t {
    kTransactionTimeout,  // the transaction has been open for too long
    kMarkersAgain,        // markers that could not be written
    kExpirationSweep      // look for ids that nobody has used; names none
  };
  Kind kind;
  std::string transactional_id;

  auto operator<=>(const TransactionTimer&) const = default;
};

/// An AddPartitionsToTxn request for several transactions, of which some are not answered yet.
struct PendingAddition {
  wire::AddPartitionsToTxnResponse response;
  std::size_t outstanding = 0;
};

/// Everything the coordinator remembers between inputs.
struct TransactionsState {
  TransactionConfig config;
  ProducerIds& producer_ids;
  std::map<std::string, std::unique_ptr<Transaction>, std::less<>> transactions;
  Timers<TransactionTimer> timers;
  std::map<AppendId, PendingTransition> appends;
  std::uint64_t last_append_id = 0;
  std::map<RequestToken, PendingAddition> additions;
};

struct TransactionTurn {
  TransactionsState& state;
  const Instant now;
  TransactionEffects& effects;

  /// Null when the id is not known.
  Transaction* find(std::string_view transactional_id);

  void answer(RequestToken token, TransactionResponse response) {
    effects.replies.push_back({token, std::move(response)});
  }

  /// Calls `then` when the id is settled, which may be now. When its markers cannot be written,
  /// that is, for as long as nobody knows, `then` sees a transaction that is not settled.
  void when_settled(std::string_view transactional_id, WhenSettled then);
  /// The same, before all that waits already.
  void when_settled_first(std::string_view transactional_id, WhenSettled then);
  /// Lets what waits for the id look again.
  void let_waiting_go(const std::string& transactional_id);

  /// Changes a settled transaction as soon as its record is in the log; calls `then` in any case,
  /// and lets go what waits after it.
  void change(Transaction& transaction, TransactionMetadata next, WhenLogged then);
  /// The same, to forget the id.
  void forget(Transaction& transaction);
  /// Writes down what the log need not have before anybody goes on: a replay finds it again.
  void note(Transaction& transaction, TransactionMetadata next);

 private:
  /// The transaction if whoever asks for it has to wait. Null when he may see what is there.
  Transaction* unsettled(std::string_view transactional_id);
  void append(Transaction& transaction, std::optional<TransactionMetadata> next, WhenLogged then);
};

}  // namespace millrace::broker
