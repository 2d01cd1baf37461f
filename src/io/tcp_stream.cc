#include "io/tcp_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "io/system_error.h"

namespace millrace::io {
namespace {

constexpr int kReadsPerTurnMax = 16;  // then other connections get their turn
constexpr Millis kDrainTime{1000};    // how long a closing peer may take to hang up

// Waking up for less of a large frame costs more than it brings; for more, the kernel would have to
// hold much for each connection.
constexpr std::size_t kWakeBytesMin = std::size_t{64} << 10U;
constexpr std::size_t kWakeBytesMax = std::size_t{4} << 20U;

Error closed_here() {
  return {ErrorCode::kClosed, "the connection was closed by this side"};
}

void set_options(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

bool must_wait(int error_number) {
  return error_number == EAGAIN || error_number == EWOULDBLOCK;
}

}  // namespace

TcpStream::TcpStream(SocketLoop& loop, UniqueFd socket, std::unique_ptr<Transport> transport)
    : loop_(loop),
      transport_(std::move(transport)),
      peer_(peer_address(socket.get()).to_endpoint()),
      local_(local_address(socket.get()).to_endpoint()) {
  set_options(socket.get());
  watch_ = loop.watch(
      std::move(socket), [this] { on_readable(); }, [this] { on_writable(); });
}

TcpStream::~TcpStream() {
  loop_.cancel(drain_timer_);
}

void TcpStream::start(StreamInput& input) {
  CHECK(input_ == nullptr, "a connection is started once");
  input_ = &input;
  if (phase_ == Phase::kClosed) {
    post_if_alive([this] { report_ended(); });
  } else {
    await_input();
  }
}

// --- reading ---

void TcpStream::await_input() {
  const bool wants_input = phase_ == Phase::kDraining ||
                           (phase_ == Phase::kOpen && is_started() && (!is_paused_ || may_look()));
  if (!wants_input) return;
  if (phase_ == Phase::kOpen && !is_paused_ && transport_->has_buffered()) {
    if (std::exchange(has_posted_continue_, true)) return;
    post_if_alive([this] { continue_reading(); });
  } else if (phase_ == Phase::kOpen && reads_when_writable_) {
    await_writable();
  } else {
    await_readable();
  }
}

void TcpStream::await_readable() {
  if (std::exchange(awaits_readable_, true)) return;
  set_wake_bytes();
  watch_->await_readable();
}

// The kernel wakes this side when the rest of a large frame is there, not for each packet, and
// opens its window so far that the sender need not stop in the middle. When memory gets short it
// wakes earlier.
void TcpStream::set_wake_bytes() {
  const bool reads = phase_ == Phase::kOpen && is_started() && !writes_when_readable_;
  const std::size_t missing = reads ? input_->missing_bytes() : 0;
  const int wanted =
      missing < kWakeBytesMin ? 1 : static_cast<int>(std::min(missing, kWakeBytesMax));
  if (wanted == wake_bytes_) return;
  wake_bytes_ = wanted;
  ::setsockopt(watch_->fd(), SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof wanted);
}

void TcpStream::on_readable() {
  awaits_readable_ = false;
  if (phase_ == Phase::kDraining) {
    discard_input();
    return;
  }
  if (std::exchange(writes_when_readable_, false)) {
    flush();
    if (watch_ == nullptr) return;
  }
  if (phase_ != Phase::kOpen || !is_started()) return;
  if (is_paused_) {
    look_for_hang_up();
    return;
  }
  take_turn();
}

void TcpStream::take_turn() {
  is_in_turn_ = true;
  if (read() == After::kGoOn) end_turn();
}

TcpStream::After TcpStream::read() {
  reads_when_writable_ = false;
  for (int reads = 0; reads < kReadsPerTurnMax; ++reads) {
    const StreamInput::Space space = input_->space(loop_.scratch());
    const std::array<iovec, 2> vectors{iovec{space.first.data(), space.first.size()},
                                       iovec{space.scratch.data(), space.scratch.size()}};
    auto moved = transport_->read(vectors);
    if (!moved.ok()) {
      finish(std::move(moved).error().with_context(peer_.to_string()));
      return After::kGoOn;
    }
    if (!moved->has_value()) {
      reads_when_writable_ = transport_->wants() == Transport::Readiness::kWritable;
      return After::kGoOn;
    }
    const std::size_t size = **moved;
    if (size == 0) {
      finish({ErrorCode::kClosed, input_->is_within()
                                      ? "the peer closed the connection within a frame"
                                      : "the peer closed the connection"});
      return After::kGoOn;
    }
    if (input_->received(size, space.scratch) == After::kDestroyed) return After::kDestroyed;
    const bool socket_is_empty =
        size < space.first.size() + space.scratch.size() && !transport_->has_buffered();
    if (!may_deliver() || socket_is_empty) return After::kGoOn;
  }
  return After::kGoOn;
}

void TcpStream::end_turn() {
  is_in_turn_ = false;
  flush();
  await_input();
}

void TcpStream::resume_reading() {
  has_unread_input_ = false;
  if (!std::exchange(is_paused_, false) || is_in_turn_ || has_posted_continue_) return;
  has_posted_continue_ = true;
  post_if_alive([this] { continue_reading(); });
}

void TcpStream::continue_reading() {
  has_posted_continue_ = false;
  if (!may_deliver() || !is_started()) return;
  is_in_turn_ = true;
  if (input_->resumed() == After::kDestroyed) return;
  const bool may_read = may_deliver() && transport_->has_buffered();
  if (may_read && read() == After::kDestroyed) return;
  end_turn();
}

/// While paused: whether nothing waits to be handed out, so that the end may be told at once.
bool TcpStream::may_look() const {
  return !has_unread_input_ && !input_->is_within() && !transport_->has_buffered();
}

/// A peer that leaves is noticed although nothing is read from it.
void TcpStream::look_for_hang_up() {
  if (!may_look()) return;
  char byte = 0;
  const ssize_t count = ::recv(watch_->fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (count == 0) {
    finish({ErrorCode::kClosed, "the peer closed the connection"});
  } else if (count > 0) {
    has_unread_input_ = true;
  } else if (must_wait(errno) || errno == EINTR) {
    await_input();
  } else {
    finish(system_error("read from", peer_.to_string(), errno));
  }
}

void TcpStream::discard_input() {
  for (int reads = 0; reads < kReadsPerTurnMax; ++reads) {
    const std::span<char> scratch = loop_.scratch();
    const ssize_t count = ::read(watch_->fd(), scratch.data(), scratch.size());
    if (count > 0) continue;
    if (count < 0 && (must_wait(errno) || errno == EINTR)) break;
    finish(closed_here());
    return;
  }
  await_readable();
}

// --- writing ---

void TcpStream::flush_soon() {
  if (!is_in_turn_) flush();
}

void TcpStream::flush() {
  if (awaits_writable_ || phase_ == Phase::kDraining || phase_ == Phase::kClosed) return;
  const auto progress = queue_.write_to(*transport_);
  if (!progress.ok()) {
    finish(Error(progress.error()).with_context(peer_.to_string()));
    return;
  }
  wake_waiters();
  if (*progress == SendQueue::Progress::kEmpty) {
    if (phase_ == Phase::kFlushing) begin_draining();
    return;
  }
  const bool must_read_first = *progress == SendQueue::Progress::kSocketFull &&
                               transport_->wants() == Transport::Readiness::kReadable;
  writes_when_readable_ = must_read_first;
  if (must_read_first) {
    await_readable();
  } else {
    await_writable();
  }
}

void TcpStream::await_writable() {
  if (std::exchange(awaits_writable_, true)) return;
  watch_->await_writable();
}

void TcpStream::on_writable() {
  awaits_writable_ = false;
  flush();
  const bool reads = reads_when_writable_ && watch_ != nullptr && may_deliver() && is_started();
  if (reads) take_turn();
}

void TcpStream::when_unsent_below(std::size_t threshold, Task task) {
  if (phase_ == Phase::kClosed) return;
  waiters_.push_back({.threshold = threshold, .task = std::move(task)});
  wake_waiters();
}

void TcpStream::wake_waiters() {
  if (waiters_.empty()) return;
  for (Waiter& waiter : waiters_) {
    if (queue_.unsent_bytes() <= waiter.threshold)
      post_if_alive(std::exchange(waiter.task, nullptr));
  }
  std::erase_if(waiters_, [](const Waiter& waiter) { return waiter.task == nullptr; });
}

// --- closing ---

void TcpStream::close_after_flush() {
  if (phase_ != Phase::kOpen) return;
  phase_ = Phase::kFlushing;
  if (!is_in_turn_) flush();
}

// Closing a socket that holds unread input resets the connection and may destroy what was just
// sent. So the peer is told that no more comes, and closes first.
void TcpStream::begin_draining() {
  phase_ = Phase::kDraining;
  transport_->end_writing();
  drain_timer_ = loop_.call_after(kDrainTime, life_.guard([this] { finish(closed_here()); }));
  await_readable();
}

void TcpStream::close() {
  finish(closed_here());
}

void TcpStream::finish(Error reason) {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  loop_.cancel(std::exchange(drain_timer_, 0));
  watch_.reset();
  queue_.clear();
  waiters_.clear();
  end_reason_ = std::move(reason);
  if (is_started()) post_if_alive([this] { report_ended(); });
}

void TcpStream::report_ended() {
  const Error reason = *end_reason_;
  input_->ended(reason);
}

void TcpStream::post_if_alive(std::function<void()> task) {
  loop_.post(life_.guard(std::move(task)));
}

}  // namespace millrace::io
