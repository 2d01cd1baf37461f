// The instances of the DSL's templates that most applications use: compiled once, in
// common_types.cc, instead of in every file that builds a topology. A new one stands in both files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "streams/dsl/sink.h"
#include "streams/dsl/source.h"
#include "streams/dsl/stateless.h"
#include "streams/serde.h"
#include "streams/windows.h"

namespace millrace::streams {

extern template class internal::PlainCodec<std::string, SerdeFor<std::string>>;
extern template class internal::PlainCodec<std::string_view, SerdeFor<std::string_view>>;
extern template class internal::PlainCodec<std::int64_t, SerdeFor<std::int64_t>>;
extern template class internal::PlainCodec<std::int32_t, SerdeFor<std::int32_t>>;
extern template class internal::PlainCodec<double, SerdeFor<double>>;
extern template class internal::PlainCodec<Windowed<std::string>, WindowedSerde<std::string>>;
extern template class internal::PlainCodec<Windowed<std::string_view>,
                                           WindowedSerde<std::string_view>>;

extern template class TypedSource<std::string, std::string>;
extern template class TypedSource<std::string_view, std::string_view>;
extern template class TypedSource<std::string, std::int64_t>;
extern template class TypedSource<std::string_view, std::int64_t>;

extern template class TypedSink<std::string, std::string>;
extern template class TypedSink<std::string_view, std::string_view>;
extern template class TypedSink<std::string, std::int64_t>;
extern template class TypedSink<std::string_view, std::int64_t>;
extern template class TypedSink<Windowed<std::string>, std::int64_t>;
extern template class TypedSink<Windowed<std::string_view>, std::int64_t>;

extern template class KeyedOnlyNode<std::string, std::string>;
extern template class KeyedOnlyNode<std::string_view, std::string_view>;
extern template class NewValueNode<std::string, std::int64_t>;
extern template class NewValueNode<std::string_view, std::int64_t>;
extern template class NewValueNode<Windowed<std::string>, std::int64_t>;
extern template class NewValueNode<Windowed<std::string_view>, std::int64_t>;

}  // namespace millrace::streams
