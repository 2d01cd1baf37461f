#include "tests/simulation/ledger.h"

#include <fmt/format.h>

#include <charconv>

namespace millrace::simulation {

std::string Sent::value() const {
  return fmt::format("{}:{}", producer, sequence);
}

std::optional<Sent> Sent::parse(std::string_view value) {
  Sent sent;
  const std::size_t colon = value.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const char* const end = value.data() + value.size();
  const auto first = std::from_chars(value.data(), value.data() + colon, sent.producer);
  const auto second = std::from_chars(value.data() + colon + 1, end, sent.sequence);
  if (first.ec != std::errc{} || second.ec != std::errc{} || second.ptr != end) return std::nullopt;
  return sent;
}

std::optional<std::string> Ledger::acknowledged(const Sent& sent, const TopicPartition& partition,
                                                Offset offset, Millis at) {
  const Place place{partition, offset};
  const auto [promise, is_first] = acknowledged_.try_emplace(sent, Promise{place, at});
  if (!is_first) {
    return fmt::format("{} was acknowledged twice, at offset {} of {} and at offset {} of {}",
                       sent.value(), promise->second.place.second, promise->second.place.first,
                       offset, partition);
  }
  if (offset == kNoOffset) return std::nullopt;
  const auto [owner, is_free] = by_place_.try_emplace(place, sent);
  if (is_free) return std::nullopt;
  return fmt::format("{} offset {}: promised to {} and to {}", partition, offset,
                     owner->second.value(), sent.value());
}

std::optional<std::string> Ledger::check_read(const TopicPartition& partition, Offset offset,
                                              std::string_view value) const {
  const auto promised = by_place_.find({partition, offset});
  if (promised == by_place_.end() || promised->second.value() == value) return std::nullopt;
  return fmt::format("{} offset {}: acknowledged as {} {} ms into the run, read as {}", partition,
                     offset, promised->second.value(),
                     acknowledged_.at(promised->second).at.count(), value);
}

std::optional<std::string> Ledger::check_log(const TopicPartition& partition,
                                             const std::vector<LogRecord>& log) const {
  std::map<Sent, Offset> found;
  std::map<int, std::uint64_t> last_of_producer;
  Offset expected = log.empty() ? Offset{0} : log.front().offset;
  for (const LogRecord& record : log) {
    if (record.offset != expected) {
      return fmt::format("{}: offset {} follows {}", partition, record.offset, expected + -1);
    }
    expected = record.offset + 1;
    const auto sent = Sent::parse(record.value);
    if (!sent) {
      return fmt::format("{} offset {}: \"{}\", which nobody sent", partition, record.offset,
                         record.value);
    }
    const auto [first, is_new] = found.try_emplace(*sent, record.offset);
    if (!is_new) {
      return fmt::format("{}: {} is there twice, at offsets {} and {}", partition, record.value,
                         first->second, record.offset);
    }
    const auto [last, is_first] = last_of_producer.try_emplace(sent->producer, sent->sequence);
    if (!is_first && last->second > sent->sequence) {
      return fmt::format("{} offset {}: {} comes after {}:{}", partition, record.offset,
                         record.value, sent->producer, last->second);
    }
    last->second = sent->sequence;
    if (auto wrong = check_read(partition, record.offset, record.value)) return wrong;
  }
  for (const auto& [sent, promise] : acknowledged_) {
    if (promise.place.first == partition && !found.contains(sent)) {
      return fmt::format("{}: {} was acknowledged at offset {} {} ms into the run and is lost",
                         partition, sent.value(), promise.place.second, promise.at.count());
    }
  }
  return std::nullopt;
}

}  // namespace millrace::simulation
