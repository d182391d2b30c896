# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: rounds
# Calls of the device by chance, answered as the model of the interface says; /files/fuzz may say for how long and by
# which seed.
. /tests/guest/lib.sh

seconds=20 seed=$(date +%s)
[ ! -e /files/fuzz ] || read -r seconds seed </files/fuzz
insmod "$(ls /files/tscope-coverage.ko 2>/dev/null || echo /tscope.ko)"

# KCOV knows of system calls alone: which functions run in interrupts and in the module's own threads, ftrace says.
cd "$OUT/$TEST"
tracing=/sys/kernel/tracing
ask_ftrace() {
	for _ in 1 2 3; do
		sleep $((seconds / 4))
		echo ':mod:tscope' >$tracing/set_ftrace_filter
		echo function >$tracing/current_tracer
		sleep 1
		# Another tracer would begin with an empty trace.
		echo 0 >$tracing/tracing_on
		sed -nE 's/.*: ([a-z_0-9.]+)( \[tscope\])? <-.*/\1/p' $tracing/trace | sort -u >>traced
		echo nop >$tracing/current_tracer
		echo 1 >$tracing/tracing_on
	done
}
coverage=
if [ -e /files/tscope-coverage.ko ] && [ -e /sys/kernel/debug/kcov ]; then
	coverage=1
	ask_ftrace 2>ftrace.log &
	tracer=$!
fi
status=0
fuzz_device "$seconds" "$seed" >calls.txt 2>wrong.txt || status=$?
[ -z "$coverage" ] || wait "$tracer" || true
grep '^#' calls.txt
while read -r line; do
	case $line in
	'ok '*) ok "${line#ok } (seed $seed)" ;;
	'not ok '*) not_ok "${line#not ok } (seed $seed): $(head -n 1 wrong.txt)" ;;
	esac
done < <(grep -E '^(not )?ok ' calls.txt)
[ "$status" -le 1 ] || not_ok "the fuzzer ended with status $status (seed $seed): $(tail -n 1 wrong.txt)"

if [ -n "$coverage" ]; then
	{ sed 's/$/ traced/' traced; cat functions.txt; } |
		awk '$2 == "traced" { traced[$1] = 1; next }
			# Parts of functions, and what the compiler adds for KASAN.
			/\.(cold|part|constprop)/ || /^_sub_[DI]_/ { next }
			{ all++ }
			$2 || $1 in traced { reached++; next }
			{ lacking = lacking " " $1 }
			END { printf "# functions of the module that ran: %d of %d; not:%s\n", reached, all, lacking }'
fi
holds "the module can be removed" rmmod tscope
