// The definitions of Codec<M> (wire/message.h). Only the .cc of each API includes this, and says
// `template struct Codec<ProduceRequest>;`.
#pragma once

#include <fmt/format.h>

#include "wire/decoder.h"
#include "wire/encoder.h"
#include "wire/json_dumper.h"
#include "wire/message.h"
#include "wire/random_filler.h"

namespace millrace::wire {

Error version_error(std::string_view message_name, VersionRange known, std::int16_t wanted);
Error encode_error(std::string_view message_name, std::int16_t version,
                   const EncodeFailure& failure);
Error decode_error(std::string_view message_name, std::int16_t version, const Decoder& decoder,
                   const ByteReader& reader);

template <class M>
std::size_t Codec<M>::size(const M& message, std::int16_t version) {
  SizeSink sink;
  std::vector<Splice> splices;
  Encoder<SizeSink>(sink, version, layout_of(version, M::kFlexibleSince), &splices)
      .structure(message);
  return sink.position();
}

template <class M>
Status Codec<M>::encode(const M& message, std::int16_t version, Buffer& out,
                        std::vector<Splice>* splices) {
  if (!M::kVersions.contains(version)) return version_error(M::kName, M::kVersions, version);
  out.reserve(out.size() + size(message, version));
  BufferSink sink(out);
  Encoder<BufferSink> encoder(sink, version, layout_of(version, M::kFlexibleSince), splices);
  encoder.structure(message);
  if (encoder.failure().reason == nullptr) return {};
  return encode_error(M::kName, version, encoder.failure());
}

template <class M>
Result<M> Codec<M>::decode(ByteReader& reader, std::int16_t version) {
  if (!M::kVersions.contains(version)) return version_error(M::kName, M::kVersions, version);
  M message;
  Decoder decoder(reader, version, layout_of(version, M::kFlexibleSince));
  decoder.structure(message);
  if (decoder.ok()) return message;
  return decode_error(M::kName, version, decoder, reader);
}

template <class M>
std::string Codec<M>::to_json(const M& message, std::int16_t version) {
  std::string out;
  JsonDumper(out, version).structure(message);
  return out;
}

template <class M>
M Codec<M>::random(Random& random, std::int16_t version) {
  M message;
  RandomFiller(random, version).structure(message);
  return message;
}

}  // namespace millrace::wire
