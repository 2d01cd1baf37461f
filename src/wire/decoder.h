// Decoding as a visitor. It trusts no length: what is claimed must fit into what is left, element
// by element, before memory is taken. Nesting is as deep as the message types are, never deeper.
// Part of wire/codec.h.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <type_traits>

#include "base/byte_reader.h"
#include "wire/field.h"
#include "wire/field_types.h"

namespace millrace::wire {

class Decoder {
 public:
  Decoder(ByteReader& reader, std::int16_t version, Layout layout)
      : reader_(&reader), version_(version), layout_(layout) {}

  bool ok() const { return reader_->ok() && complaint_ == nullptr; }
  /// What contradicts the format, or null when bytes were merely missing (the reader knows).
  const char* complaint() const { return complaint_; }
  /// The innermost field that could not be read.
  std::string_view failed_field() const { return failed_field_; }

  template <StructField S>
  void structure(S& message) {
    S::fields([&](auto member, const Field& field) {
      if (!ok() || field.is_tagged() || !field.versions.contains(version_)) return;
      read(message.*member, field);
    });
    if (is_flexible() && ok()) tagged_fields(message);
  }

 private:
  bool is_flexible() const { return layout_ == Layout::kFlexible; }

  // Room taken before the elements are seen: a long array grows as it is read.
  static constexpr std::size_t kReserveMax = 256;

  template <class T>
  void read(T& value, const Field& field) {
    this->value(value, field);
    if (!ok() && failed_field_.empty()) failed_field_ = field.name;
  }

  template <StructField S>
  void tagged_fields(S& message) {
    const std::uint32_t count = reader_->uvarint();
    if (count > kTaggedFieldsMax) {
      refuse("more than 10000 tagged fields");
      failed_field_ = "tagged fields";
      return;
    }
    for (std::uint32_t i = 0; i < count && ok(); ++i) {
      const std::uint32_t tag = reader_->uvarint();
      const std::uint32_t size = reader_->uvarint();
      const std::string_view bytes = reader_->bytes(size);
      if (!ok()) {
        failed_field_ = "tagged fields";
        return;
      }
      S::fields([&](auto member, const Field& field) {
        if (!field.is_tagged() || static_cast<std::uint32_t>(field.tag) != tag ||
            !field.versions.contains(version_)) {
          return;
        }
        tagged_field(message.*member, field, bytes);
      });
    }
  }

  template <class T>
  void tagged_field(T& value, const Field& field, std::string_view bytes) {
    ByteReader* const outer = reader_;
    ByteReader inner(bytes);
    reader_ = &inner;
    read(value, field);
    reader_ = outer;
    if (!inner.ok() || inner.remaining() > 0) {
      refuse("tagged field whose size does not match its contents");
      if (failed_field_.empty()) failed_field_ = field.name;
    }
  }

  template <class T>
  void value(T& value, const Field& field) {
    if constexpr (std::is_same_v<T, bool>) {
      value = reader_->i8() != 0;
    } else if constexpr (ScalarField<T>) {
      scalar(value);
    } else if constexpr (UuidField<T>) {
      const std::string_view raw = reader_->bytes(value.bytes.size());
      if (reader_->ok()) std::memcpy(value.bytes.data(), raw.data(), raw.size());
    } else if constexpr (RecordsField<T>) {
      const auto size = length_32(field);
      value.is_null = !size.has_value();
      value.bytes = reader_->bytes(size.value_or(0));
    } else if constexpr (OptionalField<T>) {
      optional(value, field);
    } else if constexpr (StringField<T> || VectorField<T>) {
      contents(value, length_of<T>(field).value_or(0), field);
    } else {
      structure(value);
    }
  }

  template <ScalarField T>
  void scalar(T& value) {
    if constexpr (std::is_same_v<T, double>) {
      value = reader_->f64();
    } else if constexpr (sizeof(T) == 1) {
      value = static_cast<T>(reader_->u8());
    } else if constexpr (sizeof(T) == 2) {
      value = static_cast<T>(reader_->u16());
    } else if constexpr (sizeof(T) == 4) {
      value = static_cast<T>(reader_->u32());
    } else {
      value = static_cast<T>(reader_->i64());
    }
  }

