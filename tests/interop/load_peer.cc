// The mixed load of the kill tests on any cluster: load_peer BROKERS REPLICATION_FACTOR. Says how
// many transactions were committed, a line each 100 ms; when its input ends it comes to its end,
// checks what readers get, and says what is wrong, a line each. Ends with 1 when something is.
#include <fmt/format.h>
#include <poll.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "base/log.h"
#include "io/env.h"
#include "tests/process/mixed_load.h"

namespace millrace::process {
namespace {

constexpr std::uint64_t kSeed = 20'110'110;

bool input_has_ended() {
  pollfd input{.fd = 0, .events = POLLIN, .revents = 0};
  return ::poll(&input, 1, 100) == 1;
}

int run(const std::string& brokers, std::int16_t replication_factor) {
  set_log_level(LogLevel::kOff);
  const auto env = io::make_system_env();
  MixedLoad load(*env,
                 {{"bootstrap.servers", brokers},
                  {"reconnect.backoff.max.ms", "500"},
                  {"retry.backoff.ms", "20"},
                  {"retry.backoff.max.ms", "200"},
                  {"request.timeout.ms", "5000"}},
                 kSeed);
  if (const Status made = load.create_topics(replication_factor); !made.ok()) {
    std::cout << made.error().to_string() << std::endl;
    return 1;
  }
  load.start();
  while (!load.has_complaint() && !input_has_ended()) std::cout << load.committed() << std::endl;
  load.end();
  const auto wrongs = load.check();
  for (const std::string& each : wrongs) std::cout << "wrong: " << each << std::endl;
  return wrongs.empty() ? 0 : 1;
}

}  // namespace
}  // namespace millrace::process

int main(int count, char** arguments) {
  if (count != 3) {
    std::cerr << "usage: load_peer BROKERS REPLICATION_FACTOR\n";
    return 2;
  }
  return millrace::process::run(arguments[1], static_cast<std::int16_t>(std::atoi(arguments[2])));
}
