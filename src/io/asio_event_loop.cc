// The only place that includes Boost.Asio: an io_context for epoll, posted tasks and one timer, and
// its resolver. Reading and writing are our own calls, made when Asio says that a socket is ready.
#if defined(__SANITIZE_THREAD__)
// The thread sanitizer does not know fences; Asio's mutexes order everything that we use.
#define BOOST_ASIO_DISABLE_FENCED_BLOCK
#endif

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <thread>

#include "base/check.h"
#include "base/saturating.h"
#include "io/event_loop.h"
#include "io/socket_loop.h"
#include "io/tcp_network.h"
#include "io/timer_queue.h"

namespace millrace::io {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kScratchBytes = 64 * 1024;

class AsioSocketWatch final : public SocketWatch {
 public:
  AsioSocketWatch(asio::io_context& context, UniqueFd socket, Task on_readable, Task on_writable)
      : state_(std::make_shared<State>(context, std::move(socket), std::move(on_readable),
                                       std::move(on_writable))) {}
  ~AsioSocketWatch() override {
    state_->is_silenced = true;
    error_code ignored;
    state_->descriptor.close(ignored);
  }
  AsioSocketWatch(const AsioSocketWatch&) = delete;
  AsioSocketWatch& operator=(const AsioSocketWatch&) = delete;

  int fd() const override { return state_->descriptor.native_handle(); }

  void await_readable() override {
    state_->descriptor.async_wait(Descriptor::wait_read, [state = state_](const error_code&) {
      if (!state->is_silenced) state->on_readable();
    });
  }

  void await_writable() override {
    state_->descriptor.async_wait(Descriptor::wait_write, [state = state_](const error_code&) {
      if (!state->is_silenced) state->on_writable();
    });
  }

  UniqueFd release() override {
    state_->is_silenced = true;
    return UniqueFd(state_->descriptor.release());
  }

 private:
  // Held by the waits under way too, so that a callback may destroy the watch it was called by.
  using Descriptor = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;
  struct State {
    State(asio::io_context& context, UniqueFd socket, Task readable, Task writable)
        : descriptor(context, socket.release()),
          on_readable(std::move(readable)),
          on_writable(std::move(writable)) {}
    Descriptor descriptor;
    const Task on_readable;
    const Task on_writable;
    bool is_silenced = false;
  };

  const std::shared_ptr<State> state_;
};

class AsioEventLoop final : public SocketLoop {
 public:
  AsioEventLoop() : scratch_(std::make_unique_for_overwrite<char[]>(kScratchBytes)) {}

  ~AsioEventLoop() override {
    // Tasks may own connections, which have to go while the context is still whole.
    network_.reset();
    while (!timers_.empty()) (void)timers_.take_due(MonotonicTime::max());
  }
  AsioEventLoop(const AsioEventLoop&) = delete;
  AsioEventLoop& operator=(const AsioEventLoop&) = delete;

  void run() override {
    CHECK(thread_.exchange(std::this_thread::get_id()) == std::thread::id{},
          "a loop runs on one thread");
    const auto guard = asio::make_work_guard(context_);
    context_.run();
    context_.restart();
    thread_.store(std::thread::id{});
  }

  void stop() override { context_.stop(); }
  void post(Task task) override { asio::post(context_, std::move(task)); }
  bool is_loop_thread() const override { return thread_.load() == std::this_thread::get_id(); }
  MonotonicTime now() const override { return std::chrono::steady_clock::now(); }

  TimerId call_after(Millis delay, Task task) override {
    const TimerId timer = timers_.add(deadline_after(now(), delay), std::move(task));
    arm_wake();
    return timer;
  }

  void cancel(TimerId timer) override { timers_.cancel(timer); }

  std::unique_ptr<SocketWatch> watch(UniqueFd socket, Task on_readable, Task on_writable) override {
    return std::make_unique<AsioSocketWatch>(context_, std::move(socket), std::move(on_readable),
                                             std::move(on_writable));
  }

  void resolve(const Endpoint& endpoint, std::function<void(Result<Addresses>)> on_done) override {
    const auto flags = asio::ip::tcp::resolver::numeric_service;
    resolver_.async_resolve(
        endpoint.host, std::to_string(endpoint.port), flags,
        [endpoint, on_done](const error_code& failure,
                            const asio::ip::tcp::resolver::results_type& found) {
          if (failure) {
            on_done(Error{ErrorCode::kNotFound,
                          fmt::format("cannot connect to {}: the host name does not resolve ({})",
                                      endpoint.to_string(), failure.message())});
            return;
          }
          Addresses addresses;
          for (const auto& entry : found) {
            const asio::ip::tcp::endpoint each = entry.endpoint();
            SocketAddress address;
            std::memcpy(&address.storage, each.data(), each.size());
            address.length = static_cast<socklen_t>(each.size());
            addresses.push_back(address);
          }
          on_done(std::move(addresses));
        });
  }

  Network& network() override { return *network_; }

  std::span<char> scratch() override { return {scratch_.get(), kScratchBytes}; }

 private:
  // One system timer serves all; it is set to the earliest deadline, and may find nothing due.
  void arm_wake() {
    const auto next = timers_.next_deadline();
    if (!next || (armed_for_ && *armed_for_ <= *next)) return;
    armed_for_ = next;
    wake_.expires_at(*next);
    wake_.async_wait([this](const error_code& failure) {
      if (failure != asio::error::operation_aborted) run_due();
    });
  }

  void run_due() {
    armed_for_.reset();
    const MonotonicTime until = now();
    while (!context_.stopped()) {
      const Task task = timers_.take_due(until);
      if (!task) break;
      task();
    }
    arm_wake();
  }

  const std::unique_ptr<char[]> scratch_;
  TimerQueue timers_;
  std::optional<MonotonicTime> armed_for_;
  std::atomic<std::thread::id> thread_{};
  // Last but for what needs it: dropped tasks may still cancel timers.
  asio::io_context context_{1};
  asio::steady_timer wake_{context_};
  asio::ip::tcp::resolver resolver_{context_};
  std::unique_ptr<TcpNetwork> network_ = std::make_unique<TcpNetwork>(*this);
};

}  // namespace

std::unique_ptr<EventLoop> make_event_loop() {
  // sendfile has no flag against SIGPIPE, and a peer that hangs up must not end the process.
  struct sigaction current {};
  if (::sigaction(SIGPIPE, nullptr, &current) == 0 && current.sa_handler == SIG_DFL) {
    std::signal(SIGPIPE, SIG_IGN);
  }
  return std::make_unique<AsioEventLoop>();
}

}  // namespace millrace::io
