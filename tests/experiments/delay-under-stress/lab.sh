# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The lab and one case in it:
#
#   process     sender ══ 100 Mbit/s each way ══ peer; cgroup: likewise
#
#   container   sender ── port1 ─┐
#               other  ── port2 ─┤ bridge ── uplink ══ 100 Mbit/s each way ══ peer
#
#   guest       guest  ── tap1 ──┐
#               other  ── tap2 ──┤ bridge ── uplink ══ 100 Mbit/s each way ══ peer
#
# The sender, the stress and guests share one CPU, as in the paper; the peer's processes and the
# captures have the others. Uses $root, $here, $out, $count, $interval and $seconds of `run`.
# shellcheck disable=SC2154

# shellcheck disable=SC2034 # of common/lab.sh
experiment=delay-under-stress prefix=tscope-stress
# shellcheck source=tests/experiments/common/lab.sh
. "$here/../common/lab.sh"
lab=$prefix-$$-lab peer=$prefix-$$-peer sender=$prefix-$$-sender other=$prefix-$$-other
peer_address=10.77.0.254
stress_gate=5300 measure_gate=5301
stressed_cpu=0 other_cpus=0
[ "$(nproc --all)" -eq 1 ] || other_cpus=1-$(($(nproc --all) - 1))

# Says what this machine lacks for these environments.
can_run() {
	local guest=
	[[ " $* " != *" guest "* ]] || guest=1
	! lacks ip tc ethtool iperf3 stress-ng tcpdump python3 jq flock taskset pgrep ${guest:+qemu-system-x86_64 mkfs.ext4} || return 1
	[ -x "$root/build/tscope" ] || { say "no build/tscope; make user builds it"; return 1; }
	can_make_namespaces && { [ -z "$guest" ] || can_make_taps; } && has_cubic || return 1
	drop_leftovers
}

# What other experiments' guests need not carry: stress-ng with its libraries, and a file system for
# its disk.
prepare_guest_files() {
	local store=$root/build/vm/kernel/$kernel-amd64 module file
	rm -rf "$out/guest-files"
	mkdir -p "$out/guest-files/stress-ng" "$out/guest-files/modules"
	cp "$(type -P stress-ng)" "$out/guest-files/stress-ng/"
	ldd "$(type -P stress-ng)" | grep -oE '=> /[^ ]+' | cut -c 4- | xargs cp -Lt "$out/guest-files/stress-ng"
	for module in lib/crc16 fs/mbcache fs/jbd2/jbd2 fs/ext4/ext4; do
		file=$store/root/lib/modules/$(cat "$store/release")/kernel/$module.ko
		if [ -e "$file.xz" ]; then
			xz -dc "$file.xz" >"$out/guest-files/modules/${module##*/}.ko"
		else
			cp "$file" "$out/guest-files/modules/" || { say "the guests' kernel has no module $module"; return 1; }
		fi
	done
}

# 1000 full frames: what a device's queue held in the paper's kernel. The rate counts FCS, preamble
# and gap too.
bucket() { # NAMESPACE DEVICE
	tc -n "$1" qdisc replace dev "$2" root stab overhead 24 mpu 84 tbf rate 100mbit burst 3000 limit 1514000
}

end_of_link() { # NAMESPACE ADDRESS
	ip -n "$1" addr add "$2/24" dev eth0
	ip -n "$1" link set eth0 up
	no_offloads "$1" eth0
}

shares_the_network() { [ "$1" = process ] || [ "$1" = cgroup ]; }

# Sets $port_namespace and $port_device, the other side of the sender's own interface, and
# $link_namespace and $link_device.
make_lab() { # ENVIRONMENT
	local ns i ports=()
	for ns in "$lab" "$peer" "$sender" "$other"; do
		quiet_namespace "$ns"
	done
	ip netns exec "$sender" sysctl -qw net.ipv4.ping_group_range='0 2147483647'
	if shares_the_network "$1"; then
		ip -n "$sender" link add name eth0 type veth peer name eth0 netns "$peer"
		end_of_link "$sender" 10.77.0.1
		port_namespace=$peer port_device=eth0 link_namespace=$sender link_device=eth0
	else
		ip netns exec "$lab" sysctl -qw net.bridge.bridge-nf-call-iptables=0 2>/dev/null || true
		ip -n "$lab" link add name bridge type bridge
		ip -n "$lab" link set bridge up
		ip -n "$lab" link add name uplink type veth peer name eth0 netns "$peer"
		if [ "$1" = container ]; then
			ports=(port1 port2)
			ip -n "$lab" link add name port1 type veth peer name eth0 netns "$sender"
			ip -n "$lab" link add name port2 type veth peer name eth0 netns "$other"
			end_of_link "$sender" 10.77.0.1
			end_of_link "$other" 10.77.0.2
		else
			ports=(tap1 tap2)
			for i in "${ports[@]}"; do ip -n "$lab" tuntap add dev "$i" mode tap vnet_hdr; done
		fi
		for i in uplink "${ports[@]}"; do
			no_offloads "$lab" "$i" || true # a tap's are its guest's
			ip -n "$lab" link set "$i" master bridge up
		done
		port_namespace=$lab port_device=${ports[0]} link_namespace=$lab link_device=uplink
	fi
	end_of_link "$peer" $peer_address
	bucket "$link_namespace" "$link_device"
	bucket "$peer" eth0
}

