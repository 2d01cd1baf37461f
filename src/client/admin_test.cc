#include "client/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "client/testing/listening_thread.h"
#include "wire/error_codes.h"
#include "wire/messages/delete_topics.h"
#include "wire/messages/list_groups.h"
#include "wire/messages/metadata.h"

namespace millrace::client {
namespace {

using ::testing::HasSubstr;
using wire::ApiKey;

/// Answers what Admin asks in these tests; the brokers that it names are up to them.
class ScriptedBroker {
 public:
  using Brokers = std::map<std::int32_t, io::Endpoint>;

  ScriptedBroker(io::Env& env, std::vector<std::string> groups)
      : groups_(std::move(groups)),
        thread_(env, "scripted-broker",
                [this](io::Connection& to, const wire::RequestHeader& header, ByteReader body) {
                  answer(to, header, body);
                }) {}

  const io::Endpoint& endpoint() const { return thread_.endpoint(); }
  /// brokers  called for each request for metadata, from another thread
  void name_brokers(std::function<Brokers()> brokers) {
    thread_.run([&] { brokers_ = std::move(brokers); });
  }
  void answer_list_groups_with(wire::KafkaError error) { list_groups_error_ = error; }
  int list_groups_count() const { return list_groups_count_; }
  /// It is not the controller for so many requests. After that there is no topic to delete.
  void refuse_as_no_controller(int times) { refusals_left_ = times; }
  int refusals_left() const { return refusals_left_; }
  /// Topics are not known to so many requests.
  void know_topics_after(int times) { topic_unknown_times_ = times; }
  int topic_unknown_times_left() const { return topic_unknown_times_; }
  /// Does not answer what it is asked about topics.
  void fall_silent() { is_silent_ = true; }
  int unanswered_count() const { return unanswered_count_; }
  /// From now on nobody listens there.
  void stop() { thread_.stop(); }

 private:
  void answer(io::Connection& to, const wire::RequestHeader& header, ByteReader body) {
    switch (header.api_key) {
      case ApiKey::kApiVersions:
        return send_answer(
            to, header,
            speaks(
                {{ApiKey::kMetadata, 12}, {ApiKey::kListGroups, 5}, {ApiKey::kDeleteTopics, 3}}));
      case ApiKey::kMetadata:
        return tell_topics(to, header, request_in<wire::MetadataRequest>(body, header));
      case ApiKey::kDeleteTopics:
        return send_answer(to, header,
                           deleted(request_in<wire::DeleteTopicsRequest>(body, header)));
      default:
        return send_answer(to, header, groups());
    }
  }
  void tell_topics(io::Connection& to, const wire::RequestHeader& header,
                   const wire::MetadataRequest& asked) {
    const bool is_about_topics = !asked.topics || !asked.topics->empty();
    if (is_about_topics && is_silent_) {
      ++unanswered_count_;
      return;
    }
    auto answer = metadata();
    if (asked.topics && is_about_topics) {
      const auto error = --topic_unknown_times_ >= 0 ? wire::KafkaError::kUnknownTopicOrPartition
                                                     : wire::KafkaError::kNone;
      for (const auto& each : *asked.topics) {
        auto& topic = answer.topics.emplace_back();
        topic.name = each.name;
        topic.error_code = wire::code_of(error);
      }
    }
    send_answer(to, header, answer);
  }
  wire::MetadataResponse metadata() const {
    wire::MetadataResponse metadata;
    for (const auto& [id, endpoint] : brokers_()) {
      metadata.brokers.push_back(
          {.node_id = id, .host = endpoint.host, .port = endpoint.port, .rack = std::nullopt});
    }
    return metadata;
  }
  wire::ListGroupsResponse groups() {
    ++list_groups_count_;
    wire::ListGroupsResponse listed;
    listed.error_code = static_cast<std::int16_t>(list_groups_error_.load());
    for (const std::string& group : groups_) {
      listed.groups.push_back(
          {.group_id = group, .protocol_type = "consumer", .group_state = "", .group_type = ""});
    }
    return listed;
  }
  wire::DeleteTopicsResponse deleted(const wire::DeleteTopicsRequest& asked) {
    const auto error = --refusals_left_ >= 0 ? wire::KafkaError::kNotController
                                             : wire::KafkaError::kUnknownTopicOrPartition;
    wire::DeleteTopicsResponse deleted;
    for (const std::string& name : asked.topic_names) {
      auto& topic = deleted.responses.emplace_back();
      topic.name = name;
      topic.error_code = static_cast<std::int16_t>(error);
    }
    return deleted;
  }

