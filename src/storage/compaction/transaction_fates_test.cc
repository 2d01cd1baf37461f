#include "storage/compaction/transaction_fates.h"

#include <gtest/gtest.h>

#include "wire/record_batch_format.h"

namespace millrace::storage {
namespace {

using wire::TransactionResult;

wire::BatchHeader batch(std::int64_t offset, std::int64_t producer, bool is_transactional = true) {
  wire::BatchHeader header;
  header.base_offset = Offset{offset};
  header.producer_id = ProducerId{producer};
  if (is_transactional) header.attributes = wire::batch_format::kTransactionalBit;
  return header;
}

TEST(TransactionFates, AMarkerDecidesWhatItsProducerWroteSinceTheLastOne) {
  TransactionFates fates;
  fates.on_batch(batch(0, 1));
  fates.on_batch(batch(1, 2));
  fates.on_batch(batch(2, 1));
  EXPECT_TRUE(fates.has_undecided());
  fates.on_marker(batch(3, 1), TransactionResult::kAbort);
  fates.on_batch(batch(4, 1));
  fates.on_marker(batch(5, 1), TransactionResult::kCommit);
  fates.on_batch(batch(6, 1));
  fates.on_marker(batch(7, 1), TransactionResult::kAbort);
  EXPECT_TRUE(fates.has_undecided());
  fates.on_marker(batch(8, 2), TransactionResult::kCommit);
  EXPECT_FALSE(fates.has_undecided());

  for (const std::int64_t aborted : {0, 2, 6}) EXPECT_TRUE(fates.is_aborted(batch(aborted, 1)));
  EXPECT_FALSE(fates.is_aborted(batch(4, 1)));
  EXPECT_FALSE(fates.is_aborted(batch(1, 2)));
  EXPECT_FALSE(fates.is_aborted(batch(0, 1, false))) << "a plain batch";
  EXPECT_FALSE(fates.is_aborted(batch(9, 1)));
}

TEST(TransactionFates, WhatWasCleanBeforeIsNotOfTheNextTransaction) {
  TransactionFates fates;
  fates.on_batch(batch(10, 1));
  fates.on_marker(batch(11, 1), TransactionResult::kAbort);
  EXPECT_FALSE(fates.is_aborted(batch(5, 1))) << "committed before the walk began";
}

TEST(TransactionFates, AMarkerWithoutRecordsDecidesNothing) {
  TransactionFates fates;
  fates.on_marker(batch(3, 1), TransactionResult::kAbort);
  fates.on_batch(batch(4, 1));
  EXPECT_FALSE(fates.is_aborted(batch(2, 1)));
  EXPECT_TRUE(fates.has_undecided());
}

}  // namespace
}  // namespace millrace::storage
