#include "core/security/audit.hpp"

#include <array>
#include <charconv>

namespace tandem::core::security {
namespace {

constexpr std::array<AuditPhase, 4> phases{AuditPhase::asked, AuditPhase::answered,
                                           AuditPhase::refused, AuditPhase::noted};

Digest hash_of(const Digest& before, std::uint64_t sequence, std::string_view payload,
               const Sha256& sha256) {
  auto text = to_hex(before) + " " + std::to_string(sequence) + " ";
  return sha256(text.append(payload));
}

std::optional<std::uint64_t> parse_sequence(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || problem != std::errc{} || end != text.data() + text.size()
      || (text.front() == '0' && text.size() > 1))
    return std::nullopt;
  return value;
}

} // namespace

std::string_view to_string(AuditPhase phase) noexcept {
  switch (phase) {
  case AuditPhase::asked:
    return "asked";
  case AuditPhase::answered:
    return "answered";
  case AuditPhase::refused:
    return "refused";
  case AuditPhase::noted:
    return "noted";
  }
  return "";
}

std::optional<AuditPhase> parse_audit_phase(std::string_view text) noexcept {
  for (const auto phase : phases)
    if (to_string(phase) == text)
      return phase;
  return std::nullopt;
}

std::string to_string(const ChainHead& head) {
  return std::to_string(head.sequence) + ":" + to_hex(head.hash);
}

std::optional<ChainHead> parse_chain_head(std::string_view text) noexcept {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  const auto sequence = parse_sequence(text.substr(0, colon));
  const auto hash = parse_digest(text.substr(colon + 1));
  if (!sequence || !hash)
    return std::nullopt;
  return ChainHead{*sequence, *hash};
}

std::string chain_line(ChainHead& head, std::string_view payload, const Sha256& sha256) {
  head.hash = hash_of(head.hash, head.sequence + 1, payload, sha256);
  ++head.sequence;
  auto line = std::to_string(head.sequence) + " " + to_hex(head.hash) + " ";
  return line.append(payload).append(1, '\n');
}

Result<ChainedLine> read_chain_line(const ChainHead& before, std::string_view line,
                                    const Sha256& sha256) {
  const auto blank = line.find(' ');
  const auto sequence = parse_sequence(line.substr(0, blank));
  const auto second = blank == std::string_view::npos ? blank : line.find(' ', blank + 1);
  if (!sequence || second == std::string_view::npos)
    return fail(Errc::malformed, "this is no line of an audit log");
  const auto hash = parse_digest(line.substr(blank + 1, second - blank - 1));
  if (!hash)
    return fail(Errc::malformed, "this is no line of an audit log");
  const auto expected = before.sequence + 1;
  if (*sequence > expected)
    return fail(Errc::malformed, "records " + std::to_string(expected) + " to "
                                     + std::to_string(*sequence - 1) + " were removed");
  if (*sequence < expected)
    return fail(Errc::malformed, "a record was inserted: number " + std::to_string(*sequence)
                                     + " comes after " + std::to_string(before.sequence));
  const auto payload = line.substr(second + 1);
  if (!same(*hash, hash_of(before.hash, *sequence, payload, sha256)))
    return fail(Errc::malformed, "record " + std::to_string(*sequence)
                                     + " was altered, or what stands before it was exchanged");
  return ChainedLine{{*sequence, *hash}, payload};
}

} // namespace tandem::core::security
