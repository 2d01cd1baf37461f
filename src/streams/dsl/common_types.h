// The instances of the DSL's templates that most applications use: compiled once, in
// common_types.cc, instead of in every file that builds a topology. A new one stands in both files.
// Only nodes that call no codec: those are quicker when the compiler sees both together.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "streams/dsl/stateless.h"
#include "streams/windows.h"

namespace millrace::streams {

extern template class KeyedOnlyNode<std::string, std::string>;
extern template class KeyedOnlyNode<std::string_view, std::string_view>;
extern template class PassNode<std::string, std::int64_t>;
extern template class PassNode<std::string_view, std::int64_t>;
extern template class PassNode<Windowed<std::string>, std::int64_t>;
extern template class PassNode<Windowed<std::string_view>, std::int64_t>;

}  // namespace millrace::streams
