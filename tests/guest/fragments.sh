# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# A driver that leaves the headers in page fragments (napi_gro_frags): the module reads them there, and
# so do BPF programs where the kernel lets them. Where it does not they say how many packets they missed.
. /tests/guest/lib.sh

number=50
load_module
modprobe tun
mkfifo told
for engine in kmod bpf; do
	tap_frames frag0 $number <told >tap 2>tap.log &
	tap=$!
	exec {to_tap}>told
	wait_for "the device" grep -q ready tap
	ip link set frag0 up
	start_capture - --engine $engine --proto tcp,udp -p 5001 -i frag0 --at driver-rx -o $engine.pcapng
	echo send >&$to_tap
	wait_for "the frames" grep -q sent tap
	sleep 1
	stop_capture
	exec {to_tap}>&-
	wait $tap || true
	if [ $engine = bpf ] && [[ $(uname -r) == 6.1.* ]]; then
		is "$(jq .loss.missed capture.json)" $((3 * number)) "$engine: each packet counts as missed"
	else
		is "$(at driver-rx records)" $((3 * number)) "$engine: each packet is recorded"
		is "$(jq .loss.missed capture.json)" 0 "$engine: and none missed"
	fi
done
