#include "client/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/cluster/loop_thread.h"
#include "io/network.h"
#include "wire/error_codes.h"
#include "wire/frame.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/list_groups.h"
#include "wire/messages/metadata.h"

namespace millrace::client {
namespace {

using ::testing::HasSubstr;
using wire::ApiKey;

/// Answers what Admin needs for listing groups; the brokers that it names are up to the test.
class ScriptedBroker {
 public:
  using Brokers = std::map<std::int32_t, io::Endpoint>;

  ScriptedBroker(io::Env& env, std::vector<std::string> groups)
      : groups_(std::move(groups)), thread_(env, "admin-io") {
    thread_.run([this] {
      auto made = thread_.loop().network().listen(
          {.host = "127.0.0.1", .port = 0}, {},
          [this](std::unique_ptr<io::Connection> connection) { accept(std::move(connection)); });
      ASSERT_TRUE(made.ok()) << made.error().message;
      listener_ = std::move(made).value();
      endpoint_ = listener_->local_endpoint();
    });
  }
  ~ScriptedBroker() { stop(); }

  const io::Endpoint& endpoint() const { return endpoint_; }
  /// brokers  called for each request for metadata, from another thread
  void name_brokers(std::function<Brokers()> brokers) {
    thread_.run([&] { brokers_ = std::move(brokers); });
  }
  void answer_list_groups_with(wire::KafkaError error) { list_groups_error_ = error; }
  int list_groups_count() const { return list_groups_count_; }
  /// From now on nobody listens there.
  void stop() {
    thread_.run([this] {
      connections_.clear();
      listener_.reset();
    });
  }

 private:
  void accept(std::unique_ptr<io::Connection> connection) {
    io::Connection& to = *connection;
    to.start({.on_frame = [this, &to](Buffer frame) { answer(to, frame.view()); },
              .on_closed = [](const Error&) {}},
             1U << 20U);
    connections_.push_back(std::move(connection));
  }

  void answer(io::Connection& to, std::string_view frame) {
    ByteReader reader(frame);
    const auto header = wire::decode_request_header(reader);
    ASSERT_TRUE(header.ok()) << header.error().message;
    if (header->api_key == ApiKey::kApiVersions) {
      wire::ApiVersionsResponse versions;
      for (const auto& [key, version] : {std::pair{ApiKey::kApiVersions, std::int16_t{3}},
                                         std::pair{ApiKey::kMetadata, std::int16_t{12}},
                                         std::pair{ApiKey::kListGroups, std::int16_t{5}}}) {
        versions.api_keys.push_back({.api_key = static_cast<std::int16_t>(key),
                                     .min_version = version,
                                     .max_version = version});
      }
      send(to, *header, versions);
    } else if (header->api_key == ApiKey::kMetadata) {
      wire::MetadataResponse metadata;
      for (const auto& [id, endpoint] : brokers_()) {
        metadata.brokers.push_back(
            {.node_id = id, .host = endpoint.host, .port = endpoint.port, .rack = std::nullopt});
      }
      send(to, *header, metadata);
    } else {
      ++list_groups_count_;
      wire::ListGroupsResponse listed;
      listed.error_code = static_cast<std::int16_t>(list_groups_error_.load());
      for (const std::string& group : groups_) {
        listed.groups.push_back(
            {.group_id = group, .protocol_type = "consumer", .group_state = "", .group_type = ""});
      }
      send(to, *header, listed);
    }
  }

  template <class Response>
  static void send(io::Connection& to, const wire::RequestHeader& header, const Response& message) {
    auto response =
        wire::encode_response(header.api_key, header.api_version, header.correlation_id, message);
    ASSERT_TRUE(response.ok()) << response.error().message;
    to.send(io::one_chunk(std::move(response->bytes)));
  }

  const std::vector<std::string> groups_;
  io::Endpoint endpoint_;
  std::function<Brokers()> brokers_;
  std::atomic<wire::KafkaError> list_groups_error_ = wire::KafkaError::kNone;
  std::atomic<int> list_groups_count_ = 0;
  LoopThread thread_;
  std::unique_ptr<io::Listener> listener_;  // on the loop, like the connections
  std::vector<std::unique_ptr<io::Connection>> connections_;
};

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

  /// backoff_ms  between tries; at the deadline a try is rather waited for than under way when it
  /// is long
  Result<Admin> make_admin(const std::string& api_timeout_ms, const std::string& backoff_ms = "1") {
    auto admin = Admin::create({{"bootstrap.servers", living_.endpoint().to_string()},
                                {"request.timeout.ms", "10000"},
                                {"default.api.timeout.ms", api_timeout_ms},
                                {"retry.backoff.ms", backoff_ms},
                                {"retry.backoff.max.ms", backoff_ms},
                                {"reconnect.backoff.ms", "1"},
                                {"reconnect.backoff.max.ms", "1"}},
                               env_.get());
    EXPECT_TRUE(admin.ok()) << admin.error().message;
    return admin;
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

}  // namespace
}  // namespace millrace::client
