#include "assignors/dealing/sticky_assignment.h"

#include <algorithm>
#include <set>

#include "base/byte_reader.h"
#include "base/byte_writer.h"

namespace millrace::assignors {
namespace {

// The table while it is dealt: who has what, and who could have what.
class Table {
 public:
  Table(const PartitionCounts& counts, const std::vector<MemberSubscription>& members);

  void keep_what_is_owned();
  void deal_the_rest();
  void even_out();
  GroupAssignment take();

 private:
  struct Seat {
    const MemberSubscription* member;
    std::set<std::string_view> topics;
    std::set<TopicPartition> partitions;
  };

  Seat* emptiest_for(std::string_view topic);
  bool move_one_from(Seat& from);

  const PartitionCounts& counts_;
  std::vector<Seat> seats_;
  std::set<TopicPartition> undealt_;
};

Table::Table(const PartitionCounts& counts, const std::vector<MemberSubscription>& members)
    : counts_(counts) {
  for (const MemberSubscription& member : members) {
    seats_.push_back({&member, {member.topics.begin(), member.topics.end()}, {}});
  }
  std::sort(seats_.begin(), seats_.end(),
            [](const Seat& a, const Seat& b) { return a.member->member_id < b.member->member_id; });
  for (const auto& [topic, count] : counts_) {
    for (std::int32_t partition = 0; partition < count; ++partition) {
      undealt_.insert({topic, PartitionId{partition}});
    }
  }
}

void Table::keep_what_is_owned() {
  struct Claim {
    Seat* seat;
    std::int32_t generation;
    bool is_disputed;
  };
  std::map<TopicPartition, Claim> claims;
  for (Seat& seat : seats_) {
    for (const TopicPartition& partition : seat.member->owned) {
      const std::int32_t generation = seat.member->generation;
      const auto [entry, is_new] = claims.try_emplace(partition, Claim{&seat, generation, false});
      Claim& claim = entry->second;
      if (is_new || claim.seat == &seat || claim.generation > generation) continue;
      claim = Claim{&seat, generation, claim.generation == generation};
    }
  }
  for (const auto& [partition, claim] : claims) {
    if (claim.is_disputed || claim.seat->topics.count(partition.topic) == 0) continue;
    if (undealt_.erase(partition) > 0) claim.seat->partitions.insert(partition);
  }
}

Table::Seat* Table::emptiest_for(std::string_view topic) {
  Seat* emptiest = nullptr;
  for (Seat& seat : seats_) {
    if (seat.topics.count(topic) == 0) continue;
    if (emptiest == nullptr || seat.partitions.size() < emptiest->partitions.size()) {
      emptiest = &seat;
    }
  }
  return emptiest;
}

void Table::deal_the_rest() {
  for (const TopicPartition& partition : undealt_) {
    if (Seat* const seat = emptiest_for(partition.topic)) seat->partitions.insert(partition);
  }
  undealt_.clear();
}

bool Table::move_one_from(Seat& from) {
  // From the back: the partitions with the highest numbers move, as in a range.
  for (auto partition = from.partitions.rbegin(); partition != from.partitions.rend();
       ++partition) {
    Seat* const to = emptiest_for(partition->topic);
    if (to == nullptr || to->partitions.size() + 1 >= from.partitions.size()) continue;
    to->partitions.insert(*partition);
    from.partitions.erase(std::next(partition).base());
    return true;
  }
  return false;
}

// Each move makes the sum of the squared sizes smaller, so this ends.
void Table::even_out() {
  for (bool moved = true; moved;) {
    moved = false;
    for (Seat& seat : seats_) {
      while (move_one_from(seat)) moved = true;
    }
  }
}

GroupAssignment Table::take() {
  GroupAssignment assignment;
  for (const Seat& seat : seats_) {
    assignment[seat.member->member_id].partitions.assign(seat.partitions.begin(),
                                                         seat.partitions.end());
  }
  return assignment;
}

}  // namespace

GroupAssignment assign_sticky(const PartitionCounts& counts,
                              const std::vector<MemberSubscription>& members) {
  Table table(counts, members);
  table.keep_what_is_owned();
  table.deal_the_rest();
  table.even_out();
  return table.take();
}

std::string encode_sticky_user_data(const StickyUserData& data) {
  std::map<std::string_view, std::vector<std::int32_t>> by_topic;
  for (const TopicPartition& partition : data.partitions) {
    by_topic[partition.topic].push_back(partition.partition.value());
  }
  Buffer buffer;
  ByteWriter writer(buffer);
  writer.i32(static_cast<std::int32_t>(by_topic.size()));
  for (const auto& [topic, partitions] : by_topic) {
    writer.i16(static_cast<std::int16_t>(topic.size()));
    writer.bytes(topic);
    writer.i32(static_cast<std::int32_t>(partitions.size()));
    for (const std::int32_t partition : partitions) writer.i32(partition);
  }
  writer.i32(data.generation);
  return std::string(buffer.view());
}

Result<StickyUserData> decode_sticky_user_data(std::string_view bytes) {
  StickyUserData data;
  ByteReader reader(bytes);
  const std::int32_t topic_count = reader.i32();
  for (std::int32_t i = 0; reader.ok() && i < topic_count; ++i) {
    const std::int16_t name_size = reader.i16();
    if (name_size < 0) reader.fail("topic name");
    const std::string topic(
        reader.bytes(static_cast<std::size_t>(std::max(name_size, std::int16_t{0}))));
    const std::int32_t partition_count = reader.i32();
    for (std::int32_t n = 0; reader.ok() && n < partition_count; ++n) {
      data.partitions.push_back({topic, PartitionId{reader.i32()}});
    }
  }
  if (!reader.ok()) return reader.status().error();
  if (reader.remaining() > 0) data.generation = reader.i32();
  if (!reader.ok()) return reader.status().error();
  return data;
}

}  // namespace millrace::assignors
