# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: deterministic
# How many instructions a packet costs at each vantage point, recorded and unwanted: in virtual time one takes 2 ns,
# so the TSC counts them.
. /tests/guest/lib.sh

load_module
settle
hook_cost >cost.txt
within() { # WHAT VANTAGE-POINT MOST FIELD
	local ticks
	ticks=$(awk -v at="$2" -v field="$4" '$1 == at { print $field }' cost.txt)
	holds "$2: $1 costs $((ticks / 2)) instructions, no more than $3" test "${ticks:-0}" -gt 0 -a $((ticks / 2)) -le "$3"
}
for vantage in qdisc-tx driver-tx driver-rx; do
	within "a packet of another namespace" "$vantage" 60 9
done
within "a recorded packet" qdisc-tx 450 2
# It is counted as well, whatever becomes of the record.
for vantage in driver-tx driver-rx; do
	within "a recorded packet" "$vantage" 490 2
done
within "a packet of another namespace" app-rx 60 9
# What ftrace does before it calls the module is in these.
for vantage in app-tx socket-tx socket-rx; do
	within "a packet of another namespace" "$vantage" 100 9
done
within "a recorded packet" socket-rx 400 2
for vantage in app-tx socket-tx app-rx; do
	within "a recorded packet" "$vantage" 560 2
done
rmmod tscope
