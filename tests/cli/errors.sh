# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Bad input to the command where no module is needed: exit status, one line, and that the line says
# what to do.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/results.sh
. tests/results.sh
tscope=build/tscope
golden=tests/golden
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for command in doctor capture tcpmon acks delay convert train reflect ping; do
	prints 'Example: .*tscope' "$command --help has an example" $tscope $command --help
done
prints '^tscope [0-9]' "--version" $tscope --version
refused 2 'help' "no subcommand" $tscope
refused 2 "unknown command 'nonsense': give doctor, capture, .*help" "unknown subcommand" $tscope nonsense
refused 2 'not expected: one two three ' "surplus words, in their order" $tscope capture one two three
refused 2 'must be 1 or more' "a capture of no record" $tscope capture --count 0
refused 2 'power of two' "rings without slots" $tscope capture --ring-slots 0
refused 2 'ICMP has no ports' "protocols in capitals" $tscope capture --proto ICMP -p 7
is "$(script -qec "$tscope capture -o -" /dev/null </dev/null | grep -c 'binary, to this terminal')" 1 \
	"no capture goes to a terminal"
refused 2 'help' "unknown option" $tscope acks --nonsense
refused 2 '1 to 65535' "port 0" $tscope capture -p 0
refused 2 '1 to 65535' "port 70000" $tscope capture -p 70000
refused 2 '1 to 65535' "port that is none" $tscope capture -p http
refused 2 'driver-rx' "unknown vantage point" $tscope capture -p 5201 --at wire
refused 2 'such as' "duration that is none" $tscope capture -p 5201 --duration soon
refused 2 'such as' "rate that is none" $tscope acks $golden/pcap-microseconds.pcap --link-rate fast
refused 2 'such as' "bin that is none" $tscope acks $golden/pcap-microseconds.pcap --bin -1us
if [ ! -e /dev/tscope ]; then
	refused 1 'insmod' "capture without the module" \
		$tscope capture --engine kmod -p 5201 -o "$work/x.pcapng"
	holds "and no file is left" test ! -e "$work/x.pcapng"
else
	skip "capture without the module" "there is /dev/tscope"
fi

: >"$work/empty.pcapng"
head -c 1000 "$tscope" >"$work/program.pcapng"
refused 1 'name a pcapng' "a file that is not there" $tscope acks "$work/none.pcapng"
refused 1 'directory' "a folder" $tscope acks "$work"
refused 1 'empty' "an empty file" $tscope acks "$work/empty.pcapng"
refused 1 'neither pcapng nor pcap' "a file that is no capture" $tscope acks "$work/program.pcapng"
refused 1 'link type' "a link type without IP" $tscope acks $golden/pcap-without-ip.pcap
# Absurd lengths: a block of 4 GiB, a packet of 2 GiB.
head -c 200 $golden/pcapng-three-interfaces.pcapng >"$work/long.pcapng"
printf '\x0a\x0d\x0d\x0a\xf0\xff\xff\xff\x4d\x3c\x2b\x1a' |
	dd of="$work/long.pcapng" conv=notrunc status=none
refused 1 'damaged' "a block of absurd length" $tscope acks "$work/long.pcapng"
cp $golden/pcap-microseconds.pcap "$work/long.pcap"
printf '\xff\xff\xff\x7f' | dd of="$work/long.pcap" bs=1 seek=32 conv=notrunc status=none
refused 1 'damaged' "a packet of absurd length" $tscope acks "$work/long.pcap"

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
is "${cut_wrong:0:200}" "" "a file of $size bytes that is cut off is read up to there"

# What a full device does not take is an error, whatever the command.
pcap=tests/golden/pair-host.pcap
layers=tests/golden/pcapng-tscope.pcapng
to_full_device() { "$@" >/dev/full; }
for call in "acks $pcap" "acks --json $pcap" "delay $layers" "delay --json $layers" "--help" "train 127.0.0.1 --dry-run"; do
	# shellcheck disable=SC2086 # words
	refused 1 "write" "$call on a full device" to_full_device build/tscope $call
done
full=$(mktemp -d)
refused 1 "can't go on writing" "convert on a full device" \
	bash -c "trap '' XFSZ; ulimit -f 0; exec build/tscope convert $layers --at driver -o $full/new.pcapng"
holds "leaves no file behind" test ! -e "$full/new.pcapng"
rm -rf "$full"
