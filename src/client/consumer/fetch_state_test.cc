#include "client/consumer/fetch_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/record_batch_builder.h"

namespace millrace::client {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr MonotonicTime kStart{std::chrono::seconds{1}};

TopicPartition at(std::int32_t partition) {
  return {"t", PartitionId{partition}};
}

SharedBuffer batch_at(std::int64_t offset, int count) {
  wire::RecordBatchBuilder builder({.base_offset = Offset{offset}});
  for (int i = 0; i < count; ++i) {
    builder.append(Timestamp{5}, std::nullopt, fmt::format("{}", offset + i));
  }
  return std::make_shared<const Buffer>(builder.build());
}

FetchedPart fetched(const SharedBuffer& frame, Offset from) {
  FetchedPart part;
  part.frame = frame;
  part.records = frame->view();
  part.from = from;
  part.high_watermark = Offset{100};
  return part;
}

std::optional<PartitionLeader> on_broker_1(const TopicPartition& /*partition*/) {
  return PartitionLeader{BrokerId{1}, LeaderEpoch{0}};
}

std::vector<TopicPartition> planned(const FetchState::Plan& plan) {
  std::vector<TopicPartition> names;
  for (const auto& [broker, request] : plan.requests) {
    for (const auto& part : request.parts) names.push_back(part.partition);
  }
  return names;
}

class FetchStateTest : public testing::Test {
 protected:
  FetchStateTest() : state_({.partition_bytes_max = 100, .fetches_per_broker_max = 2}) {
    state_.set_assignment({at(0), at(1)});
  }
  FetchState state_;
};

TEST_F(FetchStateTest, AsksForThePositionFirst) {
  EXPECT_THAT(planned(state_.plan(on_broker_1, kStart)), IsEmpty());
  EXPECT_THAT(state_.take_unpositioned(PositionSource::kCommitted), ElementsAre(at(0), at(1)));
  EXPECT_THAT(state_.take_unpositioned(PositionSource::kCommitted), IsEmpty());

  state_.set_position(at(0), PositionSource::kCommitted, Offset{5});
  state_.seek(at(1), PositionSource::kLatest);

  EXPECT_THAT(planned(state_.plan(on_broker_1, kStart)), ElementsAre(at(0)));
  EXPECT_THAT(state_.take_unpositioned(PositionSource::kLatest), ElementsAre(at(1)));
}

TEST_F(FetchStateTest, AnAnswerThatCameAfterASeekElsewhereIsNotTheSeeks) {
  state_.seek(at(0), PositionSource::kLatest);
  EXPECT_THAT(state_.take_unpositioned(PositionSource::kLatest), ElementsAre(at(0)));
  state_.seek(at(0), PositionSource::kEarliest);
  EXPECT_THAT(state_.take_unpositioned(PositionSource::kEarliest), ElementsAre(at(0)));

  state_.set_position(at(0), PositionSource::kLatest, Offset{99});
  EXPECT_EQ(state_.position(at(0)), std::nullopt) << "the end, where the beginning was asked for";
  state_.retry_position(at(0), PositionSource::kLatest);
  EXPECT_THAT(state_.take_unpositioned(PositionSource::kEarliest), IsEmpty()) << "still under way";

  state_.set_position(at(0), PositionSource::kEarliest, Offset{3});
  EXPECT_EQ(state_.position(at(0)), Offset{3});
  state_.set_position(at(0), PositionSource::kEarliest, Offset{4});
  EXPECT_EQ(state_.position(at(0)), Offset{3}) << "it has one";
}

TEST_F(FetchStateTest, WaitsForAnAnswerOnlyOfWhomItAskedLast) {
  EXPECT_FALSE(state_.awaits_position(at(0), PositionSource::kCommitted)) << "nobody was asked";
  state_.take_unpositioned(PositionSource::kCommitted);
  EXPECT_TRUE(state_.awaits_position(at(0), PositionSource::kCommitted));
  EXPECT_FALSE(state_.awaits_position(at(0), PositionSource::kLatest));
  EXPECT_FALSE(state_.awaits_position(at(7), PositionSource::kCommitted)) << "not assigned";

  state_.retry_position(at(0), PositionSource::kCommitted);
  EXPECT_THAT(state_.take_unpositioned(PositionSource::kCommitted), ElementsAre(at(0)));
  state_.seek(at(0), Offset{1});
  EXPECT_FALSE(state_.awaits_position(at(0), PositionSource::kCommitted));
}

TEST_F(FetchStateTest, FetchesAheadUntilThereIsEnough) {
  state_.seek(at(0), Offset{0});
  const auto plan = state_.plan(on_broker_1, kStart);
  const auto part = plan.requests.at(BrokerId{1}).parts.at(0);
  EXPECT_THAT(planned(state_.plan(on_broker_1, kStart)), IsEmpty()) << "one fetch at a time";

  state_.on_fetched(part, fetched(batch_at(0, 2), part.offset));
  state_.on_request_done(BrokerId{1});
  const auto ahead = state_.plan(on_broker_1, kStart);
  ASSERT_THAT(planned(ahead), ElementsAre(at(0)));
  const auto next = ahead.requests.at(BrokerId{1}).parts.at(0);
  EXPECT_EQ(next.offset, Offset{2});

  state_.on_fetched(next, fetched(batch_at(2, 2), next.offset));
  state_.on_request_done(BrokerId{1});
  EXPECT_THAT(planned(state_.plan(on_broker_1, kStart)), IsEmpty()) << "over 100 bytes are there";

  std::vector<RecordView> records;
  std::vector<SharedBuffer> keep_alive;
  auto ready = state_.next_ready();
  ASSERT_TRUE(ready->records->read(10, records, keep_alive).ok());
  EXPECT_TRUE(state_.advance(at(0)));
  EXPECT_EQ(state_.position(at(0)), Offset{2});
  EXPECT_EQ(state_.lag(at(0)), 98);
  EXPECT_THAT(planned(state_.plan(on_broker_1, kStart)), ElementsAre(at(0)));
}

// Behind the last stable offset lies what a reader of committed records cannot have yet.
TEST_F(FetchStateTest, TheLagOfAReaderOfCommittedRecordsEndsWhereATransactionIsOpen) {
  FetchState state({.read_options = {.isolation = IsolationLevel::kReadCommitted}});
  state.set_assignment({at(0)});
  state.seek(at(0), Offset{10});
  const auto part = state.plan(on_broker_1, kStart).requests.at(BrokerId{1}).parts.at(0);
  FetchedPart nothing;
  nothing.from = part.offset;
  nothing.high_watermark = Offset{100};
  nothing.last_stable_offset = Offset{15};

  state.on_fetched(part, nothing);

  EXPECT_EQ(state.lag(at(0)), 5);
}

TEST_F(FetchStateTest, FetchesAheadThoughAnAnswerIsAsLargeAsItMayBe) {
  const auto frame = batch_at(0, 2);
  FetchState state({.partition_bytes_max = frame->size()});
  state.set_assignment({at(0)});
  state.seek(at(0), Offset{0});
  const auto part = state.plan(on_broker_1, kStart).requests.at(BrokerId{1}).parts.at(0);
  state.on_fetched(part, fetched(frame, part.offset));
  state.on_request_done(BrokerId{1});
  EXPECT_THAT(planned(state.plan(on_broker_1, kStart)), ElementsAre(at(0)));
}

TEST_F(FetchStateTest, RecordsDoNotWaitBehindFetchesThatTheBrokerHoldsBack) {
  state_.set_assignment({at(0), at(1), at(2)});
  state_.seek(at(2), Offset{0});
  const auto first = state_.plan(on_broker_1, kStart).requests.at(BrokerId{1}).parts.at(0);
  state_.seek(at(0), Offset{0});
  EXPECT_THAT(planned(state_.plan(on_broker_1, kStart)), ElementsAre(at(0)));
  state_.on_fetched(first, fetched(batch_at(0, 2), first.offset));  // there is more, up to 100
  state_.on_request_done(BrokerId{1});
  state_.pause(at(2));
  state_.seek(at(1), Offset{0});
  EXPECT_THAT(planned(state_.plan(on_broker_1, kStart)), ElementsAre(at(1)));
  state_.resume(at(2));

  const auto extra = state_.plan(on_broker_1, kStart);
  EXPECT_THAT(planned(extra), ElementsAre(at(2))) << "though two are in flight";

  const auto second = extra.requests.at(BrokerId{1}).parts.at(0);
  FetchedPart rest = fetched(batch_at(2, 2), second.offset);
  rest.high_watermark = Offset{4};
  state_.on_fetched(second, rest);
  state_.on_request_done(BrokerId{1});
  EXPECT_THAT(planned(state_.plan(on_broker_1, kStart)), IsEmpty()) << "nothing more is there";
}

TEST_F(FetchStateTest, ASeekMakesAnAnswerUnderWayWorthless) {
  state_.seek(at(0), Offset{0});
  const auto plan = state_.plan(on_broker_1, kStart);
  const auto part = plan.requests.at(BrokerId{1}).parts.at(0);

  state_.seek(at(0), Offset{50});
  state_.on_fetched(part, fetched(batch_at(0, 2), part.offset));
  state_.on_request_done(BrokerId{1});

  EXPECT_FALSE(state_.has_ready());
  EXPECT_EQ(state_.plan(on_broker_1, kStart).requests.at(BrokerId{1}).parts.at(0).offset,
            Offset{50});
}

TEST_F(FetchStateTest, PartitionsTakeTurns) {
  for (const auto& name : {at(0), at(1)}) state_.seek(name, Offset{0});
  const auto plan = state_.plan(on_broker_1, kStart);
  for (const auto& part : plan.requests.at(BrokerId{1}).parts) {
    state_.on_fetched(part, fetched(batch_at(0, 2), part.offset));
  }

  std::vector<RecordView> records;
  std::vector<SharedBuffer> keep_alive;
  std::vector<TopicPartition> order;
  while (auto ready = state_.next_ready()) {
    order.push_back(*ready->name);
    ASSERT_TRUE(ready->records->read(1, records, keep_alive).ok());
    state_.advance(order.back());
    if (order.size() > 10) break;
  }
  ASSERT_GE(order.size(), 4U);
  EXPECT_EQ(order[0], at(0));
  EXPECT_EQ(order[1], at(1));
  EXPECT_EQ(order[2], at(0));
  EXPECT_EQ(records.size(), 4U);
}

TEST_F(FetchStateTest, APausedPartitionKeepsWhatItHas) {
  state_.seek(at(0), Offset{0});
  const auto plan = state_.plan(on_broker_1, kStart);
  state_.pause(at(0));
  const auto part = plan.requests.at(BrokerId{1}).parts.at(0);
  state_.on_fetched(part, fetched(batch_at(0, 2), part.offset));

  EXPECT_FALSE(state_.next_ready().has_value());
  state_.resume(at(0));
  EXPECT_TRUE(state_.next_ready().has_value());
}

TEST_F(FetchStateTest, AFailedFetchWaitsForItsTime) {
  state_.seek(at(0), Offset{0});
  const auto plan = state_.plan(on_broker_1, kStart);
  state_.on_fetch_failed(plan.requests.at(BrokerId{1}).parts.at(0), kStart + Millis{100});
  state_.on_request_done(BrokerId{1});

  EXPECT_THAT(planned(state_.plan(on_broker_1, kStart)), IsEmpty());
  EXPECT_EQ(state_.next_retry(kStart), kStart + Millis{100});
  EXPECT_THAT(planned(state_.plan(on_broker_1, kStart + Millis{100})), ElementsAre(at(0)));
}

TEST_F(FetchStateTest, LeavesOutWhoHasNoLeader) {
  state_.seek(at(0), Offset{0});
  const auto plan = state_.plan([](const auto&) { return std::nullopt; }, kStart);
  EXPECT_TRUE(plan.has_leaderless);
  EXPECT_TRUE(plan.requests.empty());
}

/// One partition that was read up to offset 4, the last record in epoch 2, with two more records
/// of epoch 3 fetched ahead.
class PositionChecks : public testing::Test {
 protected:
  PositionChecks() {
    state_.set_assignment({at(0)});
    state_.seek(at(0), Offset{2});
    fetch(batch(2, LeaderEpoch{2}), LeaderEpoch{3});
    std::vector<RecordView> records;
    std::vector<SharedBuffer> keep_alive;
    EXPECT_TRUE(state_.next_ready()->records->read(10, records, keep_alive).ok());
    state_.advance(at(0));
    fetch(batch(4, LeaderEpoch{3}), LeaderEpoch{3});
  }
  static SharedBuffer batch(std::int64_t offset, LeaderEpoch epoch) {
    wire::RecordBatchBuilder builder(
        {.base_offset = Offset{offset}, .partition_leader_epoch = epoch});
    for (int i = 0; i < 2; ++i) builder.append(Timestamp{5}, std::nullopt, std::string_view("x"));
    return std::make_shared<const Buffer>(builder.build());
  }
  FetchState::Plan plan(LeaderEpoch epoch, MonotonicTime now = kStart) {
    return state_.plan(
        [&](const TopicPartition&) {
          return PartitionLeader{BrokerId{1}, epoch};
        },
        now);
  }
  void fetch(const SharedBuffer& frame, LeaderEpoch epoch) {
    const auto part = plan(epoch).requests.at(BrokerId{1}).parts.at(0);
    FetchedPart arrived = fetched(frame, part.offset);
    arrived.leader_epoch = epoch;
    state_.on_fetched(part, std::move(arrived));
    state_.on_request_done(BrokerId{1});
  }
  /// The check that a new leader of epoch 4 asks for.
  PositionCheck check() {
    const auto planned = plan(LeaderEpoch{4});
    EXPECT_TRUE(planned.requests.empty());
    return planned.checks.at(BrokerId{1}).at(0);
  }
  std::vector<Offset> fetched_next(LeaderEpoch epoch = LeaderEpoch{4}) {
    std::vector<Offset> offsets;
    for (const auto& [broker, request] : plan(epoch).requests) {
      for (const auto& part : request.parts) offsets.push_back(part.offset);
    }
    return offsets;
  }

