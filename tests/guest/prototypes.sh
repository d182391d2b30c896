# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# A function that takes other arguments than its hook reads is left alone: a module that was built
# to expect something else of tcp_check_req() tells that from the kernel's own types.
. /tests/guest/lib.sh

DIFFERS=4
states() { hook_states | sort -u; }

load_module
states >known
holds "the kernel's types could be read" sh -c "! dmesg | grep -q 'prototypes are not compared'"
is "$(grep -c "^$DIFFERS " known || true)" 0 "every function takes what its hook reads"
rmmod tscope

insmod /files/tscope-other-version.ko
states >other
rmmod tscope
is "$(grep "^$DIFFERS " other)" "$DIFFERS tcp_check_req" "the one that differs is told from the rest"
is "$(comm -3 known other | wc -l)" 2 "and is the only difference"
