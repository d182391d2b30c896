# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# Kernels that are built otherwise lack members of the kernel's types: the programs load all the same.
. /tests/guest/lib.sh

# Of a socket without IPv6: tests/bpf/absent_fields.cpp tells programs of types without these.
prints 'loaded' "all programs load on a kernel without IPv6" \
	absent_fields skc_v6_daddr skc_v6_rcv_saddr pinet6
