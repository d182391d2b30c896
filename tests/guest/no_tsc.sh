# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: no-tsc
# Where the kernel has no rate of the TSC nothing could be told in seconds: the module says so and is
# not loaded, instead of dividing by zero.
. /tests/guest/lib.sh

refused 1 'No such device' "without a TSC the module is not loaded" insmod /tscope.ko
holds "and the kernel log says why" sh -c "dmesg | grep -q 'tscope: not loaded: .* time stamp counter'"
is "$(lsmod | grep -c '^tscope ')" 0 "nothing of it stays"
