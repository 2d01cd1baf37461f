// Sessions on virtual time: what becomes of requests that wait.
#include "broker/session/session.h"

#include <gtest/gtest.h>

#include "broker/groups/group_handlers.h"
#include "broker/groups/group_service.h"
#include "broker/testing/core_fixture.h"
#include "io/network.h"
#include "wire/messages/alter_client_quotas.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/describe_groups.h"
#include "wire/messages/fetch.h"
#include "wire/messages/join_group.h"
#include "wire/messages/produce.h"
#include "wire/messages/sync_group.h"

namespace millrace::broker {
namespace {

/// A request that a handler kept, with all that it got.
struct Kept {
  wire::ProduceRequest request;
  RequestContext context;
  Responder<wire::ProduceResponse> reply;
};
std::vector<Kept>& kept_requests() {
  static std::vector<Kept> kept;
  return kept;
}

void keep_produce(wire::ProduceRequest request, RequestContext context, BrokerState&,
                  Responder<wire::ProduceResponse> reply) {
  kept_requests().push_back({std::move(request), std::move(context), std::move(reply)});
}

HandlerTable keeping_handlers() {
  HandlerTable handlers;
  handlers.add(&keep_produce, {});
  return handlers;
}

/// Of each reply that is still owed: alive as long as somebody holds the responder.
std::vector<std::weak_ptr<int>>& owed_replies() {
  static std::vector<std::weak_ptr<int>> owed;
  return owed;
}
template <class Response>
Responder<Response> watched(Responder<Response> reply) {
  const auto life = std::make_shared<int>();
  owed_replies().push_back(life);
  return with_changed_response(std::move(reply), [life](Response response) { return response; });
}
void watched_join(wire::JoinGroupRequest request, RequestContext context, BrokerState& state,
                  Responder<wire::JoinGroupResponse> reply) {
  handle_join_group(std::move(request), std::move(context), state, watched(std::move(reply)));
}
void watched_sync(wire::SyncGroupRequest request, RequestContext context, BrokerState& state,
                  Responder<wire::SyncGroupResponse> reply) {
  handle_sync_group(std::move(request), std::move(context), state, watched(std::move(reply)));
}

class SessionTest : public CoreFixture {
 protected:
  SessionTest() {
    kept_requests().clear();
    owed_replies().clear();
  }
  ~SessionTest() override {
    kept_requests().clear();
    core_->stop_coordinators();
  }

  /// One client that is connected to a session with these handlers.
  void connect(const HandlerTable& handlers) {
    host_.emplace(SessionHost{*loop_, env().clock(), handlers, state()});
    auto listener = loop_->network().listen(
        {"broker", 9092}, {}, [this](std::unique_ptr<io::Connection> connection) {
          session_ = std::make_shared<Session>(std::move(connection), *host_, BrokerId{1});
          session_->start([this] { has_ended_ = true; });
        });
    ASSERT_TRUE(listener.ok());
    listener_ = std::move(listener).value();
    client_loop_->network().connect({"broker", 9092}, Millis{1000}, [this](auto made) {
      client_ = std::move(made).value();
      client_->start({.on_frame = [this](Buffer frame) { answers_.push_back(std::move(frame)); },
                      .on_closed = [](const Error&) {}},
                     1 << 20);
    });
    run_for(Millis{100});
    ASSERT_NE(session_, nullptr);
    ASSERT_NE(client_, nullptr);
  }

