#include "tests/process/kill_case.h"

#include <cstdlib>

namespace millrace::process {

int kill_count(int usual) {
  const char* const wanted = std::getenv("MILLRACE_KILLS");
  return wanted == nullptr ? usual : std::stoi(wanted);
}

client::Properties KillCase::properties() const {
  return {{"bootstrap.servers", broker_.endpoint()},
          {"reconnect.backoff.ms", "5"},
          {"reconnect.backoff.max.ms", "20"},
          {"retry.backoff.ms", "5"},
          {"retry.backoff.max.ms", "20"}};
}

void KillCase::start_broker() {
  broker_.launch();
  const auto complaint = broker_.wait_until_ready();
  ASSERT_FALSE(complaint.has_value()) << *complaint;
}

void KillCase::kill_somewhen(Random& random, const std::function<std::int64_t()>& progress) {
  if (random.chance(0.2)) {
    broker_.kill();
    broker_.launch();
    let_pass(static_cast<int>(random.below(20)));
    broker_.kill();
    return start_broker();
  }
  const std::int64_t wanted = progress() + 1 + static_cast<std::int64_t>(random.below(60));
  for (int waited = 0; progress() < wanted && !has_complaint_; ++waited) {
    ASSERT_LT(waited, kPatienceMs) << "the work came to a halt";
    let_pass(1);
  }
  let_pass(static_cast<int>(random.below(8)));
  broker_.kill();
  start_broker();
}

void KillCase::note(const std::string& complaint) {
  complaints_.with([&](std::vector<std::string>& all) { all.push_back(complaint); });
  has_complaint_ = true;
}

void KillCase::expect_no_complaints() {
  for (const auto& complaint : complaints_.with([](const auto& all) { return all; }))
    ADD_FAILURE() << complaint;
}

}  // namespace millrace::process
