#include "client/producer/flush_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace millrace::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FlushListTest : public testing::Test {
 protected:
  FlushList::Id add(const std::string& who, std::uint64_t end) {
    return list_.add(BatchId{end}, [this, who](const Status& status) {
      ended_.push_back(who + ": " + (status.ok() ? "ok" : status.error().message));
    });
  }
  void fail(std::uint64_t batch, const std::string& why) {
    list_.fail(BatchId{batch}, Error{ErrorCode::kIo, why});
  }
  void finish_before(std::uint64_t batch) {
    (void)list_.finish([batch](BatchId end) { return end <= BatchId{batch}; });
  }

  FlushList list_;
  std::vector<std::string> ended_;
};

TEST_F(FlushListTest, EachEndsWithTheLastOfItsOwnBatches) {
  add("late", 5);
  add("early", 2);
  finish_before(1);
  EXPECT_THAT(ended_, IsEmpty());
  finish_before(2);
  EXPECT_THAT(ended_, ElementsAre("early: ok"));
  finish_before(5);
  EXPECT_THAT(ended_, ElementsAre("early: ok", "late: ok"));
}

TEST_F(FlushListTest, AFailureIsToldToEverybodyWhoWaitsForItsBatchAndToNobodyElse) {
  add("one", 5);
  add("two", 5);
  add("before", 2);
  fail(3, "lost");
  fail(4, "lost again");
  finish_before(5);
  add("later", 9);
  finish_before(9);
  EXPECT_THAT(ended_, ElementsAre("one: lost", "two: lost", "before: ok", "later: ok"));
  EXPECT_TRUE(list_.take_untold().ok());
}

TEST_F(FlushListTest, AFailureThatNobodyWaitsForIsKeptForTheNext) {
  fail(3, "lost");
  fail(4, "lost again");
  add("next", 5);
  add("one more", 5);
  finish_before(5);
  EXPECT_THAT(ended_, ElementsAre("next: lost", "one more: ok"));
}

TEST_F(FlushListTest, WhoGivesUpIsToldOfAFailureRatherThanOfItsTime) {
  const auto patient = add("patient", 5);
  const auto unlucky = add("unlucky", 5);
  list_.give_up(patient, Error{ErrorCode::kTimeout, "over"});
  fail(3, "lost");
  list_.give_up(unlucky, Error{ErrorCode::kTimeout, "over"});
  list_.give_up(unlucky, Error{ErrorCode::kTimeout, "twice"});
  EXPECT_THAT(ended_, ElementsAre("patient: over", "unlucky: lost"));
}

TEST_F(FlushListTest, EverybodyIsToldOfTheEnd) {
  add("one", 5);
  add("two", 5);
  list_.give_up_all(Error{ErrorCode::kClosed, "closed"});
  EXPECT_THAT(ended_, ElementsAre("one: closed", "two: closed"));
}

}  // namespace
}  // namespace millrace::client