  template <class Request>
  void send(const Request& request, std::int16_t version) {
    auto bytes = wire::encode_request(
        {.api_version = version, .correlation_id = 7, .client_id = "test"}, request);
    ASSERT_TRUE(bytes.ok());
    client_->send(io::one_chunk(std::move(bytes).value()));
    run_for(Millis{100});
  }
  void send_produce(std::string_view records) {
    wire::ProduceRequest request;
    request.acks = -1;
    auto& data = request.topic_data.emplace_back();
    data.name = "orders";
    data.partition_data.emplace_back().records = wire::Records(records);
    send(request, 9);
  }
  static wire::FetchRequest fetch_for(std::int32_t max_wait_ms) {
    wire::FetchRequest request;
    request.max_wait_ms = max_wait_ms;
    request.min_bytes = 1;
    auto& wanted = request.topics.emplace_back();
    wanted.topic = "orders";
    wanted.partitions.emplace_back().partition_max_bytes = 1 << 20;
    return request;
  }
  /// Joins past the session, as a member on another connection. kUnanswered while it waits.
  std::shared_ptr<wire::JoinGroupResponse> join_beside(std::string member) {
    wire::JoinGroupRequest request = join_request();
    request.member_id = std::move(member);
    auto answer = std::make_shared<wire::JoinGroupResponse>();
    answer->error_code = kUnanswered;
    state().groups->join(
        {3, "beside", "/127.0.0.1"}, std::move(request),
        Responder<wire::JoinGroupResponse>([answer](auto outcome) {
          if (auto* const said = std::get_if<Answer<wire::JoinGroupResponse>>(&outcome))
            *answer = std::move(said->response);
        }));
    return answer;
  }
  static wire::JoinGroupRequest join_request() {
    wire::JoinGroupRequest request;
    request.group_id = "g";
    request.session_timeout_ms = 10'000;
    request.rebalance_timeout_ms = 60'000;
    request.protocol_type = "consumer";
    request.protocols.push_back({"range", ""});
    return request;
  }
  std::size_t member_count() {
    std::size_t count = 0;
    state().groups->describe({5, "beside", "/127.0.0.1"}, {.groups = {"g"}},
                             Responder<wire::DescribeGroupsResponse>([&count](auto outcome) {
                               count = std::get<Answer<wire::DescribeGroupsResponse>>(outcome)
                                           .response.groups.at(0)
                                           .members.size();
                             }));
    return count;
  }
  /// Of the client; 0 takes it away.
  void set_quota(const std::string& key, double value) {
    wire::AlterClientQuotasRequest request;
    auto& change = request.entries.emplace_back();
    change.entity.push_back({"client-id", "test"});
    change.ops.push_back({key, value, value == 0});
    const auto response = call(&handle_alter_client_quotas, std::move(request), 1);
    ASSERT_EQ(response.entries.at(0).error_code, 0);
  }
  void close_client() {
    client_.reset();
    run_for(Millis{100});
  }

