// Lifetime: how a callback that may come late finds out whether the object it is about still
// stands.
//
// The rule: a callback that can outlive the object it works on captures a Watch by value and asks
// that before it touches the object, be it `this` or one behind a pointer; nothing is ever asked
// through the object itself. guard() wraps a callback that has nothing to do after the end; one
// that owes somebody an answer captures watch() and answers either way.
#pragma once

#include <memory>
#include <utility>

namespace millrace {

/// A member of the object, the last one declared unless the destructor calls end() itself.
/// thread  one: callbacks run, and the object is destroyed, where the object lives
/// cost    one allocation an object; a watch is a reference counted pointer
class Lifetime {
 public:
  class Watch {
   public:
    bool is_over() const { return *is_over_; }

   private:
    friend class Lifetime;
    explicit Watch(std::shared_ptr<const bool> is_over) : is_over_(std::move(is_over)) {}
    std::shared_ptr<const bool> is_over_;
  };

  Lifetime() = default;
  ~Lifetime() { end(); }
  Lifetime(const Lifetime&) = delete;
  Lifetime& operator=(const Lifetime&) = delete;

  Watch watch() const { return Watch(is_over_); }
  /// From now on every watch says so. First in the destructor of an object whose destructor calls
  /// out.
  void end() { *is_over_ = true; }
  /// `callback`, made to do nothing after the end.
  template <class Callback>
  auto guard(Callback callback) const {
    return Guarded<Callback>{watch(), std::move(callback)};
  }

 private:
  template <class Callback>
  struct Guarded {
    Watch watch;
    mutable Callback callback;  // called as std::function calls: const or not does not matter

    template <class... Arguments>
    void operator()(Arguments&&... arguments) const {
      if (!watch.is_over()) callback(std::forward<Arguments>(arguments)...);
    }
  };

  const std::shared_ptr<bool> is_over_ = std::make_shared<bool>(false);
};

}  // namespace millrace
