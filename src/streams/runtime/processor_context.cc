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
  if (failure_) return;
  if (!place_.topic.empty()) {
    error = std::move(error).with_context(
        fmt::format("{}-{} offset {}", place_.topic, id_.partition.value(), place_.offset.value()));
  }
  failure_ = std::move(error);
}

void ProcessorContext::on_bad_record(std::string_view part, const Error& error) {
  if (policy_ == DeserializationPolicy::kLogAndContinue) {
    ++metrics_.bad_records_dropped;
    LOG_WARN("dropped a record that could not be read", {{"topic", place_.topic},
                                                         {"partition", id_.partition.value()},
                                                         {"offset", place_.offset.value()},
                                                         {"part", part},
                                                         {"reason", error.message}});
    return;
  }
  fail(Error(error).with_context(part));
}

}  // namespace millrace::streams
