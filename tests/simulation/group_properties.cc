#include "tests/simulation/group_properties.h"

namespace millrace::simulation {
namespace {

bool speaks_consumer_protocol(RunState& run, GroupProtocol protocol) {
  if (protocol == GroupProtocol::kBoth) return run.random().chance(0.5);
  return protocol == GroupProtocol::kConsumer;
}

}  // namespace

client::Properties group_properties(RunState& run, const std::string& group,
                                    GroupProtocol protocol) {
  client::Properties properties{
      {"bootstrap.servers", run.bootstrap()}, {"group.id", group},
      {"enable.auto.commit", "false"},        {"auto.offset.reset", "earliest"},
      {"max.poll.interval.ms", "20000"},      {"max.poll.records", "50"},
      {"request.timeout.ms", "5000"},         {"default.api.timeout.ms", "10000"}};
  if (speaks_consumer_protocol(run, protocol)) return properties.set("group.protocol", "consumer");
  return properties.set("session.timeout.ms", "6000")
      .set("heartbeat.interval.ms", "1000")
      .set("partition.assignment.strategy",
           run.scenario.is_cooperative ? "cooperative-sticky" : "range");
}

}  // namespace millrace::simulation
