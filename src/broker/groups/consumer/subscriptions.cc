#include "broker/groups/consumer/subscriptions.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "model/topic_pattern.h"

namespace millrace::broker {

namespace {

/// FNV-1a.
class TopicsHash {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes) {
      hash_ ^= static_cast<unsigned char>(byte);
      hash_ *= 0x100'0000'01b3U;
    }
  }
  std::int64_t value() const { return static_cast<std::int64_t>(hash_); }

 private:
  std::uint64_t hash_ = 0xcbf2'9ce4'8422'2325U;
};

}  // namespace

Status check_regex(const std::string& regex) {
  if (regex.empty()) return {};
  if (regex.size() > kRegexBytesMax) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("wanted a regular expression of {} bytes at most, found {}",
                             kRegexBytesMax, regex.size())};
  }
  const auto pattern = TopicPattern::compile(regex);
  if (!pattern.ok()) return pattern.error();
  return {};
}

std::set<std::string> matching_topics(const std::string& regex, const GroupTopics& topics) {
  std::set<std::string> names;
  const auto pattern = TopicPattern::compile(regex);
  if (!pattern.ok()) return names;
  for (const auto& [name, topic] : topics.by_name()) {
    if (pattern->matches(name)) names.insert(name);
  }
  return names;
}

void refresh_regexes(ConsumerGroup& group, const GroupTopics& topics, Timestamp now) {
  std::set<std::string> wanted;
  for (const auto& [id, member] : group.members()) {
    if (!member.regex.empty()) wanted.insert(member.regex);
  }
  std::vector<std::string> unused;
  for (const auto& [regex, resolved] : group.regexes()) {
    if (!wanted.contains(regex)) unused.push_back(regex);
  }
  for (const std::string& regex : unused) group.remove_regex(regex);
  for (const std::string& regex : wanted) {
    const auto found = group.regexes().find(regex);
    if (found != group.regexes().end() && found->second.topics_version == topics.version) continue;
    group.set_regex(regex, {matching_topics(regex, topics), topics.version, now});
  }
}

std::set<std::string> wanted_topics(const ConsumerMember& member, const ConsumerGroup& group,
                                    const GroupTopics& topics) {
  std::set<std::string> wanted;
  const auto add = [&](const std::set<std::string>& names) {
    for (const std::string& name : names) {
      if (topics.find(name) != nullptr) wanted.insert(name);
    }
  };
  add(member.topics);
  if (const auto found = group.regexes().find(member.regex); found != group.regexes().end()) {
    add(found->second.topics);
  }
  return wanted;
}

std::int64_t metadata_hash_of(const ConsumerGroup& group, const GroupTopics& topics) {
  std::set<std::string> wanted;
  for (const auto& [id, member] : group.members()) {
    wanted.merge(wanted_topics(member, group, topics));
  }
  if (wanted.empty()) return 0;
  TopicsHash hash;
  for (const std::string& name : wanted) {
    const GroupTopics::Topic& topic = *topics.find(name);
    hash.add(fmt::format("{} {} {}\n", name, topic.id.to_base64(), topic.partition_count));
  }
  return hash.value();
}

}  // namespace millrace::broker
