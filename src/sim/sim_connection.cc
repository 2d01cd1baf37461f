#include "sim/sim_connection.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"

namespace millrace::sim {
namespace {

constexpr std::size_t kPrefixBytes = 4;
constexpr std::chrono::milliseconds kRetryWhenCut{10};

Error closed_here() {
  return {ErrorCode::kClosed, "the connection was closed by this side"};
}

Status append_chunk(Buffer& to, const io::Chunk& chunk) {
  if (const auto* const owned = std::get_if<Buffer>(&chunk)) {
    to.append(owned->view());
  } else if (const auto* const shared = std::get_if<SharedBuffer>(&chunk)) {
    to.append((*shared)->view());
  } else if (const auto* const part = std::get_if<io::BufferSlice>(&chunk)) {
    to.append(part->buffer->view().substr(part->position, part->size_bytes));
  } else {
    const auto& slice = std::get<io::FileSlice>(chunk);
    const auto size = static_cast<std::size_t>(slice.size_bytes);
    const auto count = slice.file->read_at(slice.position, {to.extend(size), size});
    if (!count.ok()) return count.error();
    if (*count < size) {
      return Error{ErrorCode::kIo, fmt::format("a file ended {} bytes before what was to be sent "
                                               "of it",
                                               size - *count)};
    }
  }
  return {};
}

}  // namespace

void SimLink::post(Side at, std::function<void(SimLink&)> task) {
  if (!ends[at].is_alive) return;
  ends[at].lane->post([link = shared_from_this(), at, task = std::move(task)] {
    if (link->ends[at].is_alive) task(*link);
  });
}

void SimLink::send(Side from, io::Chunks frame) {
  End& end = ends[from];
  if (end.is_closed || end.is_flushing) return;
  Buffer bytes;
  for (const io::Chunk& chunk : frame) {
    if (auto status = append_chunk(bytes, chunk); !status.ok()) {
      finish(from, std::move(status).error());
      hang_up(from, Unsent::kMayBeLost);
      return;
    }
  }
  end.unsent_bytes += kPrefixBytes + bytes.size();
  end.in_transit.emplace_back(std::move(bytes));
  schedule_arrival(from);
}

void SimLink::schedule_arrival(Side from) {
  network.lane_.call_after(network.latency(),
                           [link = shared_from_this(), from] { link->arrive(from); });
}

void SimLink::arrive(Side from) {
  End& sender = ends[from];
  const Side to = 1 - from;
  if (!network.can_reach(sender.host, ends[to].host)) {
    network.lane_.call_after(kRetryWhenCut,
                             [link = shared_from_this(), from] { link->arrive(from); });
    return;
  }
  if (sender.in_transit.empty()) return;  // lost meanwhile
  std::optional<Buffer> item = std::move(sender.in_transit.front());
  sender.in_transit.pop_front();
  if (!item) {
    // Behind the frames that wait over there: the end is read after them.
    post(to, [to](SimLink& link) {
      if (link.ends[to].inbox.empty() || link.ends[to].is_flushing) {
        link.finish(to, {ErrorCode::kClosed, "the peer closed the connection"});
      } else {
        link.ends[1 - to].in_transit.emplace_front(std::nullopt);
        link.schedule_arrival(1 - to);
      }
    });
    if (sender.is_flushing) finish(from, closed_here());
    return;
  }
  if (network.scheduler_.random().chance(network.options_.frame_reset_chance)) {
    network.break_link(*this);
    return;
  }
  if (ends[to].is_gone) {
    // The host knows nothing of such a connection, and says so once somebody listens there again.
    if (network.listens(ends[to].host)) {
      finish(from, {ErrorCode::kClosed, "the peer knows nothing of this connection any more"});
    }
    return;
  }
  if (ends[to].is_closed || !ends[to].is_alive) return;
  ends[to].inbox.push_back(*std::move(item));
  post(to, [to](SimLink& link) { link.hand_out(to); });
}

void SimLink::hand_out(Side at) {
  End& end = ends[at];
  if (end.delivers) return;
  end.delivers = true;
  const auto handler = end.handler;
  while (end.is_alive && handler != nullptr && !end.is_paused && !end.is_closed &&
         !end.is_flushing && !end.inbox.empty()) {
    Buffer frame = std::move(end.inbox.front());
    end.inbox.pop_front();
    ends[1 - at].unsent_bytes -= std::min(ends[1 - at].unsent_bytes, kPrefixBytes + frame.size());
    wake_waiters(1 - at);
    if (frame.size() > end.frame_size_max) {
      finish(at, {ErrorCode::kTooLarge, fmt::format("a frame announces {} bytes; at most {} are "
                                                    "taken",
                                                    frame.size(), end.frame_size_max)});
      hang_up(at, Unsent::kMayBeLost);
      break;
    }
    handler->on_frame(std::move(frame));
  }
  end.delivers = false;
}

void SimLink::wake_waiters(Side at) {
  End& end = ends[at];
  for (Waiter& waiter : end.waiters) {
    if (end.unsent_bytes > waiter.threshold) continue;
    post(at, [task = std::exchange(waiter.task, nullptr)](SimLink&) { task(); });
  }
  std::erase_if(end.waiters, [](const Waiter& waiter) { return waiter.task == nullptr; });
}

void SimLink::finish(Side at, Error reason) {
  End& end = ends[at];
  if (end.is_closed) return;
  end.is_closed = true;
  end.inbox.clear();
  end.waiters.clear();
  end.unsent_bytes = 0;
  end.close_reason = std::move(reason);
  if (end.handler != nullptr) post(at, [at](SimLink& link) { link.report_closed(at); });
}

void SimLink::report_closed(Side at) {
  const auto handler = std::exchange(ends[at].handler, nullptr);
  const Error reason = *ends[at].close_reason;
  if (handler != nullptr && handler->on_closed) handler->on_closed(reason);
}

void SimLink::hang_up(Side from, Unsent unsent) {
  auto& in_transit = ends[from].in_transit;
  if (unsent == Unsent::kMayBeLost && !in_transit.empty()) {
    const auto kept = network.scheduler_.random().below(in_transit.size() + 1);
    in_transit.resize(static_cast<std::size_t>(kept));
  }
  in_transit.emplace_back(std::nullopt);
  schedule_arrival(from);
}

SimConnection::~SimConnection() {
  SimLink::End& mine = end();
  mine.is_alive = false;
  if (!mine.is_closed) {
    mine.is_closed = true;
    if (!mine.is_flushing) link_->hang_up(side_, SimLink::Unsent::kMayBeLost);
  }
  mine.handler = nullptr;
  mine.inbox.clear();
  mine.waiters.clear();
}

void SimConnection::start(io::ConnectionHandler handler, std::size_t frame_size_max) {
  CHECK(end().handler == nullptr, "a connection is started once");
  end().handler = std::make_shared<const io::ConnectionHandler>(std::move(handler));
  end().frame_size_max = frame_size_max;
  const SimLink::Side side = side_;
  link_->post(side, [side](SimLink& link) {
    if (link.ends[side].is_closed) {
      link.report_closed(side);
    } else {
      link.hand_out(side);
    }
  });
}

void SimConnection::when_unsent_below(std::size_t threshold, io::Task task) {
  if (end().is_closed) return;
  end().waiters.push_back({.threshold = threshold, .task = std::move(task)});
  link_->wake_waiters(side_);
}

void SimConnection::resume_reading() {
  if (!std::exchange(end().is_paused, false) || end().delivers) return;
  link_->post(side_, [side = side_](SimLink& link) { link.hand_out(side); });
}

void SimConnection::close_after_flush() {
  if (end().is_closed || std::exchange(end().is_flushing, true)) return;
  link_->hang_up(side_, SimLink::Unsent::kArrives);
}

void SimConnection::close() {
  if (end().is_closed) return;
  const bool has_hung_up = end().is_flushing;
  link_->finish(side_, closed_here());
  if (!has_hung_up) link_->hang_up(side_, SimLink::Unsent::kMayBeLost);
}

}  // namespace millrace::sim
