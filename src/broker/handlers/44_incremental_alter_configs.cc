// IncrementalAlterConfigs, versions 0–1.
//   Sets, deletes, appends to or subtracts from single properties, and leaves the others as they
//   are. Of one resource all of it is done, or nothing.
//   Each resource has its own outcome; one that is named twice is refused.
//   validate_only answers as if changed, and changes nothing.
//   millrace.brokers.stopped, of whichever broker is asked or of all, stops and starts brokers of
//   this process (ADR 31); the answer comes when their leaders have moved and their sockets are
//   closed or open.
// Version notes: v1 is flexible.
#include <memory>
#include <utility>

#include "broker/handlers/config_alteration.h"
#include "broker/handlers/handlers.h"
#include "broker/nodes/stopped_brokers.h"
#include "wire/error_text.h"
#include "wire/messages/incremental_alter_configs.h"

namespace millrace::broker {

namespace {

using wire::IncrementalAlterConfigsRequest;
using wire::IncrementalAlterConfigsResponse;

std::vector<WantedAlteration> wanted_of(IncrementalAlterConfigsRequest request) {
  std::vector<WantedAlteration> wanted;
  for (auto& resource : request.resources) {
    auto& each = wanted.emplace_back();
    each.resource_type = resource.resource_type;
    each.resource_name = std::move(resource.resource_name);
    for (auto& config : resource.configs)
      each.changes.push_back(
          {std::move(config.name), config.config_operation, std::move(config.value)});
  }
  return wanted;
}

void note_outcome(wire::AlterConfigsResourceResponse& answer, const Status& status) {
  if (status.ok()) return;
  answer.error_code = code_of(wire::kafka_error_of(status.error()));
  answer.error_message = wire::bare_text(status.error());
}

/// An answer that waits until brokers have stopped and started, one resource after the other.
class TurningReply : public std::enable_shared_from_this<TurningReply> {
 public:
  TurningReply(std::vector<WantedAlteration> wanted, RequestContext context, BrokerState& state,
               IncrementalAlterConfigsResponse response,
               Responder<IncrementalAlterConfigsResponse> reply)
      : wanted_(std::move(wanted)),
        context_(std::move(context)),
        state_(state),
        response_(std::move(response)),
        reply_(std::move(reply)) {}

  void turn_from(std::size_t index) {
    for (; index < wanted_.size(); ++index) {
      auto& answer = response_.responses[index];
      if (answer.error_code != 0 || !turns_brokers(wanted_[index])) continue;
      // Again: the resources before it may have turned some.
      auto turns = plan_turns(wanted_[index], context_, state_);
      if (!turns.ok()) {
        note_outcome(answer, turns.error());
        continue;
      }
      return turn_nodes(state_.node_switch, std::move(turns).value(),
                        [self = shared_from_this(), index](const Status& status) {
                          note_outcome(self->response_.responses[index], status);
                          self->turn_from(index + 1);
                        });
    }
    reply_.send(std::move(response_));
  }

 private:
  const std::vector<WantedAlteration> wanted_;
  const RequestContext context_;
  BrokerState& state_;
  IncrementalAlterConfigsResponse response_;
  Responder<IncrementalAlterConfigsResponse> reply_;
};

}  // namespace

void handle_incremental_alter_configs(IncrementalAlterConfigsRequest request,
                                      RequestContext context, BrokerState& state,
                                      Responder<IncrementalAlterConfigsResponse> reply) {
  using enum SettingsCatalogue::Really;
  const auto really = request.validate_only ? kOnlyCheck : kChange;
  auto wanted = wanted_of(std::move(request));
  IncrementalAlterConfigsResponse response;
  response.responses = alter_configs(wanted, AlterationBase::kWhatIsSet, really, context, state);
  if (really == kOnlyCheck) return reply.send(std::move(response));
  std::make_shared<TurningReply>(std::move(wanted), std::move(context), state, std::move(response),
                                 std::move(reply))
      ->turn_from(0);
}

}  // namespace millrace::broker
