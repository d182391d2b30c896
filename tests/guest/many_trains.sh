# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12 debug deterministic
# One train alone, then eight of four sessions that collide on purpose; in virtual time those not marked must be as exact as it.
. /tests/guest/lib.sh

load_module
make_pair
quiet_pair
settle
exact=()
if in_virtual_time; then exact=(exact); fi
handed() { ip -n left -j -s link show l0 | jq '.[0].stats64.tx | .packets + .dropped'; }
before=$(handed)
ip netns exec left many_trains l0 $(($(nproc) - 1)) "${exact[@]}" >out || echo "ended with status $?" >&2
sed -nE "s/^(ok|not ok|skip) /&$TEST: /p" out
is "$(($(handed) - before))" "$(sed -n 's/^total //p' out)" "the interface counted as many"
drop_pair
