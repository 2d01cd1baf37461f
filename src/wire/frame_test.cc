#include "wire/frame.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "base/byte_writer.h"
#include "wire/messages/api_versions.h"
#include "wire/messages/fetch.h"
#include "wire/messages/heartbeat.h"
#include "wire/messages/produce.h"
#include "wire/testing/hex.h"

namespace millrace::wire {
namespace {

template <class M>
std::string request_hex(std::int16_t version, const M& message) {
  Result<Buffer> frame =
      encode_request(RequestHeader{ApiKey::kFetch, version, 7, std::string("me")}, message);
  return frame.ok() ? hex_of_bytes(frame->view()) : frame.error().to_string();
}

template <class M>
std::string response_hex(std::int16_t version, const M& message) {
  Result<EncodedResponse> frame = encode_response(M::kApiKey, version, 7, message);
  return frame.ok() ? hex_of_bytes(frame->bytes.view()) : frame.error().to_string();
}

// The bytes in this file were written by kafka-python 3.0.12.
TEST(Frame, PutsTheHeaderBeforeTheRequest) {
  ApiVersionsRequest flexible;
  flexible.client_software_name = "millrace";
  flexible.client_software_version = "0.1.0";

  EXPECT_EQ(request_hex(0, ApiVersionsRequest{}), "001200000000000700026d65");
  EXPECT_EQ(request_hex(4, flexible), "001200040000000700026d6500096d696c6c7261636506302e312e3000");
}

TEST(Frame, PutsTheHeaderBeforeTheResponse) {
  HeartbeatResponse response;
  response.error_code = 27;

  EXPECT_EQ(response_hex(3, response), "0000000700000000001b");
  EXPECT_EQ(response_hex(4, response), "000000070000000000001b00");
}

TEST(Frame, GivesAnApiVersionsResponseTheOldHeaderInEveryVersion) {
  EXPECT_EQ(response_hex(4, ApiVersionsResponse{}), "000000070000010000000000");

  const std::string bytes = bytes_of_hex(
      "00000007"
      "0000");
  ByteReader reader(bytes);
  ASSERT_TRUE(decode_response_header(reader, ApiKey::kApiVersions, 4).ok());
  EXPECT_EQ(reader.position(), 4U);
}

TEST(Frame, ReadsBackARequestHeader) {
  for (const std::int16_t version : {std::int16_t{3}, std::int16_t{4}}) {
    for (const auto& client_id : {std::optional<std::string>("me"), std::optional<std::string>()}) {
      const RequestHeader header{ApiKey::kHeartbeat, version, -5, client_id};
      Buffer bytes;
      encode_request_header(header, bytes);
      ByteReader reader(bytes.view());

      const Result<RequestHeader> back = decode_request_header(reader);

      ASSERT_TRUE(back.ok()) << back.error().to_string();
      EXPECT_EQ(*back, header);
      EXPECT_EQ(reader.remaining(), 0U);
    }
  }
}

TEST(Frame, RefusesAHeaderWithMoreTaggedFieldsThanKafkaAllows) {
  const auto header_with_tags = [](std::uint32_t count) {
    Buffer bytes;
    encode_request_header(RequestHeader{ApiKey::kHeartbeat, 4, 7, std::nullopt}, bytes);
    std::string frame(bytes.view().substr(0, bytes.size() - 1));
    Buffer tags;
    ByteWriter(tags).uvarint(count);
    frame += tags.view();
    for (std::uint32_t i = 0; i < count; ++i) frame += std::string("\x7f\0", 2);
    ByteReader reader(frame);
    return decode_request_header(reader).ok();
  };

  EXPECT_TRUE(header_with_tags(10'000));
  EXPECT_FALSE(header_with_tags(10'001));
}

TEST(Frame, SkipsTaggedFieldsInHeaders) {
  const std::string request = bytes_of_hex(
      "000c0004000000070000"
      "01"
      "0503616263"
      "ff");
  const std::string response = bytes_of_hex(
      "00000007"
      "01"
      "0503616263"
      "ff");
  ByteReader request_reader(request);
  ByteReader response_reader(response);

  ASSERT_TRUE(decode_request_header(request_reader).ok());
  ASSERT_TRUE(decode_response_header(response_reader, ApiKey::kHeartbeat, 4).ok());
  EXPECT_EQ(request_reader.remaining(), 1U);
  EXPECT_EQ(response_reader.remaining(), 1U);
}

TEST(Frame, ReadsTheHeaderOfAVersionThatIsNotServed) {
  const std::string bytes = bytes_of_hex(
      "0012"
      "0063"
      "00000007"
      "ffff"
      "00");
  ByteReader reader(bytes);

  const Result<RequestHeader> header = decode_request_header(reader);

  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->api_version, 99);
  EXPECT_EQ(header->correlation_id, 7);
}

TEST(Frame, RefusesAnApiThatIsNotSpoken) {
  for (const char* key : {"7fff", "ffff", "0004"}) {
    const std::string bytes = bytes_of_hex(std::string(key) +
                                           "0000"
                                           "00000007"
                                           "ffff");
    ByteReader reader(bytes);

    const Result<RequestHeader> header = decode_request_header(reader);

    ASSERT_FALSE(header.ok());
    EXPECT_EQ(header.error().code, ErrorCode::kUnsupported);
  }
}

TEST(Frame, RefusesEveryCutHeader) {
  const std::string whole = bytes_of_hex(
      "000c0004000000070002"
      "6d65"
      "01"
      "0503616263");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string cut = whole.substr(0, size);
    ByteReader reader(cut);
    EXPECT_FALSE(decode_request_header(reader).ok()) << size;
  }
}

FetchResponse two_partitions(Records first, Records second) {
  FetchResponse response;
  response.responses.resize(1);
  response.responses[0].topic = "t";
  response.responses[0].partitions.resize(2);
  response.responses[0].partitions[0].records = first;
  response.responses[0].partitions[1].records = second;
  return response;
}

TEST(Frame, SaysWhereExternalRecordsBelong) {
  const std::string here = "first batch";
  const std::string file = "batch in a file";
  for (std::int16_t version = FetchResponse::kVersions.min; version <= FetchResponse::kVersions.max;
       ++version) {
    const auto inside =
        encode_response(ApiKey::kFetch, version, 7, two_partitions(Records(here), Records(file)));
    const auto outside = encode_response(
        ApiKey::kFetch, version, 7, two_partitions(Records(here), Records::external(file.size())));
    ASSERT_TRUE(inside.ok());
    ASSERT_TRUE(outside.ok());

    ASSERT_EQ(outside->splices.size(), 1U);
    EXPECT_EQ(outside->size_bytes(), inside->size_bytes());
    std::string joined(outside->bytes.view());
    joined.insert(outside->splices[0].position, file);
    EXPECT_EQ(joined, inside->bytes.view()) << "v" << version;
  }
}

TEST(Frame, LetsTheOwnerPatchDecodedRecords) {
  ProduceRequest request;
  request.topic_data.resize(1);
  request.topic_data[0].partition_data.resize(1);
  request.topic_data[0].partition_data[0].records = Records("batch");
  Result<Buffer> frame =
      encode_request(RequestHeader{ApiKey::kProduce, 9, 1, std::nullopt}, request);
  ASSERT_TRUE(frame.ok());
  ByteReader reader(frame->view());
  ASSERT_TRUE(decode_request_header(reader).ok());
  const Result<ProduceRequest> decoded = decode_body<ProduceRequest>(reader, 9);
  ASSERT_TRUE(decoded.ok());

  const Records& records = decoded->topic_data[0].partition_data[0].records;
  frame->data()[records.offset_in(frame->view())] = 'B';

  EXPECT_EQ(records.bytes, "Batch");
}

}  // namespace
}  // namespace millrace::wire
