#include "broker/fetching/fetch_session.h"

#include <functional>
#include <utility>

#include "base/check.h"

namespace millrace::broker {

std::size_t FetchSession::KeyHash::operator()(const Key& key) const noexcept {
  const std::size_t topic =
      key.name.empty() ? std::hash<Uuid>{}(key.id) : std::hash<std::string_view>{}(key.name);
  return topic * 31 + static_cast<std::size_t>(key.partition);
}

FetchSession::Key FetchSession::key_of(std::string_view name, const Uuid& id,
                                       std::int32_t partition) const {
  if (by_ == NamedBy::kId) return {{}, id, partition};
  return {name, {}, partition};
}

void FetchSession::ask(const Topics& topics) {
  for (const auto& wanted : topics) {
    const auto topic =
        std::make_shared<const SessionTopic>(SessionTopic{wanted.topic, wanted.topic_id});
    for (const auto& terms : wanted.partitions) {
      const auto known = turns_.find(key_of(topic->name, topic->id, terms.partition));
      if (known == turns_.end()) {
        const auto turn = entries_.insert(entries_.end(), Entry{topic, terms});
        turns_.emplace(key_of(topic->name, topic->id, terms.partition), turn);
        continue;
      }
      Entry& entry = *known->second;
      entry.terms = terms;
      // Nothing points into a topic without a name.
      if (entry.topic->name.empty()) entry.topic = topic;
    }
  }
}

void FetchSession::forget(const Forgotten& topics) {
  for (const auto& topic : topics) {
    for (const std::int32_t partition : topic.partitions) {
      const auto known = turns_.find(key_of(topic.topic, topic.topic_id, partition));
      if (known == turns_.end()) continue;
      const Turn turn = known->second;
      turns_.erase(known);
      entries_.erase(turn);
    }
  }
}

FetchSession::Topics FetchSession::asked() const {
  Topics topics;
  const SessionTopic* last = nullptr;
  for (const Entry& entry : entries_) {
    const SessionTopic& topic = *entry.topic;
    const bool is_same =
        last != nullptr && (last == &topic || (last->id == topic.id && last->name == topic.name));
    if (!is_same) topics.push_back({.topic = topic.name, .topic_id = topic.id, .partitions = {}});
    topics.back().partitions.push_back(entry.terms);
    last = &topic;
  }
  return topics;
}

void FetchSession::note_sent(const Answers& answers) {
  auto entry = entries_.begin();
  for (const auto& topic : answers) {
    for (const auto& answer : topic.partitions) {
      CHECK(entry != entries_.end() && entry->terms.partition == answer.partition_index,
            "answers come in turn");
      entry->high_watermark = answer.high_watermark;
      entry->log_start_offset = answer.log_start_offset;
      ++entry;
    }
  }
}

bool FetchSession::take_changes(Entry& entry, const wire::FetchResponse::PartitionData& answer) {
  const bool is_refused = answer.error_code != 0;
  const bool has_moved = entry.high_watermark != answer.high_watermark ||
                         entry.log_start_offset != answer.log_start_offset;
  // After an error the client is told of the partition again, whatever has become of it.
  entry.high_watermark = is_refused ? -1 : answer.high_watermark;
  entry.log_start_offset = answer.log_start_offset;
  return is_refused || has_moved || !answer.records.empty() || answer.diverging_epoch.epoch >= 0 ||
         answer.preferred_read_replica >= 0;
}

void FetchSession::keep_changes(Answers& answers) {
  auto next = entries_.begin();
  std::list<Entry> served;
  for (auto& topic : answers) {
    std::erase_if(topic.partitions, [&](const auto& answer) {
      CHECK(next != entries_.end() && next->terms.partition == answer.partition_index,
            "answers come in turn");
      const Turn entry = next++;
      const bool says_something = take_changes(*entry, answer);
      if (!answer.records.empty()) served.splice(served.end(), entries_, entry);
      return !says_something;
    });
  }
  std::erase_if(answers, [](const auto& topic) { return topic.partitions.empty(); });
  entries_.splice(entries_.end(), served);
}

}  // namespace millrace::broker
