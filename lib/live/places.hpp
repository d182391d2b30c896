// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "tscope/record/vantage.hpp"
#include "tscope/uapi/places.h"

namespace tscope {

/// A row of TSCOPE_PLACES().
struct HookPlace {
  const char* id;  ///< of its BPF program
  tscope_hook_kind kind;
  Vantage vantage;
  std::uint8_t protocols;  ///< TSCOPE_PROTO_*: whose packets pass there
  tscope_need need;
  const char* name;  ///< of the tracepoint or the function

  constexpr bool is_function() const { return kind != TSCOPE_HOOK_TRACEPOINT; }
  /// Bits of the vantage points whose records need it.
  constexpr std::uint32_t serves() const { return TSCOPE_PLACE_SERVES(vantage_number(), need); }
  constexpr unsigned vantage_number() const { return static_cast<unsigned>(vantage); }
};

// NOLINTBEGIN(cppcoreguidelines-macro-usage)
#define TSCOPE_PLACE(id, kind, vantage, protocols, need, name) \
  HookPlace{#id,                                               \
            TSCOPE_HOOK_##kind,                                \
            static_cast<Vantage>(TSCOPE_##vantage),            \
            TSCOPE_PROTO_##protocols,                          \
            TSCOPE_##need,                                     \
            name},
/// All of them, in the order of TSCOPE_IOC_HOOK's index.
inline constexpr std::array places{TSCOPE_PLACES(TSCOPE_PLACE)};
#undef TSCOPE_PLACE
// NOLINTEND(cppcoreguidelines-macro-usage)

}  // namespace tscope
