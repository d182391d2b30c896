# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the module's build asks of a kernel's headers: headers made up here, where a feature is and
# where it is not, and Linux 6.12's own, changed into what later kernels have.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/results.sh
. tests/results.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- headers made up ---

# Where LACKS_<FEATURE> is defined they are without it.
mkdir -p "$work/include/linux" "$work/include/trace/events"
cat >"$work/include/linux/hrtimer.h" <<'HEADER'
enum hrtimer_mode { HRTIMER_MODE_ABS_PINNED_HARD };
enum hrtimer_restart { HRTIMER_NORESTART };
struct hrtimer;
#define CLOCK_MONOTONIC 1
#ifndef LACKS_HRTIMER_SETUP
void hrtimer_setup(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *), int clock,
		   enum hrtimer_mode mode);
#endif
HEADER
cat >"$work/include/linux/mm.h" <<'HEADER'
struct vm_area_struct;
#define VM_MAYWRITE 0x20
#ifndef LACKS_VM_FLAGS_CLEAR
static inline void vm_flags_clear(struct vm_area_struct *vma, unsigned long flags) {}
#endif
HEADER
cat >"$work/include/linux/ftrace.h" <<'HEADER'
struct ftrace_regs;
#ifndef LACKS_FTRACE_REGS_GET_ARGUMENT
#define ftrace_regs_get_argument(fregs, n) (*((unsigned long *)(fregs) + (n)))
#endif
HEADER
cat >"$work/include/linux/timekeeping.h" <<'HEADER'
typedef long long ktime_t;
#define CLOCK_REALTIME 0
#ifdef LACKS_KTIME_GET_SNAPSHOT_ID
struct system_time_snapshot { ktime_t real, raw; };
void ktime_get_snapshot(struct system_time_snapshot *snapshot);
#else
struct system_time_snapshot { ktime_t systime, monoraw; };
void ktime_get_snapshot_id(int clock, struct system_time_snapshot *snapshot);
#endif
HEADER
cat >"$work/include/trace/events/sock.h" <<'HEADER'
struct sock;
#ifndef LACKS_TRACE_SOCK_RECV_LENGTH
void check_trace_callback_type_sock_recv_length(void (*probe)(void *data, struct sock *sk, int ret, int flags));
#endif
HEADER
printf '0x%08x\t%s\tvmlinux\tEXPORT_SYMBOL_GPL\t\n' 1 ftrace_free_filter 2 ftrace_set_filter >"$work/exporting"
printf '0x%08x\t%s\tvmlinux\tEXPORT_SYMBOL_GPL\t\n' 3 not_ftrace_free_filter 2 ftrace_set_filter >"$work/not-exporting"

probe() { # SYMVERS FLAGS...
	kmod/compat/probe-kernel "$work/found.h" "$work/$1" gcc-12 -nostdinc -I"$work/include" "${@:2}" \
		>"$work/said" 2>&1
}
lacking() { sed -n 's/.*no TSCOPE_HAVE_\([A-Z_]*\).*/\1/p' "$work/found.h"; }
having() { sed -n 's/^#define TSCOPE_HAVE_\([A-Z_]*\) 1$/\1/p' "$work/found.h" | sort; }

features=$(cd kmod/compat/probes && printf '%s\n' *.c | sed 's/\.c$//' | tr '[:lower:]' '[:upper:]')
probe exporting
is "$(lacking)" "" "headers with every feature lack none"
is "$(having)" "$(printf '%s\nFTRACE_FREE_FILTER\n' "$features" | sort)" "and each is found"
is "$(cat "$work/said")" "  this kernel has$(printf '%s FTRACE_FREE_FILTER' "$(printf ' %s' $features)" |
	tr '[:upper:]' '[:lower:]'); it lacks nothing" "which is printed"
for feature in $features; do
	probe exporting "-DLACKS_$feature"
	is "$(lacking)" "$feature" "headers that only lack ${feature,,}"
done
probe not-exporting
is "$(lacking)" FTRACE_FREE_FILTER "a kernel that does not export ftrace_free_filter"
probe none
is "$(lacking)" FTRACE_FREE_FILTER "nor is it taken for exported where nothing tells"
if probe exporting -Werror -Wunused-parameter -Wmissing-prototypes; then
	is "$(lacking)" "" "flags that make errors of warnings hide no feature"
