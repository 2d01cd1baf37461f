// Serdes: how keys and values become bytes and back. Formats of the built-in ones are those of
// Kafka's own serializers, so that other clients read what a topology writes.
//
//   type                        bytes
//   std::string(_view)          as they are; a decoded view lives as long as the record's batch
//   std::int64_t, std::int32_t  big-endian, 8 and 4 bytes
//   double                      IEEE 754, big-endian
//   std::optional<T>            null, or as T
//   a struct                    its members in order: struct_serde(&Totals::requests, …)
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/buffer.h"
#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "base/fence.h"
#include "base/result.h"

namespace millrace::streams {

/// What a serde of T must offer. encode() appends to `out`; decode() may be given anything and
/// answers bad bytes with an Error, or throws, which means the same. What encode() throws fails the
/// task. A decode() that is noexcept costs no fence. Const calls come from several threads at once.
template <class S, class T>
concept Serde = requires(const S& serde, const T& value, Buffer& out, std::string_view bytes) {
  serde.encode(value, out);
  { serde.decode(bytes) } -> std::same_as<Result<T>>;
};

struct StringViewSerde {
  void encode(std::string_view value, Buffer& out) const { out.append(value); }
  Result<std::string_view> decode(std::string_view bytes) const noexcept { return bytes; }
  /// Optional part of a serde: the bytes without copying them, when the value already is bytes.
  std::string_view bytes_of(std::string_view value) const { return value; }
};

struct StringSerde {
  void encode(const std::string& value, Buffer& out) const { out.append(value); }
  Result<std::string> decode(std::string_view bytes) const { return std::string(bytes); }
  std::string_view bytes_of(const std::string& value) const { return value; }
};

template <std::signed_integral T>
struct IntegerSerde {
  void encode(T value, Buffer& out) const { store_big_endian(out.extend(sizeof(T)), value); }
  Result<T> decode(std::string_view bytes) const noexcept {
    if (bytes.size() == sizeof(T)) return load_big_endian<T>(bytes.data());
    return Error{ErrorCode::kCorrupt,
                 fmt::format("an integer takes {} bytes, not {}", sizeof(T), bytes.size())};
  }
};

struct DoubleSerde {
  void encode(double value, Buffer& out) const { ByteWriter(out).f64(value); }
  Result<double> decode(std::string_view bytes) const noexcept {
    if (bytes.size() == sizeof(double)) return ByteReader(bytes).f64();
    return Error{ErrorCode::kCorrupt, fmt::format("a double takes 8 bytes, not {}", bytes.size())};
  }
};

namespace internal {

template <class T>
void write_member(ByteWriter& writer, const T& value) {
  if constexpr (std::same_as<T, bool>) {
    writer.u8(value ? 1 : 0);
  } else if constexpr (std::integral<T>) {
    store_big_endian(writer.buffer().extend(sizeof(T)), value);
  } else if constexpr (std::same_as<T, double>) {
    writer.f64(value);
  } else {
    static_assert(std::same_as<T, std::string>, "a member is an integer, bool, double or string");
    writer.uvarint(value.size());
    writer.bytes(value);
  }
}

/// Leaves `value` alone where the bytes ended before it.
template <class T>
void read_member(ByteReader& reader, T& value) {
  if (reader.position() > 0 && reader.remaining() == 0) return;
  if constexpr (std::same_as<T, bool>) {
    value = reader.u8() != 0;
  } else if constexpr (std::integral<T>) {
    const std::string_view bytes = reader.bytes(sizeof(T));
    if (reader.ok()) value = load_big_endian<T>(bytes.data());
  } else if constexpr (std::same_as<T, double>) {
    value = reader.f64();
  } else {
    value = reader.bytes(reader.uvarint());
  }
}

}  // namespace internal

/// A struct as its members in order: integers and doubles big-endian, strings with an unsigned
/// varint length. The layout is the order of the arguments: append new members at the end only.
///
/// Bytes that were written before members were appended end where the last member of then ends: the
/// members after it keep the values that T{} gives them. Bytes that end inside a member, or before
/// the first, are refused. Bytes after the last member, of a later version, are not looked at, so
/// that a rolling upgrade can go back.
template <class T, class... Members>
class StructSerde {
 public:
  constexpr explicit StructSerde(Members T::*... members) : members_(members...) {}

  void encode(const T& value, Buffer& out) const {
    ByteWriter writer(out);
    std::apply([&](auto... member) { (internal::write_member(writer, value.*member), ...); },
               members_);
  }
  Result<T> decode(std::string_view bytes) const {
    ByteReader reader(bytes);
    T value{};
    std::apply([&](auto... member) { (internal::read_member(reader, value.*member), ...); },
               members_);
    if (!reader.ok()) return reader.status().error();
    return value;
  }

