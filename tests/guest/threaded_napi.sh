# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# Machines tuned for it poll in threads, not in soft interrupts: polls tell batches there too
# (threaded_napi.check.sh compares the records).
. /tests/guest/lib.sh

load_module
make_pair
# A veth polls for what comes from a device that sends segments one by one, and only with GRO.
ip netns exec left ethtool -K l0 tso off gso off >/dev/null
ip netns exec right ethtool -K r0 gro on >/dev/null
port=5301
for mode in softirq thread; do
	if [ $mode = thread ]; then
		ip netns exec right sh -c 'echo 1 >/sys/class/net/r0/threaded'
		is "$(ip netns exec right cat /sys/class/net/r0/threaded)" 1 "the device polls in threads"
	fi
	pids=()
	for engine in kmod bpf; do
		ip netns exec right tscope capture --json --engine $engine -p $port --at driver-rx \
			-o $engine-$mode.pcapng >$engine-$mode.json 2>$engine-$mode.log &
		pids+=($!)
		wait_for "the capture by $engine" grep -q capturing $engine-$mode.log
	done
	start_exchange $mode right 10.9.0.2 $port 200000 5000 3000
	stop_exchange
	kill -INT "${pids[@]}"
	wait "${pids[@]}"
	port=$((port + 1))
done
drop_pair
