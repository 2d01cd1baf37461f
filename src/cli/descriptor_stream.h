// Stdio on a descriptor that came from elsewhere: a parent may have made it non-blocking, which
// stdio takes for a failure.
#pragma once

#include <cstdio>
#include <memory>

namespace millrace::cli {

struct StreamCloser {
  void operator()(std::FILE* stream) const { (void)std::fclose(stream); }
};
using OwnedStream = std::unique_ptr<std::FILE, StreamCloser>;

enum class StreamUse {
  kRead,
  kWriteBuffered,  // by lines on a terminal
  kWriteAtOnce,
};

/// A stream on `fd`, which is borrowed and stays open. Where the descriptor says that it would
/// block, the stream waits; its flags, which the parent sees too, are left alone.
///
/// Once a StopSignal has come, a read fails with EINTR instead of waiting or going on, and a write
/// fails with EINTR where nobody makes room within a second.
OwnedStream open_descriptor_stream(int fd, StreamUse use);

}  // namespace millrace::cli
