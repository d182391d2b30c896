# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Where a debug kernel is, for those who run guests with one.

# find_debug_kernel VARIANT: exports TSCOPE_DEBUG_KERNEL as the first folder that has it; fails if none does.
find_debug_kernel() {
	local root dir
	root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
	for dir in ${TSCOPE_DEBUG_KERNEL:+"$TSCOPE_DEBUG_KERNEL"} "$root/build/vm/debug-kernel" "$root/../shared/debug-kernel"; do
		[ -e "$dir/bzImage-$1" ] || continue
		export TSCOPE_DEBUG_KERNEL=$dir
		return 0
	done
	return 1
}