else
	not_ok "flags that make errors of warnings: $(head -n 3 "$work/said")"
fi
rm "$work/found.h"
if probe exporting -include no-such-header.h; then
	not_ok "headers that don't compile pass for headers without features"
else
	is "$(grep -c "the kernel's headers don't compile" "$work/said") $(ls "$work/found.h" 2>&1 | wc -l)" \
		"1 1" "headers that don't compile are an error, and no answer"
fi

# --- 6.12's headers, changed ---

store=build/vm/kernel/6.12-amd64
release=$(cat $store/release)
source=$(realpath $store/headers)
cp -as "$source" "$work/kernel"
cp -as "$(realpath "$source/../linux-headers-${release%-*}-common")" "$work/linux-headers-${release%-*}-common"
common=$work/linux-headers-${release%-*}-common
cp --remove-destination "$source/Makefile" "$work/kernel"

change() { # FILE SED-ARGUMENTS...
	local file=$common/$1
	sed -i "${@:2}" "$file"
	is "$([ -L "$file" ] && echo unchanged)" "" "$1 is changed"
}
compile() { # OBJECT...
	rm -rf "$work/src"
	mkdir "$work/src"
	cp -r kmod uapi "$work/src"
	make -C "$work/kernel" M="$work/src/kmod" CC=gcc-12 KCFLAGS=-Werror "$@" >"$work/log" 2>&1
}
built() { # WHAT OBJECT...
	if compile "${@:2}"; then
		ok "$1 ($(sed -n 's/.*this kernel has \(.*\);.*/\1/p' "$work/log"))"
	else
		not_ok "$1: $(grep -m 3 -E 'error|Error' "$work/log" | tr '\n' ' ')"
	fi
}
not_built() { # PATTERN WHAT OBJECT
	if compile "$3"; then
		not_ok "$2: it builds"
	else
		holds "$2" grep -qE "error: .*$1" "$work/log"
	fi
}

# 6.15: no hrtimer_init(), and the function is not to be written.
change include/linux/hrtimer.h -e 's/^extern void hrtimer_init(.*/extern void hrtimer_setup(struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *), clockid_t clock,/' \
	-e 's/^\(static inline void \)hrtimer_init_on_stack(/\1former_init_on_stack(/' -e '/^	hrtimer_init(/d' \
	-e 's/timer->function/timer->__private_function/'
change include/linux/hrtimer_types.h 's/(\*function)(struct hrtimer/(*__private_function)(struct hrtimer/'
# To come: another call for both clocks.
change include/linux/timekeeping.h -e 's/^extern void ktime_get_snapshot(.*/extern void ktime_get_snapshot_id(clockid_t clock, struct system_time_snapshot *snapshot);/' \
	-e 's/^	ktime_t	*real;/	ktime_t systime;/' -e 's/^	ktime_t	*raw;/	ktime_t monoraw;/'
# Early 6.1.y: the export is missing.
rm "$work/kernel/Module.symvers"
grep -vw ftrace_free_filter "$source/Module.symvers" >"$work/kernel/Module.symvers"
built "it builds where timers and clocks are as in later kernels" train_sender.o clock.o functions.o

# One more argument behind those that a hook reads does no harm; others in their place do.
change include/net/tcp.h -e '/^struct sock \*tcp_check_req/,/;/s/bool \*lost_race/&, int *more/'
built "it builds where a hooked function has one more argument behind the others" hooks_socket.o
change include/net/tcp.h 's/^int tcp_v4_do_rcv(struct sock \*sk, /int tcp_v4_do_rcv(/'
not_built 'static assertion failed' "it does not where a hooked function takes others" hooks_socket.o
change include/trace/events/net.h '/^DEFINE_EVENT(net_dev_template, net_dev_queue/,/TP_ARGS/s/TP_PROTO(struct sk_buff \*skb)/TP_PROTO(struct net_device *skb)/'
not_built 'incompatible pointer type' "nor where a tracepoint gives another" hooks_qdisc.o
