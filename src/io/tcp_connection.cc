#include "io/tcp_connection.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
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

bool would_block(int error_number) {
  return error_number == EAGAIN || error_number == EWOULDBLOCK;
}

}  // namespace

TcpConnection::TcpConnection(SocketLoop& loop, UniqueFd socket)
    : loop_(loop),
      peer_(peer_address(socket.get()).to_endpoint()),
      local_(local_address(socket.get()).to_endpoint()) {
  set_options(socket.get());
  watch_ = loop.watch(
      std::move(socket), [this] { on_readable(); }, [this] { on_writable(); });
}

TcpConnection::~TcpConnection() {
  loop_.cancel(drain_timer_);
}

void TcpConnection::start(ConnectionHandler handler, std::size_t frame_size_max) {
  CHECK(!reader_, "a connection is started once");
  handler_ = std::make_shared<const ConnectionHandler>(std::move(handler));
  reader_.emplace(frame_size_max, handler_->memory);
  if (phase_ == Phase::kClosed) {
    post_if_alive([this] { report_closed(); });
  } else {
    await_readable();
  }
}

// --- reading ---

void TcpConnection::await_readable() {
  const bool wants_input = phase_ == Phase::kDraining ||
                           (phase_ == Phase::kOpen && reader_ && (!is_paused_ || may_look()));
  if (!wants_input || awaits_readable_) return;
  awaits_readable_ = true;
  set_wake_bytes();
  watch_->await_readable();
}

// The kernel wakes this side when the rest of a large frame is there, not for each packet, and
// opens its window so far that the sender need not stop in the middle. When memory gets short it
// wakes earlier.
void TcpConnection::set_wake_bytes() {
  const std::size_t missing = phase_ == Phase::kOpen ? reader_->missing_bytes() : 0;
  const int wanted =
      missing < kWakeBytesMin ? 1 : static_cast<int>(std::min(missing, kWakeBytesMax));
  if (wanted == wake_bytes_) return;
  wake_bytes_ = wanted;
  ::setsockopt(watch_->fd(), SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof wanted);
}

void TcpConnection::on_readable() {
  awaits_readable_ = false;
  if (phase_ == Phase::kDraining) {
    discard_input();
    return;
  }
  if (phase_ != Phase::kOpen) return;
  if (is_paused_) {
    look_for_hang_up();
    return;
  }
  is_in_turn_ = true;
  if (read_frames() == After::kGoOn) end_turn();
}

