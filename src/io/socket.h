// What connections that carry frames and connections that carry bytes have in common.
#pragma once

#include <cstddef>
#include <functional>

#include "io/chunks.h"
#include "io/endpoint.h"

namespace millrace::io {

/// An open way to a peer. Everything on its loop's thread. Destroying it closes the way and
/// silences whoever listens to it.
class Socket {
 public:
  virtual ~Socket() = default;

  /// Queues `chunks` behind what is already queued, and writes as the peer takes it. From inside a
  /// callback with input the writing waits until all that was read together is handled, so that the
  /// answers leave together. After the end it does nothing.
  /// A FileSlice whose file turns out shorter than promised ends the way with kIo.
  virtual void send(Chunks chunks) = 0;
  /// Bytes queued and not yet taken by the kernel: the measure for back-pressure.
  virtual std::size_t unsent_bytes() const = 0;
  /// Calls `task` once, when unsent_bytes() has come down to `threshold` or less (at once when it
  /// already is, but never from inside this call). Dropped when the way ends first.
  virtual void when_unsent_below(std::size_t threshold, std::function<void()> task) = 0;
  /// No further input until resume_reading(); what the kernel holds stays there, so the peer feels
  /// it. When the peer leaves meanwhile, on_closed says so, unless it has sent more before.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;
  /// Sends what is queued, then closes. No further input.
  virtual void close_after_flush() = 0;
  /// Closes at once; what is queued is dropped.
  virtual void close() = 0;

  virtual Endpoint peer() const = 0;
  virtual Endpoint local() const = 0;
};

}  // namespace millrace::io
