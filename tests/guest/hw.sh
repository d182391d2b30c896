# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.12
# The NIC's own stamps, where a device has a hardware clock; what is said where none has.
. /tests/guest/lib.sh

# The first device that reports a hardware clock and runs.
device_with_clock() {
	local path device
	for path in /sys/class/net/*; do
		device=${path##*/}
		grep -Eq 'PTP Hardware Clock: [0-9]|Hardware timestamp provider index: [0-9]' \
			<<<"$(ethtool -T "$device" 2>/dev/null)" || continue
		echo "$device"
		return
	done
}

load_module
ip link set lo up
refused 1 'lo has not a hardware clock' "hw is refused of a device without a hardware clock" \
	tscope capture --at hw,driver -i lo --duration 1s -o refused.pcapng
tscope doctor --json >doctor.json || true
is "$(jq '[.checks[] | select(.name == "NIC clocks")] | length' doctor.json)" 1 "doctor looks for NICs' clocks"

device=$(device_with_clock)
if [ -z "$device" ]; then
	skip "the NIC's own stamps" "no NIC here has a hardware clock"
else
	ip link set "$device" up
	ip addr add 10.9.9.1/24 dev "$device"
	ip neigh replace 10.9.9.2 dev "$device" lladdr 02:00:00:00:00:02 nud permanent
	start_capture - --proto udp,icmp --at driver,hw -i "$device" -o hw.pcapng
	tscope ping -q -i 0.05 -c 20 10.9.9.2 >ping.out 2>&1 || true
	stop_capture
	is "$(jq -r '.netns_gone' capture.json)" false "a capture with $device's stamps"
	tscope delay --json hw.pcapng >delay.json || true
	jq -c '.nics' capture.json
	if [ "$(jq '[.nics[].used] | add // 0' capture.json)" -eq 0 ]; then
		skip "stamps of $device on the capture's line" "its stamps count as absent: $(jq -c '.nics' capture.json)"
	else
		holds "stamps are no later than a second off, with an error" jq -e 'all(.nics[]; .used == 0 or .error_ns > 0)' capture.json
		holds "the way goes on to the NIC" jq -e '[.chains[].stages[] | select(.to == "hw-tx" or .from == "hw-rx")] | length > 0 and all(.[]; .error_ns > 0)' delay.json
	fi
fi
rmmod tscope