drop_lab() {
	drop_lab_of "$lab" "$peer" "$sender" "$other"
	rmdir "$cgroups"/tscope-{ping,stress} 2>/dev/null || true
}

listening() { grep -q ":$1 " <<<"$(ip netns exec "$peer" ss -Htln)"; }

start_tcpdump() { # NAMESPACE DEVICE NAME
	start "$dir/$3.log" ip netns exec "$1" tcpdump -i "$2" -s 128 -B 8192 --time-stamp-precision=nano -Z root -w "$dir/$3.pcap" icmp
	captures+=($!)
	wait_until 10 grep -q listening "$dir/$3.log.err" || { say "tcpdump did not start: $(cat "$dir/$3.log.err")"; return 1; }
}

snapshot() { # NAME
	date +%s.%N >"$dir/time.$1"
	head -n 1 /proc/stat >"$dir/stat.$1"
	ticks_of "$lab" "$peer" "$sender" "$other" >"$dir/ticks.$1"
	ip -n "$link_namespace" -s -j link show dev "$link_device" >"$dir/link.$1.json"
}

start_guest() { # NUMBER ROLE OPTION...
	local number=$1 role=$2
	shift 2
	start "$dir/$role.log" taskset -c "0-$(($(nproc --all) - 1))" ip netns exec "$lab" "$root/tests/vm/run" --kernel "$kernel" \
		--smp 1 --memory 512 --timeout $((400 + limit)) --out "$dir/$role" --file "$here/guest.sh" \
		--file "$here/../common/join_lab.sh" --file "$here/stress" --file "$out/guest-files/stress-ng" --file "$out/guest-files/modules" \
		--append "$(tsc_rate)" "$@" \
		--nic "tap,ifname=tap$number,script=no,downscript=no,model=virtio-net-pci,mac=52:54:00:77:00:0$number" -- \
		bash /files/guest.sh "$role" "10.77.0.$number" $peer_address "$stress_case" "$count" "$interval" "$limit"
}

# A guest that died says no more.
said_or_dead() { grep -q "^$3\$" "$dir/$2.log" || ! kill -0 "$1"; }
# wait_for_guest PID ROLE SECONDS WORD
wait_for_guest() {
	wait_until "$3" said_or_dead "$1" "$2" "$4"
	grep -q "^$4\$" "$dir/$2.log" || { say "VM lost: the guest to $2 did not say $4: $(tail -n 1 "$dir/$2.log.err")"; return 1; }
}

pin_guest() { # PID
	local qemu
	qemu=$(pgrep -P "$1" qemu-system) || { say "VM lost: no QEMU to bind to a CPU"; return 1; }
	taskset -acp $stressed_cpu "$qemu" >/dev/null
}

# Boots both guests. Booting is not measured, so all CPUs are theirs meanwhile.
boot_guests() {
	truncate -s 96M "$dir/disk.img"
	mkfs.ext4 -q "$dir/disk.img"
	start_guest 1 measure
	measurer=$!
	# --nic passes on any argument of QEMU's.
	start_guest 2 stress --nic "-drive file=$dir/disk.img,if=virtio,format=raw"
	stresser=$!
	wait_for_guest "$measurer" measure 240 ready && wait_for_guest "$stresser" stress 240 ready || return 1
	pin_guest "$measurer" && pin_guest "$stresser"
}

echoes_from_guest() {
	[[ $stress_case = own-* ]] || {
		open_gate "$peer" $stress_gate
		wait_for_guest "$stresser" stress 60 stressing || return 1
		sleep 1.5
	}
	open_gate "$peer" $measure_gate
	wait_for_guest "$measurer" measure 60 begins || return 1
	snapshot before
	wait_for_guest "$measurer" measure "$limit" ended || return 1
	snapshot after
}

