#include "io/env.h"
#include "io/posix_file_system.h"

namespace millrace::io {
namespace {

class SystemEnv final : public Env {
 public:
  FileSystem& files() override { return *files_; }
  const Clock& clock() const override { return clock_; }
  Random make_random() override { return Random::from_entropy(); }
  std::unique_ptr<EventLoop> make_loop() override { return make_event_loop(); }

 private:
  const std::unique_ptr<FileSystem> files_ = make_posix_file_system();
  const SystemClock clock_{};  // braces: clang wants them for a const member
};

}  // namespace

std::unique_ptr<Env> make_system_env() {
  return std::make_unique<SystemEnv>();
}

}  // namespace millrace::io
