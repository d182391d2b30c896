// SPDX-License-Identifier: MIT
// Prints the median delay of every stage in a capture file: delays transfer.pcapng
#include <fmt/format.h>

#include "tscope/analysis/delay_report.hpp"
#include "tscope/base/error.hpp"
#include "tscope/file/file_source.hpp"

int main(int argc, char** argv) try {
  const auto source = tscope::open_file(argc > 1 ? argv[1] : "-");
  tscope::DelayAnalysis analysis({});
  for (tscope::Packet packet; source->next(packet) == tscope::Source::Next::packet;) {
    analysis.add(packet, source->interfaces()[packet.interface]);
  }
  const auto report = analysis.finish(*source);
  for (const auto& chain : report.chains) {
    for (const auto& stage : chain.stages) {
      fmt::print("{} {} > {} {} ns\n", kind_name(chain.kind), vantage_name(stage.from),
                 vantage_name(stage.to), stage.p50_ns);
    }
  }
} catch (const tscope::Error& error) {
  fmt::print(stderr, "delays: {}\n", error.what());
  return 1;
}
