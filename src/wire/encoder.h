// Encoding and sizing as one visitor, so that they cannot disagree. Part of wire/codec.h.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/byte_order.h"
#include "base/byte_writer.h"
#include "base/error.h"
#include "wire/field.h"
#include "wire/field_types.h"
#include "wire/message.h"

namespace millrace::wire {

/// Where a fixed-width integer of the wire ends up.
class BufferSink {
 public:
  explicit BufferSink(Buffer& out) : out_(out), writer_(out) {}

  template <class T>
  void integer(T value) {
    store_big_endian(out_.extend(sizeof(T)), value);
  }
  void uvarint(std::uint64_t value) { writer_.uvarint(value); }
  void bytes(std::string_view value) { writer_.bytes(value); }
  std::size_t position() const { return out_.size(); }

 private:
  Buffer& out_;
  ByteWriter writer_;
};

/// Takes the same calls as BufferSink and only counts.
class SizeSink {
 public:
  template <class T>
  void integer(T) {
    size_ += sizeof(T);
  }
  void uvarint(std::uint64_t value) { size_ += uvarint_size(value); }
  void bytes(std::string_view value) { size_ += value.size(); }
  std::size_t position() const { return size_; }

 private:
  std::size_t size_ = 0;
};

/// Why a message cannot be written in a version; the first reason is kept.
struct EncodeFailure {
  ErrorCode code = ErrorCode::kInvalidArgument;
  const char* reason = nullptr;
  std::string_view field;
};

template <class Sink>
class Encoder {
 public:
  Encoder(Sink& sink, std::int16_t version, Layout layout, std::vector<Splice>* splices)
      : sink_(sink), version_(version), layout_(layout), splices_(splices) {}

  const EncodeFailure& failure() const { return failure_; }

  template <StructField S>
  void structure(const S& message) {
    std::uint32_t tagged_count = 0;
    S::fields([&](auto member, const Field& field) {
      const auto& value = message.*member;
      if (!field.versions.contains(version_)) {
        if (!field.is_ignorable && !equals_default(value, default_of<S>().*member)) {
          fail(ErrorCode::kUnsupported, "is set, and this version cannot carry it", field);
        }
      } else if (!field.is_tagged()) {
        this->value(value, field);
      } else if (!equals_default(value, default_of<S>().*member)) {
        ++tagged_count;
      }
    });
    if (!is_flexible()) return;
    sink_.uvarint(tagged_count);
    if (tagged_count > 0) tagged_fields(message);
  }

 private:
  bool is_flexible() const { return layout_ == Layout::kFlexible; }

  template <StructField S>
  void tagged_fields(const S& message) {
    S::fields([&](auto member, const Field& field) {
      const auto& value = message.*member;
      if (!field.is_tagged() || !field.versions.contains(version_) ||
          equals_default(value, default_of<S>().*member)) {
        return;
      }
      SizeSink size;
      Encoder<SizeSink>(size, version_, layout_, splices_).value(value, field);
      sink_.uvarint(static_cast<std::uint32_t>(field.tag));
      sink_.uvarint(size.position());
      this->value(value, field);
    });
  }

  template <class T>
  void value(const T& value, const Field& field) {
    if constexpr (std::is_same_v<T, bool>) {
      sink_.integer(static_cast<std::int8_t>(value ? 1 : 0));
    } else if constexpr (std::is_same_v<T, double>) {
      sink_.integer(std::bit_cast<std::uint64_t>(value));
    } else if constexpr (ScalarField<T>) {
      sink_.integer(value);
    } else if constexpr (StringField<T>) {
      string(value, field);
    } else if constexpr (UuidField<T>) {
      sink_.bytes({reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()});
    } else if constexpr (RecordsField<T>) {
      records(value, field);
    } else if constexpr (OptionalField<T>) {
      using Inner = typename T::value_type;
      if (!value.has_value()) {
        null<Inner>(field);
        return;
      }
      if constexpr (StructField<Inner>) presence(StructPresence::kPresent, field);
      this->value(*value, field);
    } else if constexpr (VectorField<T>) {
      length_32(value.size());
      for (const auto& element : value) this->value(element, field);
    } else {
      structure(value);
    }
  }

  void string(std::string_view text, const Field& field) {
    if (field.is_bytes) {
      length_32(text.size());
    } else {
      if (text.size() > kStringSizeMax) {
        fail(ErrorCode::kTooLarge, "is longer than 32767 bytes", field);
      }
      if (is_flexible()) {
        sink_.uvarint(text.size() + 1);
      } else {
        sink_.integer(static_cast<std::int16_t>(text.size()));
      }
    }
    sink_.bytes(text);
  }

  void records(const Records& records, const Field& field) {
    if (records.is_null) return null<Records>(field);
    length_32(records.size_bytes());
    sink_.bytes(records.bytes);
    if (records.external_size == 0) return;
    if (splices_ == nullptr) {
      fail(ErrorCode::kTooLarge, "lies outside, and only a response may have such parts", field);
    } else if constexpr (std::is_same_v<Sink, BufferSink>) {
      splices_->push_back({sink_.position(), records.external_size});
    }
  }

  /// Before a structure that may be null: one byte, or a varint where it lies in a tagged field.
  void presence(StructPresence is_there, const Field& field) {
    if (field.is_tagged()) {
      sink_.uvarint(is_there == StructPresence::kPresent ? 1 : 0);
    } else {
      sink_.integer(static_cast<std::int8_t>(is_there));
    }
  }

  /// No T. In the plain layout the length of a string has 16 bits, that of all else 32.
  template <class T>
  void null(const Field& field) {
    if (!field.null_versions.contains(version_)) {
      fail(ErrorCode::kInvalidArgument, "is null, which this version does not allow", field);
    }
    if constexpr (StructField<T>) {
      presence(StructPresence::kNull, field);
    } else if (is_flexible()) {
      sink_.uvarint(0);
    } else if (StringField<T> && !field.is_bytes) {
      sink_.integer(std::int16_t{-1});
    } else {
      sink_.integer(std::int32_t{-1});
    }
  }

  void length_32(std::uint64_t length) {
    if (is_flexible()) {
      sink_.uvarint(length + 1);
    } else {
      sink_.integer(static_cast<std::int32_t>(length));
    }
  }

  void fail(ErrorCode code, const char* reason, const Field& field) {
    if (failure_.reason == nullptr) failure_ = {code, reason, field.name};
  }

  template <class>
  friend class Encoder;

  Sink& sink_;
  std::int16_t version_;
  Layout layout_;
  std::vector<Splice>* splices_;
  EncodeFailure failure_;
};

}  // namespace millrace::wire
