// What a broker cannot be cheaper than. It answers our client well enough to be loaded just as a
// broker is, on as many connections, with the same frames and at the same pace, and does nothing
// beyond that: receives a frame, appends each batch to the file of its partition, sends whole
// batches out of the files again. It checks nothing, keeps no index on disk, knows no producers and
// no topics, and has no event loop: a thread for each connection, which blocks. Its system calls
// are the broker's: SO_RCVLOWAT, pwrite into blocks that were reserved, sendfile.
//   bare_broker FOLDER PARTITIONS    prints its address; whatever topic is named is the same one
#include <sys/prctl.h>

#include <array>
#include <chrono>
#include <csignal>
#include <deque>
#include <mutex>
#include <thread>

#include "bench/bare_log.h"
#include "bench/bare_sockets.h"
#include "wire/frame.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/fetch.h"
#include "wire/messages/init_producer_id.h"
#include "wire/messages/list_offsets.h"
#include "wire/messages/metadata.h"
#include "wire/messages/produce.h"

namespace millrace::bench {
namespace {

using wire::ApiKey;

constexpr std::int64_t kEarliest = -2;  // as a timestamp of ListOffsets

/// The one topic.
struct BareTopic {
  int port = 0;
  std::mutex mutex;
  std::deque<BareLog> logs;  // guarded by the mutex
};

/// What of files goes into an answer, in order.
struct FilePart {
  int file = -1;
  BareLog::Stretch stretch;
};

class BareConnection {
 public:
  BareConnection(int socket, BareTopic& topic) : socket_(socket), topic_(topic) {}

  void serve() {
    send_without_delay(socket_);
    while (receive_frame() && answer()) files_.clear();
    ::close(socket_);
  }

 private:
  bool receive_frame() {
    std::array<char, sizeof(std::int32_t)> prefix{};
    if (!receive(socket_, prefix.data(), prefix.size())) return false;
    const auto size = load_big_endian<std::int32_t>(prefix.data());
    frame_.resize_uninitialized(static_cast<std::size_t>(size));
    return receive(socket_, frame_.data(), frame_.size());
  }

  bool answer() {
    ByteReader reader(frame_.view());
    const auto header = wire::decode_request_header(reader);
    if (!header.ok()) fail(header.error().message);
    switch (header->api_key) {
      case ApiKey::kApiVersions:
        return answer<wire::ApiVersionsRequest>(*header, reader);
      case ApiKey::kMetadata:
        return answer<wire::MetadataRequest>(*header, reader);
      case ApiKey::kInitProducerId:
        return answer<wire::InitProducerIdRequest>(*header, reader);
      case ApiKey::kProduce:
        return answer<wire::ProduceRequest>(*header, reader);
      case ApiKey::kListOffsets:
        return answer<wire::ListOffsetsRequest>(*header, reader);
      case ApiKey::kFetch:
        return answer<wire::FetchRequest>(*header, reader);
      default:
        fail(fmt::format("asked for {}", wire::api_key_name(header->api_key)));
    }
  }

  template <class Request>
  bool answer(const wire::RequestHeader& header, ByteReader& reader) {
    const auto request = wire::decode_body<Request>(reader, header.api_version);
    if (!request.ok()) fail(request.error().message);
    const auto response = wire::encode_response(header.api_key, header.api_version,
                                                header.correlation_id, response_to(*request));
    if (!response.ok()) fail(response.error().message);
    return send(*response);
  }

  bool send(const wire::EncodedResponse& response) {
    std::array<char, sizeof(std::int32_t)> prefix{};
    store_big_endian(prefix.data(), static_cast<std::int32_t>(response.size_bytes()));
    if (!send_bytes(socket_, {prefix.data(), prefix.size()}, MSG_MORE)) return false;
    std::size_t sent = 0;
    for (std::size_t index = 0; index < files_.size(); ++index) {
      const std::size_t until = response.splices[index].position;
      const auto& [file, stretch] = files_[index];
      if (!send_bytes(socket_, response.bytes.view().substr(sent, until - sent), MSG_MORE) ||
          !send_of_file(socket_, file, stretch.position, stretch.size)) {
        return false;
      }
      sent = until;
    }
    return send_bytes(socket_, response.bytes.view().substr(sent));
  }

  // Versions in which topics go by name, so that there are no ids to know.
  static wire::ApiVersionsResponse response_to(const wire::ApiVersionsRequest& /*request*/) {
    wire::ApiVersionsResponse response;
    const auto serve = [&](ApiKey key, std::int16_t min, std::int16_t max) {
      response.api_keys.push_back({static_cast<std::int16_t>(key), min, max});
    };
    serve(ApiKey::kProduce, 3, 12);
    serve(ApiKey::kFetch, 4, 12);
    serve(ApiKey::kListOffsets, 1, 7);
    serve(ApiKey::kMetadata, 1, 9);
    serve(ApiKey::kApiVersions, 0, 4);
    serve(ApiKey::kInitProducerId, 0, 4);
    return response;
  }

