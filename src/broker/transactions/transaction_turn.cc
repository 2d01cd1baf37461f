#include "broker/transactions/transaction_turn.h"

#include <utility>

#include "base/check.h"

namespace millrace::broker {

Transaction* TransactionTurn::find(std::string_view transactional_id) {
  const auto found = state.transactions.find(transactional_id);
  return found == state.transactions.end() ? nullptr : found->second.get();
}

Transaction* TransactionTurn::unsettled(std::string_view transactional_id) {
  Transaction* const transaction = find(transactional_id);
  const bool must_wait =
      transaction != nullptr && !transaction->is_settled() && !transaction->is_stuck;
  return must_wait ? transaction : nullptr;
}

void TransactionTurn::when_settled(std::string_view transactional_id, WhenSettled then) {
  Transaction* const changing = unsettled(transactional_id);
  if (changing == nullptr) return then(*this, find(transactional_id));
  changing->waiting.push_back(std::move(then));
}

void TransactionTurn::when_settled_first(std::string_view transactional_id, WhenSettled then) {
  Transaction* const changing = unsettled(transactional_id);
  if (changing == nullptr) return then(*this, find(transactional_id));
  changing->waiting.push_front(std::move(then));
}

void TransactionTurn::let_waiting_go(const std::string& transactional_id) {
  // Each may change the transaction again, or end it; what is behind then waits on.
  for (;;) {
    Transaction* const transaction = find(transactional_id);
    if (transaction == nullptr || transaction->waiting.empty()) return;
    if (!transaction->is_settled() && !transaction->is_stuck) return;
    const WhenSettled next = std::move(transaction->waiting.front());
    transaction->waiting.pop_front();
    next(*this, transaction);
  }
}

void TransactionTurn::append(Transaction& transaction, std::optional<TransactionMetadata> next,
                             WhenLogged then) {
  auto record = next.has_value() ? transaction_record(transaction.id, *next)
                                 : transaction_tombstone(transaction.id);
  // Only an id that no request can carry is too long for its record.
  CHECK(record.ok(), "transactional id {}: {}", transaction.id, record.error().to_string());
  const AppendId id{++state.last_append_id};
  state.appends.emplace(id, PendingTransition{transaction.id, std::move(next), std::move(then)});
  effects.appends.push_back({id, transaction.id, now.wall, {std::move(record).value()}});
}

void TransactionTurn::change(Transaction& transaction, TransactionMetadata next, WhenLogged then) {
  CHECK(!transaction.is_changing, "two changes of {} at a time", transaction.id);
  transaction.is_changing = true;
  append(transaction, std::move(next), std::move(then));
}

void TransactionTurn::forget(Transaction& transaction) {
  CHECK(!transaction.is_changing, "two changes of {} at a time", transaction.id);
  transaction.is_changing = true;
  append(transaction, std::nullopt, nullptr);
}

void TransactionTurn::note(Transaction& transaction, TransactionMetadata next) {
  transaction.metadata = next;
  append(transaction, std::move(next), nullptr);
}

}  // namespace millrace::broker
