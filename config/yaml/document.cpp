#include "config/yaml/document.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <utility>

namespace tandem::config::yaml {
namespace {

int line_of(const YAML::Mark& mark) noexcept {
  return mark.line + 1;
}

/// Builds the tree from the parser's events; throws YAML::ParserException only where going on makes
/// no sense.
class Builder final : public YAML::EventHandler {
public:
  explicit Builder(Report& report) : report_{report} {}

  [[nodiscard]] std::optional<Node> take_root() { return std::exchange(root_, std::nullopt); }

  void OnDocumentStart(const YAML::Mark&) override {}

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    if (expects_key())
      throw YAML::ParserException{mark, "a key is missing before ':'"};
    Node node;
    node.line = line_of(mark);
    complete(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    if (expects_key())
      throw YAML::ParserException{mark, "a key must be plain text"};
    report_.add(line_of(mark), next_path(),
                "aliases (*name) are not supported: write the value out");
    Node node;
    node.line = line_of(mark);
    node.broken = true;
    complete(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    if (expects_key()) {
      if (frames_.back().node.entries.size() >= document_keys_max)
        throw YAML::ParserException{mark,
                                    fmt::format("more than {} keys in one map", document_keys_max)};
      frames_.back().key.emplace(value, line_of(mark));
      return;
    }
    Node node;
    node.kind = Node::Kind::scalar;
    node.style = tag == "!" ? Style::quoted : Style::plain; // yaml-cpp's marks for quoted and plain
    node.line = line_of(mark);
    node.text = value;
    node.broken = refuse_tag(mark, tag);
    complete(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, Node::Kind::sequence);
  }

  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, Node::Kind::map);
  }

  void OnMapEnd() override { close(); }

private:
  struct Frame {
    Node node;
    std::string path;
    std::optional<std::pair<std::string, int>> key; ///< maps: read, its value is awaited
  };

  [[nodiscard]] bool expects_key() const noexcept {
    return !frames_.empty() && frames_.back().node.kind == Node::Kind::map && !frames_.back().key;
  }

  [[nodiscard]] std::string next_path() const {
    if (frames_.empty())
      return {};
    const auto& frame = frames_.back();
    if (frame.key)
      return join(frame.path, frame.key->first);
    return join(frame.path, frame.node.items.size());
  }

  [[nodiscard]] bool refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!")
      return false;
    report_.add(line_of(mark), next_path(),
                "tags (!name) are not supported: the key decides the type");
    return true;
  }

  void open(const YAML::Mark& mark, const std::string& tag, Node::Kind kind) {
    if (expects_key())
      throw YAML::ParserException{mark, "a key must be plain text"};
    if (frames_.size() >= document_depth_max)
      throw YAML::ParserException{mark,
                                  fmt::format("nested deeper than {} levels", document_depth_max)};
    Frame frame;
    frame.path = next_path();
    frame.node.kind = kind;
    frame.node.line = line_of(mark);
    frame.node.broken = refuse_tag(mark, tag);
    frames_.push_back(std::move(frame));
  }

  void close() {
    auto node = std::move(frames_.back().node);
    frames_.pop_back();
    complete(std::move(node));
  }

  void complete(Node node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    auto& frame = frames_.back();
    if (frame.node.kind == Node::Kind::sequence) {
      frame.node.items.push_back(std::move(node));
      return;
    }
    const auto [key, line] = *std::exchange(frame.key, std::nullopt);
    const auto earlier
        = std::find_if(frame.node.entries.begin(), frame.node.entries.end(),
                       [&key = key](const Entry& entry) { return entry.key == key; });
    if (earlier != frame.node.entries.end()) {
      report_.add(line, join(frame.path, key),
                  fmt::format("duplicate key; it was already given in line {}", earlier->line));
      return;
    }
    node.line = line; // where a person looks; yaml-cpp marks an absent value at the token after it
    frame.node.entries.push_back({key, line, std::move(node)});
  }

  Report& report_;
  std::vector<Frame> frames_;
  std::optional<Node> root_;
};

} // namespace

const Node* Node::find(std::string_view key) const noexcept {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [key](const Entry& entry) { return entry.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

Node* Node::find(std::string_view key) noexcept {
  return const_cast<Node*>(std::as_const(*this).find(key));
}

std::string join(const std::string& path, std::string_view key) {
  return path.empty() ? std::string{key} : fmt::format("{}.{}", path, key);
}

std::string join(const std::string& path, std::size_t index) {
  return fmt::format("{}[{}]", path, index);
}

std::optional<Node> parse_document(std::string_view text, Report& report) {
  if (text.size() > document_bytes_max) {
    report.add_file(
        fmt::format("{} bytes; a configuration has at most {}", text.size(), document_bytes_max));
    return std::nullopt;
  }
  if (const auto zero = text.find('\0'); zero != std::string_view::npos) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<long>(zero), '\n');
    report.add(static_cast<int>(line), {}, "a zero byte: this is not a text file");
    return std::nullopt;
  }
  try {
    std::istringstream stream{std::string{text}};
    YAML::Parser parser{stream};
    Builder builder{report};
    if (!parser.HandleNextDocument(builder))
      return std::nullopt;
    auto root = builder.take_root();
    if (parser.HandleNextDocument(builder)) {
      const auto second = builder.take_root();
      report.add(second ? second->line : 1, {},
                 "a second document ('---'); a configuration is one document");
    }
    return root;
  } catch (const YAML::Exception& error) {
    report.add(line_of(error.mark), {}, fmt::format("not valid YAML: {}", error.msg));
    return std::nullopt;
  }
}

} // namespace tandem::config::yaml
