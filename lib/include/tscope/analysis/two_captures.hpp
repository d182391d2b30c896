// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "tscope/align/alignment.hpp"
#include "tscope/record/packet.hpp"

namespace tscope {

/// How two captures are compared, whatever is compared.
struct TwoCapturesOptions {
  std::optional<AlignMethod>
      align;  ///< default: shared where one counter stamped both, else envelope
  /// Called now and then with the packets read so far (each file is read three times).
  std::function<void(std::uint64_t packets)> progress;
};

/// Where one of two captures saw a flow.
struct CapturePoint {
  std::size_t file = 0;  ///< index into the report's files
  Interface interface;
};

}  // namespace tscope
