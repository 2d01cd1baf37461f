#include "streams/dsl/common_types.h"

namespace millrace::streams {

template class KeyedOnlyNode<std::string, std::string>;
template class KeyedOnlyNode<std::string_view, std::string_view>;
template class PassNode<std::string, std::int64_t>;
template class PassNode<std::string_view, std::int64_t>;
template class PassNode<Windowed<std::string>, std::int64_t>;
template class PassNode<Windowed<std::string_view>, std::int64_t>;

}  // namespace millrace::streams
