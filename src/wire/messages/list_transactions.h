// ListTransactions (key 66): the transactions of a coordinator, by state, producer and age.
// v1 filters by duration, v2 by a pattern of the id.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/api_key.h"
#include "wire/field.h"

namespace millrace::wire {

struct ListTransactionsRequest {
  static constexpr std::string_view kName = "ListTransactionsRequest";
  static constexpr ApiKey kApiKey = ApiKey::kListTransactions;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr std::int16_t kFlexibleSince = 0;

  std::vector<std::string> state_filters;
  std::vector<std::int64_t> producer_id_filters;
  std::int64_t duration_filter = -1;
  std::optional<std::string> transactional_id_pattern;

  bool operator==(const ListTransactionsRequest&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = ListTransactionsRequest;
    visit(&S::state_filters, Field{"state_filters"});
    visit(&S::producer_id_filters, Field{"producer_id_filters"});
    visit(&S::duration_filter, Field{"duration_filter"}.since(1));
    visit(&S::transactional_id_pattern, Field{"transactional_id_pattern"}.since(2).nullable());
  }
};

struct ListTransactionsResponse {
  static constexpr std::string_view kName = "ListTransactionsResponse";
  static constexpr ApiKey kApiKey = ApiKey::kListTransactions;
  static constexpr VersionRange kVersions{0, 2};
  static constexpr std::int16_t kFlexibleSince = 0;

  struct TransactionState {
    std::string transactional_id;
    std::int64_t producer_id = 0;
    std::string transaction_state;

    bool operator==(const TransactionState&) const = default;
    static constexpr void fields(auto&& visit) {
      visit(&TransactionState::transactional_id, Field{"transactional_id"});
      visit(&TransactionState::producer_id, Field{"producer_id"});
      visit(&TransactionState::transaction_state, Field{"transaction_state"});
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::int16_t error_code = 0;
  std::vector<std::string> unknown_state_filters;
  std::vector<TransactionState> transaction_states;

  bool operator==(const ListTransactionsResponse&) const = default;
  static constexpr void fields(auto&& visit) {
    using S = ListTransactionsResponse;
    visit(&S::throttle_time_ms, Field{"throttle_time_ms"});
    visit(&S::error_code, Field{"error_code"});
    visit(&S::unknown_state_filters, Field{"unknown_state_filters"});
    visit(&S::transaction_states, Field{"transaction_states"});
  }
};

}  // namespace millrace::wire
