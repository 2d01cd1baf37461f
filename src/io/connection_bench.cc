// What a frame costs between two loops over loopback: small ones pipelined and echoed, and bytes of
// a file by sendfile. CPU time is that of the whole process, both sides.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>

#include "io/event_loop.h"
#include "io/network.h"
#include "io/posix_file_system.h"

namespace millrace::io {
namespace {

constexpr std::size_t kFrameMax = 64 * 1024 * 1024;

/// A server on a thread of its own; `on_frame` says what to do with a frame.
class Server {
 public:
  using OnFrame = std::function<void(Connection&, Buffer)>;

  explicit Server(OnFrame on_frame) {
    auto made = loop_->network().listen(
        {.host = "127.0.0.1", .port = 0}, {},
        [this, on_frame](std::unique_ptr<Connection> connection) {
          connection_ = std::move(connection);
          connection_->start(
              {.on_frame = [this,
                            on_frame](Buffer frame) { on_frame(*connection_, std::move(frame)); },
               .on_closed = [](const Error&) {}},
              kFrameMax);
        });
    listener_ = std::move(made).value();
    thread_ = std::thread([this] { loop_->run(); });
  }
  ~Server() {
    loop_->stop();
    thread_.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Endpoint endpoint() const { return listener_->local_endpoint(); }

 private:
  std::unique_ptr<EventLoop> loop_ = make_event_loop();
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Connection> connection_;
  std::thread thread_;
};

/// Keeps `in_flight` requests under way until `total` are answered.
class Client {
 public:
  Client(const Endpoint& endpoint, std::string request) : request_(Buffer::copy_of(request)) {
    loop_->network().connect(endpoint, Millis{5000}, [this](auto made) {
      connection_ = std::move(made).value();
      connection_->start({.on_frame = [this](const Buffer& frame) { on_answer(frame.size()); },
                          .on_closed = [](const Error&) {}},
                         kFrameMax);
      loop_->stop();
    });
    loop_->run();
  }

  void exchange(std::size_t total, std::size_t in_flight) {
    to_send_ = total;
    to_receive_ = total;
    for (std::size_t i = 0; i < in_flight && to_send_ > 0; ++i) send_one();
    loop_->run();
  }

  std::size_t bytes() const { return bytes_; }

 private:
  void send_one() {
    --to_send_;
    connection_->send(one_chunk(Buffer::copy_of(request_.view())));
  }

  void on_answer(std::size_t size) {
    bytes_ += size;
    if (--to_receive_ == 0) {
      loop_->stop();
    } else if (to_send_ > 0) {
      send_one();
    }
  }

  std::unique_ptr<EventLoop> loop_ = make_event_loop();
  std::unique_ptr<Connection> connection_;
  const Buffer request_;
  std::size_t to_send_ = 0;
  std::size_t to_receive_ = 0;
  std::size_t bytes_ = 0;
};

// range(0): requests in flight.
void EchoSmallFrames(benchmark::State& state) {
  constexpr std::size_t kBatch = 20'000;
  const Server server([](Connection& to, Buffer frame) { to.send(one_chunk(std::move(frame))); });
  Client client(server.endpoint(), std::string(100, 'x'));
  for (auto _ : state) client.exchange(kBatch, static_cast<std::size_t>(state.range(0)));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(EchoSmallFrames)->Arg(1)->Arg(100)->MeasureProcessCPUTime()->UseRealTime();

// range(0): bytes of each slice.
void SendSlicesOfAFile(benchmark::State& state) {
  std::string path = "/tmp/millrace_bench_XXXXXX";
  ::close(::mkstemp(path.data()));
  const std::shared_ptr<File> file =
      make_posix_file_system()->open(path, OpenMode::kReadWrite).value();
  ::unlink(path.c_str());
  const auto slice_size = static_cast<std::size_t>(state.range(0));
  if (!file->append(std::string(slice_size, 'y')).ok()) state.SkipWithError("cannot write");

  constexpr std::size_t kBatch = 200;
  const Server server([&](Connection& to, const Buffer&) {
    Chunks chunks = one_chunk(Buffer::copy_of("head"));
    chunks.emplace_back(FileSlice{.file = file, .position = 0, .size_bytes = slice_size});
    to.send(std::move(chunks));
  });
  Client client(server.endpoint(), "fetch");
  for (auto _ : state) client.exchange(kBatch, 4);
  state.SetBytesProcessed(static_cast<std::int64_t>(client.bytes()));
}
BENCHMARK(SendSlicesOfAFile)->Arg(1 << 20)->MeasureProcessCPUTime()->UseRealTime();

}  // namespace
}  // namespace millrace::io
