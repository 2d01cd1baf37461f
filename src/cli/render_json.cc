#include <fmt/format.h>

#include <iterator>

#include "base/utf8.h"
#include "cli/render.h"

namespace millrace::cli {
namespace {

enum class Layout { kIndented, kOneLine };

class JsonWriter {
 public:
  explicit JsonWriter(Layout layout) : layout_(layout) {}

  std::string take() && { return std::move(out_); }

  void write(const Value& value, int depth) {
    if (const auto* list = value.list()) return write_list(*list, depth);
    if (const auto* object = value.object()) return write_object(*object, depth);
    write_scalar(value);
  }

 private:
  void write_scalar(const Value& value) {
    if (const auto* flag = std::get_if<bool>(&value.data())) {
      out_ += *flag ? "true" : "false";
    } else if (const auto* number = std::get_if<std::int64_t>(&value.data())) {
      out_ += fmt::to_string(*number);
    } else if (const auto* text = std::get_if<std::string>(&value.data())) {
      append_json_quoted(*text, out_);
    } else {
      out_ += "null";
    }
  }

  void write_list(const Value::List& list, int depth) {
    out_ += '[';
    bool first = true;
    for (const Value& item : list) {
      separate(first, depth + 1);
      write(item, depth + 1);
    }
    if (!first) new_line(depth);
    out_ += ']';
  }

  void write_object(const Value::Object& object, int depth) {
    out_ += '{';
    bool first = true;
    for (const Field& field : object) {
      separate(first, depth + 1);
      append_json_quoted(field.name, out_);
      out_ += layout_ == Layout::kOneLine ? ":" : ": ";
      write(field.value, depth + 1);
    }
    if (!first) new_line(depth);
    out_ += '}';
  }

  void separate(bool& first, int depth) {
    if (!first) out_ += ',';
    first = false;
    new_line(depth);
  }

  void new_line(int depth) {
    if (layout_ == Layout::kOneLine) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth) * 2, ' ');
  }

  std::string out_;
  Layout layout_;
};

std::string written(const Value& value, Layout layout) {
  JsonWriter writer(layout);
  writer.write(value, 0);
  return std::move(writer).take();
}

}  // namespace

std::string json_quoted(std::string_view text) {
  std::string out;
  append_json_quoted(text, out);
  return out;
}

void append_json_quoted(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const char c = text[0];
    const auto byte = static_cast<unsigned char>(c);
    if (length > 1) {
      const auto second = static_cast<unsigned char>(text[1]);
      if (byte == 0xc2 && second < 0xa0) {
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", second);
      } else {
        out += text.substr(0, length);
      }
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else if (length == 0) {
      out += "\xef\xbf\xbd";
    } else {
      out += c;
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

std::string render_json(const Value& value) {
  return written(value, Layout::kIndented);
}

std::string to_json_line(const Value& value) {
  return written(value, Layout::kOneLine);
}

}  // namespace millrace::cli