  const std::vector<std::string> groups_;
  std::function<Brokers()> brokers_;
  std::atomic<wire::KafkaError> list_groups_error_ = wire::KafkaError::kNone;
  std::atomic<int> list_groups_count_ = 0;
  std::atomic<int> refusals_left_ = 0;
  std::atomic<int> topic_unknown_times_ = 0;
  std::atomic<bool> is_silent_ = false;
  std::atomic<int> unanswered_count_ = 0;
  ListeningThread thread_;
};

/// backoff_ms  between tries; at the deadline a try is rather waited for than under way when it
/// is long
Result<Admin> make_admin(io::Env& env, const ScriptedBroker& broker,
                         const std::string& api_timeout_ms, const std::string& backoff_ms = "1") {
  auto admin = Admin::create({{"bootstrap.servers", broker.endpoint().to_string()},
                              {"request.timeout.ms", "10000"},
                              {"default.api.timeout.ms", api_timeout_ms},
                              {"retry.backoff.ms", backoff_ms},
                              {"retry.backoff.max.ms", backoff_ms},
                              {"reconnect.backoff.ms", "1"},
                              {"reconnect.backoff.max.ms", "1"}},
                             &env);
  EXPECT_TRUE(admin.ok()) << admin.error().message;
  return admin;
}

class AdminListGroups : public ::testing::Test {
 protected:
  AdminListGroups() {
    living_.name_brokers([this] { return named(); });
    other_.name_brokers([this] { return named(); });
  }

  /// The other broker is named in the first answers only.
  ScriptedBroker::Brokers named() {
    ScriptedBroker::Brokers brokers{{1, living_.endpoint()}};
    if (other_is_named_times_-- > 0) brokers[2] = other_.endpoint();
    return brokers;
  }

  Result<Admin> make_admin(const std::string& api_timeout_ms, const std::string& backoff_ms = "1") {
    return client::make_admin(*env_, living_, api_timeout_ms, backoff_ms);
  }
  static std::vector<std::string> names_of(const std::vector<GroupListing>& listings) {
    std::vector<std::string> names;
    for (const GroupListing& each : listings) names.push_back(each.group_id);
    return names;
  }

