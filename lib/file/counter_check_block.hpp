// SPDX-License-Identifier: MIT
#pragma once

#include "file/block_buffer.hpp"
#include "file/byte_reader.hpp"
#include "tscope/record/counter_check.hpp"

namespace tscope {

/// Writes a comparison as counter check blocks, as many as its interfaces need; none if it was not
/// done.
void put_counter_check(BlockBuffer& buffer, const CounterCheck& check);

/// Adds what a counter check block has to what earlier ones had.
void read_counter_check(const Fields& body, CounterCheck& check);

}  // namespace tscope
