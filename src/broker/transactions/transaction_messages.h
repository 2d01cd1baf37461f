// The messages of transactions, by name only: headers that pass them on need no more.
#pragma once

namespace millrace::wire {
struct AddOffsetsToTxnRequest;
struct AddOffsetsToTxnResponse;
struct AddPartitionsToTxnRequest;
struct AddPartitionsToTxnResponse;
struct DescribeTransactionsRequest;
struct DescribeTransactionsResponse;
struct EndTxnRequest;
struct EndTxnResponse;
struct InitProducerIdRequest;
struct InitProducerIdResponse;
struct ListTransactionsRequest;
struct ListTransactionsResponse;
}  // namespace millrace::wire
