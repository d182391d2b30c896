// SPDX-License-Identifier: MIT
#include "tscope/record/nic.hpp"

#include <cstring>

namespace tscope {

std::uint64_t nic_time(const tscope_record& record) {
  std::uint64_t time = 0;
  std::memcpy(&time, record.header + TSCOPE_NIC_TIME_AT, sizeof(time));
  return time;
}

}  // namespace tscope
