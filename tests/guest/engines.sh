# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# One transfer captured at once by the module, by BPF programs and by tcpdump: the same packets everywhere.
. /tests/guest/lib.sh

vantages=driver,qdisc,socket,app
make_pair
load_module
ip netns exec left tcpdump -i l0 -s 128 -B 16384 --immediate-mode --time-stamp-precision=nano -w tcpdump.pcap 'tcp port 5201' 2>tcpdump.log &
tcpdump=$!
wait_for tcpdump grep -q 'listening on' tcpdump.log
capture_by() { # ENGINE
	ip netns exec left tscope capture --json --engine "$1" -p 5201 --at "$vantages" -o "$1.pcapng" >"$1.json" 2>"$1.log" &
	pids+=($!)
	wait_for "the capture by $1" grep -q capturing "$1.log"
}
pids=()
capture_by kmod
capture_by bpf
start_exchange x right 10.9.0.2 5201 2000000 10000
# Whatever the scheduler does with that one, each CPU makes records of these.
for cpu in 0 $(($(nproc) - 1)); do
	taskset -pc $cpu $$ >/dev/null
	start_exchange y$cpu right fd09::2 5201 200000 5000
done
taskset -pc 0-$cpu $$ >/dev/null
stop_exchange
sleep 1
kill -INT "${pids[@]}" "$tcpdump"
wait "${pids[@]}" "$tcpdump"

is "$(jq -r .clock.source bpf.json)" tsc "BPF programs stamp by the module's clock"
# A program that would have run within itself is passed over by the kernel, which counts it: then a record is missing and told.
lacking=0
for at in driver-rx driver-tx qdisc-tx socket-rx socket-tx app-rx app-tx; do
	lacks=$(($(at $at records kmod.json) - $(at $at records bpf.json)))
	lacking=$((lacking + lacks))
	if [ $lacks -eq 0 ]; then
		is "$(at $at records bpf.json)" "$(at $at records kmod.json)" "$at: as many records by both engines"
		is "$(at $at segments bpf.json)" "$(at $at segments kmod.json)" "$at: as many segments"
	else
		holds "$at: a few records less by BPF programs ($lacks)" \
			test $lacks -gt 0 -a $((lacks * 20)) -le "$(at $at records kmod.json)"
	fi
done
is "$lacking" "$(jq .loss.missed bpf.json)" "what BPF programs lack they say they missed"
is "$(jq '.loss | .full + .contended + .invalid' bpf.json)" 0 "and they lost nothing else"
is "$(tcpdump -r tcpdump.pcap 2>/dev/null | wc -l)" "$(($(at driver-rx records kmod.json) + $(at driver-tx records kmod.json)))" "as many as tcpdump saw"

# A record has its NAPI poll's number even if nothing is stamped where frames come in from the driver (engines.check.sh).
pids=()
for engine in kmod bpf; do
	ip netns exec right tscope capture --engine $engine -p 5203 --at socket-rx -o $engine-socket.pcapng 2>$engine-socket.log &
	pids+=($!)
	wait_for "the capture by $engine" grep -q capturing $engine-socket.log
done
start_exchange w right 10.9.0.2 5203 500000 5000 3000
stop_exchange
kill -INT "${pids[@]}"
wait "${pids[@]}"

# While a program uses the module's clock, the module stays.
ip netns exec left tscope capture --engine bpf -p 5201 -o held.pcapng 2>held.log &
held=$!
wait_for "the capture" grep -q capturing held.log
holds "rmmod is refused while a BPF program uses the module's clock" sh -c '! rmmod tscope 2>/dev/null'
kill -9 $held
wait $held 2>/dev/null || true
wait_for "the programs to go" rmmod tscope
ok "a killed capture leaves nothing that holds the module"

# Without the module, the kernel's clock.
start_capture left --engine bpf -p 5202 --at "$vantages" -o alone.pcapng
start_exchange z right 10.9.0.2 5202 100000 5000
segs=$(jq .segs_out z.client)
stop_exchange
stop_capture
is "$(jq -r .clock.source capture.json)" monotonic "without the module BPF programs stamp by the kernel's clock"
holds "and see every segment ($(at socket-tx segments), $segs before the close)" test "$(at socket-tx segments)" -ge "$segs"
drop_pair
