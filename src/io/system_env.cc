#include <pthread.h>

#include <thread>
#include <utility>

#include "io/env.h"
#include "io/posix_file_system.h"

namespace millrace::io {
namespace {

class SystemThread final : public Thread {
 public:
  SystemThread(const std::string& name, std::function<void()> body) : thread_(std::move(body)) {
    constexpr std::size_t kNameBytesMax = 15;  // of Linux, without the end
    (void)pthread_setname_np(thread_.native_handle(), name.substr(0, kNameBytesMax).c_str());
  }
  ~SystemThread() override { join(); }
  SystemThread(const SystemThread&) = delete;
  SystemThread& operator=(const SystemThread&) = delete;

  void join() override {
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::thread thread_;
};

class SystemCondition final : public Condition {
 public:
  void notify_one() override { condition_.notify_one(); }
  void notify_all() override { condition_.notify_all(); }
  void wait(std::unique_lock<std::mutex>& lock) override { condition_.wait(lock); }
  std::cv_status wait_for(std::unique_lock<std::mutex>& lock, Millis timeout) override {
    return condition_.wait_for(lock, timeout);
  }

 private:
  std::condition_variable condition_;
};

class SystemEnv final : public Env {
 public:
  FileSystem& files() override { return *files_; }
  const Clock& clock() const override { return clock_; }
  Random make_random() override { return Random::from_entropy(); }
  std::unique_ptr<EventLoop> make_loop() override { return make_event_loop(); }
  std::unique_ptr<Thread> start_thread(const std::string& name,
                                       std::function<void()> body) override {
    return std::make_unique<SystemThread>(name, std::move(body));
  }
  std::unique_ptr<Condition> make_condition() override {
    return std::make_unique<SystemCondition>();
  }

 private:
  const std::unique_ptr<FileSystem> files_ = make_posix_file_system();
  const SystemClock clock_{};  // braces: clang wants them for a const member
};

}  // namespace

std::unique_ptr<Env> make_system_env() {
  return std::make_unique<SystemEnv>();
}

}  // namespace millrace::io