  wire::MetadataResponse response_to(const wire::MetadataRequest& request) const {
    wire::MetadataResponse response;
    response.controller_id = 0;
    auto& broker = response.brokers.emplace_back();
    broker.host = "127.0.0.1";
    broker.port = topic_.port;
    if (!request.topics) return response;
    for (const auto& asked : *request.topics) {
      auto& topic = response.topics.emplace_back();
      topic.name = asked.name;
      for (std::size_t index = 0; index < topic_.logs.size(); ++index) {
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = static_cast<std::int32_t>(index);
        partition.leader_id = 0;
        partition.leader_epoch = 0;
        partition.replica_nodes = {0};
        partition.isr_nodes = {0};
      }
    }
    return response;
  }

  static wire::InitProducerIdResponse response_to(const wire::InitProducerIdRequest& /*request*/) {
    wire::InitProducerIdResponse response;
    response.producer_id = 1;
    return response;
  }

  wire::ProduceResponse response_to(const wire::ProduceRequest& request) {
    wire::ProduceResponse response;
    const std::lock_guard lock(topic_.mutex);
    for (const auto& asked : request.topic_data) {
      auto& topic = response.responses.emplace_back();
      topic.name = asked.name;
      for (const auto& data : asked.partition_data) {
        auto& partition = topic.partition_responses.emplace_back();
        partition.index = data.index;
        partition.base_offset = log(data.index)
                                    .append(frame_.data() + data.records.offset_in(frame_.view()),
                                            data.records.bytes.size());
      }
    }
    return response;
  }

  wire::ListOffsetsResponse response_to(const wire::ListOffsetsRequest& request) {
    wire::ListOffsetsResponse response;
    const std::lock_guard lock(topic_.mutex);
    for (const auto& asked : request.topics) {
      auto& topic = response.topics.emplace_back();
      topic.name = asked.name;
      for (const auto& data : asked.partitions) {
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = data.partition_index;
        partition.leader_epoch = 0;
        partition.offset = data.timestamp == kEarliest ? 0 : log(data.partition_index).end_offset();
      }
    }
    return response;
  }

  /// Without a session, so that each request names all it wants, as the broker serves those that
  /// have none.
  wire::FetchResponse response_to(const wire::FetchRequest& request) {
    wire::FetchResponse response;
    auto budget = static_cast<std::size_t>(request.max_bytes);
    std::unique_lock lock(topic_.mutex);
    for (const auto& asked : request.topics) {
      auto& topic = response.responses.emplace_back();
      topic.topic = asked.topic;
      for (const auto& data : asked.partitions) {
        const BareLog& from = log(data.partition);
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = data.partition;
        partition.high_watermark = from.end_offset();
        partition.last_stable_offset = from.end_offset();
        partition.log_start_offset = 0;
        const auto bytes_max = std::min(budget, static_cast<std::size_t>(data.partition_max_bytes));
        const auto stretch = from.from(data.fetch_offset, bytes_max);
        if (stretch.size == 0 || (stretch.size > bytes_max && !files_.empty())) continue;
        partition.records = wire::Records::external(stretch.size);
        budget -= std::min(budget, stretch.size);
        files_.push_back({from.file(), stretch});
      }
    }
    lock.unlock();
    // Whoever has read everything waits, and is not woken: nobody writes meanwhile.
    if (files_.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(request.max_wait_ms));
    return response;
  }

  BareLog& log(std::int32_t partition) {
    return topic_.logs.at(static_cast<std::size_t>(partition));
  }

  const int socket_;
  BareTopic& topic_;
  Buffer frame_;
  std::vector<FilePart> files_;  // of the answer that is being made
};

}  // namespace
}  // namespace millrace::bench

int main(int argc, char** argv) {
  using namespace millrace::bench;
  if (argc != 3) {
    fmt::print(stderr, "wanted: {} FOLDER PARTITIONS\n", argv[0]);
    return 2;
  }
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  const auto [listener, port] = listen_on_loopback();
  BareTopic topic;
  topic.port = port;
  for (int index = 0; index < std::atoi(argv[2]); ++index) {
    topic.logs.emplace_back(fmt::format("{}/{}.log", argv[1], index));
  }
  fmt::print("127.0.0.1:{}\n", port);
  (void)std::fflush(stdout);
  for (;;) {
    const int socket = ::accept(listener, nullptr, nullptr);
    check_call(socket >= 0, "accept");
    std::thread([socket, &topic] { BareConnection(socket, topic).serve(); }).detach();
  }
}
