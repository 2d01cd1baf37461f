#include "streams/user_function.h"

#include <exception>
#include <string>

namespace millrace::streams {

Error error_of_thrown() {
  constexpr const char* kThrown = "a function of the application threw ";
  try {
    throw;
  } catch (const std::exception& thrown) {
    return {ErrorCode::kInvalidArgument, std::string(kThrown) + "an exception: " + thrown.what()};
  } catch (...) {
    return {ErrorCode::kInvalidArgument,
            std::string(kThrown) + "something that is not a std::exception"};
  }
}

}  // namespace millrace::streams