TcpConnection::After TcpConnection::read_frames() {
  for (int reads = 0; reads < kReadsPerTurnMax; ++reads) {
    const std::span<char> scratch = loop_.scratch();
    const FrameReader::Space space = reader_->space(scratch);
    const std::array<iovec, 2> vectors{iovec{space.frame.data(), space.frame.size()},
                                       iovec{space.scratch.data(), space.scratch.size()}};
    const ssize_t count = ::readv(watch_->fd(), vectors.data(), static_cast<int>(vectors.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      if (!would_block(errno)) finish(system_error("read from", peer_.to_string(), errno));
      return After::kGoOn;
    }
    if (count == 0) {
      finish({ErrorCode::kClosed, reader_->is_within_frame()
                                      ? "the peer closed the connection within a frame"
                                      : "the peer closed the connection"});
      return After::kGoOn;
    }
    const auto size = static_cast<std::size_t>(count);
    reader_->received(size, space.scratch);
    if (deliver_frames() == After::kDestroyed) return After::kDestroyed;
    const bool socket_is_empty = size < space.frame.size() + space.scratch.size();
    if (phase_ != Phase::kOpen || is_paused_ || socket_is_empty) return After::kGoOn;
  }
  return After::kGoOn;
}

TcpConnection::After TcpConnection::deliver_frames() {
  const std::shared_ptr<const ConnectionHandler> handler = handler_;
  const Lifetime::Watch watch = life_.watch();
  while (phase_ == Phase::kOpen && !is_paused_) {
    auto frame = reader_->next();
    if (!frame.ok()) {
      finish(std::move(frame).error().with_context(peer_.to_string()));
      return After::kGoOn;
    }
    if (!frame.value()) return After::kGoOn;
    handler->on_frame(*std::move(frame).value());
    if (watch.is_over()) return After::kDestroyed;
  }
  reader_->keep_rest();
  return After::kGoOn;
}

void TcpConnection::end_turn() {
  is_in_turn_ = false;
  flush();
  await_readable();
}

void TcpConnection::resume_reading() {
  has_unread_input_ = false;
  if (!std::exchange(is_paused_, false) || is_in_turn_ || has_posted_continue_) return;
  has_posted_continue_ = true;
  post_if_alive([this] { continue_reading(); });
}

void TcpConnection::continue_reading() {
  has_posted_continue_ = false;
  if (phase_ != Phase::kOpen || is_paused_ || !reader_) return;
  is_in_turn_ = true;
  if (deliver_frames() == After::kGoOn) end_turn();
}

/// While paused: whether nothing waits to be handed out, so that the end may be told at once.
bool TcpConnection::may_look() const {
  return !has_unread_input_ && !reader_->is_within_frame();
}

/// A peer that leaves is noticed although nothing is read from it.
void TcpConnection::look_for_hang_up() {
  if (!may_look()) return;
  char byte = 0;
  const ssize_t count = ::recv(watch_->fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (count == 0) {
    finish({ErrorCode::kClosed, "the peer closed the connection"});
  } else if (count > 0) {
    has_unread_input_ = true;
  } else if (would_block(errno) || errno == EINTR) {
    await_readable();
  } else {
    finish(system_error("read from", peer_.to_string(), errno));
  }
}

void TcpConnection::discard_input() {
  for (int reads = 0; reads < kReadsPerTurnMax; ++reads) {
    const std::span<char> scratch = loop_.scratch();
    const ssize_t count = ::read(watch_->fd(), scratch.data(), scratch.size());
    if (count > 0) continue;
    if (count < 0 && (would_block(errno) || errno == EINTR)) break;
    finish(closed_here());
    return;
  }
  await_readable();
}

// --- writing ---

void TcpConnection::send(Chunks frame) {
  if (phase_ != Phase::kOpen) return;
  if (auto status = queue_.push_frame(std::move(frame)); !status.ok()) {
    finish(std::move(status).error());
    return;
  }
  if (!is_in_turn_) flush();
}

void TcpConnection::flush() {
  if (awaits_writable_ || phase_ == Phase::kDraining || phase_ == Phase::kClosed) return;
  const auto progress = queue_.write_to(watch_->fd());
  if (!progress.ok()) {
    finish(Error(progress.error()).with_context(peer_.to_string()));
    return;
  }
  wake_waiters();
  if (*progress != SendQueue::Progress::kEmpty) {
    await_writable();
  } else if (phase_ == Phase::kFlushing) {
    begin_draining();
  }
}

void TcpConnection::await_writable() {
  awaits_writable_ = true;
  watch_->await_writable();
}

void TcpConnection::on_writable() {
  awaits_writable_ = false;
  flush();
}

void TcpConnection::when_unsent_below(std::size_t threshold, Task task) {
  if (phase_ == Phase::kClosed) return;
  waiters_.push_back({.threshold = threshold, .task = std::move(task)});
  wake_waiters();
}

void TcpConnection::wake_waiters() {
  if (waiters_.empty()) return;
  for (Waiter& waiter : waiters_) {
    if (unsent_bytes() <= waiter.threshold) post_if_alive(std::exchange(waiter.task, nullptr));
  }
  std::erase_if(waiters_, [](const Waiter& waiter) { return waiter.task == nullptr; });
}

// --- closing ---

void TcpConnection::close_after_flush() {
  if (phase_ != Phase::kOpen) return;
  phase_ = Phase::kFlushing;
  if (!is_in_turn_) flush();
}

// Closing a socket that holds unread input resets the connection and may destroy what was just
// sent. So the peer is told that no more comes, and closes first.
void TcpConnection::begin_draining() {
  phase_ = Phase::kDraining;
  ::shutdown(watch_->fd(), SHUT_WR);
  drain_timer_ = loop_.call_after(kDrainTime, life_.guard([this] { finish(closed_here()); }));
  await_readable();
}

void TcpConnection::close() {
  finish(closed_here());
}

void TcpConnection::finish(Error reason) {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  loop_.cancel(std::exchange(drain_timer_, 0));
  watch_.reset();
  queue_.clear();
  waiters_.clear();
  close_reason_ = std::move(reason);
  if (handler_ != nullptr) post_if_alive([this] { report_closed(); });
}

void TcpConnection::report_closed() {
  const auto handler = std::exchange(handler_, nullptr);
  const Error reason = *close_reason_;
  if (handler != nullptr && handler->on_closed) handler->on_closed(reason);
}

void TcpConnection::post_if_alive(std::function<void()> task) {
  loop_.post(life_.guard(std::move(task)));
}

}  // namespace millrace::io