collect_guest() {
	local status=0
	wait_until 120 eval "! kill -0 $measurer" || { say "VM lost: the guest does not end"; return 1; }
	wait "$measurer" || status=$?
	forget "$measurer"
	[ $status -ne 124 ] || { dirty=1 status=0; say "the guest's kernel log is dirty; see $dir/measure.log.err"; }
	[ $status -eq 0 ] || { say "the guest ended with status $status: $(tail -n 1 "$dir/measure.log.err")"; return 1; }
	cp "$dir/measure/ping.json" "$dir/ping.json" || return 1
	# Did its clock go as ours did?
	awk -v guest="$(jq .duration_ns "$dir/ping.json")" -v before="$(cat "$dir/time.before")" -v after="$(cat "$dir/time.after")" \
		'BEGIN { guest /= 1e9; exit !(guest > 0 && guest < 1.3 * (after - before) + 2 && guest > 0.7 * (after - before) - 2) }' ||
		{ say "clock lost: the guest's time did not go as the host's; see $dir/measure/dmesg.txt for its TSC"; return 1; }
}

# VServer's guests: a cgroup and a PID namespace of their own, the network is the host's. In a subshell, which it becomes.
contained() { # NAME COMMAND...
	local group=$cgroups/tscope-$1
	shift
	[ "$environment" = cgroup ] || exec "$@"
	mkdir -p "$group" || exit 1
	# shellcheck disable=SC2016 # for the inner shell
	exec sh -c 'echo $$ >"$0/cgroup.procs" && exec unshare --pid --fork --mount-proc --kill-child "$@"' "$group" "$@"
}
cgroups=/sys/fs/cgroup
[ ! -d $cgroups/cpu ] || cgroups=$cgroups/cpu # version 1

echoes_from_host() {
	local where=$sender
	[ "$environment" != container ] || [[ $stress_case = own-* ]] || where=$other
	mkdir "$dir/scratch"
	start "$dir/stress.log" contained stress taskset -c $stressed_cpu ip netns exec "$where" "$here/stress" "$stress_case" $limit "$dir/scratch" $peer_address
	stresser=$!
	sleep 1.5
	kill -0 "$stresser" 2>/dev/null || { say "the stress ended: $(tail -n 1 "$dir/stress.log.err")"; return 1; }
	snapshot before
	(contained ping timeout $limit taskset -c $stressed_cpu ip netns exec "$sender" "$root/build/tscope" ping $peer_address -c "$count" -i "$interval" -s 72 --json) \
		>"$dir/ping.json" 2>"$dir/ping.log" || { say "tscope ping failed: $(tail -n 1 "$dir/ping.log")"; return 1; }
	snapshot after
}

# Leaves everything in its folder; run.json comes last and says that it is complete.
one_case() { # ENVIRONMENT CASE ATTEMPTS-LOST
	local environment=$1 stress_case=$2 began=$SECONDS load limit=$((3 * seconds + 30)) captures=() pid dirty=0
	local measurer stresser port_namespace port_device link_namespace link_device
	dir=$out/$environment/$stress_case
	rm -rf "$dir"
	mkdir -p "$dir"
	read -r load _ </proc/loadavg
	make_lab "$environment" || return 1
	start "$dir/server.log" ip netns exec "$peer" iperf3 -s -p 5201
	wait_until 10 listening 5201 || { say "iperf3 -s did not start"; return 1; }
	[ "$environment" != guest ] || boot_guests || return 1
	start_tcpdump "$port_namespace" "$port_device" port || return 1
	shares_the_network "$environment" || start_tcpdump "$peer" eth0 peer || return 1
	if [ "$environment" = guest ]; then echoes_from_guest; else echoes_from_host; fi || return 1
	sleep 1.5 # what a capture holds back, it hands over within a second
	for pid in "${captures[@]}"; do end_process "$pid" 10; done
	end_process "$stresser" 10
	[ "$environment" != guest ] || collect_guest || return 1
	drop_lab
	rm -rf "$dir/scratch" "$dir/disk.img"
	jq -n --arg environment "$environment" --arg stress_case "$stress_case" --argjson count "$count" --argjson interval "$interval" \
		--argjson lost "$3" --argjson dirty "$dirty" --argjson load "$load" --argjson seconds $((SECONDS - began)) --argjson cpus "$(nproc --all)" \
		--arg accelerator "$(cat "$root/build/vm/accel" 2>/dev/null || echo none)" --arg kernel "$(uname -r)" --arg guest_kernel "$kernel" \
		'{environment: $environment, case: $stress_case, count: $count, interval_s: $interval, attempts_lost: $lost, dirty_log: ($dirty == 1),
		  host_cpus: $cpus, host_kernel: $kernel, load_average_before: $load, seconds: $seconds} +
		 (if $environment == "guest" then {guest_kernel: $guest_kernel, accelerator: $accelerator} else {} end)' >"$dir/run.json.new"
	mv "$dir/run.json.new" "$dir/run.json"
}
