// LentEnv: the Env that a program lends to something that it makes, or the machine's when it lends
// none; so that only those who test or simulate have to know what an Env is.
#pragma once

#include <memory>
#include <utility>

#include "io/env.h"

namespace millrace::io {

/// Stands first among the members of what uses it: what Env makes must go before Env does.
class LentEnv {
 public:
  /// `lent` must outlive this; null: makes a system Env and owns it.
  explicit LentEnv(Env* lent)
      : own_(lent == nullptr ? make_system_env() : nullptr),
        env_(lent == nullptr ? own_.get() : lent) {}

  Env& operator*() const { return *env_; }
  Env* operator->() const { return env_; }

 private:
  std::unique_ptr<Env> own_;
  Env* env_;  // on the heap or the lender's: stays where it is when this is moved
};

}  // namespace millrace::io
