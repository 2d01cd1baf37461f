// SimByteStream: bytes without frames over a simulated connection. What was sent arrives in order,
// cut at other places than it was sent.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/lifetime.h"
#include "base/random.h"
#include "io/byte_stream.h"
#include "io/connection.h"

namespace millrace::sim {

/// A stream meets a stream: one end that carries frames and one that carries bytes do not
/// understand each other, though over real sockets they would.
class SimByteStream final : public io::ByteStream {
 public:
  SimByteStream(std::unique_ptr<io::Connection> frames, Random random)
      : frames_(std::move(frames)), random_(random) {}

  void start(io::ByteStreamHandler handler) override;
  void send(io::Chunks bytes) override { frames_->send(std::move(bytes)); }
  std::size_t unsent_bytes() const override { return frames_->unsent_bytes(); }
  void when_unsent_below(std::size_t threshold, std::function<void()> task) override {
    frames_->when_unsent_below(threshold, std::move(task));
  }
  void pause_reading() override;
  void resume_reading() override;
  void close_after_flush() override { frames_->close_after_flush(); }
  void close() override { frames_->close(); }
  io::Endpoint peer() const override { return frames_->peer(); }
  io::Endpoint local() const override { return frames_->local(); }

 private:
  /// Hands out pieces of `rest_` until reading is paused or nothing is left.
  void hand_out();
  void go_on();
  void ended(const Error& reason);

  const std::unique_ptr<io::Connection> frames_;
  Random random_;
  std::string rest_;  // arrived, not handed out
  bool is_paused_ = false;
  std::optional<Error> end_reason_;                       // waits for the rest to be handed out
  std::shared_ptr<const io::ByteStreamHandler> handler_;  // shared: it may be running when we go
  Lifetime life_;
};

}  // namespace millrace::sim