 private:
  std::tuple<Members T::*...> members_;
};

template <class T, class... Members>
constexpr StructSerde<T, Members...> struct_serde(Members T::*... members) {
  return StructSerde<T, Members...>(members...);
}

/// The serde that is meant when none is named. Specialise it for a type of your own:
///   template <> struct millrace::streams::SerdeFor<Totals> : TotalsSerde {};
template <class T>
struct SerdeFor;
template <>
struct SerdeFor<std::string_view> : StringViewSerde {};
template <>
struct SerdeFor<std::string> : StringSerde {};
template <>
struct SerdeFor<std::int64_t> : IntegerSerde<std::int64_t> {};
template <>
struct SerdeFor<std::int32_t> : IntegerSerde<std::int32_t> {};
template <>
struct SerdeFor<double> : DoubleSerde {};

namespace internal {

template <class T>
class Codec {
 public:
  virtual ~Codec() = default;
  virtual std::optional<std::string_view> bytes_of(const T& value, Buffer& scratch) const = 0;
  virtual Result<T> decode(std::optional<std::string_view> bytes) const = 0;
  virtual std::string_view partition_bytes(std::string_view encoded) const { return encoded; }
};

template <class T, Serde<T> S>
class PlainCodec final : public Codec<T> {
 public:
  explicit PlainCodec(S serde) : serde_(std::move(serde)) {}

  std::optional<std::string_view> bytes_of(const T& value, Buffer& scratch) const override {
    if constexpr (requires { serde_.bytes_of(value); }) {
      return serde_.bytes_of(value);
    } else {
      scratch.clear();
      serde_.encode(value, scratch);
      return scratch.view();
    }
  }
  Result<T> decode(std::optional<std::string_view> bytes) const override {
    if (!bytes) return Error{ErrorCode::kInvalidArgument, "null where a value is needed"};
    if constexpr (noexcept(serde_.decode(*bytes))) {
      return serde_.decode(*bytes);
    } else {
      return fenced("the serde of a value", [&] { return serde_.decode(*bytes); });
    }
  }
  std::string_view partition_bytes(std::string_view encoded) const override {
    if constexpr (requires { serde_.partition_bytes(encoded); }) {
      return serde_.partition_bytes(encoded);
    } else {
      return encoded;
    }
  }

 private:
  S serde_;
};

template <class T>
class NullableCodec;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
bool is_present(const T& value) {
  if constexpr (is_optional<T>) {
    return value.has_value();
  } else {
    return true;
  }
}

}  // namespace internal

/// Any serde of T, chosen at run time. Made without one it is SerdeFor<T>'s, or empty when there is
/// none: build() of the topology reports that where it matters. Cheap to copy.
template <class T>
class AnySerde {
 public:
  AnySerde() {
    if constexpr (internal::is_optional<T>) {
      AnySerde<typename T::value_type> inner;
      if (!inner.empty()) {
        codec_ =
            std::make_shared<internal::NullableCodec<typename T::value_type>>(std::move(inner));
      }
    } else if constexpr (requires { sizeof(SerdeFor<T>); }) {
      codec_ = std::make_shared<internal::PlainCodec<T, SerdeFor<T>>>(SerdeFor<T>{});
    }
  }
  template <Serde<T> S>
  AnySerde(S serde)  // NOLINT: implicit on purpose
      : codec_(std::make_shared<internal::PlainCodec<T, S>>(std::move(serde))) {}
  explicit AnySerde(std::shared_ptr<const internal::Codec<T>> codec) : codec_(std::move(codec)) {}

  bool empty() const { return codec_ == nullptr; }

  /// The bytes of `value`: a view of the value itself or of `scratch`; null for an empty optional.
  std::optional<std::string_view> bytes_of(const T& value, Buffer& scratch) const {
    return codec_->bytes_of(value, scratch);
  }
  Result<T> decode(std::optional<std::string_view> bytes) const { return codec_->decode(bytes); }
  /// The part of an encoded key that decides its partition: all of it, but for windowed keys.
  std::string_view partition_bytes(std::string_view encoded) const {
    return codec_->partition_bytes(encoded);
  }

 private:
  std::shared_ptr<const internal::Codec<T>> codec_;
};

namespace internal {

template <class T>
class NullableCodec final : public Codec<std::optional<T>> {
 public:
  std::optional<std::string_view> bytes_of(const std::optional<T>& value,
                                           Buffer& scratch) const override {
    if (!value) return std::nullopt;
    return inner_.bytes_of(*value, scratch);
  }
  Result<std::optional<T>> decode(std::optional<std::string_view> bytes) const override {
    if (!bytes) return std::optional<T>{};
    auto value = inner_.decode(bytes);
    if (!value.ok()) return std::move(value).error();
    return std::optional<T>{std::move(*value)};
  }
  explicit NullableCodec(AnySerde<T> inner) : inner_(std::move(inner)) {}

 private:
  AnySerde<T> inner_;
};

}  // namespace internal

/// Lets a serde carry nulls: the way to see tombstones.
template <class T>
AnySerde<std::optional<T>> nullable(AnySerde<T> inner = {}) {
  return AnySerde<std::optional<T>>(std::make_shared<internal::NullableCodec<T>>(std::move(inner)));
}

}  // namespace millrace::streams
