// DeleteTopics (key 20): deletes topics, each with its own outcome.
// By name up to v5, by name or id from v6 on. v4 is flexible, v5 adds messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/uuid.h"
#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct DeleteTopicsRequest {
  static constexpr std::string_view kName = "DeleteTopicsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kDeleteTopics;
  static constexpr VersionRange kVersions{1, 6};
  static constexpr std::int16_t kFlexibleSince = 4;

  struct DeleteTopicState {
    std::optional<std::string> name;
    Uuid topic_id;

    bool operator==(const DeleteTopicState&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&DeleteTopicState::name, Field{"name"}.since(6).nullable());
      visit(&DeleteTopicState::topic_id, Field{"topic_id"}.since(6));
    }
  };

  std::vector<DeleteTopicState> topics;
  std::vector<std::string> topic_names;
  std::int32_t timeout_ms = 0;

  bool operator==(const DeleteTopicsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DeleteTopicsRequest::topics, Field{"topics"}.since(6));
    visit(&DeleteTopicsRequest::topic_names, Field{"topic_names"}.until(5).ignorable());
    visit(&DeleteTopicsRequest::timeout_ms, Field{"timeout_ms"});
  }
};

struct DeleteTopicsResponse {
  static constexpr std::string_view kName = "DeleteTopicsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kDeleteTopics;
  static constexpr VersionRange kVersions{1, 6};
  static constexpr std::int16_t kFlexibleSince = 4;

  struct DeletableTopicResult {
    std::optional<std::string> name = std::string{};
    Uuid topic_id;
    std::int16_t error_code = 0;
    std::optional<std::string> error_message;

    bool operator==(const DeletableTopicResult&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&DeletableTopicResult::name, Field{"name"}.nullable(6));
      visit(&DeletableTopicResult::topic_id, Field{"topic_id"}.since(6).ignorable());
      visit(&DeletableTopicResult::error_code, Field{"error_code"});
      visit(&DeletableTopicResult::error_message,
            Field{"error_message"}.since(5).nullable().ignorable());
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<DeletableTopicResult> responses;

  bool operator==(const DeleteTopicsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    visit(&DeleteTopicsResponse::throttle_time_ms, Field{"throttle_time_ms"}.ignorable());
    visit(&DeleteTopicsResponse::responses, Field{"responses"});
  }
};

}  // namespace millrace::wire
