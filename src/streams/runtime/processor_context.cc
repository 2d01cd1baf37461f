#include "streams/runtime/processor_context.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace millrace::streams {

std::string TaskId::to_string() const {
  return fmt::format("{}_{}", subtopology, partition.value());
}

void ProcessorContext::add_store(std::unique_ptr<StateStore> store) {
  std::string name = store->name();
  const bool is_new = stores_.emplace(std::move(name), std::move(store)).second;
  CHECK(is_new, "two stores of one name in a task");
}

StateStore& ProcessorContext::store(std::string_view name) {
  const auto found = stores_.find(name);
  CHECK(found != stores_.end(), "task {} has no store {}", id_.to_string(), name);
  return *found->second;
}

void ProcessorContext::fail(Error error) {
  if (!failure_) failure_ = std::move(error);
}

void ProcessorContext::on_bad_record(std::string_view topic, const RecordView& record,
                                     std::string_view part, const Error& error) {
  if (policy_ == DeserializationPolicy::kLogAndContinue) {
    ++metrics_.bad_records_dropped;
    LOG_WARN("dropped a record that could not be read", {{"topic", topic},
                                                         {"partition", id_.partition.value()},
                                                         {"offset", record.offset.value()},
                                                         {"part", part},
                                                         {"reason", error.message}});
    return;
  }
  fail(Error{error.code, fmt::format("{}-{} offset {}: {}: {}", topic, id_.partition.value(),
                                     record.offset.value(), part, error.message)});
}

}  // namespace millrace::streams
