// FAULT_POINT("what goes wrong here"): asks, at the spot in production code, whether the simulation
// wants something rare but legal to happen now: a delay, a short answer, a connection closed.
// Outside of a simulation the answer is no.
//   if (FAULT_POINT("fetch answers with less than it could")) bytes_max = 1;
#pragma once

#include <atomic>
#include <string_view>

namespace millrace {

/// Who decides. A simulation installs one for as long as it runs.
/// Only what a correct program must bear anyway may depend on the answer: a fault point finds what
/// nobody handles; it must not be able to break a promise by itself.
class FaultSource {
 public:
  virtual ~FaultSource() = default;
  virtual bool strikes(std::string_view point) = 0;

  /// Null takes the source away. Not while anything runs.
  static void install(FaultSource* source) { installed_.store(source, std::memory_order_release); }
  /// cost  one load where nothing is installed
  static bool asks(std::string_view point) {
    FaultSource* const source = installed_.load(std::memory_order_acquire);
    return source != nullptr && source->strikes(point);
  }

 private:
  static inline std::atomic<FaultSource*> installed_{nullptr};
};

}  // namespace millrace

#define FAULT_POINT(name) (::millrace::FaultSource::asks(name))