  template <class T>
  void optional(std::optional<T>& value, const Field& field) {
    value.reset();
    if constexpr (StructField<T>) {
      // Made from a value: clang does not see that a nested structure can be made from nothing.
      if (is_present(field)) structure(value.emplace(T{}));
    } else {
      const auto length = length_of<T>(field);
      if (length.has_value()) contents(value.emplace(), *length, field);
    }
  }

  /// Reads what is in front of a structure that may be null: see Encoder::presence.
  bool is_present(const Field& field) {
    const std::int64_t said =
        field.is_tagged() ? std::int64_t{reader_->uvarint()} - 1 : reader_->i8();
    return checked_length(said, field).has_value() && ok();
  }

  void contents(std::string& text, std::size_t length, const Field&) {
    text.assign(reader_->bytes(length));
  }

  template <class T>
  void contents(std::vector<T>& elements, std::size_t count, const Field& field) {
    elements.clear();
    if (!ok() || count == 0) return;
    if (count > reader_->remaining() / size_min<T>(field)) {
      return refuse("array longer than the bytes that are left");
    }
    if (count > kArrayElementsMax) return refuse("array of more than 1000000 elements");
    elements.reserve(std::min(count, kReserveMax));
    for (std::size_t i = 0; i < count && ok(); ++i) value(elements.emplace_back(), field);
  }

  /// The length in front of a T; nothing says null.
  template <class T>
  std::optional<std::size_t> length_of(const Field& field) {
    if constexpr (StringField<T>) {
      if (!field.is_bytes) return length_of_string(field);
    }
    return length_32(field);
  }

  std::optional<std::size_t> length_of_string(const Field& field) {
    if (!is_flexible()) return checked_length(reader_->i16(), field);
    const auto length = length_32(field);
    if (length.value_or(0) > kStringSizeMax) refuse("string longer than 32767 bytes");
    return length;
  }

  std::optional<std::size_t> length_32(const Field& field) {
    if (is_flexible()) return checked_length(std::int64_t{reader_->uvarint()} - 1, field);
    return checked_length(reader_->i32(), field);
  }

  std::optional<std::size_t> checked_length(std::int64_t length, const Field& field) {
    if (!reader_->ok()) return 0;
    if (length >= 0) return static_cast<std::size_t>(length);
    if (!field.null_versions.contains(version_))
      refuse("null where this version does not allow it");
    return std::nullopt;
  }

  /// The fewest bytes that a T takes on the wire; at least 1, so that a count is bounded by it.
  template <class T>
  std::size_t size_min(const Field& field) const {
    if constexpr (ScalarField<T>) {
      return sizeof(T);
    } else if constexpr (UuidField<T>) {
      return sizeof(Uuid);
    } else if constexpr (StringField<T>) {
      if (is_flexible()) return 1;
      return field.is_bytes ? 4 : 2;
    } else if constexpr (OptionalField<T>) {
      using Inner = typename T::value_type;
      if constexpr (StructField<Inner>) return sizeof(StructPresence);
      return size_min<Inner>(field);
    } else if constexpr (VectorField<T> || RecordsField<T>) {
      return is_flexible() ? 1 : 4;
    } else {
      std::size_t sum = is_flexible() ? 1 : 0;
      T::fields([&](auto member, const Field& inner) {
        if (inner.is_tagged() || !inner.versions.contains(version_)) return;
        sum += size_min<std::remove_cvref_t<decltype(std::declval<T>().*member)>>(inner);
      });
      return std::max<std::size_t>(sum, 1);
    }
  }

  void refuse(const char* complaint) {
    if (ok()) complaint_ = complaint;
  }

  ByteReader* reader_;
  std::int16_t version_;
  Layout layout_;
  const char* complaint_ = nullptr;
  std::string_view failed_field_;
};

}  // namespace millrace::wire
