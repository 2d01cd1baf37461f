#include "wire/messages/offset_delete.h"

#include <gtest/gtest.h>

#include <vector>

#include "broker/groups/group_handlers.h"
#include "broker/testing/core_fixture.h"
#include "wire/error_codes.h"
#include "wire/messages/offset_commit.h"

namespace millrace::broker {
namespace {

using wire::KafkaError;

class OffsetDeletion : public CoreFixture {
 protected:
  OffsetDeletion() {
    EXPECT_TRUE(core_->start_coordinators(*loop_).ok());
    make_topic("orders", 2);
  }
  ~OffsetDeletion() override { core_->stop_coordinators(); }

  static wire::OffsetDeleteRequest request_of(const std::string& group) {
    wire::OffsetDeleteRequest request;
    request.group_id = group;
    request.topics = {{"unknown", {{0}}}, {"orders", {{7}, {1}}}};
    return request;
  }
};

TEST_F(OffsetDeletion, OfUnknownPartitionsIsAnsweredBesides) {
  wire::OffsetCommitRequest commit;
  commit.group_id = "g";
  commit.topics.emplace_back().name = "orders";
  commit.topics[0].partitions.emplace_back().partition_index = 1;
  (void)call(&handle_offset_commit, std::move(commit), 9);

  const auto caught = call(&handle_offset_delete, request_of("g"), 0);
  ASSERT_TRUE(caught->is_answered());
  EXPECT_EQ(caught->response().error_code, 0);
  std::vector<KafkaError> errors;
  for (const auto& topic : caught->response().topics) {
    for (const auto& partition : topic.partitions) {
      errors.push_back(static_cast<KafkaError>(partition.error_code));
    }
  }
  using enum KafkaError;
  EXPECT_EQ(errors, (std::vector{kUnknownTopicOrPartition, kUnknownTopicOrPartition, kNone}));
}

TEST_F(OffsetDeletion, OfAMissingGroupSaysThatAlone) {
  const auto caught = call(&handle_offset_delete, request_of("nobody"), 0);
  ASSERT_TRUE(caught->is_answered());
  EXPECT_EQ(caught->response().error_code, code_of(KafkaError::kGroupIdNotFound));
  EXPECT_TRUE(caught->response().topics.empty());
}

}  // namespace
}  // namespace millrace::broker
