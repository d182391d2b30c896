# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: rounds
# Loading, unloading and dying in the middle of it: nothing is left behind.
. /tests/guest/lib.sh

ROUNDS=$(cat /files/rounds 2>/dev/null || echo 20)
[ "$ROUNDS" -gt 6 ] || ROUNDS=6 # memory is compared with that after the fifth

load_module
make_pair
start_capture left -p 5201 -o busy.pcapng
holds "rmmod is refused while a capture runs" sh -c '! rmmod tscope 2>rmmod.err && grep -qi "in use" rmmod.err'
start_exchange killed right 10.9.0.2 5201 500000 1000
sleep 1.5
kill -9 "$capture"
wait "$capture" 2>/dev/null || true
stop_exchange
holds "the file of a killed capture is readable" sh -c 'tscope acks busy.pcapng --json 2>/dev/null >busy.json'
holds "and holds its packets ($(jq .packets busy.json))" test "$(jq .packets busy.json)" -gt 100
holds "and tells its loss" sh -c 'jq -e ".loss.lost == 0" busy.json'
holds "no session is left: the module can be removed" rmmod tscope

# Traffic for all the rounds: some 500 calls and packets a second.
ip netns exec right iperf3 -s -p 5201 >server.log 2>&1 &
server=$!
wait_for "the iperf3 server" sh -c "ip netns exec right ss -Htln | grep -q ':5201 '"
ip netns exec left iperf3 -c 10.9.0.2 -p 5201 -t 86400 -b 4M -l 1000 -N >client.log 2>&1 &
client=$!
sleep 1
used() { awk '/^(Slab|VmallocUsed):/ { sum += $2 } END { print sum }' /proc/meminfo; }
# Each layer in turn, and every eighth round all of them.
layers=(driver qdisc app driver qdisc socket driver "driver,qdisc,socket,app")
for ((round = 0; round < ROUNDS; round++)); do
	[ "$round" -ne 5 ] || before=$(used) # caches are warm
	insmod /tscope.ko
	ip netns exec left tscope train 10.9.0.2 --engine kmod --json -p 9 --count 20 --wait 1ms >>trains.json 2>train.err &
	train=$!
	ip netns exec left tscope capture --json -p 5201 --at "${layers[round % 8]}" --count 200 -o round.pcapng >>rounds.json 2>round.err
	wait "$train" || true
	rmmod tscope
done
after=$(used)
is "$(jq -s 'map(.records) | add' rounds.json)" $((ROUNDS * 200)) "$ROUNDS rounds of insmod, capture, rmmod under traffic: every capture saw its records"
is "$(jq -s 'map(.sent + .failed) | add' trains.json)" $((ROUNDS * 20)) "and every train had its probes' turns"
holds "memory in use did not grow with the rounds ($before KiB, then $after KiB)" test $((after - before)) -lt 8192
holds "traffic went on all the time" kill -0 "$client"
is "$(grep -c tscope /proc/vmallocinfo || true)" 0 "no memory of the module is left"
kill "$client" "$server"
wait "$client" "$server" 2>/dev/null || true
drop_pair
