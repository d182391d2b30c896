# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The library for other programs: the example, built in this tree and against what `make install`
# installs, says what the command says; each installed header compiles by itself.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/results.sh
. tests/results.sh
file=tests/golden/v1/tcp-kmod-left.pcapng
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build/tscope delay --json $file | jq -r '.chains[] | .kind as $kind | .stages[] |
	"\($kind) \(.from) > \(.to) \(.quantiles_ns.p50) ns"' >"$work/wanted"
holds "the command has delays of $file ($(wc -l <"$work/wanted") stages)" test -s "$work/wanted"
same() { diff "$work/wanted" <("$@" $file 2>&1); }
is "$(same build/user/bin/example-delays)" "" "the example has the same"
refused 1 'No such file' "the example says what is wrong" build/user/bin/example-delays "$work/none"

if ! make install DESTDIR="$work/root" PREFIX=/usr >"$work/log" 2>&1; then
	not_ok "make install: $(tail -n 3 "$work/log" | tr '\n' ' ')"
	exit
fi
is "$("$work/root/usr/bin/tscope" --version)" "$(build/tscope --version)" \
	"the installed command runs"
is "$(find "$work/root" -type l)" "" "only real files are installed"

# Flags are the installed copy's, its requirements' are this machine's.
package() { PKG_CONFIG_PATH=$work/root/usr/lib/pkgconfig pkg-config --define-prefix "$@" tscope; }
is "tscope $(package --modversion)" "$(build/tscope --version)" "pkg-config knows the version"
read -ra flags < <(package --cflags)
read -ra libraries < <(package --libs)
for source in examples/*.cpp; do
	name=$(basename "$source" .cpp)
	if g++ -std=c++20 -Wall -Wextra -Werror "${flags[@]}" "$source" -o "$work/$name" \
		"${libraries[@]}" 2>"$work/errors"; then
		ok "$source builds against the installed library"
	else
		not_ok "$source against the installed library: $(head -n 3 "$work/errors" | tr '\n' ' ')"
	fi
done
is "$(same "$work/delays")" "" "and has the same delays"

alone() { # HEADER
	local language=c++ standard=c++20
	[[ $1 != *.h ]] || { language=c standard=c11; }
	echo "#include <$1>" | g++ -x $language -std=$standard -Wall -Wextra -Werror -fsyntax-only \
		"${@:2}" - >/dev/null 2>"$1.errors" || echo "$1: $(grep -m 1 error "$1.errors")"
}
export -f alone
wrong=$(cd "$work/root/usr/include" && find tscope -name '*.h' -o -name '*.hpp' |
	tee "$work/headers" |
	xargs -P "${JOBS:-$(nproc)}" -I {} bash -c 'alone "$@"' - {} "${flags[@]}")
is "$wrong" "" "each of $(wc -l <"$work/headers") installed headers compiles alone"