  std::unique_ptr<io::Env> env_ = io::make_system_env();
  std::atomic<int> other_is_named_times_ = INT32_MAX;
  ScriptedBroker living_{*env_, {"c", "a"}};
  ScriptedBroker other_{*env_, {"b"}};
};

TEST_F(AdminListGroups, AreThoseOfAllBrokersByName) {
  const auto listed = make_admin("10000")->list_groups();
  ASSERT_TRUE(listed.ok()) << listed.error().to_string();
  EXPECT_EQ(names_of(*listed), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(AdminListGroups, DoNotWaitForABrokerThatWasKilledOnceTheClusterHasLeftItOut) {
  other_.stop();
  other_is_named_times_ = 20;
  const auto listed = make_admin("60000")->list_groups();
  ASSERT_TRUE(listed.ok()) << listed.error().to_string();
  EXPECT_EQ(names_of(*listed), (std::vector<std::string>{"a", "c"}));
  EXPECT_LE(other_is_named_times_.load(), 0);
}

TEST_F(AdminListGroups, AreNotHalfAListWhileABrokerOfTheClusterDoesNotAnswer) {
  other_.stop();
  const auto listed = make_admin("2000", "150")->list_groups();
  ASSERT_FALSE(listed.ok());
  EXPECT_THAT(listed.error().to_string(), HasSubstr("the groups of broker 2"));
  EXPECT_GT(living_.list_groups_count(), 1);
}

TEST_F(AdminListGroups, AreNotAskedForAgainWhenTheRefusalDoesNotPass) {
  other_.answer_list_groups_with(wire::KafkaError::kClusterAuthorizationFailed);
  const auto listed = make_admin("60000")->list_groups();
  ASSERT_FALSE(listed.ok());
  EXPECT_EQ(wire::kafka_error_of(listed.error()), wire::KafkaError::kClusterAuthorizationFailed);
  EXPECT_EQ(other_.list_groups_count(), 1);
}

class AdminTopics : public ::testing::Test {
 protected:
  AdminTopics() {
    broker_.name_brokers([this] { return ScriptedBroker::Brokers{{1, broker_.endpoint()}}; });
  }
  Result<Admin> make_admin() { return client::make_admin(*env_, broker_, "60000"); }

  std::unique_ptr<io::Env> env_ = io::make_system_env();
  ScriptedBroker broker_{*env_, {}};
};

TEST_F(AdminTopics, AreWaitedForUntilTheyAreKnown) {
  broker_.know_topics_after(3);
  const auto awaited = make_admin()->await_topics({"t"}, Millis{60'000});
  ASSERT_TRUE(awaited.ok()) << awaited.error().to_string();
  EXPECT_TRUE(awaited->at("t").ok());
  EXPECT_EQ(broker_.topic_unknown_times_left(), -1) << "asked once more, and not again";
}

TEST_F(AdminTopics, ThatDoNotAppearInTimeAreUnknown) {
  broker_.know_topics_after(INT32_MAX);
  const auto awaited = make_admin()->await_topics({"t"}, Millis{30});
  ASSERT_TRUE(awaited.ok()) << awaited.error().to_string();
  EXPECT_EQ(wire::kafka_error_of(awaited->at("t").error()),
            wire::KafkaError::kUnknownTopicOrPartition);
  EXPECT_LT(broker_.topic_unknown_times_left(), INT32_MAX - 1) << "asked again";
}

TEST_F(AdminTopics, AreWaitedForNoLongerOnceTheClientIsWoken) {
  broker_.know_topics_after(INT32_MAX);
  auto admin = make_admin();
  std::optional<ErrorCode> ended;
  const auto waiting = env_->start_thread(
      "waits", [&] { ended = admin->await_topics({"t"}, Millis{60'000}).error().code; });
  while (broker_.topic_unknown_times_left() == INT32_MAX) std::this_thread::yield();

  admin->wakeup();
  waiting->join();

  EXPECT_EQ(ended, ErrorCode::kCancelled);
}

TEST_F(AdminTopics, ThatABrokerDoesNotAnswerForAreGivenUpOnceTheClientIsWoken) {
  broker_.fall_silent();
  auto admin = make_admin();
  std::optional<ErrorCode> ended;
  const auto waiting =
      env_->start_thread("waits", [&] { ended = admin->list_topics().error().code; });
  while (broker_.unanswered_count() == 0) std::this_thread::yield();

  admin->wakeup();
  waiting->join();

  EXPECT_EQ(ended, ErrorCode::kCancelled);
  EXPECT_TRUE(admin->describe_topics({}).ok()) << "one wakeup() ends one call";
  admin->wakeup();
  EXPECT_EQ(admin->describe_topics({}).error().code, ErrorCode::kCancelled);
  EXPECT_TRUE(admin->describe_topics({}).ok());
}

TEST_F(AdminTopics, AreAskedForAgainOfWhoeverIsTheControllerAndOtherErrorsAreTold) {
  broker_.refuse_as_no_controller(3);
  const auto deleted = make_admin()->delete_topics({"t"});

  ASSERT_TRUE(deleted.ok()) << deleted.error().to_string();
  EXPECT_EQ(wire::kafka_error_of(deleted->at("t").error()),
            wire::KafkaError::kUnknownTopicOrPartition);
  EXPECT_EQ(broker_.refusals_left(), -1) << "asked once more, and not again";
}

}  // namespace
}  // namespace millrace::client
