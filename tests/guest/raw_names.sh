# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# CAN has a raw_sendmsg() too: IPv4's is hooked, whichever was loaded first and whatever else has the name.
. /tests/guest/lib.sh

PINGS=5
modprobe can-raw
is "$(awk '$3 == "raw_sendmsg"' /proc/kallsyms | wc -l)" 2 "two functions are called raw_sendmsg"
load_module
sysctl -qw net.ipv4.ping_group_range='1 0' # raw sockets, then
start_capture - --proto icmp --at app -o raw.pcapng
hooked=$(grep '^raw_sendmsg ' /sys/kernel/tracing/enabled_functions)
is "$(grep -c . <<<"$hooked") $(grep -c can_raw <<<"$hooked")" "1 0" "one of them is hooked, and it is not CAN's"
ping -q -c $PINGS -i 0.05 127.0.0.1 >ping.log
stop_capture
is "$(at app-tx segments)" $PINGS "it stamps each call"
