// The handlers of transactions, one file each in broker/handlers.
#pragma once

#include "broker/broker_state.h"
#include "broker/session/request_context.h"
#include "broker/session/responder.h"
#include "broker/transactions/transaction_messages.h"

namespace millrace::broker {

class HandlerTable;

void handle_init_producer_id(wire::InitProducerIdRequest request, RequestContext context,
                             BrokerState& state, Responder<wire::InitProducerIdResponse> reply);
void handle_add_partitions_to_txn(wire::AddPartitionsToTxnRequest request, RequestContext context,
                                  BrokerState& state,
                                  Responder<wire::AddPartitionsToTxnResponse> reply);
void handle_add_offsets_to_txn(wire::AddOffsetsToTxnRequest request, RequestContext context,
                               BrokerState& state, Responder<wire::AddOffsetsToTxnResponse> reply);
void handle_end_txn(wire::EndTxnRequest request, RequestContext context, BrokerState& state,
                    Responder<wire::EndTxnResponse> reply);
void handle_describe_transactions(wire::DescribeTransactionsRequest request, RequestContext context,
                                  BrokerState& state,
                                  Responder<wire::DescribeTransactionsResponse> reply);
void handle_list_transactions(wire::ListTransactionsRequest request, RequestContext context,
                              BrokerState& state, Responder<wire::ListTransactionsResponse> reply);

void add_transaction_handlers(HandlerTable& table);

}  // namespace millrace::broker
