# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the experiments' labs share: words, processes, namespaces that were left behind, the link,
# guests' clocks. Uses $experiment (its name), $prefix (of its namespaces, NAME-PID-ROLE) and $root
# of `run`.
# shellcheck disable=SC2154

# shellcheck source=tests/wait.sh
. "$root/tests/wait.sh"

kernel=6.12
pids=()

say() { echo "$experiment: $*" >&2; }

# lacks TOOL...: says which of them are not there.
lacks() {
	local tool missing=()
	for tool in "$@"; do
		type -P "$tool" >/dev/null || missing+=("$tool")
	done
	[ ${#missing[@]} -gt 0 ] || return 1
	say "not on this machine: ${missing[*]}; make deps installs them"
}

can_make_namespaces() {
	[ "$(id -u)" -eq 0 ] || { say "needs root for namespaces and taps; run it with sudo"; return 1; }
	ip netns add "$lab" 2>/dev/null || { say "network namespaces can't be made here (a container?)"; return 1; }
	ip netns del "$lab"
}

can_make_taps() {
	[ -c /dev/net/tun ] || { say "no /dev/net/tun, so guests can have no tap; modprobe tun"; return 1; }
	{ : <>/dev/net/tun; } 2>/dev/null || { say "/dev/net/tun can't be opened here (a container?)"; return 1; }
}

has_cubic() {
	grep -qw cubic /proc/sys/net/ipv4/tcp_available_congestion_control ||
		{ say "this kernel lacks TCP cubic, which the transfers use; modprobe tcp_cubic"; return 1; }
}

# Namespaces of a run that was killed and could not clean up.
drop_leftovers() {
	local name pid
	while read -r name _; do
		[[ $name =~ ^$prefix-([0-9]+)-[a-z]+$ ]] || continue
		pid=${BASH_REMATCH[1]}
		[ -e "/proc/$pid" ] || ip netns del "$name"
	done < <(ip netns list)
}

# What needs the network of the machine (kernels, a first boot that decides on KVM) is done outside
# the lab.
prepare_guests() {
	"$root/mk/build-kmod" "$kernel-amd64" >&2 || return 1
	[ -e "$root/build/vm/accel" ] || "$root/tests/vm/run" --kernel $kernel -- true || return 1
}

quiet_namespace() { # NAMESPACE
	ip netns add "$1"
	ip netns exec "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 2>/dev/null || true
	ip -n "$1" link set lo up
}

no_offloads() { ip netns exec "$1" ethtool -K "$2" tso off gso off gro off tx off rx off >/dev/null; }

# A number that is free again may be somebody else's.
forget() { # PID
	local pid kept=()
	for pid in "${pids[@]}"; do [ "$pid" = "$1" ] || kept+=("$pid"); done
	pids=("${kept[@]}")
}

# Ends one of our processes: gently, and by force after SECONDS.
end_process() { # PID SECONDS
	local i
	kill "$1" 2>/dev/null || true
	for ((i = 0; i < $2 * 10; i++)); do
		kill -0 "$1" 2>/dev/null || break
		sleep 0.1
	done
	kill -9 "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
	forget "$1"
}

# drop_lab_of NAMESPACE...: and every process in it that we started.
drop_lab_of() {
	local pid ns
	for pid in "${pids[@]}"; do end_process "$pid" 5; done
	for ns in "$@"; do
		[ ! -e "/run/netns/$ns" ] || ip netns del "$ns" || true
	done
}

# start LOG COMMAND...: in the background, to be ended with the lab.
start() {
	local log=$1
	shift
	"$@" </dev/null >"$log" 2>"$log.err" 8>&- &
	pids+=($!)
}

# open_gate NAMESPACE PORT: a guest goes on when it can connect there.
open_gate() {
	start "$dir/gate-$2.log" ip netns exec "$1" python3 -c "$(printf '%s\n' \
		'import socket, sys' 's = socket.create_server(("", int(sys.argv[1])))' 'while True: s.accept()[0].close()')" "$2"
}

# CPU time of everything in NAMESPACE... and of our processes, in ticks: what the machine spent
# beyond that, others did.
ticks_of() {
	local ns pid pids_here=("$$" "${pids[@]}")
	for ns in "$@"; do
		while read -r pid; do pids_here+=("$pid"); done < <(ip netns pids "$ns")
	done
	# One by one, since any may end meanwhile. Of ourselves the children that are over count too:
	# the sender without a VM is one.
	printf '%s\n' "${pids_here[@]}" | sort -un | while read -r pid; do
		cat "/proc/$pid/stat" 2>/dev/null || true
	done | awk -v self="$$" '{ pid = $1; sub(/.*\) /, ""); sum += $12 + $13 + (pid == self ? $14 + $15 : 0) } END { print sum + 0 }'
}

# On a loaded machine an emulated guest mistakes the rate of its TSC, by up to a factor of five, and
# all its times with it. Its counter is this machine's, whose rate is the CPU's where nothing scales
# it.
tsc_rate() {
	[ "$(cat "$root/build/vm/accel" 2>/dev/null)" = tcg ] && [ ! -e /sys/devices/system/cpu/cpu0/cpufreq ] || return 0
	awk -F ': *' '/^cpu MHz/ && $2 > 0 { printf "tsc_early_khz=%d\n", $2 * 1000; exit }' /proc/cpuinfo
}
