#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every report on every golden capture file, byte for byte as it is stored in the folder `reports`
# beside the file. TSCOPE names the command to test; --update stores what it says now
# (docs/testing.md).
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/results.sh
. tests/results.sh

usage() {
	cat <<'USAGE'
usage: tests/cli/golden.sh [--update] [NAME]...

Compares reports on golden files with those in tests/golden/reports and tests/golden/v1/reports.

  --update   stores today's reports instead; the capture files stay as they are
  NAME       only these, such as tcp-kmod-left or merged-left+merged-right (default: all)
USAGE
}
update=
case ${1:-} in
--help) usage; exit ;;
--update) update=1; shift ;;
-*) usage >&2; exit 2 ;;
esac
tscope=$(realpath "${TSCOPE:-build/tscope}") || exit 1
wanted=" $* "
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset COLUMNS                # texts are as wide as they may be
export LC_ALL=C.UTF-8 TZ=UTC # tables are drawn with what the locale has; times of day are local

checksum() {
	local sum
	sum=$(sha256sum)
	echo "$1, sha256: ${sum%% *}"
}

# Histograms have thousands of bins, nearly all of them empty; these are left out.
without_empty_bins() {
	awk '
		n == 1 && /^ *"from_ns": / || n == 2 && /^ *"to_ns": / ||
		n == 3 && /^ *"count": 0$/ {
			held = held $0 "\n"; n++; next
		}
		n == 4 && /^ *\},?$/ { held = ""; n = 0; next }
		{ printf "%s", held; held = ""; n = 0 }
		/^ *\{$/ { held = $0 "\n"; n = 1; next }
		{ print }
		END { printf "%s", held }'
}

# run ARGUMENT...: the call, what it said and its status. Only the tool's version may change
# unnoticed: of what is not stored in full there is a checksum.
run() {
	local status
	echo "\$ tscope $* # LC_ALL=$LC_ALL"
	"$tscope" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null
	status=$?
	if [ "$1" = convert ]; then
		[ ! -s "$work/stdout" ] || checksum "the file" <"$work/stdout"
	elif [[ " $* " == *" --json "* && -s $work/stdout ]]; then
		sed -E 's/^(    "version": )"[0-9.]+"/\1"(masked)"/' "$work/stdout" >"$work/json"
		checksum "with all bins" <"$work/json"
		without_empty_bins <"$work/json"
	else
		cat "$work/stdout"
	fi
	sed 's/^/stderr: /' "$work/stderr"
	echo "status: $status"
	echo
}

of_one() { # FILE
	local at
	run acks "$1"
	run acks --json "$1"
	run acks --link-rate 20M "$1"
	run acks --link-rate 20M --json "$1"
	run acks --link-rate 20M --all --advancing "$1"
	run delay "$1"
	LC_ALL=C run delay --all --per-flow "$1"
	run delay --json "$1"
	run delay --per-flow --json "$1"
	for at in driver qdisc socket app driver-rx app-tx; do
		run convert --at $at "$1" -o -
	done
}

of_two() { # FILE FILE
	run acks "$1" "$2"
	run acks --link-rate 20M --json "$1" "$2"
	run acks --link-rate 20M --all --align shared "$1" "$2"
	run acks "$2" "$1"
	run delay "$1" "$2"
	run delay --all --per-flow "$1" "$2"
	run delay --per-flow --json "$1" "$2"
	run delay --align shared "$2" "$1"
}

# golden FOLDER NAME FILE...: reports on one file or two.
golden() {
	local folder=$1 name=$2 stored=reports/$2.txt reports=of_two
	shift 2
	[[ $wanted == "  " || $wanted == *" $name "* ]] || return
	[ $# -eq 2 ] || reports=of_one
	cd "$folder" || exit 1
	$reports "$@" >"$work/now"
	if [ -n "$update" ]; then
		mkdir -p reports
		if ! cmp -s "$work/now" "$stored"; then
			cp "$work/now" "$stored"
			echo "stored $folder/$stored"
		fi
	elif cmp -s "$work/now" "$stored"; then
		ok "reports on $name"
	else
		not_ok "reports on $name are not those in $folder/$stored:" \
			"$(diff "$stored" "$work/now" | grep -c '^[<>]') lines differ"
		# Under the call that each stands in.
		diff -U 1 -F '^\$ tscope' "$stored" "$work/now" 2>&1 |
			tail -n +3 | cut -c 1-160 | head -n 20 | sed 's/^/    /'
	fi
	cd "$OLDPWD" || exit 1
}

for folder in tests/golden tests/golden/v1; do
	for file in "$folder"/*.pcap "$folder"/*.pcapng; do
		[ ! -e "$file" ] || golden $folder "$(basename "${file%.*}")" "${file##*/}"
	done
	while read -r first second; do
		golden $folder "${first%.*}+${second%.*}" "$first" "$second"
	done <$folder/pairs
done

# The capture files never change, none is lost, and none comes without its checksum.
changed=$({
	cd tests/golden/v1 || exit
	sha256sum --quiet --check sha256
	printf '%s\n' *.pcapng | diff <(cut -c 67- sha256) -
} 2>&1)
is "$changed" "" "the files of format version 1 are as they were made"
