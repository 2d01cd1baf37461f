#include "streams/dsl/common_types.h"

namespace millrace::streams {

template class internal::PlainCodec<std::string, SerdeFor<std::string>>;
template class internal::PlainCodec<std::string_view, SerdeFor<std::string_view>>;
template class internal::PlainCodec<std::int64_t, SerdeFor<std::int64_t>>;
template class internal::PlainCodec<std::int32_t, SerdeFor<std::int32_t>>;
template class internal::PlainCodec<double, SerdeFor<double>>;
template class internal::PlainCodec<Windowed<std::string>, WindowedSerde<std::string>>;
template class internal::PlainCodec<Windowed<std::string_view>, WindowedSerde<std::string_view>>;

template class TypedSource<std::string, std::string>;
template class TypedSource<std::string_view, std::string_view>;
template class TypedSource<std::string, std::int64_t>;
template class TypedSource<std::string_view, std::int64_t>;

template class TypedSink<std::string, std::string>;
template class TypedSink<std::string_view, std::string_view>;
template class TypedSink<std::string, std::int64_t>;
template class TypedSink<std::string_view, std::int64_t>;
template class TypedSink<Windowed<std::string>, std::int64_t>;
template class TypedSink<Windowed<std::string_view>, std::int64_t>;

template class KeyedOnlyNode<std::string, std::string>;
template class KeyedOnlyNode<std::string_view, std::string_view>;
template class NewValueNode<std::string, std::int64_t>;
template class NewValueNode<std::string_view, std::int64_t>;
template class NewValueNode<Windowed<std::string>, std::int64_t>;
template class NewValueNode<Windowed<std::string_view>, std::int64_t>;

}  // namespace millrace::streams