  FetchState state_{FetchPlanConfig{}};
};

TEST_F(PositionChecks, AreNotNeededWhileTheLeaderStays) {
  EXPECT_THAT(fetched_next(LeaderEpoch{3}), ElementsAre(Offset{6}));
}

TEST_F(PositionChecks, AskANewLeaderForTheLastEpochThatWasFetchedBeforeAnythingMoreIs) {
  const auto asked = check();
  EXPECT_EQ(asked.offset, Offset{6});
  EXPECT_EQ(asked.epoch, LeaderEpoch{3});
  EXPECT_EQ(asked.leader_epoch, LeaderEpoch{4});
  EXPECT_THAT(fetched_next(), IsEmpty());
  EXPECT_TRUE(plan(LeaderEpoch{4}).checks.empty()) << "one at a time";
}

TEST_F(PositionChecks, LetFetchingGoOnWhenNothingIsGone) {
  EXPECT_EQ(state_.on_checked(check(), {LeaderEpoch{3}, Offset{6}}), std::nullopt);
  EXPECT_THAT(fetched_next(), ElementsAre(Offset{6}));
  EXPECT_TRUE(state_.has_ready()) << "what was fetched ahead is there";
}

TEST_F(PositionChecks, DropWhatWasFetchedAheadAndIsGoneWithoutAWord) {
  EXPECT_EQ(state_.on_checked(check(), {LeaderEpoch{2}, Offset{4}}), std::nullopt);
  EXPECT_FALSE(state_.has_ready());
  EXPECT_THAT(fetched_next(), ElementsAre(Offset{4}));
  EXPECT_EQ(state_.position(at(0)), Offset{4});
}

TEST_F(PositionChecks, SayWhereTheLogLeftWhatWasGivenOut) {
  const auto truncation = state_.on_checked(check(), {LeaderEpoch{1}, Offset{3}});
  ASSERT_TRUE(truncation.has_value());
  EXPECT_EQ(truncation->position, Offset{4});
  EXPECT_EQ(truncation->diverges_at.offset, Offset{3});
  EXPECT_EQ(truncation->diverges_at.epoch, LeaderEpoch{1});
}

TEST_F(PositionChecks, LetNobodyReadOnWhereALogWasCutBeforeHeHasSought) {
  const auto truncation = state_.on_checked(check(), {LeaderEpoch{1}, Offset{3}});
  ASSERT_TRUE(truncation.has_value());
  state_.set_error(at(0), Error{ErrorCode::kOutOfRange, "cut"});
  EXPECT_TRUE(state_.take_error().has_value());
  EXPECT_EQ(check().offset, Offset{6}) << "who polls on hears of it again";
}

TEST_F(PositionChecks, SayThatALogKnowsNothingOfTheEpoch) {
  const auto truncation = state_.on_checked(check(), {});
  ASSERT_TRUE(truncation.has_value());
  EXPECT_EQ(truncation->diverges_at.offset, kNoOffset);
}

TEST_F(PositionChecks, AreOutOfDateAfterASeek) {
  const auto asked = check();
  state_.seek(at(0), Offset{0});
  EXPECT_EQ(state_.on_checked(asked, {}), std::nullopt);
  EXPECT_THAT(fetched_next(), ElementsAre(Offset{0})) << "nothing is known of what was before";
}

TEST_F(PositionChecks, AreMadeAgainAfterAFailure) {
  state_.on_check_failed(check(), kStart + Millis{100});
  EXPECT_THAT(fetched_next(), IsEmpty());
  EXPECT_EQ(state_.next_retry(kStart), kStart + Millis{100});
  EXPECT_THAT(plan(LeaderEpoch{4}, kStart + Millis{100}).checks, testing::SizeIs(1));
}

TEST_F(PositionChecks, AreLeftOutWhereTheBrokerKnowsThemNot) {
  state_.on_uncheckable(check());
  EXPECT_THAT(fetched_next(), ElementsAre(Offset{6}));
}

TEST_F(PositionChecks, AreMadeOfWhatWasCommittedInAnEarlierEpoch) {
  state_.seek(at(0), PositionSource::kCommitted);
  state_.take_unpositioned(PositionSource::kCommitted);
  state_.set_position(at(0), PositionSource::kCommitted, Offset{9}, LeaderEpoch{3});
  EXPECT_THAT(fetched_next(LeaderEpoch{3}), ElementsAre(Offset{9}));
  state_.seek(at(0), PositionSource::kCommitted);
  state_.take_unpositioned(PositionSource::kCommitted);
  state_.set_position(at(0), PositionSource::kCommitted, Offset{9}, LeaderEpoch{3});
  EXPECT_EQ(check().offset, Offset{9});
}

TEST_F(PositionChecks, AreNotNeededWhereACheckSaidToGoOn) {
  EXPECT_TRUE(state_.on_checked(check(), {LeaderEpoch{1}, Offset{3}}).has_value());
  state_.seek(at(0), Offset{3}, LeaderEpoch{1}, LeaderEpoch{4});
  EXPECT_THAT(fetched_next(), ElementsAre(Offset{3}));
}

TEST_F(PositionChecks, TheEpochOfWhatWasReadIsThatOfItsBatch) {
  EXPECT_EQ(state_.position_epoch(at(0)), LeaderEpoch{2});
}

TEST_F(PositionChecks, WhereALogLeftWhatWasReadIsKnownUntilItIsSought) {
  state_.note_divergence(at(0), Offset{3});
  EXPECT_EQ(state_.divergence(at(0)), Offset{3});
  state_.seek(at(0), Offset{3});
  EXPECT_EQ(state_.divergence(at(0)), std::nullopt);
}

TEST_F(FetchStateTest, FetchesFromTheReplicaThatTheLeaderNamedUntilItsTimeIsOver) {
  state_.seek(at(0), Offset{0});
  const auto part = state_.plan(on_broker_1, kStart).requests.at(BrokerId{1}).parts.at(0);
  state_.read_from(part, BrokerId{2}, kStart + Millis{100});
  state_.on_request_done(BrokerId{1});

  const auto near = state_.plan(on_broker_1, kStart);
  ASSERT_EQ(near.requests.count(BrokerId{2}), 1U);
  state_.on_fetched(near.requests.at(BrokerId{2}).parts.at(0), FetchedPart{});
  state_.on_request_done(BrokerId{2});
  EXPECT_EQ(state_.plan(on_broker_1, kStart + Millis{100}).requests.count(BrokerId{1}), 1U);
}

TEST_F(FetchStateTest, FetchesFromTheLeaderAgainWhenItIsTold) {
  state_.seek(at(0), Offset{0});
  const auto part = state_.plan(on_broker_1, kStart).requests.at(BrokerId{1}).parts.at(0);
  EXPECT_FALSE(state_.read_from_leader(at(0))) << "it does";
  state_.read_from(part, BrokerId{2}, kStart + Millis{100});
  state_.on_request_done(BrokerId{1});
  EXPECT_TRUE(state_.read_from_leader(at(0)));
  EXPECT_EQ(state_.plan(on_broker_1, kStart).requests.count(BrokerId{1}), 1U);
}

}  // namespace
}  // namespace millrace::client
