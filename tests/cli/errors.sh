# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Bad input to the command where no module is needed: exit status, one line, and that the line says what to do.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
tscope=build/tscope
golden=tests/golden
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

said() { # WHAT STATUS PATTERN COMMAND...
	local what=$1 wanted=$2 pattern=$3 status=0
	shift 3
	"$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	if [ $status -eq "$wanted" ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -qE "$pattern" "$work/err"; then
		echo "ok cli: $what"
	else
		echo "not ok cli: $what: status $status, said: $(head -c 300 "$work/err")"
	fi
}
good() { # WHAT PATTERN COMMAND...
	local what=$1 pattern=$2 status=0
	shift 2
	"$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	if [ $status -eq 0 ] && grep -qE "$pattern" "$work/out"; then
		echo "ok cli: $what"
	else
		echo "not ok cli: $what: status $status, said: $(head -c 300 "$work/err")"
	fi
}

for command in doctor capture tcpmon acks delay convert train reflect ping; do
	good "$command --help has an example" 'Example: .*tscope' $tscope $command --help
done
good "--version" '^tscope [0-9]' $tscope --version
said "no subcommand" 2 'help' $tscope
said "unknown subcommand" 2 'help' $tscope nonsense
said "unknown option" 2 'help' $tscope acks --nonsense
said "port 0" 2 '1 to 65535' $tscope capture -p 0
said "port 70000" 2 '1 to 65535' $tscope capture -p 70000
said "port that is none" 2 '1 to 65535' $tscope capture -p http
said "unknown vantage point" 2 'driver-rx' $tscope capture -p 5201 --at wire
said "duration that is none" 2 'such as' $tscope capture -p 5201 --duration soon
said "rate that is none" 2 'such as' $tscope acks $golden/pcap-microseconds.pcap --link-rate fast
said "bin that is none" 2 'such as' $tscope acks $golden/pcap-microseconds.pcap --bin -1us
if [ ! -e /dev/tscope ]; then
	said "capture without the module" 1 'insmod' $tscope capture --engine kmod -p 5201 -o "$work/x.pcapng"
	[ ! -e "$work/x.pcapng" ] && echo "ok cli: and no file is left" || echo "not ok cli: a file is left"
else
	echo "skip cli: capture without the module # there is /dev/tscope"
fi

: >"$work/empty.pcapng"
head -c 1000 "$tscope" >"$work/program.pcapng"
said "a file that is not there" 1 'name a pcapng' $tscope acks "$work/none.pcapng"
said "a folder" 1 'directory' $tscope acks "$work"
said "an empty file" 1 'empty' $tscope acks "$work/empty.pcapng"
said "a file that is no capture" 1 'neither pcapng nor pcap' $tscope acks "$work/program.pcapng"
said "a link type without IP" 1 'link type' $tscope acks $golden/pcap-without-ip.pcap
# Absurd lengths: a block of 4 GiB, a packet of 2 GiB.
head -c 200 $golden/pcapng-three-interfaces.pcapng >"$work/long.pcapng"
printf '\x0a\x0d\x0d\x0a\xf0\xff\xff\xff\x4d\x3c\x2b\x1a' | dd of="$work/long.pcapng" conv=notrunc status=none
said "a block of absurd length" 1 'damaged' $tscope acks "$work/long.pcapng"
cp $golden/pcap-microseconds.pcap "$work/long.pcap"
printf '\xff\xff\xff\x7f' | dd of="$work/long.pcap" bs=1 seek=32 conv=notrunc status=none
said "a packet of absurd length" 1 'damaged' $tscope acks "$work/long.pcap"

# A file cut off at any byte: what is whole is reported, exit 0, "truncated" is true.
file=$golden/pcapng-tscope.pcapng
size=$(stat -c %s "$file")
cut_wrong=
for ((at = 1; at < size; at += at < 1000 ? 1 : 97)); do # the library's tests cut at every byte
	head -c $at "$file" >"$work/cut.pcapng"
	"$tscope" acks "$work/cut.pcapng" --json >"$work/out" 2>"$work/err" || cut_wrong+=" $at"
	# At the end of a block nothing shows that something is missing.
	[ -s "$work/err" ] && ! grep -q '"truncated": true' "$work/out" && cut_wrong+=" $at"
done
if [ -z "$cut_wrong" ]; then
	echo "ok cli: a file of $size bytes that is cut off is read up to there"
else
	echo "not ok cli: cut off at these bytes it is not:${cut_wrong:0:200}"
fi
