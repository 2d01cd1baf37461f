#include "broker/access/permit.h"

#include <algorithm>

#include "base/check.h"
#include "broker/topics/topic_catalogue.h"

namespace millrace::broker {

namespace {

bool names(std::span<const Ask> asks, Ask ask) {
  return std::find(asks.begin(), asks.end(), ask) != asks.end();
}

}  // namespace

bool Permit::may(Operation operation, ResourceType type, std::string_view name) const {
  const Ask ask{operation, type};
  CHECK(names(asks_, ask), "the table of handlers does not name operation {} on resource type {}",
        static_cast<int>(operation), static_cast<int>(type));
  return authorizer_->allows(*who_, ask, name);
}

bool Permit::may_some(Operation operation, ResourceType type) const {
  const Ask ask{operation, type};
  CHECK(names(asks_, ask), "the table of handlers does not name operation {} on resource type {}",
        static_cast<int>(operation), static_cast<int>(type));
  return authorizer_->allows_some(*who_, ask);
}

std::int32_t Permit::allowed_of(std::int32_t operations, ResourceType type,
                                std::string_view name) const {
  if (operations == INT32_MIN) return operations;
  std::uint32_t allowed = 0;
  for (unsigned bit = 0; bit < 31; ++bit) {
    const bool is_in = ((static_cast<std::uint32_t>(operations) >> bit) & 1U) != 0;
    if (is_in && authorizer_->allows(*who_, {static_cast<Operation>(bit), type}, name))
      allowed |= 1U << bit;
  }
  return static_cast<std::int32_t>(allowed);
}

bool Permit::topic_exists(std::string_view name) const {
  return topics_->table()->find(name) != nullptr;
}

std::optional<std::string> Permit::topic_name(const Uuid& id) const {
  const auto table = topics_->table();
  const Topic* const topic = table->find(id);
  if (topic == nullptr) return std::nullopt;
  return topic->name;
}

Uuid Permit::topic_id(std::string_view name) const {
  const auto table = topics_->table();
  const Topic* const topic = table->find(name);
  return topic == nullptr ? Uuid{} : topic->id;
}

}  // namespace millrace::broker
