// SPDX-License-Identifier: MIT
#include "probe/ping/prober.hpp"

namespace tscope {

std::unique_ptr<Prober> make_prober(const PingOptions& options, const PingWay& way) {
  switch (options.protocol) {
    case PingProtocol::udp:
      return make_udp_prober(options, way);
    case PingProtocol::tcp:
      return make_tcp_prober(options, way);
    case PingProtocol::icmp:
      break;
  }
  return make_icmp_prober(options, way);
}

}  // namespace tscope
