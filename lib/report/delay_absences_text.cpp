// SPDX-License-Identifier: MIT
#include <fmt/format.h>

#include "report/delay_tables.hpp"
#include "report/text.hpp"

namespace tscope {

namespace {

std::string possible_reasons(const SilentVantage& silent, bool mptcp) {
  switch (silent.vantage) {
    case Vantage::app_rx:
      if (silent.datagrams) return "they are read inside the kernel, or as whole packets";
      return mptcp ? "MPTCP's calls are made on another socket"
                   : "the reader uses splice, zero-copy receive or MPTCP, or reads inside the "
                     "kernel";
    case Vantage::app_tx:
      if (silent.datagrams) return "they are sent from inside the kernel";
      return mptcp ? "MPTCP's calls are made on another socket"
                   : "the sender uses MPTCP or sends from inside the kernel";
    case Vantage::socket_tx:
    case Vantage::socket_rx:
      return "no socket here has these packets, or its place could not be used (tscope doctor)";
    case Vantage::qdisc_tx:
      return "the packets bypass the queue layer";
    default:
      return "the packets pass no device that was captured (-i, another network namespace)";
  }
}

std::string silent_text(const SilentVantage& silent, bool mptcp) {
  const bool call = silent.vantage == Vantage::app_rx || silent.vantage == Vantage::app_tx;
  std::string text = fmt::format(
      "{} was captured and saw nothing of these {}: {}", vantage_name(silent.vantage),
      silent.datagrams ? "datagrams" : "TCP connections", possible_reasons(silent, mptcp));
  if (call && silent.nearest) {
    text += fmt::format("; the whole way {} at {}",
                        silent.vantage == Vantage::app_rx ? "ends" : "begins",
                        vantage_name(*silent.nearest));
  }
  return wrapped(text + ".", page_width, "");
}

std::string flow_text(const Flow& flow) {
  return fmt::format("{} > {}", flow.src.to_string(), flow.dst.to_string());
}

}  // namespace

std::string absences_text(const DelayReport& report) {
  std::string text;
  for (const SilentVantage& silent : report.silent) {
    text += silent_text(silent, report.mptcp_segments > 0);
  }
  for (const ChangedAddress& changed : report.changed_addresses) {
    text += wrapped(
        fmt::format(
            "Addresses seem to change between driver and socket (NAT): {} at the driver, {} "
            "at the socket. Such packets can't be followed from one to the other.",
            flow_text(changed.at_driver), flow_text(changed.at_socket)),
        page_width, "");
  }
  if (report.fragments > 0) {
    text +=
        wrapped(fmt::format("{} of datagrams in IP fragments: the first stands for all of them.",
                            counted(report.fragments, "record")),
                page_width, "");
  }
  return text;
}

}  // namespace tscope
