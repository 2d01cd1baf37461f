#include "client/cluster/refusals.h"

#include "base/fence.h"
#include "base/log.h"

namespace millrace::client {
namespace {

constexpr Millis kPatience{1500};
// With a full disk all partitions refuse: the first ones say enough.
constexpr std::size_t kTrackedMax = 16;

}  // namespace

Refusals::~Refusals() {
  life_.end();
  for (const auto& [question, refused] : refused_) loop_.cancel(refused.timer);
}

void Refusals::refused(std::string_view question, const Error& error) {
  auto known = refused_.find(question);
  if (known == refused_.end()) {
    if (refused_.size() >= kTrackedMax) return;
    known = refused_.emplace(std::string(question), Refused{}).first;
    known->second.timer =
        loop_.call_after(kPatience, life_.guard([this, key = known->first] { tell_of(key); }));
  }
  known->second.answer = error.message;
}

void Refusals::over(std::string_view question, End end) {
  const auto known = refused_.find(question);
  if (known == refused_.end()) return;
  loop_.cancel(known->second.timer);
  const Refusal refusal{known->first, known->second.answer};
  const bool is_told = known->second.is_told;
  refused_.erase(known);
  if (!is_told || end == End::kGivenUp) return;
  if (!listener_.on_refused) LOG_INFO("a broker answers again", {{"question", refusal.question}});
  tell(listener_.on_answered, refusal);
}

void Refusals::tell_of(const std::string& question) {
  const auto known = refused_.find(question);
  if (known == refused_.end()) return;
  known->second.timer = 0;
  known->second.is_told = true;
  const Refusal refusal{known->first, known->second.answer};
  if (!listener_.on_refused) {
    LOG_WARN("a broker refuses what is waited for, asking on",
             {{"question", refusal.question}, {"answer", refusal.answer}});
  }
  tell(listener_.on_refused, refusal);
}

void Refusals::tell(const std::function<void(const Refusal&)>& listener,
                    const Refusal& refusal) const {
  if (!listener) return;
  const Status told = fenced("the outage listener", [&] { listener(refusal); });
  if (!told.ok()) LOG_WARN("a refusal was not told", {{"error", told.error().message}});
}

}  // namespace millrace::client
