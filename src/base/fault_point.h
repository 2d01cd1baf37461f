// FAULT_POINT("what goes wrong here"): asks, at the spot in production code, whether the simulation
// wants something rare but legal to happen now: a delay, a short answer, a connection closed.
// Outside of a simulation the answer is no.
//   if (FAULT_POINT("fetch answers with less than it could")) bytes_max = 1;
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/probe.h"

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
  static FaultSource* installed() { return installed_.load(std::memory_order_acquire); }

 private:
  static inline std::atomic<FaultSource*> installed_{nullptr};
};

namespace internal {

/// One named fault point. It counts how often it struck as a probe of its own name does, so that a
/// fleet of simulations shows which faults it never tried.
template <ProbeName kName>
struct FaultSite {
  static inline Probe struck{kName.text, Probe::Kind::kFaultPoint};

  static bool asks() {
    FaultSource* const source = FaultSource::installed();
    if (source == nullptr || !source->strikes(kName.text)) return false;
    struck.hit();
    return true;
  }
};

}  // namespace internal
}  // namespace millrace

/// cost  one load where nothing is installed
#define FAULT_POINT(name) (::millrace::internal::FaultSite<name>::asks())