  static constexpr std::int16_t kUnanswered = 999;
  std::unique_ptr<io::EventLoop> client_loop_ = world_.host("client").make_loop();
  std::optional<SessionHost> host_;
  std::unique_ptr<io::Listener> listener_;
  std::shared_ptr<Session> session_;
  std::unique_ptr<io::Connection> client_;
  std::vector<Buffer> answers_;
  bool has_ended_ = false;
};

TEST_F(SessionTest, ARequestThatIsKeptKeepsTheBytesThatItPointsInto) {
  const HandlerTable handlers = keeping_handlers();
  connect(handlers);
  const auto first = batch_of({std::string(5000, 'a')});
  const auto second = batch_of({std::string(5000, 'b')});

  send_produce(first.view());
  send_produce(second.view());

  ASSERT_EQ(kept_requests().size(), 2U);
  const auto records_of = [](const Kept& kept) {
    return kept.request.topic_data.at(0).partition_data.at(0).records.bytes;
  };
  EXPECT_EQ(records_of(kept_requests()[0]), first.view());
  EXPECT_EQ(records_of(kept_requests()[1]), second.view());
  const auto& frame = kept_requests()[0].context.frame;
  EXPECT_GE(records_of(kept_requests()[0]).data(), frame.data());
  EXPECT_LT(records_of(kept_requests()[0]).data(), frame.data() + frame.size());

  for (Kept& kept : kept_requests()) kept.reply.send({});
  run_for(Millis{100});
  EXPECT_EQ(answers_.size(), 2U);
}

TEST_F(SessionTest, WhoeverKeepsARequestHearsOfTheEndOfItsConnectionOnce) {
  const HandlerTable handlers = keeping_handlers();
  connect(handlers);
  send_produce(batch_of({"a"}).view());
  send_produce(batch_of({"b"}).view());
  std::vector<int> dropped;
  for (int i = 0; i < 2; ++i) {
    kept_requests()[static_cast<std::size_t>(i)].context.when_abandoned(
        [&dropped, i] { dropped.push_back(i); });
  }
  kept_requests()[0].reply.send({});

  close_client();

  EXPECT_TRUE(has_ended_);
  EXPECT_EQ(dropped, std::vector<int>{1});
  // After the end it is heard at once, but not from inside the call.
  kept_requests()[1].context.when_abandoned([&dropped] { dropped.push_back(2); });
  EXPECT_EQ(dropped, std::vector<int>{1});
  run_for(Millis{1});
  EXPECT_EQ(dropped, (std::vector<int>{1, 2}));
}

TEST_F(SessionTest, WhoAnsweredBeforeHisTurnHearsNothingOfTheEnd) {
  const HandlerTable handlers = keeping_handlers();
  connect(handlers);
  send_produce(batch_of({"a"}).view());
  send_produce(batch_of({"b"}).view());
  std::vector<int> dropped;
  for (int i = 0; i < 2; ++i) {
    kept_requests()[static_cast<std::size_t>(i)].context.when_abandoned(
        [&dropped, i] { dropped.push_back(i); });
  }
  kept_requests()[1].reply.send({});  // waits for the answer before it

  close_client();

  EXPECT_EQ(dropped, std::vector<int>{0});
}

TEST_F(SessionTest, AStopLetsGoOfWhatIsOwedAtOnce) {
  const HandlerTable handlers = keeping_handlers();
  connect(handlers);
  send_produce(batch_of({"a"}).view());
  bool is_dropped = false;
  kept_requests()[0].context.when_abandoned([&is_dropped] { is_dropped = true; });

  session_->stop();

  EXPECT_TRUE(is_dropped);
  kept_requests()[0].reply.send({});
  run_for(Millis{100});
  EXPECT_TRUE(answers_.empty());
}

TEST_F(SessionTest, AFetchThatWaitsGoesWithItsConnection) {
  const auto topic = make_topic("orders");
  connect(core_->handlers());
  send(fetch_for(INT32_MAX), 12);
  EXPECT_EQ(topic->partitions[0]->waiter_count(), 1U) << "it does not wait";

  close_client();

  EXPECT_EQ(topic->partitions[0]->waiter_count(), 0U);
  EXPECT_EQ(topic->partitions[0].use_count(), 1);
}

TEST_F(SessionTest, AFetchThatWouldWaitForDaysIsAnsweredBeforeItsConnectionCountsAsIdle) {
  const auto topic = make_topic("orders");
  connect(core_->handlers());
  send(fetch_for(INT32_MAX), 12);

  run_for(state().config.connections_max_idle);
  EXPECT_EQ(answers_.size(), 1U);
  EXPECT_FALSE(has_ended_);
  run_for(state().config.connections_max_idle + Millis{100});
  EXPECT_TRUE(has_ended_);
}

TEST_F(SessionTest, AJoinThatWaitsIsLetGoWithItsConnectionAndItsMemberStays) {
  ASSERT_TRUE(core_->start_coordinators(*loop_).ok());
  HandlerTable handlers;
  handlers.add(&watched_join, {});
  connect(handlers);
  const auto first = join_beside("");
  ASSERT_EQ(first->error_code, 0);
  send(join_request(), 3);
  ASSERT_EQ(owed_replies().size(), 1U);
  EXPECT_FALSE(owed_replies()[0].expired()) << "it does not wait";

  close_client();

  EXPECT_TRUE(owed_replies()[0].expired());
  EXPECT_EQ(member_count(), 2U);
  const auto again = join_beside(first->member_id);
  EXPECT_EQ(again->generation_id, 2) << "a member that is gone counts as one that joined";
  EXPECT_EQ(again->members.size(), 2U);
  run_for(Millis{11'000});
  EXPECT_EQ(member_count(), 0U) << "until its silence, as that of the other, lasted too long";
}

TEST_F(SessionTest, ASyncThatWaitsIsLetGoWithItsConnectionAndItsMemberStays) {
  ASSERT_TRUE(core_->start_coordinators(*loop_).ok());
  HandlerTable handlers;
  handlers.add(&watched_sync, {});
  connect(handlers);
  const auto first = join_beside("");
  const auto second = join_beside("");
  const auto leader = join_beside(first->member_id);
  ASSERT_EQ(leader->generation_id, 2);
  ASSERT_EQ(second->generation_id, 2);
  wire::SyncGroupRequest follower;
  follower.group_id = "g";
  follower.generation_id = 2;
  follower.member_id = second->member_id;
  send(follower, 3);
  ASSERT_EQ(owed_replies().size(), 1U);
  EXPECT_FALSE(owed_replies()[0].expired()) << "it does not wait";

  close_client();

  EXPECT_TRUE(owed_replies()[0].expired());
  EXPECT_EQ(member_count(), 2U);
  wire::SyncGroupRequest hand_in = follower;
  hand_in.member_id = first->member_id;
  std::optional<std::int16_t> error;
  state().groups->sync({3, "beside", "/127.0.0.1"}, hand_in,
                       Responder<wire::SyncGroupResponse>([&error](auto outcome) {
                         error =
                             std::get<Answer<wire::SyncGroupResponse>>(outcome).response.error_code;
                       }));
  run_for(Millis{100});
  EXPECT_EQ(error, 0);
}

TEST_F(SessionTest, RemembersTheSoftwareThatApiVersionsNamed) {
  connect(core_->handlers());
  send(wire::ApiVersionsRequest{"apache-kafka-java", "4.1.1"}, 4);
  EXPECT_EQ(session_->connection_state().software_name, "apache-kafka-java");
  EXPECT_EQ(session_->connection_state().software_version, "4.1.1");
  EXPECT_EQ(session_->connection_state().principal.to_string(), "User:ANONYMOUS");
}

/// The answer that came as the `index`th, to a request of that version.
template <class Response>
Response decoded(const std::vector<Buffer>& answers, std::size_t index, std::int16_t version) {
  ByteReader reader(answers.at(index).view());
  EXPECT_TRUE(wire::decode_response_header(reader, Response::kApiKey, version).ok());
  auto body = wire::decode_body<Response>(reader, version);
  EXPECT_TRUE(body.ok()) << body.error().to_string();
  return std::move(body).value();
}

TEST_F(SessionTest, AProducerBeyondItsQuotaIsToldForHowLongAndNotReadMeanwhile) {
  connect(core_->handlers());
  make_topic("orders");
  set_quota("producer_byte_rate", 100);
  const auto batch = batch_of({std::string(2'000, 'a')});

  send_produce(batch.view());

  ASSERT_EQ(answers_.size(), 1U) << "the answer is not what waits";
  const auto answer = decoded<wire::ProduceResponse>(answers_, 0, 9);
  EXPECT_EQ(answer.responses.at(0).partition_responses.at(0).error_code, 0);
  EXPECT_GT(answer.throttle_time_ms, 10'000);
  EXPECT_LT(answer.throttle_time_ms, 20'000);
  send_produce(batch.view());
  run_for(Millis{answer.throttle_time_ms - 1'000});
  EXPECT_EQ(answers_.size(), 1U);
  run_for(Millis{1'000});
  ASSERT_EQ(answers_.size(), 2U);
  EXPECT_GT(decoded<wire::ProduceResponse>(answers_, 1, 9).throttle_time_ms, 15'000);
}

TEST_F(SessionTest, AProducerWithinItsQuotaIsNotHeldUp) {
  connect(core_->handlers());
  make_topic("orders");
  set_quota("producer_byte_rate", 1'000'000);
  for (int i = 0; i < 10; ++i) send_produce(batch_of({std::string(2'000, 'a')}).view());
  ASSERT_EQ(answers_.size(), 10U);
  EXPECT_EQ(decoded<wire::ProduceResponse>(answers_, 9, 9).throttle_time_ms, 0);
}

TEST_F(SessionTest, AConsumerBeyondItsQuotaIsToldForHowLongAndNotReadMeanwhile) {
  connect(core_->handlers());
  make_topic("orders");
  set_quota("consumer_byte_rate", 100);
  ASSERT_TRUE(append("orders", 0, batch_of({std::string(2'000, 'a')})).ok());

  send(fetch_for(0), 12);

  ASSERT_EQ(answers_.size(), 1U);
  const auto answer = decoded<wire::FetchResponse>(answers_, 0, 12);
  EXPECT_GT(answers_[0].size(), 2'000U) << "the first batch is given, however large";
  EXPECT_GT(answer.throttle_time_ms, 10'000);
  send(fetch_for(0), 12);
  EXPECT_EQ(answers_.size(), 1U);
  run_for(Millis{answer.throttle_time_ms});
  EXPECT_EQ(answers_.size(), 2U);
}

TEST_F(SessionTest, AQuotaThatIsTakenAwayHoldsNobodyUp) {
  connect(core_->handlers());
  make_topic("orders");
  set_quota("producer_byte_rate", 1);
  set_quota("producer_byte_rate", 0);
  send_produce(batch_of({std::string(2'000, 'a')}).view());
  ASSERT_EQ(answers_.size(), 1U);
  EXPECT_EQ(decoded<wire::ProduceResponse>(answers_, 0, 9).throttle_time_ms, 0);
}

}  // namespace
}  // namespace millrace::broker
