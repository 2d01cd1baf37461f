#include "sim/sim_byte_stream.h"

#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

namespace millrace::sim {

void SimByteStream::start(io::ByteStreamHandler handler) {
  handler_ = std::make_shared<const io::ByteStreamHandler>(std::move(handler));
  frames_->start({.on_frame =
                      [this](Buffer bytes) {
                        rest_ += bytes.view();
                        hand_out();
                      },
                  .on_closed = [this](const Error& reason) { ended(reason); }},
                 std::numeric_limits<std::int32_t>::max());
}

void SimByteStream::hand_out() {
  const auto handler = handler_;
  const Lifetime::Watch watch = life_.watch();
  while (!watch.is_over() && !is_paused_ && !rest_.empty()) {
    const auto size = static_cast<std::size_t>(1 + random_.below(rest_.size()));
    const std::string piece = rest_.substr(0, size);
    rest_.erase(0, size);
    handler->on_bytes(piece);
  }
}

void SimByteStream::pause_reading() {
  is_paused_ = true;
  frames_->pause_reading();
}

void SimByteStream::resume_reading() {
  if (!std::exchange(is_paused_, false)) return;
  // Later, as nothing is handed out from inside this call.
  constexpr auto kAnything = std::numeric_limits<std::size_t>::max();
  if (end_reason_) return go_on();
  frames_->when_unsent_below(kAnything, life_.guard([this] { go_on(); }));
}

void SimByteStream::go_on() {
  const Lifetime::Watch watch = life_.watch();
  hand_out();
  if (watch.is_over() || is_paused_) return;
  if (end_reason_) return ended(*std::exchange(end_reason_, std::nullopt));
  frames_->resume_reading();
}

void SimByteStream::ended(const Error& reason) {
  if (!rest_.empty()) {
    end_reason_ = reason;
    return;
  }
  const auto handler = std::exchange(handler_, nullptr);
  if (handler != nullptr && handler->on_closed) handler->on_closed(reason);
}

}  // namespace millrace::sim
