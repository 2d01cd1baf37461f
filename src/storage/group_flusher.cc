#include "storage/group_flusher.h"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/fault_point.h"
#include "storage/partition_log.h"

namespace millrace::storage {

/// One round takes all that is asked for so far, and syncs each log once.
///
/// Invariants
///   The mutex guards what is waiting and what is known of the rounds. It is held neither while a
///   log syncs nor while somebody is told, so both may ask for more.
///   A request belongs to a round that begins after it came, so its sync begins after its append.
///   Whoever waits is told exactly once; the thread ends only when nobody does.
class GroupFlusher::Worker {
 public:
  Worker(io::Env& env, Millis window)
      : window_(window),
        clock_(env.clock()),
        wake_(env.make_condition()),
        done_(env.make_condition()),
        thread_(env.start_thread("flusher", [this] { run(); })) {}

  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    wake_->notify_all();
    thread_->join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void add(std::shared_ptr<PartitionLog> log, Done done) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back({std::move(log), std::move(done)});
    }
    wake_->notify_one();
  }

  void drain() {
    std::unique_lock lock(mutex_);
    const std::uint64_t round = rounds_done_ + (is_busy_ ? 2 : 1);
    if (!is_busy_ && waiting_.empty()) return;
    done_->wait(lock, [&] { return rounds_done_ >= round || (!is_busy_ && waiting_.empty()); });
  }

 private:
  static constexpr Millis kLongFlush{700};  // in simulation only

  struct Request {
    std::shared_ptr<PartitionLog> log;
    Done done;  // empty: only sealed segments, and nobody waits
  };

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_->wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      if (window_ > Millis{0} && !is_stopping_) {
        (void)wake_->wait_for(lock, clock_, window_, [this] { return is_stopping_; });
      }
      // As behind a disk that is slow to sync: acknowledgements wait, appends go on.
      if (!is_stopping_ && FAULT_POINT("a flush takes long")) {
        (void)wake_->wait_for(lock, clock_, kLongFlush, [this] { return is_stopping_; });
      }
      std::vector<Request> round = std::exchange(waiting_, {});
      is_busy_ = true;
      lock.unlock();
      perform(round);
      round.clear();
      lock.lock();
      is_busy_ = false;
      ++rounds_done_;
      done_->notify_all();
    }
  }

  /// Syncs each log once, in the order first asked for. Who is told may append at once, and a
  /// second flush for those that the first one covered would then be a real one.
  static void perform(std::vector<Request>& round) {
    // By the place of each log's first request and not by address, so that a run can be repeated.
    std::map<const PartitionLog*, std::size_t> places;
    for (const Request& each : round) places.try_emplace(each.log.get(), places.size());
    std::stable_sort(round.begin(), round.end(), [&](const Request& left, const Request& right) {
      return places.at(left.log.get()) < places.at(right.log.get());
    });
    for (auto first = round.begin(); first != round.end();) {
      const auto next = std::find_if(first, round.end(),
                                     [&](const Request& other) { return other.log != first->log; });
      const bool is_awaited =
          std::any_of(first, next, [](const Request& each) { return each.done != nullptr; });
      const Status status = is_awaited ? first->log->flush() : first->log->flush_sealed();
      for (; first != next; ++first) {
        if (first->done) first->done(status);
      }
    }
  }

  const Millis window_;
  const Clock& clock_;
  std::mutex mutex_;
  const std::unique_ptr<io::Condition> wake_;
  const std::unique_ptr<io::Condition> done_;
  std::vector<Request> waiting_;
  bool is_stopping_ = false;
  bool is_busy_ = false;
  std::uint64_t rounds_done_ = 0;
  const std::unique_ptr<io::Thread> thread_;  // last: it uses the others
};

GroupFlusher::GroupFlusher(io::Env& env, Millis window)
    : worker_(std::make_unique<Worker>(env, window)) {}
GroupFlusher::~GroupFlusher() = default;

void GroupFlusher::request(std::shared_ptr<PartitionLog> log, Done done) {
  worker_->add(std::move(log), std::move(done));
}

void GroupFlusher::request_sealed(std::shared_ptr<PartitionLog> log) {
  worker_->add(std::move(log), {});
}

void GroupFlusher::drain() {
  worker_->drain();
}

}  // namespace millrace::storage
