/// Metrics by name while they are collected, in the text format of Prometheus at the end. Private
/// to actors/api.
#pragma once

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tandem::actors {

using Labels = std::vector<prometheus::ClientMetric::Label>;

class Families {
public:
  void counter(const std::string& name, const std::string& help, Labels labels,
               std::uint64_t value) {
    auto& metric = add(name, help, prometheus::MetricType::Counter, std::move(labels));
    metric.counter.value = static_cast<double>(value);
  }

  void gauge(const std::string& name, const std::string& help, Labels labels, double value) {
    add(name, help, prometheus::MetricType::Gauge, std::move(labels)).gauge.value = value;
  }

  /// @param buckets cumulative, by upper bound; the last one's is infinite.
  void histogram(const std::string& name, const std::string& help, Labels labels, double sum,
                 std::vector<prometheus::ClientMetric::Bucket> buckets) {
    auto& metric = add(name, help, prometheus::MetricType::Histogram, std::move(labels));
    metric.histogram.sample_count = buckets.empty() ? 0 : buckets.back().cumulative_count;
    metric.histogram.sample_sum = sum;
    metric.histogram.bucket = std::move(buckets);
  }

  [[nodiscard]] std::string text() const {
    std::vector<prometheus::MetricFamily> list;
    for (const auto& [name, family] : families_)
      list.push_back(family);
    return prometheus::TextSerializer{}.Serialize(list);
  }

private:
  prometheus::ClientMetric& add(const std::string& name, const std::string& help,
                                prometheus::MetricType type, Labels labels) {
    auto& family = families_[name];
    family.name = name;
    family.help = help;
    family.type = type;
    auto& metric = family.metric.emplace_back();
    metric.label = std::move(labels);
    return metric;
  }

  std::map<std::string, prometheus::MetricFamily> families_;
};

} // namespace tandem::actors
