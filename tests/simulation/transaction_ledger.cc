#include "tests/simulation/transaction_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace millrace::simulation {

namespace {

template <class Number>
bool take_number(std::string_view& text, Number& number, bool is_last) {
  const std::size_t end = is_last ? text.size() : text.find(':');
  if (end == std::string_view::npos) return false;
  const auto parsed = std::from_chars(text.data(), text.data() + end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + end) return false;
  text.remove_prefix(is_last ? end : end + 1);
  return true;
}

}  // namespace

std::string TransactionRecord::value() const {
  return fmt::format("{}:{}:{}", producer, transaction, index);
}

std::optional<TransactionRecord> TransactionRecord::parse(std::string_view value) {
  TransactionRecord record;
  const bool is_ours = take_number(value, record.producer, false) &&
                       take_number(value, record.transaction, false) &&
                       take_number(value, record.index, true);
  return is_ours ? std::optional(record) : std::nullopt;
}

void TransactionLedger::begun(int producer, std::uint64_t transaction) {
  transactions_.try_emplace({producer, transaction});
}

void TransactionLedger::sent(const TransactionRecord& record) {
  ++transactions_[{record.producer, record.transaction}].records;
}

void TransactionLedger::ended(int producer, std::uint64_t transaction, TransactionFate fate) {
  transactions_[{producer, transaction}].fate = fate;
}

std::size_t TransactionLedger::committed_count() const {
  return static_cast<std::size_t>(std::count_if(
      transactions_.begin(), transactions_.end(),
      [](const auto& each) { return each.second.fate == TransactionFate::kCommitted; }));
}

std::optional<std::string> TransactionLedger::check(
    const std::map<TopicPartition, Log>& visible) const {
  std::set<TransactionRecord> seen;
  for (const auto& [partition, log] : visible) {
    std::map<int, std::uint64_t> last_of_producer;
    for (const auto& [offset, value] : log) {
      const auto record = TransactionRecord::parse(value);
      const auto found = record ? transactions_.find({record->producer, record->transaction})
                                : transactions_.end();
      if (found == transactions_.end())
        return fmt::format("{} offset {}: \"{}\", which nobody sent", partition, offset, value);
      if (found->second.fate == TransactionFate::kNotCommitted)
        return fmt::format("{} offset {}: {} is visible and was not committed", partition, offset,
                           value);
      if (!seen.insert(*record).second)
        return fmt::format("{} offset {}: {} is there twice", partition, offset, value);
      auto& last = last_of_producer[record->producer];
      if (record->transaction < last)
        return fmt::format("{} offset {}: {} comes after transaction {}", partition, offset, value,
                           last);
      last = record->transaction;
    }
  }
  for (const auto& [key, entry] : transactions_) {
    int found = 0;
    for (int index = 0; index < entry.records; ++index) {
      found += seen.contains({key.first, key.second, index}) ? 1 : 0;
    }
    if (found == entry.records || entry.fate == TransactionFate::kNotCommitted) continue;
    if (found == 0 && entry.fate == TransactionFate::kUnknown) continue;
    return fmt::format("transaction {}:{}, of which {}: {} of {} records are visible", key.first,
                       key.second,
                       entry.fate == TransactionFate::kCommitted ? "the commit was acknowledged"
                                                                 : "nobody knows the end",
                       found, entry.records);
  }
  return std::nullopt;
}

std::optional<std::string> TransactionLedger::check_read(
    const std::map<TopicPartition, Log>& read, const std::map<TopicPartition, Log>& visible) {
  for (const auto& [partition, log] : read) {
    const auto whole = visible.find(partition);
    for (std::size_t i = 0; i < log.size(); ++i) {
      const bool has_it = whole != visible.end() && i < whole->second.size();
      if (has_it && whole->second[i] == log[i]) continue;
      return fmt::format("{}: a reader of committed records got {} at offset {}, where {}",
                         partition, log[i].second, log[i].first,
                         has_it ? fmt::format("{} at offset {} comes next", whole->second[i].second,
                                              whole->second[i].first)
                                : std::string("nothing is visible at the end"));
    }
  }
  return std::nullopt;
}

}  // namespace millrace::simulation
