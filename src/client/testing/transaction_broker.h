// TransactionBroker: a ProduceBroker that coordinates transactions too, as a test says.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "client/testing/produce_broker.h"
#include "wire/messages/add_offsets_to_txn.h"
#include "wire/messages/add_partitions_to_txn.h"
#include "wire/messages/end_txn.h"
#include "wire/messages/find_coordinator.h"
#include "wire/messages/txn_offset_commit.h"

namespace millrace::client {

enum class SpokenTransactions { kClassic, kV2 };

/// Who asks with another epoch than the last one given is fenced. Answers are what the script says
/// for the API, the next one each time, and success when it says nothing more.
/// thread  every function from the test's
class TransactionBroker {
 public:
  /// One answer of the script; kLost: done as asked, but the connection ends instead of the answer.
  struct Answer {
    wire::KafkaError error = wire::KafkaError::kNone;
    enum class Fate { kSent, kLost } fate = Fate::kSent;
  };
  static constexpr Answer lost() { return {wire::KafkaError::kNone, Answer::Fate::kLost}; }

  TransactionBroker(io::Env& env, SpokenTransactions spoken) : spoken_(spoken), broker_(env) {
    const bool is_v2 = spoken == SpokenTransactions::kV2;
    const auto newest = [is_v2](std::int16_t classic, std::int16_t v2) {
      return wire::VersionRange{0, is_v2 ? v2 : classic};
    };
    if (is_v2) broker_.finalize("transaction.version", 2);
    broker_.serve(wire::ApiKey::kProduce, {3, std::int16_t{12}});
    answer<wire::FindCoordinatorRequest>({0, 4}, [this](const auto& asked, const Answer& answer) {
      wire::FindCoordinatorResponse response;
      auto& found = response.coordinators.emplace_back();
      found.key = asked.coordinator_keys.front();
      found.error_code = static_cast<std::int16_t>(answer.error);
      found.node_id = 1;
      found.host = broker_.endpoint().host;
      found.port = broker_.endpoint().port;
      return response;
    });
    answer<wire::InitProducerIdRequest>({0, 5}, [this](const auto& asked, const Answer& answer) {
      wire::InitProducerIdResponse response;
      response.error_code = static_cast<std::int16_t>(judged(answer, asked.producer_epoch));
      if (response.error_code == 0) bump();
      response.producer_id = kProducerId;
      response.producer_epoch = epoch_;
      return response;
    });
    answer<wire::AddPartitionsToTxnRequest>(
        newest(3, 5), [this](const auto& asked, const Answer& answer) {
          wire::AddPartitionsToTxnResponse response;
          const auto error = judged(answer, asked.v3_and_below_producer_epoch);
          is_open_ |= error == wire::KafkaError::kNone;
          for (const auto& topic : asked.v3_and_below_topics) {
            auto& told = response.results_by_topic_v3_and_below.emplace_back();
            told.name = topic.name;
            for (const std::int32_t index : topic.partitions) {
              told.results_by_partition.push_back({index, static_cast<std::int16_t>(error)});
            }
          }
          return response;
        });
    answer<wire::AddOffsetsToTxnRequest>({0, 4}, [this](const auto& asked, const Answer& answer) {
      wire::AddOffsetsToTxnResponse response;
      response.error_code = static_cast<std::int16_t>(judged(answer, asked.producer_epoch));
      is_open_ |= response.error_code == 0;
      return response;
    });
    answer<wire::TxnOffsetCommitRequest>(
        newest(4, 5), [this](const auto& asked, const Answer& answer) {
          wire::TxnOffsetCommitResponse response;
          const auto error = judged(answer, asked.producer_epoch);
          for (const auto& topic : asked.topics) {
            auto& told = response.topics.emplace_back();
            told.name = topic.name;
            for (const auto& part : topic.partitions) {
              told.partitions.push_back({part.partition_index, static_cast<std::int16_t>(error)});
            }
          }
          return response;
        });
    answer<wire::EndTxnRequest>(
        newest(4, 5), [this, is_v2](const auto& asked, const Answer& answer) {
          wire::EndTxnResponse response;
          // Asked again because the answer was lost. With kV2 the end has brought a new epoch.
          const bool is_repeated =
              is_v2 ? !ends_.empty() && asked.producer_epoch == epoch_ - 1 : !is_open_;
          const auto error =
              is_repeated ? wire::KafkaError::kNone : judged(answer, asked.producer_epoch);
          response.error_code = static_cast<std::int16_t>(error);
          if (error != wire::KafkaError::kNone) return response;
          if (!is_repeated) {
            ends_ += asked.committed ? 'c' : 'a';
            is_open_ = false;
            if (is_v2) bump();
          }
          if (is_v2) {
            response.producer_id = kProducerId;
            response.producer_epoch = epoch_;
          }
          return response;
        });
  }

  ProduceBroker& broker() { return broker_; }
  void script(wire::ApiKey api, std::deque<Answer> answers) {
    script_.with([&](auto& script) { script[api] = std::move(answers); });
  }
  void script(wire::ApiKey api, wire::KafkaError error) { script(api, {Answer{error}}); }
  /// 'c' for each commit and 'a' for each abort that was carried out.
  std::string ends() {
    (void)broker_.heard();  // a turn of the broker's thread
    return ends_;
  }

 private:
  static constexpr std::int64_t kProducerId = 7;

  void bump() { ++epoch_; }
  wire::KafkaError judged(const Answer& answer, std::int16_t epoch) const {
    if (answer.error != wire::KafkaError::kNone) return answer.error;
    const bool is_fenced = epoch != kNoProducerEpoch.value() && epoch != epoch_;
    return is_fenced ? wire::KafkaError::kProducerFenced : wire::KafkaError::kNone;
  }
  template <class Request, class Respond>
  void answer(wire::VersionRange versions, Respond respond) {
    broker_.serve(
        Request::kApiKey, versions,
        [this, respond](io::Connection& to, const wire::RequestHeader& header, ByteReader& reader) {
          const auto asked = request_in<Request>(reader, header);
          const Answer answer = next_of(Request::kApiKey);
          const auto response = respond(asked, answer);
          if (answer.fate == Answer::Fate::kLost) return to.close();
          send_answer(to, header, response);
        });
  }
  Answer next_of(wire::ApiKey api) {
    return script_.with([&](auto& script) {
      auto& answers = script[api];
      if (answers.empty()) return Answer{};
      const Answer next = answers.front();
      answers.pop_front();
      return next;
    });
  }

  const SpokenTransactions spoken_;
  Guarded<std::map<wire::ApiKey, std::deque<Answer>>> script_;
  // On the broker's thread:
  std::int16_t epoch_ = -1;
  std::string ends_;
  bool is_open_ = false;  // something was added; kClassic
  ProduceBroker broker_;  // last: its handlers use the rest
};

}  // namespace millrace::client
