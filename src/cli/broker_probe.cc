#include "cli/broker_probe.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "io/event_loop.h"
#include "io/network.h"
#include "wire/frame.h"
#include "wire/messages/api_versions.h"

namespace millrace::cli {
namespace {

constexpr Millis kConnectTimeout{1000};
constexpr Millis kAnswerTimeout{5000};
/// An answer has some hundred bytes.
constexpr std::size_t kAnswerBytesMax = std::size_t{1} << 20U;
/// Two line ends: a server that reads lines answers them at once, and so gives itself away.
constexpr std::int32_t kCorrelationId = 0x0d0a0d0a;
/// Every broker reads version 0, whatever else it speaks.
constexpr std::int16_t kVersion = 0;

Status check_answer(std::string_view frame) {
  ByteReader reader(frame);
  const auto header = wire::decode_response_header(reader, wire::ApiKey::kApiVersions, kVersion);
  if (!header.ok()) return header.error();
  if (header->correlation_id != kCorrelationId) {
    return Error{ErrorCode::kCorrupt, fmt::format("wanted the answer to request {}, found {}",
                                                  kCorrelationId, header->correlation_id)};
  }
  const auto body = wire::decode_body<wire::ApiVersionsResponse>(reader, kVersion);
  if (!body.ok()) return body.error();
  return {};
}

/// One exchange on a loop of its own.
class Probe {
 public:
  Probe(const io::Endpoint& endpoint, io::Env& env) : endpoint_(endpoint), loop_(env.make_loop()) {}

  Status run() {
    loop_->network().connect(endpoint_, kConnectTimeout,
                             [this](auto made) { ask(std::move(made)); });
    loop_->run();
    return outcome_;
  }

 private:
  void ask(Result<std::unique_ptr<io::Connection>> made) {
    if (!made.ok()) return end(std::move(made).error());
    connection_ = std::move(made).value();
    connection_->start({.on_frame = [this](Buffer frame) { judge(check_answer(frame.view())); },
                        .on_closed = [this](const Error& reason) { judge(reason); }},
                       kAnswerBytesMax);
    auto request = wire::encode_request(
        {.api_version = kVersion, .correlation_id = kCorrelationId, .client_id = "millrace"},
        wire::ApiVersionsRequest{});
    if (!request.ok()) return end(std::move(request).error());
    connection_->send(io::one_chunk(std::move(request).value()));
    loop_->call_after(kAnswerTimeout, [this] {
      end(Error{ErrorCode::kUnsupported,
                fmt::format("{} took the connection but gave no answer within {} ms",
                            endpoint_.to_string(), kAnswerTimeout.count())});
    });
  }

  void judge(Status answer) {
    if (answer.ok()) return end({});
    end(Error{ErrorCode::kUnsupported, fmt::format("{} does not speak Kafka's protocol: {}",
                                                   endpoint_.to_string(), answer.error().message)});
  }

  void end(Status outcome) {
    if (std::exchange(has_ended_, true)) return;
    outcome_ = std::move(outcome);
    loop_->stop();
  }

  const io::Endpoint endpoint_;
  const std::unique_ptr<io::EventLoop> loop_;
  std::unique_ptr<io::Connection> connection_;  // goes before its loop
  Status outcome_;
  bool has_ended_ = false;
};

}  // namespace

Status probe_broker(const io::Endpoint& endpoint, io::Env& env) {
  return Probe(endpoint, env).run();
}

}  // namespace millrace::cli
