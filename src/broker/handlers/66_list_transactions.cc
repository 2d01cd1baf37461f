// ListTransactions, versions 0–2: all transactional ids, or those in some states, of some producer
// ids, with a transaction that began long ago, or whose whole name matches a regular expression.
//   An empty expression is none; one that RE2 does not take is INVALID_REGULAR_EXPRESSION.
// Version notes: v1 filters by age, v2 by expression (KIP-1152).
#include <optional>
#include <utility>

#include "broker/handlers/replies.h"
#include "broker/transactions/transaction_handlers.h"
#include "broker/transactions/transaction_service.h"
#include "model/topic_pattern.h"
#include "wire/messages/list_transactions.h"

namespace millrace::broker {

void handle_list_transactions(wire::ListTransactionsRequest request, RequestContext,
                              BrokerState& state, Responder<wire::ListTransactionsResponse> reply) {
  // Ids are held against it as topics are. It is compiled here, where nobody waits for that.
  std::optional<TopicPattern> ids;
  if (const auto& text = request.transactional_id_pattern; text && !text->empty()) {
    auto compiled = TopicPattern::compile(*text);
    if (!compiled.ok()) {
      wire::ListTransactionsResponse refused;
      refused.error_code = code_of(wire::KafkaError::kInvalidRegularExpression);
      return reply.send(std::move(refused));
    }
    ids = std::move(compiled).value();
  }
  state.transactions->list(std::move(request), std::move(ids), std::move(reply));
}

}  // namespace millrace::broker
